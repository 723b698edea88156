//! The state machines: the facts about each, and which one an execution belongs to. Its ARN identifies the machine, whose name is
//! `<stack>-<machine>`.

use super::set::Purpose;

/// What a machine does to a deployment. It decides how on-call is notified of its executions, and what the clean-up has to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Creates backup sets.
    BackUp,
    /// Creates copies, and switches the application to them.
    Restore,
    /// Removes the copies of a restore.
    RemoveCopies,
    /// Switches the application back from the copies of a restore.
    SwitchBack,
}

/// Where an execution has the id of its restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreId {
    /// It has none.
    None,
    /// The id of its own run.
    OfRun,
    /// The field `restore` of its input.
    InInput,
}

/// The facts about a machine.
#[derive(Debug)]
pub struct MachineFacts {
    /// The machine's name without the stack's.
    pub name: &'static str,
    /// What an execution is called in messages.
    pub noun: &'static str,
    pub activity: Activity,
    /// The purpose of its runs; `None` if its executions are not recorded as runs.
    pub purpose: Option<Purpose>,
    pub restore: RestoreId,
    /// The error of its executions that failed and have notified on-call: of its `Fail` state.
    pub failed: &'static str,
    /// Whether another machine has to undo an execution that ended early.
    pub has_rollback: bool,
    /// The setting of `clean-up` with the machine's ARN, if the machine undoes a restore or its cut-over.
    pub setting: Option<&'static str>,
    /// The command that starts a new execution for a deployment.
    pub again: fn(&str) -> String,
}

/// The machines whose executions are jobs of a run, as AWS Backup's jobs are: the run that started one polls it, reports how it
/// ended, also if a person aborted it, and abandons it. So they are no [`Machine`], the clean-up is not told of them, no alarm
/// watches them, and they notify nobody.
pub const JOBS: &[&str] = &["transfer"];

