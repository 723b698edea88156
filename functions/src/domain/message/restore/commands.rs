//! What to type next.

use crate::domain::restore::{About, RestoreRecord};

pub fn approve(record: &RestoreRecord) -> String {
    let about = record.question.as_ref().map(|question| question.about);
    match about {
        Some(About::CutOver) => format!("holdfast approve {} --cut-over", record.id),
        _ => format!("holdfast approve {}", record.id),
    }
}

pub fn reject(record: &RestoreRecord) -> String {
    format!("holdfast reject {}", record.id)
}

pub fn undo_cut_over(record: &RestoreRecord) -> String {
    format!("holdfast undo-cut-over {}", record.id)
}

pub fn restores(deployment: &str) -> String {
    format!("holdfast restores {deployment}")
}

/// The same restore once more: the same set or moment.
pub fn again(record: &RestoreRecord) -> String {
    let (name, plan) = (&record.deployment, &record.plan);
    match (plan.at, &plan.set) {
        (Some(at), _) => format!("holdfast restore {name} --at {at}"),
        (None, Some(set)) => format!("holdfast restore {name} --set {set}"),
        (None, None) => format!("holdfast restore {name} --source retained"),
    }
}

/// Removes what the restore made, and nothing else.
pub fn undo_restore(record: &RestoreRecord) -> String {
    format!("holdfast undo-restore {}", record.id)
}

/// All that is known of the restore.
pub fn show(record: &RestoreRecord) -> String {
    format!("holdfast show {} {}", record.deployment, record.id)
}

/// What has to change in the infrastructure's source.
pub fn infrastructure(record: &RestoreRecord) -> String {
    format!("holdfast infrastructure {} --terraform", record.id)
}
