//! Deploys a revision to a service, and what is recorded about that.

use serde_json::{Value, json};

use crate::aws::service::Client;
use crate::aws::{code, failure};
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::error::Result;
use crate::switches::ecs::named::{NamedService, short};

/// Starts a deployment of a revision. The inner error is ECS's for a revision that it does not deploy.
pub async fn start(ecs: &Client, named: NamedService<'_>, revision: &str) -> Result<Result<SwitchProgress>> {
    let input = json!({ "cluster": named.cluster, "service": named.service, "taskDefinition": revision });
    match ecs.call("UpdateService", input).await {
        Ok(_) => Ok(Ok(underway(
            format!("service {} is being deployed with {}", named.words(), short(revision)),
            revision,
        ))),
        Err(error) => {
            let refused = matches!(code(&error), Some("ClientException" | "InvalidParameterException"));
            let error = failure("deploying a revision to service", &named.words(), error);
            if refused { Ok(Err(error)) } else { Err(error) }
        }
    }
}

pub fn recorded(revision: &str) -> Value {
    json!({ "task_definition": revision })
}

pub fn revision_in(recorded: &Value) -> Option<&str> {
    recorded["task_definition"].as_str()
}

pub fn underway(phase: String, revision: &str) -> SwitchProgress {
    SwitchProgress::Underway {
        phase,
        noted: recorded(revision),
    }
}
