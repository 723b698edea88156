//! A service as ECS describes it, as far as a switch looks at it.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// ARN of the revision that the service is to run.
    pub task_definition: String,
    pub desired_count: i64,
    pub running_count: i64,
    pub deployments: Vec<Deployment>,
    pub deployment_controller: Option<Controller>,
    pub deployment_configuration: Value,
    /// Newest first.
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// `PRIMARY` is the newest; `ACTIVE` ones are being replaced.
    pub status: String,
    pub task_definition: String,
    pub desired_count: i64,
    pub running_count: i64,
    pub failed_tasks: i64,
    /// `COMPLETED`, `FAILED` or `IN_PROGRESS`; none for services without a rolling update.
    pub rollout_state: Option<String>,
    pub rollout_state_reason: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Controller {
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Event {
    pub message: String,
}

impl Service {
    /// # Errors
    /// Where a member has another type than the model says.
    pub fn of(described: Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(described)
    }
}
