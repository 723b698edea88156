//! The copies that a restore created, and their progress.

use serde_json::{Value, json};

use crate::domain::duration::friendly;
use crate::domain::kinds;
use crate::domain::message::facts::LISTED;
use crate::domain::message::words;
use crate::domain::restore::item::{ItemStatus, RestoreItem};

/// The copy that was created, or will be; `None` for a guard.
pub fn copy(item: &RestoreItem) -> Option<String> {
    let kind = kinds::stateful(&item.planned.resource.target)?;
    let created = match &item.created {
        Some(created) => kind.copy_words(created),
        None => kinds::destination(&item.planned)?.words,
    };
    Some(words::line(&created))
}

/// Whether the copy, or part of it, may exist.
pub fn may_exist(item: &RestoreItem) -> bool {
    !matches!(item.status, ItemStatus::Planned | ItemStatus::Undone) && copy(item).is_some()
}

/// One line for each resource and its copy: its state, and the time of its data. Those that failed first.
pub fn copies(items: &[RestoreItem]) -> Vec<String> {
    let mut items: Vec<&RestoreItem> = items.iter().collect();
    items.sort_by_key(|item| item.status != ItemStatus::Failed);
    let lines = items.iter().filter_map(|item| {
        let copy = copy(item)?;
        let state = match item.status {
            ItemStatus::Planned => "not started".to_owned(),
            ItemStatus::InProgress => {
                let phase = item
                    .phase
                    .as_deref()
                    .map(|phase| format!(": {phase}"))
                    .unwrap_or_default();
                words::line(&format!("not finished{phase}"))
            }
            ItemStatus::Restored => data_time(item),
            ItemStatus::Failed => match &item.failure {
                Some(failure) => format!("FAILED, {}", words::name(&failure.error)),
                None => "FAILED".to_owned(),
            },
            ItemStatus::Undone => "removed".to_owned(),
        };
        Some(format!("{}: {copy}, {state}", words::name(&item.planned.resource.name)))
    });
    lines.collect()
}

/// The time whose data a copy holds, without what was written since.
fn data_time(item: &RestoreItem) -> String {
    let age = item
        .planned
        .loss_seconds
        .map(|seconds| format!(", {} old", friendly(seconds)));
    match item.planned.holds {
        Some(at) => format!("data of {}{}", words::time(at), age.unwrap_or_default()),
        None => "restored".to_owned(),
    }
}

pub fn copies_json(items: &[RestoreItem]) -> Value {
    let items = items.iter().take(LISTED).map(|item| {
        json!({
            "resource": words::name(&item.planned.resource.name),
            "kind": item.planned.resource.target.kind(),
            "target": words::name(item.planned.resource.target.identifier()),
            "copy": copy(item).map(|copy| words::name(&copy)),
            "status": item.status,
            "holds": item.planned.holds,
            "error": item.failure.as_ref().map(|failure| words::name(&failure.error)),
        })
    });
    items.collect()
}
