//! What the machines pass to a step besides its own input.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::job::{Failure, Run};
use crate::domain::machine::{Machine, RestoreId};
use crate::domain::names;
use crate::domain::set::Reason;

/// An error that a machine caught, and the state where it was caught. Its `cause` is Lambda's JSON, or Step Functions' text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    pub state: String,
    pub error: String,
    #[serde(default)]
    pub cause: String,
    /// The error caught before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Caught>>,
}

impl Caught {
    /// The reasons for a person, oldest first: the state, the error's name and its message.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons = self.before.as_ref().map(|before| before.reasons()).unwrap_or_default();
        let failure = Failure {
            error: self.error.clone(),
            cause: self.cause.clone(),
        };
        reasons.push(Reason {
            subject: self.state.clone(),
            message: failure.message(),
            error: failure.error,
        });
        reasons
    }

    /// All errors as one reason: the first, with the later ones appended to its message.
    pub fn reason(&self) -> Reason {
        let mut reasons = self.reasons().into_iter();
        let first = reasons.next().unwrap_or_else(|| Reason {
            subject: self.state.clone(),
            error: self.error.clone(),
            message: self.cause.clone(),
        });
        reasons.fold(first, |first, later| Reason {
            message: format!(
                "{}; then {}: {}: {}",
                first.message, later.subject, later.error, later.message
            ),
            ..first
        })
    }
}

/// The run of an execution, from the execution's own data alone: for steps that also run when planning failed.
/// `None` when the execution's input names no deployment.
pub fn run_of(request: &Value, execution: &str, started_at: Timestamp) -> Option<Run> {
    let deployment = request
        .get("deployment")?
        .as_str()
        .filter(|name| names::is_name(name))?;
    Some(Run {
        deployment: deployment.to_owned(),
        id: names::set_id(deployment, started_at, execution),
        execution: execution.to_owned(),
        started_at,
    })
}

/// The id of the restore that an execution carries out or undoes.
pub fn restore_of<'a>(machine: Machine, request: &'a Value, run: &'a Run) -> Option<&'a str> {
    match machine.facts().restore {
        RestoreId::OfRun => Some(&run.id),
        RestoreId::InInput => request.get("restore")?.as_str(),
        RestoreId::None => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_caught_error_gives_lambdas_message_as_its_reason() {
        let caught: Caught = serde_json::from_value(json!({
            "state": "PlanBackup", "error": "NotFound",
            "cause": r#"{"errorType":"NotFound","errorMessage":"no deployment of this name"}"#,
        }))
        .unwrap();
        let reason = caught.reason();
        assert_eq!(
            (reason.subject.as_str(), reason.error.as_str()),
            ("PlanBackup", "NotFound")
        );
        assert_eq!(reason.message, "no deployment of this name");
    }

    #[test]
    fn what_was_caught_later_covers_up_nothing() {
        let caught: Caught = serde_json::from_value(json!({
            "state": "EndRun", "error": "Throttled", "cause": "too fast",
            "before": {"state": "UndoCutOver", "error": "Conflict", "cause": "theirs", "before": null},
        }))
        .unwrap();
        let subjects: Vec<String> = caught.reasons().into_iter().map(|reason| reason.subject).collect();
        assert_eq!(subjects, ["UndoCutOver", "EndRun"]);
        let all = caught.reason();
        assert_eq!((all.subject.as_str(), all.error.as_str()), ("UndoCutOver", "Conflict"));
        assert_eq!(all.message, "theirs; then EndRun: Throttled: too fast");
    }

    #[test]
    fn an_execution_without_a_deployment_has_no_run() {
        let at = "2026-11-20T01:00:00Z".parse().unwrap();
        assert!(run_of(&json!({"deployment": "hubs-prod"}), "arn", at).is_some());
        for request in [
            json!({}),
            json!(null),
            json!({"deployment": 7}),
            json!({"deployment": "Not A Name"}),
        ] {
            assert_eq!(run_of(&request, "arn", at), None, "{request}");
        }
    }
}
