//! One run at a time for each deployment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store::Condition;
use super::{Catalog, decode, encode, key};
use crate::domain::job::Run;
use crate::domain::message::console_link;
use crate::error::{Error, Result};

/// Who runs on a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub deployment: String,
    /// Id of the run that holds it: of its set or of its restore.
    pub set: String,
    /// ARN of the execution that holds it.
    pub execution: String,
    pub started_at: Timestamp,
}

/// Tries before a lease that keeps changing hands is called busy.
const TRIES: usize = 3;

impl Catalog {
    /// Takes the deployment's lease for `run`. An execution that holds it already gets it again; a lease whose
    /// execution `is_running` no longer knows as running is taken over.
    ///
    /// # Errors
    /// `DeploymentBusy`, which names the execution that holds it.
    pub async fn acquire_lease<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        let key = key(&run.deployment, "LEASE");
        let item = encode(&Lease {
            deployment: run.deployment.clone(),
            set: run.id.clone(),
            execution: run.execution.clone(),
            started_at: run.started_at,
        })?;
        let held_by = |execution: &str| Condition::Equals("execution", json!(execution));
        let mut condition = Condition::Any(vec![Condition::Absent("pk"), held_by(&run.execution)]);
        let mut holder = String::new();
        for _ in 0..TRIES {
            if self.store.put(&key, item.clone(), &condition).await? {
                return Ok(());
            }
            condition = match self.lease(&run.deployment).await? {
                None => Condition::Absent("pk"),
                Some(lease) if lease.execution == run.execution => return Ok(()),
                Some(lease) => {
                    holder = lease.execution;
                    if is_running(holder.clone()).await? {
                        break;
                    }
                    held_by(&holder)
                }
            };
        }
        Err(busy(run, &holder))
    }

    /// Sees that no other execution that runs holds the deployment. Takes nothing.
    ///
    /// # Errors
    /// `DeploymentBusy`, which names the execution that holds it.
    pub async fn see_idle<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        match self.lease(&run.deployment).await? {
            Some(lease) if lease.execution != run.execution && is_running(lease.execution.clone()).await? => {
                Err(busy(run, &lease.execution))
            }
            _ => Ok(()),
        }
    }

    pub async fn lease(&self, deployment: &str) -> Result<Option<Lease>> {
        self.store.get(&key(deployment, "LEASE")).await?.map(decode).transpose()
    }

    /// Gives the lease back; held by nobody or by another execution is success.
    pub async fn release_lease(&self, deployment: &str, execution: &str) -> Result<()> {
        let ours = Condition::Equals("execution", json!(execution));
        self.store.delete(&key(deployment, "LEASE"), &ours).await?;
        Ok(())
    }
}

fn busy(run: &Run, holder: &str) -> Error {
    Error::DeploymentBusy(format!(
        "starting a run on {}: execution {holder} is running on it ({}). Wait until it has ended, or stop it in the Step \
         Functions console; then start again",
        run.deployment,
        console_link(holder),
    ))
}
