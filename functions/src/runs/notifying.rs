//! Telling on-call: what `notify` does at its time, and `clean-up` when a run never got so far.

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

/// All that the catalog knows of a run when on-call is told of it.
#[derive(Debug, Default)]
pub struct RunFacts {
    pub record: Option<RunRecord>,
    pub set: Option<BackupSet>,
    pub points: Vec<Point>,
    /// The restore that the run makes, or takes back.
    pub restore: Option<RestoreRecord>,
    pub items: Vec<RestoreItem>,
    pub newest_sealed: Option<BackupSet>,
    /// The deployment's own topic.
    pub topic: Option<String>,
    /// Why all of this is not known: a record cannot be read, and never will be.
    pub unreadable: Option<Reason>,
}

impl RunFacts {
    /// Never fails for good: of a run whose records cannot be read on-call is told just that, by the stack's topic.
    pub async fn of(catalog: &Catalog, run: &Run) -> Result<Self> {
        Self::unless_unreadable(run, Self::read(catalog, run).await)
    }

    /// As [`RunFacts::of`], of a run that makes a restore, or takes one back; `None` where its input names none.
    pub async fn of_restore(catalog: &Catalog, run: &Run, restore: Option<&str>) -> Result<Self> {
        Self::unless_unreadable(run, Self::read_restore(catalog, run, restore).await)
    }

    fn unless_unreadable(run: &Run, known: Result<Self>) -> Result<Self> {
        match known {
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
            known => known,
        }
    }

    async fn read(catalog: &Catalog, run: &Run) -> Result<Self> {
        let sets = catalog.sets(&run.deployment).await?;
        // Not from the list, which leaves out what cannot be read.
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

    /// What the composer of messages takes.
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

    /// As [`RunFacts::backup`], of a restore.
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

/// The execution that is told of.
#[derive(Debug)]
pub struct Execution<'a> {
    pub arn: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// `None` where its input names no deployment.
    pub run: Option<&'a Run>,
}

/// The newest of the sealed sets; `sets` are the oldest first.
pub fn newest_sealed(sets: &[BackupSet]) -> Option<&BackupSet> {
    sets.iter().rev().find(|set| set.status == SetStatus::Sealed)
}

/// A descriptor that is missing or faulty has no topic of its own: on-call is told of that too.
async fn own_topic(catalog: &Catalog, deployment: &str) -> Result<Option<String>> {
    match catalog.descriptor(deployment).await {
        Ok(descriptor) => Ok(descriptor.topic),
        Err(Error::NotFound(_) | Error::InvalidInput(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends a message to the deployment's own topic, and to the stack's where there is no other or the other refuses.
pub async fn send(topic: &dyn Topic, own: Option<&str>, stacks: &str, message: &Message) -> Result<()> {
    let Some(own) = own else {
        return topic.publish(stacks, message).await;
    };
    match topic.publish(own, message).await {
        Err(error) if error.class() == Class::Final && own != stacks => {
            tracing::error!(topic = own, error = error.name(), message = %error, "told the stack's on-call topic instead");
            topic.publish(stacks, message).await
        }
        told => told,
    }
}

/// Tells of a run, once: a run that was told of before is not told of again. A publication whose mark is lost may come
/// twice: a standard topic knows no tokens, and twice is better than never.
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
