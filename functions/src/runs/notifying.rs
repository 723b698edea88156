//! Notifies on-call: for `notify`, and for `clean-up` when a run never reached its Notify.

mod topic;

use jiff::Timestamp;

pub use topic::{Sns, Topic};

use crate::catalog::{Catalog, RunMilestone};
use crate::domain::job::Run;
use crate::domain::message::{BackupReport, Message, RestoreReport};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::set::{BackupSet, Point, Reason, RunRecord, SetStatus};
use crate::error::{Class, Error, Result};

/// Everything the catalog has about a run, for a message to on-call.
#[derive(Debug, Default)]
pub struct RunFacts {
    pub record: Option<RunRecord>,
    pub set: Option<BackupSet>,
    pub points: Vec<Point>,
    /// The restore that the run carries out, or undoes.
    pub restore: Option<RestoreRecord>,
    pub items: Vec<RestoreItem>,
    pub newest_sealed: Option<BackupSet>,
    /// The deployment's own topic.
    pub topic: Option<String>,
    /// Set when a record can never be read, so that the rest is unknown.
    pub unreadable: Option<Reason>,
}

impl RunFacts {
    /// Never fails permanently: if the run's records cannot be read, the message says so, and goes to the stack's topic.
    pub async fn of(catalog: &Catalog, run: &Run) -> Result<Self> {
        Self::unless_unreadable(run, Self::read(catalog, run).await)
    }

    /// As [`RunFacts::of`], for a run that carries out a restore or undoes one; `None` where its input names none.
    pub async fn of_restore(catalog: &Catalog, run: &Run, restore: Option<&str>) -> Result<Self> {
        Self::unless_unreadable(run, Self::read_restore(catalog, run, restore).await)
    }

    fn unless_unreadable(run: &Run, facts: Result<Self>) -> Result<Self> {
        match facts {
            Err(error) if error.class() == Class::Final => {
                tracing::error!(deployment = %run.deployment, error = error.name(), message = %error, "unreadable");
                let reason = Reason {
                    subject: "catalog".to_owned(),
                    error: error.name().to_owned(),
                    message: error.to_string(),
                };
                Ok(Self {
                    unreadable: Some(reason),
                    ..Self::default()
                })
            }
            facts => facts,
        }
    }

    async fn read(catalog: &Catalog, run: &Run) -> Result<Self> {
        let sets = catalog.sets(&run.deployment).await?;
        // Read directly, because the list skips sets that cannot be read.
        let set = catalog.set(&run.deployment, &run.id).await?;
        let points = match &set {
            Some(_) => catalog.points(&run.deployment, &run.id).await?,
            None => Vec::new(),
        };
        Ok(Self {
            record: catalog.run(&run.deployment, &run.id).await?,
            set,
            points,
            restore: None,
            items: Vec::new(),
            newest_sealed: newest_sealed(&sets).cloned(),
            topic: own_topic(catalog, &run.deployment).await?,
            unreadable: None,
        })
    }

    async fn read_restore(catalog: &Catalog, run: &Run, restore: Option<&str>) -> Result<Self> {
        let found = match restore {
            Some(id) => catalog.restore(&run.deployment, id).await?,
            None => None,
        };
        let items = match &found {
            Some(record) => catalog.items(&run.deployment, &record.id).await?,
            None => Vec::new(),
        };
        let sets = catalog.sets(&run.deployment).await?;
        Ok(Self {
            record: catalog.run(&run.deployment, &run.id).await?,
            restore: found,
            items,
            newest_sealed: newest_sealed(&sets).cloned(),
            topic: own_topic(catalog, &run.deployment).await?,
            ..Self::default()
        })
    }

    pub fn is_sealed(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.status == SetStatus::Sealed)
    }

    pub fn was_notified(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.notified_at.is_some())
    }

    /// The input of the message composer.
    pub fn backup<'a>(&'a self, of: &'a Execution<'a>, failure: Option<&'a Reason>) -> BackupReport<'a> {
        BackupReport {
            deployment: of.run.map(|run| run.deployment.as_str()),
            execution: of.arn,
            started_at: of.started_at,
            now: of.now,
            run: self.record.as_ref(),
            set: self.set.as_ref(),
            points: &self.points,
            newest_sealed: self.newest_sealed.as_ref(),
            failure,
            unreadable: self.unreadable.as_ref(),
        }
    }

    /// As [`RunFacts::backup`], for a restore.
    pub fn restore<'a>(&'a self, of: &'a Execution<'a>, failure: Option<&'a Reason>) -> RestoreReport<'a> {
        RestoreReport {
            deployment: of.run.map(|run| run.deployment.as_str()),
            execution: of.arn,
            started_at: of.started_at,
            now: of.now,
            run: self.record.as_ref(),
            record: self.restore.as_ref(),
            items: &self.items,
            failure,
            newest_sealed: self.newest_sealed.as_ref(),
            unreadable: self.unreadable.as_ref(),
        }
    }
}

/// The execution that a message is about.
#[derive(Debug)]
pub struct Execution<'a> {
    pub arn: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// `None` where its input names no deployment.
    pub run: Option<&'a Run>,
}

/// The newest sealed set; `sets` are oldest first.
pub fn newest_sealed(sets: &[BackupSet]) -> Option<&BackupSet> {
    sets.iter().rev().find(|set| set.status == SetStatus::Sealed)
}

/// A missing or invalid descriptor has no topic of its own; on-call is still notified.
async fn own_topic(catalog: &Catalog, deployment: &str) -> Result<Option<String>> {
    match catalog.descriptor(deployment).await {
        Ok(descriptor) => Ok(descriptor.topic),
        Err(Error::NotFound(_) | Error::InvalidInput(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends a message to the deployment's own topic; to the stack's if there is none, or if it refuses.
pub async fn send(topic: &dyn Topic, own: Option<&str>, stacks: &str, message: &Message) -> Result<()> {
    let Some(own) = own else {
        return topic.publish(stacks, message).await;
    };
    match topic.publish(own, message).await {
        Err(error) if error.class() == Class::Final && own != stacks => {
            tracing::error!(topic = own, error = error.name(), message = %error, "notified the stack's on-call topic instead");
            topic.publish(stacks, message).await
        }
        sent => sent,
    }
}

/// Notifies on-call of a run, unless the run is already marked as notified. If that mark is lost, the message may arrive twice:
/// a standard topic has no idempotency tokens, and twice is better than never.
pub async fn send_once(
    catalog: &Catalog,
    topic: &dyn Topic,
    stacks: &str,
    known: &RunFacts,
    run: Option<&Run>,
    message: &Message,
    now: Timestamp,
) -> Result<()> {
    if known.was_notified() {
        return Ok(());
    }
    send(topic, known.topic.as_deref(), stacks, message).await?;
    if let Some(run) = run {
        catalog
            .mark_run(&run.deployment, &run.id, RunMilestone::Notified, now)
            .await?;
    }
    Ok(())
}
