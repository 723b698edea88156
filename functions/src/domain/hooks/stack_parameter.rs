//! `stack_parameter`: a CloudFormation stack, updated with its present template and one parameter changed, and back.

use serde_json::Value;

use super::profile::HookProfile;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat};
use crate::domain::descriptor::{HookAction, StackParameter, formats};

const VALUE: TextFormat = formats::visible("text of at most 4096 characters; never a secret", |text| {
    text.chars().count() <= 4096
});

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "stack_parameter"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["stack", "parameter", "value"]
    }

    fn is_polled(&self) -> bool {
        true
    }

    fn is_command(&self) -> bool {
        false
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        let stack = object.text(faults, "stack", &formats::STACK);
        let parameter = object.text(faults, "parameter", &formats::LOGICAL_ID);
        let value = object.text(faults, "value", &VALUE);
        Some(HookAction::StackParameter(StackParameter {
            stack: stack?,
            parameter: parameter?,
            value: value?,
        }))
    }

    fn before_rest(&self, action: &HookAction, earlier: &Value, seen: Value) -> Value {
        let at_rest = matches!(action, HookAction::StackParameter(stack) if seen["value"] == stack.value.as_str());
        match at_rest && earlier["value"].is_string() {
            true => earlier.clone(),
            false => seen,
        }
    }

    fn undo_by_hand(&self, action: &HookAction, before: &Value) -> String {
        let HookAction::StackParameter(StackParameter { stack, parameter, .. }) = action else {
            return String::new();
        };
        let value = match before["value"].as_str() {
            Some(value) => format!("to {value:?}"),
            None => "to what it was".to_owned(),
        };
        format!(
            "update stack {stack} with its present template, parameter {parameter} set {value}, and all others unchanged"
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parameter_that_an_earlier_run_left_changed_had_its_value() {
        let action = HookAction::StackParameter(StackParameter {
            stack: "hubs".to_owned(),
            parameter: "OfflineMode".to_owned(),
            value: "Offline".to_owned(),
        });
        let earlier = json!({"value": "Online"});
        for (seen, before) in [("Offline", "Online"), ("Maintenance", "Maintenance")] {
            let found = Kind.before_rest(&action, &earlier, json!({ "value": seen }));
            assert_eq!(found, json!({ "value": before }));
        }
    }
}
