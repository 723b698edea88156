//! One run at a time for each deployment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store::Condition;
use super::{Catalog, decode, encode, key};
use crate::domain::job::Run;
use crate::domain::message::{approve, console_link, reject};
use crate::error::{Class, Error, Result};

/// Who runs on a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub deployment: String,
    /// Id of the run that holds it: of its set or of its restore.
    pub set: String,
    /// ARN of the execution that holds it.
    pub execution: String,
    pub started_at: Timestamp,
    /// Since when its run waits for an answer, with nothing being made or switched: a backup may run meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_since: Option<Timestamp>,
    /// ARN of the backup that runs meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lent_to: Option<String>,
    /// Its set.
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

/// Tries before a lease that keeps changing hands is called busy.
pub(super) const TRIES: usize = 3;

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
            let Some(held) = self.lease(&run.deployment).await? else {
                continue;
            };
            if held.execution == run.execution {
                return Ok(());
            }
            holder.clone_from(&held.execution);
            if is_running(holder.clone()).await? {
                break;
            }
            // Who borrowed it outlives who lent it.
            if let Some(borrower) = &held.lent_to
                && is_running(borrower.clone()).await?
            {
                holder.clone_from(borrower);
                break;
            }
            if self.replace_lease(&held, &own).await? {
                return Ok(());
            }
        }
        Err(self.busy(run, &holder).await)
    }

    /// Writes a lease over what it was read as.
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

    /// Sees that no other execution that runs holds the deployment. Takes nothing.
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

    /// Gives the lease back, or what was borrowed of it; held by nobody or by another execution is success. A backup that
    /// borrowed it from a run that ends before it holds it from then on.
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
                // Nobody's who could be told.
                Err(error) if error.class() == Class::Final => return Ok(()),
                Err(error) => return Err(error),
            };
            let Some(after) = lease.given_back_by(execution) else {
                return Ok(());
            };
            if self.replace_lease(&lease, &after).await? {
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!(
            "giving the lease of {deployment} back: it keeps changing; it is tried again"
        )))
    }

    /// The error of a run that finds another on its deployment: who, and, where that waits for an answer, how to give it.
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
