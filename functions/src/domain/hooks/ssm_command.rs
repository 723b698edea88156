//! `ssm_command`: shell commands on instances, by Run Command of Systems Manager.

use serde_json::Value;

use super::profile::HookProfile;
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{HookAction, shell_script};

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "ssm_command"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["instances", "tags", "commands", "undo"]
    }

    fn is_polled(&self) -> bool {
        true
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        shell_script::read(faults, object).map(HookAction::SsmCommand)
    }

    fn has_undo(&self, action: &HookAction) -> bool {
        matches!(action, HookAction::SsmCommand(command) if !command.undo.is_empty())
    }

    fn undo_by_hand(&self, action: &HookAction, _: &Value) -> String {
        match action {
            HookAction::SsmCommand(command) => {
                let lines = if command.undo.is_empty() {
                    &command.commands
                } else {
                    &command.undo
                };
                format!("run on {}: {}", command.target(), lines.join("; "))
            }
            _ => String::new(),
        }
    }
}
