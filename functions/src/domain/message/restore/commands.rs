//! The commands that messages suggest.

use crate::domain::restore::plan::{CutOverMode, OnFailure};
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

/// The same restore again, with the options of its plan, including the cut-over.
pub fn as_planned(record: &RestoreRecord) -> String {
    let cut_over = match record.plan.cut_over {
        CutOverMode::Yes => "yes",
        CutOverMode::No => "no",
        CutOverMode::Ask => "ask",
    };
    let naming: String = record.plan.naming.iter().map(|option| format!(" {option}")).collect();
    format!("{}{naming} --cut-over {cut_over}", again(record))
}

/// The same restore again: of the same set or point in time and the same resources, with the same precautions.
pub fn again(record: &RestoreRecord) -> String {
    let (name, plan) = (&record.deployment, &record.plan);
    let source = match (plan.at, &plan.set) {
        (Some(at), _) => format!("--at {at}"),
        (None, Some(set)) => format!("--set {set}"),
        (None, None) => "--source retained".to_owned(),
    };
    let flags = [
        (plan.safety_backup, " --safety-backup"),
        (plan.approval, " --approval"),
        (plan.on_failure == OnFailure::Keep, " --on-failure keep"),
    ];
    let flags: String = flags
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, flag)| flag)
        .collect();
    let options: String = plan.options.iter().map(|option| format!(" {option}")).collect();
    format!("holdfast restore {name} {source}{options}{flags}")
}

/// Removes what the restore created, and nothing else.
pub fn undo_restore(record: &RestoreRecord) -> String {
    format!("holdfast undo-restore {}", record.id)
}

/// Shows all that is known about the restore.
pub fn show(record: &RestoreRecord) -> String {
    format!("holdfast show {} {}", record.deployment, record.id)
}

/// Shows what has to change in the infrastructure's source.
pub fn infrastructure(record: &RestoreRecord) -> String {
    format!("holdfast infrastructure {} --terraform", record.id)
}
