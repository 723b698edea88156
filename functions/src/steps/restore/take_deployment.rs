//! `take-deployment`: recovers the lease for a restore that waited for approval. If a backup has borrowed it meanwhile, waits for
//! that backup. Nothing is created or switched before.

use std::sync::Arc;

use aws_config::SdkConfig;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::error::Result;
use crate::runs::closing;
use crate::runs::executions::{Executions, StepFunctionsExecutions};
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
    pub executions: Arc<dyn Executions>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            executions: Arc::new(StepFunctionsExecutions::new(aws)),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {}

/// # Errors
/// `NotReady` while such a backup runs; `Conflict` for a run that has ended.
pub async fn handle(needs: &Needs, Input { run }: Input) -> Result<Output> {
    closing::ensure_not_ended(&needs.catalog, &run, "continuing after approval").await?;
    let is_running = |borrower: String| async move { needs.executions.is_running(&borrower).await };
    needs.catalog.reclaim_lease(&run, is_running).await?;
    tracing::info!(deployment = %run.deployment, restore = %run.id, "lease recovered");
    Ok(Output {})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::restores::planned_restore;
    use crate::testing::{Running, now};

    const BACKUP: &str = "arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:night";

    #[tokio::test]
    async fn a_backup_that_began_meanwhile_is_waited_for() {
        let (catalog, _, run) = planned_restore().await;
        let executions = Arc::new(Running::default());
        let needs = Needs {
            catalog: catalog.clone(),
            executions: executions.clone(),
        };
        let go = async || handle(&needs, Input { run: run.clone() }).await;
        go().await.unwrap();
        catalog.lend_lease(&run, now()).await.unwrap();
        let backup = Run {
            id: "hubs-prod-20261120-030000-bbbb".to_owned(),
            execution: BACKUP.to_owned(),
            ..run.clone()
        };
        catalog
            .acquire_or_borrow_lease(&backup, |_| async { Ok(true) })
            .await
            .unwrap();
        assert_eq!(go().await.unwrap_err().name(), "NotReady");
        catalog.release_lease(&run.deployment, BACKUP).await.unwrap();
        go().await.unwrap();
        let lease = catalog.lease(&run.deployment).await.unwrap().unwrap();
        assert_eq!((lease.execution, lease.waits_since), (run.execution.clone(), None));
        // Recovered: no backup can borrow it any more.
        let error = catalog
            .acquire_or_borrow_lease(&backup, |_| async { Ok(true) })
            .await
            .unwrap_err();
        assert_eq!(error.name(), "DeploymentBusy");
        // A borrower that is not running any more is not waited for.
        catalog.lend_lease(&run, now()).await.unwrap();
        catalog
            .acquire_or_borrow_lease(&backup, |_| async { Ok(true) })
            .await
            .unwrap();
        executions.end();
        go().await.unwrap();
    }
}
