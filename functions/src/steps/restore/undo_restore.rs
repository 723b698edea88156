//! `undo-restore`: removes what a restore created, and nothing else, unless it is in use. Called until everything is removed.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::job::{Failure, JobStatus, Run};
use crate::domain::kinds;
use crate::domain::pacing;
use crate::domain::restore::item::{ItemStatus, RestoreItem, UndoProgress};
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;
use crate::domain::usage::{RestoredCopy, UsageCheck, users};
use crate::error::{Class, Error, Result};
use crate::kinds::Kinds;
use crate::runs::approvals::{self, Approvals};
use crate::runtime;
use crate::switches::Switches;
use crate::usage::{AwsUsageLookup, Sources, UsageLookup, UsageSearch};

pub struct Needs {
    pub catalog: Catalog,
    pub kinds: Kinds,
    pub approvals: Arc<dyn Approvals>,
    pub switches: Switches,
    pub usage: Arc<dyn UsageLookup>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
            approvals: Arc::new(approvals::StepFunctionsApprovals::new(aws)),
            switches: runtime::switches(aws)?,
            usage: Arc::new(AwsUsageLookup::new(aws)),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub deployment: String,
    /// Id of the restore.
    pub restore: String,
    /// The usage checks that the operator chose to skip.
    #[serde(default)]
    pub without: BTreeSet<UsageCheck>,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    pub status: JobStatus,
    pub wait_seconds: u64,
    /// What it is waiting for, as text.
    pub underway: Vec<String>,
    /// What remains, for a person to deal with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Seconds after which an unfinished deletion is left to a person: an AWS Backup restore cannot be stopped, and may take
/// days.
const PATIENCE_SECONDS: u64 = 36 * 3_600;

/// # Errors
/// `NotFound` for a restore that is not recorded; `Conflict` for one that the application was switched to, and for one whose
/// copies are in use.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Input {
        deployment,
        restore,
        without,
        now,
    } = input;
    let catalog = &needs.catalog;
    let record = catalog.known_restore(&deployment, &restore).await?;
    refuse_switched(&record)?;
    let items = catalog.items(&deployment, &restore).await?;
    refuse_in_their_place(&record, &items)?;
    ensure_unused(needs, &record, &items, &without, now).await?;
    let run = Run {
        deployment: deployment.clone(),
        id: restore.clone(),
        execution: record.execution.clone(),
        started_at: record.started_at,
    };
    // First: a restoring step in flight then finds its restore undone.
    let record = catalog
        .change_restore(&deployment, &restore, |record| begin(record, now))
        .await?;
    refuse_switched(&record)?;
    // The removal makes the open question void: the execution that waits for an answer ends.
    if let Some(question) = &record.question {
        needs
            .approvals
            .reject(question, "the restore's copies are being removed")
            .await?;
    }
    let (mut underway, mut left) = (Vec::new(), Vec::new());
    for mut item in catalog.items(&deployment, &restore).await? {
        // An undone item is undone again: a resource may have been created since.
        let name = item.planned.resource.name.clone();
        match undo(needs, &run, &item).await? {
            UndoProgress::Gone if item.is_busy(now) => {
                let why = "the function that restores it has not ended yet, and may still create something";
                underway.push((name, why.to_owned()));
            }
            UndoProgress::Gone => {
                item.status = ItemStatus::Undone;
                catalog.put_item(&deployment, &item).await?;
            }
            UndoProgress::Underway(what) => underway.push((name, what)),
            UndoProgress::Remains(what) => left.push(reason(name, "Conflict", what)),
        }
    }
    let begun = record.undoing_at.unwrap_or(now);
    let elapsed = u64::try_from(now.duration_since(begun).as_secs()).unwrap_or(0);
    if !underway.is_empty() && elapsed < PATIENCE_SECONDS {
        return Ok(Output {
            status: JobStatus::InProgress,
            wait_seconds: pacing::next_poll(elapsed, None),
            underway: underway
                .into_iter()
                .map(|(name, what)| format!("{name}: {what}"))
                .collect(),
            failure: None,
        });
    }
    left.extend(
        underway
            .into_iter()
            .map(|(name, what)| reason(name, "DeadlineExceeded", format!("{what}, still after {elapsed} s"))),
    );
    catalog
        .change_restore(&deployment, &restore, |record| record.left.clone_from(&left))
        .await?;
    tracing::info!(%deployment, %restore, left = left.len(), "undone");
    Ok(ended(left))
}

