//! A service as ECS describes it, with the members that a switch uses.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>.

use serde::Deserialize;
use serde_json::{Value, json};

use super::named::NamedService;
use crate::aws::service::Client;
use crate::aws::{code, failure};
use crate::error::{Error, Result};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// ARN of the revision that the service should run.
    pub task_definition: String,
    pub desired_count: i64,
    pub running_count: i64,
    pub deployments: Vec<Deployment>,
    deployment_controller: Option<Controller>,
    pub deployment_configuration: Value,
    /// Newest first.
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// `ecs-svc/` and a number.
    pub id: String,
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
struct Controller {
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Event {
    pub message: String,
}

impl Service {
    /// The newest deployment; none where task sets are created by another controller.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments
            .iter()
            .find(|deployment| deployment.status == "PRIMARY")
    }

    /// Whether the newest deployment has not ended. A completed service that replaces a task is not being deployed.
    pub fn is_deploying(&self) -> bool {
        let state = |deployment: &Deployment| deployment.rollout_state.clone();
        match self.primary().map(state) {
            Some(Some(state)) => state == "IN_PROGRESS",
            Some(None) => self.deployments.len() > 1,
            None => true,
        }
    }

    /// Why Holdfast does not deploy this service, and what to do instead; `None` if ECS itself deploys it.
    pub fn foreign_controller(&self) -> Option<(&str, &'static str)> {
        let controller = self.deployment_controller.as_ref().map_or("ECS", |found| &found.kind);
        match controller {
            "ECS" => None,
            "CODE_DEPLOY" => Some((controller, "deploy the copy through CodeDeploy by hand")),
            _ => Some((
                controller,
                "deploy the copy by hand, through the tool that creates the service's task sets",
            )),
        }
    }

    /// # Errors
    /// If a member has another type than in the model.
    pub fn of(described: Value) -> serde_json::Result<Self> {
        serde_json::from_value(described)
    }
}

/// The service, whatever its state; `None` if there is none.
pub async fn find(ecs: &Client, named: NamedService<'_>) -> Result<Option<Service>> {
    let input = json!({ "cluster": named.cluster, "services": [named.service] });
    match ecs.call("DescribeServices", input).await {
        Ok(mut described) => {
            let found = described.take_list("services").into_iter().next();
            found.map(Service::of).transpose().map_err(|error| {
                Error::JobFailed(format!(
                    "describing service {}: AWS's answer cannot be read: {error}. Switch by hand",
                    named.words()
                ))
            })
        }
        Err(error) if code(&error) == Some("ClusterNotFoundException") => Ok(None),
        Err(error) => Err(failure("describing service", &named.words(), error)),
    }
}

/// The service, which has to be active. `doing` begins the error's sentence.
pub async fn active(ecs: &Client, named: NamedService<'_>, doing: &str) -> Result<Service> {
    let found = find(ecs, named).await?;
    found.filter(|service| service.status == "ACTIVE").ok_or_else(|| {
        Error::NotFound(format!(
            "{doing} service {}: there is no active one. Create it again, or switch by hand",
            named.words()
        ))
    })
}
