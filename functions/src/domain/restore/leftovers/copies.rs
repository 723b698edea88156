//! The copies that earlier restores left, and what the catalog has against their removal.

use jiff::Timestamp;
use serde::Serialize;

use super::past::PastRestore;
use super::replaced::replaced;
use crate::domain::kinds;
use crate::domain::kinds::upkeep::MonthlyCost;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::{BackupSet, SetStatus};
use crate::domain::usage::RestoredCopy;

/// The copies of one restore that may still exist. They are removed together.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreLeftovers {
    /// Id of the restore.
    pub restore: String,
    pub status: RestoreStatus,
    pub obstacle: Option<Obstacle>,
    pub copies: Vec<Leftover>,
}

impl RestoreLeftovers {
    /// Whether the restore is not over: it runs, or the application uses what it created.
    pub fn is_open(&self) -> bool {
        matches!(
            self.obstacle,
            Some(Obstacle::Running | Obstacle::Switching | Obstacle::InUse | Obstacle::InTheirPlace)
        )
    }
}

/// One copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Leftover {
    /// The resource that it is a copy of, by its name in the descriptor.
    pub resource: String,
    pub copy: RestoredCopy,
    pub created_at: Timestamp,
    /// The size of what it was restored from, if AWS reported it.
    pub size_bytes: Option<u64>,
    pub cost: MonthlyCost,
}

/// What the catalog has against the removal of a restore's copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Its execution has not ended, or waits for an answer.
    Running,
    /// The application is being switched to them.
    Switching,
    /// The application was switched to them.
    InUse,
    /// At least one has the name of the resource that it was restored for, which was gone: nothing had to be switched to it.
    InTheirPlace,
    /// No set was sealed since they were created.
    NoNewerSet,
}

impl Obstacle {
    /// Why the copies of a restore stay, and what a person can do, as text; commands in backquotes.
    pub fn words(self, deployment: &str, restore: &str) -> String {
        match self {
            Obstacle::Running => format!("the restore has not ended: `holdfast restores {deployment}`"),
            Obstacle::Switching => {
                format!("the application is being switched to them; to switch back: `holdfast undo-cut-over {restore}`")
            }
            Obstacle::InUse => {
                format!(
                    "the application was switched to them, or to some: to switch back, unless a later restore was cut over since, `holdfast undo-cut-over {restore}`"
                )
            }
            Obstacle::InTheirPlace => {
                "at least one has the name of the resource that it was restored for, and is in use in its place"
                    .to_owned()
            }
            Obstacle::NoNewerSet => {
                format!("no set was sealed since they were created: `holdfast backup {deployment} --watch`")
            }
        }
    }
}

/// What earlier restores left, the oldest restore first; without what a later cut-over [`replaced`].
pub fn leftovers(past: &[PastRestore], sets: &[BackupSet], now: Timestamp) -> Vec<RestoreLeftovers> {
    let replaced = replaced(past);
    let is_replaced = |copy: &RestoredCopy| replaced.iter().any(|old| old.what.is(copy));
    let mut found = Vec::new();
    for of in past {
        let copies: Vec<Leftover> = of.items.iter().filter_map(|item| leftover(&of.record, item)).collect();
        let copies: Vec<Leftover> = copies.into_iter().filter(|left| !is_replaced(&left.copy)).collect();
        if copies.is_empty() {
            continue;
        }
        found.push(RestoreLeftovers {
            restore: of.record.id.clone(),
            status: of.record.status,
            obstacle: obstacle(of, &copies, sets, now),
            copies,
        });
    }
    found
}

fn leftover(record: &RestoreRecord, item: &RestoreItem) -> Option<Leftover> {
    let kind = kinds::stateful(&item.planned.resource.target)?;
    Some(Leftover {
        resource: item.planned.resource.name.clone(),
        copy: RestoredCopy::of(item)?,
        created_at: item.finished_at.or(item.started_at).unwrap_or(record.started_at),
        size_bytes: kind.size_bytes(item),
        cost: kind.monthly_cost(item),
    })
}

fn obstacle(of: &PastRestore, copies: &[Leftover], sets: &[BackupSet], now: Timestamp) -> Option<Obstacle> {
    let record = &of.record;
    match record.status {
        RestoreStatus::Switching => return Some(Obstacle::Switching),
        RestoreStatus::CutOver => return Some(Obstacle::InUse),
        RestoreStatus::Planned
        | RestoreStatus::Running
        | RestoreStatus::Restored
        | RestoreStatus::SwitchedBack
        | RestoreStatus::Undone
        | RestoreStatus::Failed => {}
    }
    let asks = record.question.as_ref().is_some_and(|question| question.until > now);
    if !of.has_ended || asks {
        return Some(Obstacle::Running);
    }
    if of.items.iter().any(|item| kinds::has_own_name(&item.planned)) {
        return Some(Obstacle::InTheirPlace);
    }
    let newest = copies.iter().map(|left| left.created_at).max();
    let is_newer = |set: &BackupSet| {
        set.status == SetStatus::Sealed && newest.is_none_or(|at| set.captured_from.unwrap_or(set.started_at) > at)
    };
    (!sets.iter().any(is_newer)).then_some(Obstacle::NoNewerSet)
}
