//! Which of the state machines an execution is of: told by its ARN, since a machine is named `<stack>-<machine>`.

/// A state machine of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    Nightly,
    Backup,
    Restore,
    /// Removes what a restore made.
    UndoRestore,
    /// Switches a restore's cut-over back.
    UndoCutOver,
}

/// The longer names first: `undo-restore` also ends in `restore`.
const ALL: [Machine; 5] = [
    Machine::UndoCutOver,
    Machine::UndoRestore,
    Machine::Restore,
    Machine::Nightly,
    Machine::Backup,
];

impl Machine {
    /// The machine's name without the stack's.
    pub fn name(self) -> &'static str {
        match self {
            Machine::Nightly => "nightly",
            Machine::Backup => "backup",
            Machine::Restore => "restore",
            Machine::UndoRestore => "undo-restore",
            Machine::UndoCutOver => "undo-cut-over",
        }
    }

    /// The machine of an execution's ARN or of a state machine's; `None` where it bears no name of ours.
    pub fn of(arn: &str) -> Option<Self> {
        let name = arn.split(':').nth(6)?;
        ALL.into_iter().find(|machine| stack(name, *machine).is_some())
    }

    /// The ARN of this machine in the stack that an execution belongs to; `None` where its ARN bears no name of ours.
    pub fn beside(self, execution: &str) -> Option<String> {
        let own = Machine::of(execution)?;
        let parts: Vec<&str> = execution.split(':').collect();
        let stack = stack(parts.get(6)?, own)?;
        Some(format!(
            "{}:stateMachine:{stack}{}",
            parts.get(..5)?.join(":"),
            self.name()
        ))
    }
}

/// The name of the stack that an execution belongs to; `None` where its ARN bears no name of ours.
pub fn stack_of(execution: &str) -> Option<&str> {
    let name = execution.split(':').nth(6)?;
    let before = stack(name, Machine::of(execution)?)?;
    Some(before.trim_end_matches('-')).filter(|stack| !stack.is_empty())
}

/// What stands before the machine's name, with its hyphen; empty where it is the whole name.
fn stack(name: &str, machine: Machine) -> Option<&str> {
    let before = name.strip_suffix(machine.name())?;
    (before.is_empty() || before.ends_with('-')).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_its_machine_and_the_one_beside_it() {
        for (name, machine) in [
            ("holdfast-backup", Some(Machine::Backup)),
            ("holdfast-nightly", Some(Machine::Nightly)),
            ("my-stack-restore", Some(Machine::Restore)),
            ("holdfast-undo-restore", Some(Machine::UndoRestore)),
            ("holdfast-undo-cut-over", Some(Machine::UndoCutOver)),
            ("restore", Some(Machine::Restore)),
            ("holdfast-prestore", None),
            ("holdfast", None),
        ] {
            let execution = format!("arn:aws:states:eu-west-1:123456789012:execution:{name}:night:1");
            assert_eq!(Machine::of(&execution), machine, "{name}");
            let own = format!("arn:aws:states:eu-west-1:123456789012:stateMachine:{name}");
            assert_eq!(
                machine
                    .and_then(|machine| machine.beside(&execution))
                    .unwrap_or(own.clone()),
                own
            );
        }
        assert_eq!(Machine::of("arn:backup"), None);
        assert_eq!(
            Machine::UndoRestore.beside("arn:aws:states:eu-west-1:123456789012:execution:a-b-restore:x"),
            Some("arn:aws:states:eu-west-1:123456789012:stateMachine:a-b-undo-restore".to_owned())
        );
    }
}
