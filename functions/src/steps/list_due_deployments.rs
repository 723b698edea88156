//! `list-due-deployments`: lists the enabled deployments, each with its execution's name.

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::message::DueDeployment;
use crate::domain::names;
use crate::error::Result;
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
        })
    }
}

#[derive(Debug, Deserialize)]
pub struct Input {
    /// When the execution of `nightly` started.
    pub started_at: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    pub due: Vec<DueDeployment>,
}

pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let deployments = needs.catalog.deployments().await?;
    let due = deployments
        .into_iter()
        .filter(|(_, enabled)| *enabled)
        .map(|(deployment, _)| DueDeployment {
            execution_name: names::backup_execution(input.started_at, &deployment),
            deployment,
        })
        .collect();
    Ok(Output { due })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::{catalog, descriptor};

    #[tokio::test]
    async fn enabled_deployments_are_due_under_names_that_stay_the_same() {
        let (catalog, _) = catalog();
        for (name, enabled) in [("shop", true), ("archive", false), ("hubs-prod", true)] {
            let mut descriptor = descriptor(name);
            descriptor.enabled = enabled;
            catalog.put_descriptor(&descriptor).await.unwrap();
        }
        let needs = Needs { catalog };
        let input = || Input {
            started_at: "2026-11-20T02:15:00Z".parse().unwrap(),
        };
        let output = handle(&needs, input()).await.unwrap();
        let names: Vec<_> = output.due.iter().map(|due| due.execution_name.as_str()).collect();
        assert_eq!(names, ["20261120-021500-hubs-prod", "20261120-021500-shop"]);
        assert_eq!(handle(&needs, input()).await.unwrap(), output);
    }
}
