//! How a file system is restored: by a job of AWS Backup, into a new directory of the same file system or into a new file
//! system that then gets back what AWS Backup does not restore.
//!
//! A job has no tags. It is ours where its metadata hold our creation token, which no other run has.

mod comparing;
mod configuring;
mod foreseeing;
mod hindered;
mod jobs;
mod locating;
mod pointing;
mod sampling;
mod settling;
#[cfg(test)]
mod tests;
mod undoing;

use async_trait::async_trait;
use serde_json::Value;

use self::jobs::Course;
use super::{Defaults, Efs, KIND, target};
use crate::domain::job::Run;
use crate::domain::mounted::roots;
use crate::domain::names;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{Advance, Item, Made, Undoing};
use crate::domain::restore::plan::{Beside, Source};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Result};
use crate::kinds::shared::wrong_target;
use crate::kinds::{Foreseen, Restore};

/// What is to be restored into what, from an item's plan.
struct Order<'a> {
    item: &'a Item,
    /// Recovery point.
    arn: &'a str,
    vault: &'a str,
    role: &'a str,
    /// The file system that was backed up.
    source: &'a str,
    /// `CreationToken` in the job's metadata, and of the new file system.
    token: String,
    /// A new file system, instead of a directory.
    new: bool,
}

impl<'a> Order<'a> {
    fn read(run: &Run, item: &'a Item, defaults: &'a Defaults) -> Result<Self> {
        let resource = &item.planned.resource;
        let (source, _, role) = target(resource)?;
        let Source::RecoveryPoint { arn, vault } = &item.planned.source else {
            return Err(wrong_target(KIND, resource));
        };
        let (token, new) = match &item.planned.beside {
            Beside::Directory { file_system } if file_system == source => {
                (names::token(&run.id, &resource.name, "directory"), false)
            }
            Beside::FileSystem { token } => (token.clone(), true),
            beside => {
                return Err(Error::invalid(
                    format!("resources.{}.into", resource.name),
                    format!("{beside:?}"),
                    format!("a directory of file system {source}, or a new file system"),
                ));
            }
        };
        Ok(Self {
            item,
            arn,
            vault,
            role: role.unwrap_or(&defaults.role),
            source,
            token,
            new,
        })
    }

    /// The paths that are restored; `None` for everything.
    fn items(&self) -> Option<Vec<String>> {
        let Some(Sample::Files { roots, .. }) = &self.item.sample else {
            return None;
        };
        let covered: Vec<String> = roots.iter().map(|root| root.path.clone()).collect();
        roots::items(&covered)
    }

    /// The job that was recorded.
    fn job(&self) -> Option<&'a str> {
        match self.item.made.as_ref()? {
            Made::Directory { job, .. } | Made::FileSystem { job, .. } => Some(job),
            _ => None,
        }
    }

    /// What the job makes, as far as it is known.
    fn made(&self, job: &str, file_system: Option<&str>, directory: Option<String>) -> Made {
        let job = job.to_owned();
        if self.new {
            Made::FileSystem {
                file_system: file_system.map(str::to_owned),
                job,
                directory,
            }
        } else {
            Made::Directory {
                file_system: self.source.to_owned(),
                job,
                directory,
            }
        }
    }
}

#[async_trait]
impl Restore for Efs {
    async fn foresee(&self, run: &Run, item: &Item) -> Result<Foreseen> {
        foreseeing::foresee(self, run, &Order::read(run, item, &self.defaults)?).await
    }

    /// The same token in every try makes AWS Backup answer with the same job.
    async fn advance(&self, run: &Run, item: &Item) -> Result<Advance> {
        let order = Order::read(run, item, &self.defaults)?;
        let id = match order.job() {
            Some(job) => job.to_owned(),
            None => jobs::start(self, run, &order, "restore").await?,
        };
        let Some(job) = jobs::look(self, &id).await? else {
            return match order.job() {
                Some(_) => Ok(Advance::Failed {
                    reason: format!("AWS Backup does not know restore job {id} any more"),
                }),
                None => Err(jobs::not_shown(&order, &id)),
            };
        };
        job.see_ours(&order)?;
        match &job.course {
            Course::UnderWay => Ok(Advance::InProgress {
                stage: Some("copying"),
                phase: format!("restore job {id} is {}", job.words),
                percent: job.percent,
                made: Some(order.made(&id, job.created(), None)),
            }),
            // Once it has made a file system, another job of the same token could not make its own.
            Course::Hindered if !order.new || job.created().is_none() => {
                hindered::start_again(self, run, &order, &job).await
            }
            Course::Failed | Course::Hindered => Ok(Advance::Failed {
                reason: format!("restore job {id} ended {}", job.words),
            }),
            Course::Completed if order.new => configuring::configure(self, run, &order, &job).await,
            Course::Completed => locating::locate(self, &order, &job).await,
        }
    }

    /// A job cannot be stopped: what it makes is removed when it has ended.
    async fn undo(&self, run: &Run, item: &Item) -> Result<Undoing> {
        undoing::undo(self, run, &Order::read(run, item, &self.defaults)?).await
    }

    async fn compare(&self, run: &Run, item: &Item, at_rest: bool) -> Result<Vec<Check>> {
        comparing::compare(self, &Order::read(run, item, &self.defaults)?, at_rest).await
    }

    /// Through the function that mounts the file system; `None` where there is none.
    async fn sample(&self, resource: &Resource, configuration: &Value) -> Result<Option<Sample>> {
        let (file_system, ..) = target(resource)?;
        sampling::sample(&self.access, file_system, configuration).await
    }
}