/// One entry for each machine of runs: its name in the code, and its facts.
macro_rules! machines {
    ($($(#[$about:meta])* $machine:ident: $facts:expr,)*) => {
        /// A state machine of the stack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Machine {
            $($(#[$about])* $machine,)*
        }

        impl Machine {
            /// Every machine.
            pub const ALL: &[Machine] = &[$(Machine::$machine),*];

            pub fn facts(self) -> &'static MachineFacts {
                match self {
                    $(Machine::$machine => const { &$facts },)*
                }
            }
        }
    };
}

machines! {
    Nightly: MachineFacts {
        name: "nightly",
        noun: "nightly run",
        activity: Activity::BackUp,
        purpose: None,
        restore: RestoreId::None,
        failed: "NightFailed",
        has_rollback: false,
        setting: None,
        again: backup,
    },
    Backup: MachineFacts {
        name: "backup",
        noun: "backup",
        activity: Activity::BackUp,
        purpose: Some(Purpose::Backup),
        restore: RestoreId::None,
        failed: "BackupFailed",
        has_rollback: false,
        setting: None,
        again: backup,
    },
    Restore: MachineFacts {
        name: "restore",
        noun: "restore",
        activity: Activity::Restore,
        purpose: Some(Purpose::Restore),
        restore: RestoreId::OfRun,
        failed: "RestoreFailed",
        has_rollback: true,
        setting: None,
        again: |deployment| format!("`holdfast restore {deployment}`"),
    },
    /// Removes what a restore created.
    UndoRestore: MachineFacts {
        name: "undo-restore",
        noun: "undo of a restore",
        activity: Activity::RemoveCopies,
        purpose: None,
        restore: RestoreId::InInput,
        failed: "UndoFailed",
        has_rollback: false,
        setting: Some("UNDO_RESTORE_STATE_MACHINE_ARN"),
        again: |deployment| undo("undo-restore", deployment),
    },
    /// Undoes a restore's cut-over.
    UndoCutOver: MachineFacts {
        name: "undo-cut-over",
        noun: "undo of a cut-over",
        activity: Activity::SwitchBack,
        purpose: Some(Purpose::UndoCutOver),
        restore: RestoreId::InInput,
        failed: "UndoFailed",
        has_rollback: false,
        setting: Some("UNDO_CUT_OVER_STATE_MACHINE_ARN"),
        again: |deployment| undo("undo-cut-over", deployment),
    },
}

fn backup(deployment: &str) -> String {
    format!("`holdfast backup {deployment}`")
}

fn undo(command: &str, deployment: &str) -> String {
    format!("`holdfast {command}`, with the restore's id, which `holdfast restores {deployment}` lists")
}

impl Machine {
    /// The machine's name without the stack's.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Whether an execution with this error has notified on-call itself.
    pub fn has_notified(error: &str) -> bool {
        Machine::ALL.iter().any(|machine| machine.facts().failed == error)
    }

    pub fn activity(self) -> Activity {
        self.facts().activity
    }

    /// The machine of an execution's ARN or of a state machine's; `None` if it does not name one of Holdfast's machines of runs.
    pub fn of(arn: &str) -> Option<Self> {
        let name = arn.split(':').nth(6)?;
        // The longest: `undo-restore` also ends in `restore`.
        let machines = Machine::ALL
            .iter()
            .copied()
            .filter(|machine| stack(name, *machine).is_some());
        machines.max_by_key(|machine| machine.name().len())
    }

    /// The ARN of this machine in the stack that an execution belongs to; `None` if its ARN does not name one of Holdfast's
    /// machines.
    pub fn arn_in_stack_of(self, execution: &str) -> Option<String> {
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

/// The name of the stack that an execution belongs to; `None` if its ARN does not name one of Holdfast's machines.
pub fn stack_of(execution: &str) -> Option<&str> {
    let name = execution.split(':').nth(6)?;
    let before = stack(name, Machine::of(execution)?)?;
    Some(before.trim_end_matches('-')).filter(|stack| !stack.is_empty())
}

/// The part before the machine's name, with its hyphen; empty if there is none.
fn stack(name: &str, machine: Machine) -> Option<&str> {
    let before = name.strip_suffix(machine.name())?;
    (before.is_empty() || before.ends_with('-')).then_some(before)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

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
            ("holdfast-transfer", None),
            ("holdfast", None),
        ] {
            let execution = format!("arn:aws:states:eu-west-1:123456789012:execution:{name}:night:1");
            assert_eq!(Machine::of(&execution), machine, "{name}");
            let own = format!("arn:aws:states:eu-west-1:123456789012:stateMachine:{name}");
            assert_eq!(
                machine
                    .and_then(|machine| machine.arn_in_stack_of(&execution))
                    .unwrap_or(own.clone()),
                own
            );
        }
        assert_eq!(Machine::of("arn:backup"), None);
        assert_eq!(
            Machine::UndoRestore.arn_in_stack_of("arn:aws:states:eu-west-1:123456789012:execution:a-b-restore:x"),
            Some("arn:aws:states:eu-west-1:123456789012:stateMachine:a-b-undo-restore".to_owned())
        );
    }

    /// Compares with the deployed files: a machine missing from `ALL` would not be recognized.
    #[test]
    fn every_deployed_machine_is_known() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../state-machines");
        let mut deployed: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|file| {
                let name = file.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".asl.json").map(str::to_owned)
            })
            .collect();
        deployed.sort();
        let runs = Machine::ALL.iter().map(|machine| machine.name());
        let mut known: Vec<&str> = runs.chain(JOBS.iter().copied()).collect();
        known.sort_unstable();
        assert_eq!(deployed, known);
    }

    /// Compares with the deployed files: clean-up would notify on-call again of an execution whose error it does not know.
    #[test]
    fn a_machine_fails_with_its_own_error_once_it_has_notified() {
        for machine in Machine::ALL {
            let file = format!("../state-machines/{}.asl.json", machine.name());
            let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
            let definition: serde_json::Value = serde_json::from_str(&text).unwrap();
            let states = definition["States"].as_object().unwrap().values();
            let mut errors: Vec<&str> = states
                .filter(|state| state["Type"] == "Fail")
                .map(|state| state["Error"].as_str().unwrap())
                .collect();
            errors.sort_unstable();
            let mut expected = [machine.facts().failed, "NotifyFailed"];
            expected.sort_unstable();
            assert_eq!(errors, expected, "{machine:?}");
        }
    }

    #[test]
    fn what_takes_a_restore_back_is_about_a_restore_that_its_input_names() {
        for machine in Machine::ALL {
            let facts = machine.facts();
            assert_eq!(
                facts.setting.is_some(),
                facts.restore == RestoreId::InInput,
                "{machine:?}"
            );
            assert!((facts.again)("hubs").contains("hubs"), "{machine:?}");
        }
    }
}
