//! Lending a lease: while a restore waits for an approval, nothing is being created or switched, and a backup may run.

use jiff::Timestamp;

use super::Catalog;
use super::leases::{Lease, TRIES};
use crate::domain::job::Run;
use crate::error::{Error, Result};

impl Catalog {
    /// Takes the lease for a backup, or borrows it from a restore that waits for an approval.
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

    /// Records that a run waits for an approval, and that a backup may run meanwhile.
    pub async fn lend_lease(&self, run: &Run, now: Timestamp) -> Result<()> {
        for _ in 0..TRIES {
            let held = self.held_by(run).await?;
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

    /// Withdraws the lent lease for a run that continues after an approval.
    ///
    /// # Errors
    /// `NotReady` while the backup that borrowed it is running; `Conflict` if the run does not hold it any more.
    pub async fn reclaim_lease<F>(&self, run: &Run, is_running: impl Fn(String) -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        for _ in 0..TRIES {
            let held = self.held_by(run).await?;
            let Some(lease) = held else {
                return Err(Error::Conflict(format!(
                    "continuing with {}: another run holds {} now. Start it again",
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
                    "continuing with {}: backup {borrower} began while it waited for an approval, and has not ended. It then \
                     continues by itself",
                    run.id
                )));
            }
            let own = Lease {
                waits_since: None,
                ..lease.returned()
            };
            if self.replace_lease(&lease, &own).await? {
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!(
            "continuing with {}: the lease of {} keeps changing; it is tried again",
            run.id, run.deployment
        )))
    }

    async fn held_by(&self, run: &Run) -> Result<Option<Lease>> {
        let lease = self.lease(&run.deployment).await?;
        Ok(lease.filter(|lease| lease.execution == run.execution))
    }
}

impl Lease {
    /// The lease without its borrower.
    fn returned(&self) -> Self {
        Self {
            lent_to: None,
            lent_set: None,
            ..self.clone()
        }
    }

    /// A lent lease after one of its two executions released it; `None` if this execution is neither.
    pub(super) fn released_by(&self, execution: &str) -> Option<Self> {
        match (&self.lent_to, &self.lent_set) {
            (Some(borrower), _) if borrower == execution => Some(self.returned()),
            (Some(borrower), Some(set)) if self.execution == execution => Some(Self {
                execution: borrower.clone(),
                set: set.clone(),
                waits_since: None,
                ..self.returned()
            }),
            _ => None,
        }
    }
}
