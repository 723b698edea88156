//! `step_function`: a state machine of the deployment's owner, executed with the action, and waited for.

use serde_json::Value;

use super::profile::HookProfile;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, shown};
use crate::domain::descriptor::{HookAction, StepFunction, formats};

/// Bytes of `input`, as JSON; an execution's whole input may have 256 KiB
/// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>).
const LARGEST_INPUT: usize = 64 * 1024;

const STATE_MACHINE: TextFormat = formats::visible(
    "the ARN of a state machine such as arn:aws:states:eu-west-1:123456789012:stateMachine:holdfast-hook-index",
    |text| {
        let name = formats::states_arn(text).and_then(|resource| resource.strip_prefix("stateMachine:"));
        name.is_some_and(|name| (1..=80).contains(&name.len()) && formats::plain(name, "-_"))
    },
);

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "step_function"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["state_machine", "input"]
    }

    fn is_polled(&self) -> bool {
        true
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        let state_machine = object.text(faults, "state_machine", &STATE_MACHINE);
        let input = object.get("input").cloned().unwrap_or_default();
        if input.to_string().len() > LARGEST_INPUT {
            faults.add(
                object.path("input"),
                shown(&input),
                format!("at most {LARGEST_INPUT} bytes of JSON"),
            );
        }
        Some(HookAction::StepFunction(StepFunction {
            state_machine: state_machine?,
            input,
        }))
    }

    fn undo_by_hand(&self, action: &HookAction, _: &Value) -> String {
        match action {
            HookAction::StepFunction(StepFunction { state_machine, .. }) => {
                format!("execute state machine {state_machine} with the `action` resume, or do what it does")
            }
            _ => String::new(),
        }
    }
}
