//! What a restore made: each resource's copy, and how far it is.

use serde_json::{Value, json};

use crate::domain::duration::friendly;
use crate::domain::kinds;
use crate::domain::message::facts::LISTED;
use crate::domain::message::words;
use crate::domain::restore::item::{ItemStatus, RestoreItem};

/// What was made, or was to be; `None` for a guard.
pub fn copy(item: &RestoreItem) -> Option<String> {
    let kind = kinds::stateful(&item.planned.resource.target)?;
    let created = match &item.created {
        Some(created) => kind.copy_words(created),
        None => item.planned.destination.words()?,
    };
    Some(words::line(&created))
}

/// Whether something of it may be there.
pub fn may_be_there(item: &RestoreItem) -> bool {
    !matches!(item.status, ItemStatus::Planned | ItemStatus::Undone) && copy(item).is_some()
}

/// Each resource and its copy, in a line: what became of it, and of what moment its data is. Those that failed first.
pub fn copies(items: &[RestoreItem]) -> Vec<String> {
    let mut items: Vec<&RestoreItem> = items.iter().collect();
    items.sort_by_key(|item| item.status != ItemStatus::Failed);
    let lines = items.iter().filter_map(|item| {
        let copy = copy(item)?;
        let state = match item.status {
            ItemStatus::Planned => "not begun".to_owned(),
            ItemStatus::InProgress => {
                let phase = item
                    .phase
                    .as_deref()
                    .map(|phase| format!(": {phase}"))
                    .unwrap_or_default();
                words::line(&format!("not finished{phase}"))
            }
            ItemStatus::Restored => of_moment(item),
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

/// The moment whose data a copy holds: what was written since is not in it.
fn of_moment(item: &RestoreItem) -> String {
    let since = item
        .planned
        .loss_seconds
        .map(|seconds| format!(", {} old", friendly(seconds)));
    match item.planned.holds {
        Some(at) => format!("data of {}{}", words::time(at), since.unwrap_or_default()),
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
