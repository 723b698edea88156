//! The progress of a service's deployment. Pure: evaluates one description from ECS.

use super::named::short;
use super::service::Service;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    /// One deployment, with all of its tasks running.
    Stable,
    /// In progress, as text.
    Underway(String),
    /// The reason that ECS reports.
    Failed(String),
}

pub fn of(service: &Service) -> Rollout {
    let Some(primary) = service.primary() else {
        return Rollout::Underway("the service has no primary deployment yet".to_owned());
    };
    let state = primary.rollout_state.as_deref();
    if state == Some("FAILED") {
        let reason = primary
            .rollout_state_reason
            .as_deref()
            .unwrap_or("the deployment failed");
        return Rollout::Failed(reason.trim_end_matches('.').to_owned());
    }
    // An earlier deployment that failed stays in the list: it has no tasks.
    let alone = service
        .deployments
        .iter()
        .all(|deployment| deployment.status == "PRIMARY" || deployment.running_count == 0);
    let complete = state.is_none_or(|state| state == "COMPLETED");
    if alone && complete && service.running_count == service.desired_count {
        return Rollout::Stable;
    }
    let failed = match primary.failed_tasks {
        0 => String::new(),
        some => format!(", {some} failed to start"),
    };
    Rollout::Underway(format!(
        "{} of {} tasks of {} are running{failed}",
        primary.running_count,
        primary.desired_count,
        short(&primary.task_definition),
    ))
}

/// The reason to report if the service is back at the previous revision, although this switch's was deployed.
pub fn rolled_back(service: &str, ours: &str, described: &Service) -> String {
    format!(
        "service {service} is back at its old revision: its tasks did not start with {ours}, and ECS rolled back.{} Check \
         why the tasks stopped, and that the directory exists and can be mounted",
        said(described)
    )
}

/// What ECS's newest event about a failure says, as a sentence after others; empty if there is none.
pub fn said(described: &Service) -> String {
    let messages = described.events.iter().map(|event| event.message.as_str());
    let failure = messages
        .into_iter()
        .find(|message| message.contains("failed") || message.contains("unable"));
    let said = failure.map(|message| format!(" ECS says: {}.", message.trim_end_matches('.')));
    said.unwrap_or_default()
}
