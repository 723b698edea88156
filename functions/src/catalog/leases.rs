//! Leases: one run at a time for each deployment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store::Condition;
use super::{Catalog, decode, encode, key};
use crate::domain::job::Run;
use crate::domain::message::{approve, console_link, reject};
use crate::error::{Class, Error, Result};

/// The lease of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub deployment: String,
    /// Id of the run that holds it: of its set or of its restore.
    pub set: String,
    /// ARN of the execution that holds it.
    pub execution: String,
    pub started_at: Timestamp,
    /// Since when its run waits for an approval, while nothing is being created or switched: a backup may run meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_since: Option<Timestamp>,
    /// ARN of the backup that borrowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lent_to: Option<String>,
    /// Id of that backup's set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lent_set: Option<String>,
}

impl Lease {
    fn of(run: &Run) -> Self {
        Self {
            deployment: run.deployment.clone(),
            set: run.id.clone(),
            execution: run.execution.clone(),
            started_at: run.started_at,
            waits_since: None,
            lent_to: None,
            lent_set: None,
        }
    }
}

/// Attempts before a lease that keeps changing hands counts as busy.
pub(super) const TRIES: usize = 3;

impl Catalog {
    /// Takes the deployment's lease for `run`. An execution that already holds it gets it again; a lease whose execution is not
    /// running any more, by `is_running`, is taken over.
    ///
    /// # Errors
    /// `DeploymentBusy`, which names the execution that holds it.
    pub async fn acquire_lease<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        let key = key(&run.deployment, "LEASE");
        let own = Lease::of(run);
        let free = Condition::Any(vec![
            Condition::Absent("pk"),
            Condition::Equals("execution", json!(run.execution)),
        ]);
        let mut holder = String::new();
        for _ in 0..TRIES {
            if self.store.put(&key, encode(&own)?, &free).await? {
                return Ok(());
            }
            let Some(current) = self.lease(&run.deployment).await? else {
                continue;
            };
            if current.execution == run.execution {
                return Ok(());
            }
            holder.clone_from(&current.execution);
            if is_running(holder.clone()).await? {
                break;
            }
            // The borrower may outlive the lender.
            if let Some(borrower) = &current.lent_to
                && is_running(borrower.clone()).await?
            {
                holder.clone_from(borrower);
                break;
            }
            if self.replace_lease(&current, &own).await? {
                return Ok(());
            }
        }
        Err(self.busy(run, &holder).await)
    }

    /// Replaces a lease, unless it changed since it was read.
    pub(super) async fn replace_lease(&self, before: &Lease, after: &Lease) -> Result<bool> {
        let same = |name: &'static str, value: Option<&String>| match value {
            Some(value) => Condition::Equals(name, json!(value)),
            None => Condition::Absent(name),
        };
        let waits = match before.waits_since {
            Some(_) => Condition::Present("waits_since"),
            None => Condition::Absent("waits_since"),
        };
        let unchanged = Condition::All(vec![
            same("execution", Some(&before.execution)),
            same("lent_to", before.lent_to.as_ref()),
            waits,
        ]);
        self.store
            .put(&key(&after.deployment, "LEASE"), encode(after)?, &unchanged)
            .await
    }

    /// Ensures that no other running execution holds the deployment. Does not take the lease.
    ///
    /// # Errors
    /// `DeploymentBusy`, which names the execution that holds it.
    pub async fn ensure_idle<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        match self.lease(&run.deployment).await? {
            Some(lease) if lease.execution != run.execution && is_running(lease.execution.clone()).await? => {
                Err(self.busy(run, &lease.execution).await)
            }
            _ => Ok(()),
        }
    }

    pub async fn lease(&self, deployment: &str) -> Result<Option<Lease>> {
        self.store.get(&key(deployment, "LEASE")).await?.map(decode).transpose()
    }

    /// Releases the lease, or the borrowed lease; if no execution or another one holds it, that is success. A backup that borrowed
    /// it keeps it if the lender ends first.
    pub async fn release_lease(&self, deployment: &str, execution: &str) -> Result<()> {
        let whole = Condition::All(vec![
            Condition::Equals("execution", json!(execution)),
            Condition::Absent("lent_to"),
        ]);
        for _ in 0..TRIES {
            if self.store.delete(&key(deployment, "LEASE"), &whole).await? {
                return Ok(());
            }
            let lease = match self.lease(deployment).await {
                Ok(Some(lease)) => lease,
                Ok(None) => return Ok(()),
                // There is no lease holder that could be determined.
                Err(error) if error.class() == Class::Final => return Ok(()),
                Err(error) => return Err(error),
            };
            let Some(after) = lease.released_by(execution) else {
                return Ok(());
            };
            if self.replace_lease(&lease, &after).await? {
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!(
            "releasing the lease of {deployment}: it keeps changing; it is tried again"
        )))
    }

    /// The error of a run whose deployment is busy: it names the holder and, if that waits for an approval, how to give it.
    async fn busy(&self, run: &Run, holder: &str) -> Error {
        let lease = self.lease(&run.deployment).await.ok().flatten();
        let restore = match lease.filter(|lease| lease.execution == holder) {
            Some(lease) => self.restore(&run.deployment, &lease.set).await.ok().flatten(),
            None => None,
        };
        let next = match restore
            .as_ref()
            .and_then(|restore| Some((restore, restore.question.as_ref()?)))
        {
            Some((restore, question)) => format!(
                "It waits for an answer until {}. To say yes: {}. To say no: {}. Then start again",
                question.until,
                approve(restore),
                reject(restore)
            ),
            None => "Wait until it has ended, or stop it in the Step Functions console; then start again".to_owned(),
        };
        Error::DeploymentBusy(format!(
            "starting a run on {}: execution {holder} is running on it ({}). {next}",
            run.deployment,
            console_link(holder),
        ))
    }
}
