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
    let deployments = &service.deployments;
    let Some(primary) = deployments.iter().find(|deployment| deployment.status == "PRIMARY") else {
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
    let alone = deployments
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
    let said = described
        .events
        .iter()
        .map(|event| event.message.as_str())
        .find(|message| message.contains("failed") || message.contains("unable"))
        .map(|message| format!(" ECS says: {}.", message.trim_end_matches('.')))
        .unwrap_or_default();
    format!(
        "service {service} is back at its old revision: its tasks did not start with {ours}, and ECS rolled back.{said} Check \
         why the tasks stopped, and that the directory exists and can be mounted"
    )
}
