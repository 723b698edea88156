//! `lambda`: a Lambda function of the deployment's owner, invoked with the action.

use serde_json::Value;

use super::profile::HookProfile;
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{HookAction, Lambda, formats};

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "lambda"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["function"]
    }

    fn is_polled(&self) -> bool {
        false
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        let function = object.text(faults, "function", &formats::FUNCTION)?;
        Some(HookAction::Lambda(Lambda { function }))
    }

    fn undo_by_hand(&self, action: &HookAction, _: &Value) -> String {
        match action {
            HookAction::Lambda(Lambda { function }) => {
                format!("invoke function {function} with the `action` resume, or do what it does")
            }
            _ => String::new(),
        }
    }
}
