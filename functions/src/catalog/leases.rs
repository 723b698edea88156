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
        let own = Lease {
            deployment: run.deployment.clone(),
            set: run.id.clone(),
            execution: run.execution.clone(),
            started_at: run.started_at,
            waits_since: None,
            lent_to: None,
            lent_set: None,
        };
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

    /// Takes the lease for a backup, or borrows it from a restore that waits for an answer.
    ///
    /// # Errors
    /// As [`Catalog::acquire_lease`].
    pub async fn acquire_or_borrow_lease<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        let busy = match self.acquire_lease(run, &is_running).await {
            Err(Error::DeploymentBusy(busy)) => busy,
            taken => return taken,
        };
        for _ in 0..TRIES {
            let Some(lease) = self
                .lease(&run.deployment)
                .await?
                .filter(|lease| lease.waits_since.is_some())
            else {
                break;
            };
            match &lease.lent_to {
                Some(borrower) if *borrower == run.execution => return Ok(()),
                Some(borrower) if is_running(borrower.clone()).await? => break,
                _ => {}
            }
            let lent = Lease {
                lent_to: Some(run.execution.clone()),
                lent_set: Some(run.id.clone()),
                ..lease.clone()
            };
            if self.replace_lease(&lease, &lent).await? {
                return Ok(());
            }
        }
        Err(Error::DeploymentBusy(busy))
    }

    /// Notes that a run waits for an answer, and that a backup may run meanwhile.
    pub async fn lend_lease(&self, run: &Run, now: Timestamp) -> Result<()> {
        for _ in 0..TRIES {
            let held = self
                .lease(&run.deployment)
                .await?
                .filter(|lease| lease.execution == run.execution);
            let Some(lease) = held.filter(|lease| lease.waits_since.is_none()) else {
                break;
            };
            let waiting = Lease {
                waits_since: Some(now),
                ..lease.clone()
            };
            if self.replace_lease(&lease, &waiting).await? {
                break;
            }
        }
        Ok(())
    }

    /// Takes the lease back for a run that goes on after an answer.
    ///
    /// # Errors
    /// `NotReady` while a backup runs that borrowed it; `Conflict` where the run does not hold it any more.
    pub async fn take_back_lease<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        for _ in 0..TRIES {
            let held = self
                .lease(&run.deployment)
                .await?
                .filter(|lease| lease.execution == run.execution);
            let Some(lease) = held else {
                return Err(Error::Conflict(format!(
                    "going on with {}: another run holds {} by now. Start it again",
                    run.id, run.deployment
                )));
            };
            if lease.waits_since.is_none() {
                return Ok(());
            }
            if let Some(borrower) = &lease.lent_to
                && is_running(borrower.clone()).await?
            {
                return Err(Error::NotReady(format!(
                    "going on with {}: backup {borrower} began while it waited for an answer, and has not ended. It goes on \
                     then by itself",
                    run.id
                )));
            }
            let own = Lease {
                waits_since: None,
                lent_to: None,
                lent_set: None,
                ..lease.clone()
            };
            if self.replace_lease(&lease, &own).await? {
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!(
            "going on with {}: the lease of {} keeps changing; it is tried again",
            run.id, run.deployment
        )))
    }

    /// Writes a lease over what it was read as.
    async fn replace_lease(&self, before: &Lease, after: &Lease) -> Result<bool> {
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
    pub async fn see_idle<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
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
            let Some(after) = after_release(&lease, execution) else {
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

/// A lease that was lent, once one of its two gives it back; `None` where this execution is neither.
fn after_release(lease: &Lease, execution: &str) -> Option<Lease> {
    let returned = Lease {
        lent_to: None,
        lent_set: None,
        ..lease.clone()
    };
    match (&lease.lent_to, &lease.lent_set) {
        (Some(borrower), _) if borrower == execution => Some(returned),
        (Some(borrower), Some(set)) if lease.execution == execution => Some(Lease {
            execution: borrower.clone(),
            set: set.clone(),
            waits_since: None,
            ..returned
        }),
        _ => None,
    }
}
