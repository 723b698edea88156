//! The messages of one run of `backup`.

mod builder;

pub use builder::BackupReport;

use super::builder::MessageParts;
use super::layout::{NextStep, Section};
use super::{Event, Message, Severity, facts, words};
use crate::domain::duration::friendly;
use crate::domain::set::{BackupSet, SetStatus};

/// The message of a run that reached Notify: sealed, failed, or not started.
pub fn backup(backup: &BackupReport<'_>) -> Message {
    match backup.set {
        Some(set) if set.status == SetStatus::Sealed => sealed(backup, set),
        Some(_) => failed(backup),
        None if backup.unreadable.is_some() => unknown(backup),
        None => not_started(backup),
    }
}

fn sealed(backup: &BackupReport<'_>, set: &BackupSet) -> Message {
    let name = backup.name();
    let warnings = backup.warnings();
    let (available, planned) = facts::tally(backup.set, backup.points);
    let quiesced = facts::left_quiesced(backup.run);
    let severity = match (quiesced, warnings.is_empty()) {
        (Some(_), _) => Severity::Critical,
        (None, false) => Severity::Warning,
        (None, true) => Severity::Info,
    };
    let took = friendly(facts::seconds_since(set.started_at, set.ended_at.unwrap_or(backup.now)));
    let skew = set
        .skew_seconds
        .map(|skew| format!("The first and the last capture are {skew} s apart (skew)."));
    let rest = set.quiesced_seconds.map(|seconds| match set.quiesced_throughout {
        Some(false) => {
            format!("The application was quiesced for {seconds} s, but not until the last backup of it had ended.")
        }
        _ => format!("The application was quiesced for {seconds} s."),
    });
    let counted = facts::probes(&set.probes);
    let without = facts::without_point_in_time_recovery(name, backup.points, &warnings);
    let happened = format!(
        "Set {} is sealed: {available} of {planned} recovery points, after {took}.",
        set.id
    );
    let means = format!(
        "{name} can be restored as it was at {}.",
        words::time(facts::holds(set))
    );
    let mut steps = backup.steps(&warnings);
    let look = format!("holdfast show {name} {}", set.id);
    steps.push(match steps.is_empty() {
        true => NextStep::run("Nothing. To look at the set", look),
        false => NextStep::run("To look at the set", look),
    });
    let but = match warnings.len() {
        0 => String::new(),
        number => format!(", with {}", words::count(number, "warning")),
    };
    let still = quiesced.map(|_| "IS STILL QUIESCED; ").unwrap_or_default();
    let subject = format!("Holdfast: {name} {still}backed up, {available} of {planned} recovery points sealed{but}");
    backup.message(MessageParts {
        event: Event::BackupSealed,
        severity,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &warnings,
        sections: vec![
            Section::list("Recovery points", facts::points(backup.points)),
            Section::list("Also", [counted, skew, rest, without].into_iter().flatten()),
        ],
    })
}

fn failed(backup: &BackupReport<'_>) -> Message {
    let name = backup.name();
    let reasons = backup.reasons();
    let (available, planned) = facts::tally(backup.set, backup.points);
    let why = match reasons.as_slice() {
        [] => "for a reason that was not recorded".to_owned(),
        [one] => format!("{}: {}", one.subject, one.error),
        [one, others @ ..] => format!("{}: {} and {} more", one.subject, one.error, others.len()),
    };
    let id = backup.set.map_or("", |set| set.id.as_str());
    let warnings = backup.warnings();
    let happened = format!(
        "The backup of {name} failed. Set {id} is not sealed: {available} of {planned} recovery points are available."
    );
    let means = facts::newest_sealed(name, backup.newest_sealed, backup.now);
    let steps = backup.steps(&reasons.iter().chain(&warnings).cloned().collect::<Vec<_>>());
    let steps = NextStep::finally(steps, again(name));
    let subject = format!("Holdfast: BACKUP OF {name} FAILED ({why})");
    backup.message(MessageParts {
        event: Event::BackupFailed,
        severity: Severity::Critical,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
        sections: vec![
            Section::list("The application", facts::resumed(backup.run)),
            Section::list("Warnings", facts::reasons(&warnings)),
            Section::list("Its recovery points", facts::points(backup.points)),
        ],
    })
}

fn again(name: &str) -> NextStep {
    NextStep::run("Back up again", format!("holdfast backup {name} --watch"))
}

fn unknown(backup: &BackupReport<'_>) -> Message {
    let name = backup.name();
    let reasons = backup.reasons();
    let happened = format!("The backup of {name} ended, but its outcome cannot be read from the catalog.");
    let mut steps = backup.steps(&reasons);
    steps.push(again(name));
    backup.message(MessageParts {
        event: Event::BackupFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: BACKUP OF {name}: ITS OUTCOME CANNOT BE READ"),
        happened: &happened,
        means: &backup.restorable_now(),
        steps: &steps,
        reasons: &reasons,
        sections: Vec::new(),
    })
}

fn not_started(backup: &BackupReport<'_>) -> Message {
    let name = backup.name();
    let reasons = backup.reasons();
    let error = reasons
        .first()
        .map_or("no reason recorded", |reason| reason.error.as_str());
    let busy = error == "DeploymentBusy";
    let severity = if busy { Severity::Warning } else { Severity::Critical };
    let happened = format!("The backup of {name} was not started; nothing was touched.");
    let mut steps = backup.steps(&reasons);
    match backup.deployment {
        Some(name) if !busy => steps = NextStep::finally(steps, again(name)),
        Some(_) => {}
        None => steps.push(NextStep::run("See which deployments exist", "holdfast deployments")),
    }
    let means = match backup.deployment {
        Some(name) => facts::newest_sealed(name, backup.newest_sealed, backup.now),
        None => "No deployment was backed up by this execution.".to_owned(),
    };
    let subject = format!("Holdfast: backup of {name} NOT STARTED ({error})");
    backup.message(MessageParts {
        event: Event::BackupNotStarted,
        severity,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
        sections: Vec::new(),
    })
}
