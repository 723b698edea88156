//! `ssm_command`: a script runs on instances, so that what runs there reads what the switches before it wrote.

use std::collections::BTreeMap;

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile};
use crate::domain::descriptor::facts::fact;
use crate::domain::descriptor::reader::{Faults, Object, quoted};
use crate::domain::descriptor::{Fact, SsmCommand, SwitchAction, shell_script};
use crate::domain::kinds::Stateful;

pub struct SsmCommandSwitch;

const VARIABLE: &str =
    "the name of an environment variable: 1 to 255 letters, digits and underscores, beginning with a letter";

/// The script and its variables.
fn of(action: &SwitchAction) -> Option<(&SsmCommand, &BTreeMap<String, Fact>)> {
    match action {
        SwitchAction::SsmCommand { script, values } => Some((script, values)),
        _ => None,
    }
}

fn target(action: &SwitchAction) -> String {
    of(action).map(|(script, _)| script.target()).unwrap_or_default()
}

fn is_variable(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.len() <= 255 && name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(plain)
}

/// A directory is no value here: which one was used before is not known without asking the instances.
fn values(faults: &mut Faults, object: &Object<'_>, facts: &[(&'static str, Fact)]) -> Option<BTreeMap<String, Fact>> {
    let Some(value) = object.get("values") else {
        return Some(BTreeMap::new());
    };
    let facts: Vec<(&'static str, Fact)> = facts
        .iter()
        .filter(|(_, fact)| *fact != Fact::Directory)
        .copied()
        .collect();
    let path = object.path("values");
    let rule = "a mapping from environment variables of the scripts to facts";
    let map = Object::open(faults, &path, value, rule)?;
    let mut read = Some(BTreeMap::new());
    for (name, value) in map.entries() {
        if !is_variable(name) {
            faults.add(map.path(name), quoted(name), VARIABLE);
            read = None;
        }
        match (fact(faults, map.path(name), value, &facts), &mut read) {
            (Some(fact), Some(read)) => {
                read.insert(name.clone(), fact);
            }
            _ => read = None,
        }
    }
    read
}

impl SwitchProfile for SsmCommandSwitch {
    fn name(&self) -> &'static str {
        "ssm_command"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["table", "instances", "tags", "commands", "undo", "values"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        _: Option<&dyn Stateful>,
        facts: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let script = shell_script::read(faults, object);
        if object.get("undo").is_none() {
            let rule = "the lines of the script that runs when the cut-over is switched back";
            faults.add(object.path("undo"), "(missing)", rule);
        }
        let (script, values) = script.zip(values(faults, object, facts))?;
        Some(SwitchAction::SsmCommand { script, values })
    }

    fn words(&self, action: &SwitchAction) -> String {
        format!("what runs on {}", target(action))
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        format!("a script on {} makes it read what leads to {copy}", target(action))
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(|(script, _)| script.target())
    }

    /// Different scripts may run on the same instances, and the same one for several resources.
    fn conflict(
        &self,
        action: &SwitchAction,
        earlier: &SwitchAction,
        same_resource: bool,
    ) -> Option<(&'static str, String)> {
        let ((script, _), (other, _)) = (of(action)?, of(earlier)?);
        let same =
            (&script.instances, &script.tags, &script.commands) == (&other.instances, &other.tags, &other.commands);
        (same_resource && same).then(|| ("commands", format!("the same script on {}", script.target())))
    }

    fn values(&self, action: &SwitchAction) -> Vec<Fact> {
        of(action)
            .map(|(_, values)| values.values().copied().collect())
            .unwrap_or_default()
    }

    /// What instances use cannot be asked without running something there: the switches before it show what the application uses.
    fn references(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    fn follows(&self) -> bool {
        true
    }

    fn login(&self, _: &SwitchAction) -> LoginSource {
        LoginSource::None
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        let command = recorded["command"].as_str()?;
        Some(format!("command {command}"))
    }

    /// Which commands ran, as Run Command lists them.
    fn change(&self, _: &Value, after: &Value, returned: bool) -> String {
        let ran = self.state(after);
        match (returned, ran) {
            (false, ran) => format!(
                "its script was run by {}",
                ran.as_deref().unwrap_or("a command that is not known")
            ),
            (true, Some(ran)) => format!("its undo was run by {ran}, after the others were switched back"),
            (true, None) => "its script had not been run, and so its undo was not either".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_says_which_command_ran() {
        let said = |after: Value, returned| SsmCommandSwitch.change(&Value::Null, &after, returned);
        assert_eq!(
            said(json!({"command": "c-1"}), false),
            "its script was run by command c-1"
        );
        assert!(said(json!({"command": "c-2"}), true).contains("after the others were switched back"));
        assert!(said(json!({}), true).contains("had not been run"));
        assert!(said(Value::Null, false).contains("not known"));
    }

    #[test]
    fn only_what_a_shell_takes_for_a_variable_is_one() {
        for (name, fits) in [
            ("DB_HOST", true),
            ("h", true),
            ("2ND", false),
            ("A-B", false),
            ("", false),
            ("A B", false),
        ] {
            assert_eq!(is_variable(name), fits, "{name}");
        }
    }
}