/// Copies in use stay, and their users are named.
///
/// # Errors
/// `Conflict`, with every user and every check that was not possible; else those worth retrying.
async fn ensure_unused(
    needs: &Needs,
    record: &RestoreRecord,
    items: &[RestoreItem],
    without: &BTreeSet<UsageCheck>,
    now: Timestamp,
) -> Result<()> {
    if items.iter().all(|item| RestoredCopy::of(item).is_none()) {
        return Ok(());
    }
    // What names a resource that was gone has named it since before: of its copy under the same name, only activity shows a user.
    let named = items.iter().filter(|item| !kinds::has_own_name(&item.planned));
    let copies: Vec<RestoredCopy> = named.filter_map(RestoredCopy::of).collect();
    let mut search = UsageSearch::begin(Sources {
        catalog: &needs.catalog,
        switches: &needs.switches,
        usage: needs.usage.as_ref(),
    })
    .await?;
    let mut report = search.of(&copies).await?;
    // With a user found, the activity is of no interest.
    if users(&copies, &report, without).is_empty() && !without.contains(&UsageCheck::Activity) {
        search.add_activity(record, items, now, &mut report).await?;
    }
    let users = users(&copies, &report, without);
    if users.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = users.iter().map(ToString::to_string).collect();
    // One line each: a message lists them all.
    Err(Error::Conflict(format!(
        "undoing restore {}: {} was removed, since its copies may be in use:\n{}",
        record.id,
        match record.undoing_at {
            Some(_) => "nothing more",
            None => "nothing",
        },
        words.join("\n")
    )))
}

async fn undo(needs: &Needs, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
    match needs.kinds.of(&item.planned.resource.target).undo(run, item).await {
        // A permanent error does not stop the removal of the rest.
        Err(error) if error.class() == Class::Final => Ok(UndoProgress::Remains(error.to_string())),
        // It is waited for here, while the others are removed.
        Err(error @ (Error::NotReady(_) | Error::QuotaExceeded(_))) => Ok(UndoProgress::Underway(error.to_string())),
        undone => undone,
    }
}

/// Does not overwrite a cut-over that began meanwhile.
fn begin(record: &mut RestoreRecord, now: Timestamp) {
    if refuse_switched(record).is_err() {
        return;
    }
    record.status = RestoreStatus::Undone;
    record.undoing_at = record.undoing_at.or(Some(now));
}

/// Copies that the application uses are never removed.
fn refuse_switched(record: &RestoreRecord) -> Result<()> {
    match record.status {
        RestoreStatus::Switching | RestoreStatus::CutOver => Err(Error::Conflict(format!(
            "undoing restore {}: {} uses what it created. Switch back first: `holdfast undo-cut-over {}`",
            record.id, record.deployment, record.id
        ))),
        _ => Ok(()),
    }
}

/// What a restore that succeeded gave back under its own name is what the application uses, whether or not anything shows that today.
fn refuse_in_their_place(record: &RestoreRecord, items: &[RestoreItem]) -> Result<()> {
    let in_place: Vec<&str> = items
        .iter()
        .filter(|item| kinds::has_own_name(&item.planned))
        .map(|item| kinds::planned_name(&item.planned))
        .collect();
    if record.status != RestoreStatus::Restored || record.undoing_at.is_some() || in_place.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "undoing restore {}: {} got the names of what was gone, and {} uses what has these names. Nothing was removed. \
         What nothing uses, delete by hand; `holdfast restores {}` lists all copies",
        record.id,
        in_place.join(", "),
        record.deployment,
        record.deployment
    )))
}

fn ended(left: Vec<Reason>) -> Output {
    let words = |reason: &Reason| format!("{}: {}", reason.subject, reason.message);
    let failure = (!left.is_empty()).then(|| Failure {
        error: "Conflict".to_owned(),
        cause: left.iter().map(words).collect::<Vec<_>>().join("; "),
    });
    Output {
        status: if failure.is_some() {
            JobStatus::Failed
        } else {
            JobStatus::Succeeded
        },
        wait_seconds: 0,
        underway: Vec::new(),
        failure,
    }
}

fn reason(subject: String, error: &str, message: String) -> Reason {
    Reason {
        subject,
        error: error.to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests;
