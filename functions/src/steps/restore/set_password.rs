//! `set-password`: sets the master password of a copy from a secret that is newer than the backup. It changes only a cluster
//! with this restore's tag.

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::Deserialize;

use crate::aws::lazy::Lazy;
use crate::catalog::Catalog;
use crate::domain::job::{Failure, JobStatus, Run};
use crate::domain::kinds;
use crate::domain::resource::Version;
use crate::domain::restore::item::{PasswordSource, RestoreItem};
use crate::domain::restore::login::LoginJob;
use crate::error::{Class, Error, Result};
use crate::kinds::{Kind, Kinds, MasterUser};
use crate::runs::closing;
use crate::runs::database::credentials;
use crate::runtime;

const DOING: &str = "setting the master password of cluster";
/// Seconds within which the new password has to work.
const DEADLINE_SECONDS: i64 = 15 * 60;
const WAIT_SECONDS: u64 = 5;

pub struct Needs {
    pub catalog: Catalog,
    pub kinds: Kinds,
    pub secrets: Lazy<aws_sdk_secretsmanager::Client>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
            secrets: Lazy::new(aws, aws_sdk_secretsmanager::Client::new),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub job: LoginJob,
    pub now: Timestamp,
}

/// In progress while RDS applies the password; a login shows whether it works. A refused password is a result, not an error.
///
/// # Errors
/// `Conflict` for a run that has ended, and for a cluster that is not the restore's; `NotReady` while the cluster is not available;
/// else those worth retrying.
pub async fn handle(needs: &Needs, Input { run, job, now }: Input) -> Result<LoginJob> {
    closing::ensure_not_ended(&needs.catalog, &run, DOING).await?;
    let Some(from) = job.set_from.clone() else {
        return Err(Error::invalid("job.set_from", "(missing)", "the secret to set it from"));
    };
    let item = find_item(&needs.catalog, &run, &job).await?;
    let kind = needs.kinds.of(&item.planned.resource.target);
    let master = master_user(kind, &item, &job).await?;
    let status = &master.status;
    let requested = item.password_from.as_ref();
    let requested = requested.filter(|source| source.secret == from.name && source.version == from.version);
    match requested {
        Some(source) if now.duration_since(source.at).as_secs() > DEADLINE_SECONDS => {
            let late = Error::DeadlineExceeded(format!(
                "{DOING} {}: RDS accepted it, but after {DEADLINE_SECONDS} s the login is still refused (the cluster is {status})",
                job.plan.cluster
            ));
            return Ok(failed(job, &late));
        }
        Some(_) => return Ok(underway(job)),
        None if !master.is_available => {
            return Err(Error::NotReady(format!(
                "{DOING} {}: the cluster is {status}; retried once it is available",
                job.plan.cluster
            )));
        }
        None => {}
    }
    match set(needs, kind, &item, &master, &from).await {
        Ok(()) => {}
        Err(error) if error.class() == Class::Final => return Ok(failed(job, &error)),
        Err(error) => return Err(error),
    }
    let item = RestoreItem {
        password_from: Some(PasswordSource {
            secret: from.name,
            version: from.version,
            at: now,
        }),
        ..item
    };
    needs.catalog.put_item(&run.deployment, &item).await?;
    tracing::info!(restore = %run.id, cluster = %job.plan.cluster, "asked RDS to set the copy's master password");
    Ok(underway(job))
}

async fn find_item(catalog: &Catalog, run: &Run, job: &LoginJob) -> Result<RestoreItem> {
    let found = catalog.item(&run.deployment, &run.id, &job.plan.resource).await?;
    let is_its = |item: &RestoreItem| kinds::database(item).is_some_and(|copy| copy.identifier == job.plan.cluster);
    found.filter(is_its).ok_or_else(|| {
        Error::NotFound(format!(
            "{DOING} {}: restore {} created no such cluster. Start a new run",
            job.plan.cluster, run.id
        ))
    })
}

/// The master user of the copy.
async fn master_user(kind: &dyn Kind, item: &RestoreItem, job: &LoginJob) -> Result<MasterUser> {
    kind.master_user(item).await?.ok_or_else(|| {
        Error::Conflict(format!(
            "{DOING} {}: it does not exist, or does not have the tag of restore {}. It is left alone",
            job.plan.cluster, item.restore
        ))
    })
}

async fn set(needs: &Needs, kind: &dyn Kind, item: &RestoreItem, master: &MasterUser, from: &Version) -> Result<()> {
    let version = credentials::read(&needs.secrets, &from.name, Some(&from.version)).await?;
    let login = version.login().ok();
    let Some(login) = login.filter(|login| Some(login.username.as_str()) == master.name.as_deref()) else {
        let copy = kinds::database(item).map(|copy| copy.identifier).unwrap_or_default();
        return Err(Error::Conflict(format!(
            "{DOING} {copy}: version {} of secret {} no longer has its login",
            from.version, from.name
        )));
    };
    kind.set_master_password(item, &login.password).await
}

fn underway(job: LoginJob) -> LoginJob {
    LoginJob {
        status: JobStatus::InProgress,
        wait_seconds: WAIT_SECONDS,
        ..job
    }
}

fn failed(job: LoginJob, error: &Error) -> LoginJob {
    LoginJob {
        status: JobStatus::Failed,
        failure: Some(Failure::of(error)),
        ..job
    }
}

#[cfg(test)]
mod tests;
