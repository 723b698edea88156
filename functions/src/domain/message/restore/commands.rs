//! What to type next.

use serde_json::json;

use crate::domain::machine::Machine;
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

/// Removes what the restore made, and nothing else: an execution of `undo-restore` in the same stack.
pub fn undo_restore(record: &RestoreRecord, execution: &str) -> String {
    let input = json!({"deployment": record.deployment, "restore": record.id});
    match Machine::UndoRestore.beside(execution) {
        Some(machine) => format!("aws stepfunctions start-execution --state-machine-arn {machine} --input '{input}'"),
        None => format!("start an execution of the state machine undo-restore with the input {input}"),
    }
}
