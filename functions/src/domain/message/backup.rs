//! The messages of one run of `backup`.

use super::composing::Parts;
use super::facts;
use super::{Event, Message, Severity, words};
use crate::domain::duration::in_words;
use crate::domain::set::{BackupSet, Point, Reason, RunRecord, SetStatus};
use jiff::Timestamp;

/// All that is known of a run when on-call is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Backup<'a> {
    /// `None` where the execution's input names no deployment.
    pub deployment: Option<&'a str>,
    /// ARN of the execution.
    pub execution: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// `None` where planning did not come so far.
    pub run: Option<&'a RunRecord>,
    /// The run's own set; `None` where planning did not come so far.
    pub set: Option<&'a BackupSet>,
    pub points: &'a [Point],
    /// The deployment's newest sealed set, which may be the run's own.
    pub newest_sealed: Option<&'a BackupSet>,
    /// The error that took the machine from its way.
    pub failure: Option<&'a Reason>,
    /// Why nothing is known but the execution: a record in the catalog cannot be read.
    pub unreadable: Option<&'a Reason>,
}

/// The message of a run that reached Notify: sealed, failed, or not started.
pub fn backup(backup: &Backup<'_>) -> Message {
    match backup.set {
        Some(set) if set.status == SetStatus::Sealed => sealed(backup, set),
        Some(_) => failed(backup),
        None if backup.unreadable.is_some() => unknown(backup),
        None => not_started(backup),
    }
}

fn sealed(backup: &Backup<'_>, set: &BackupSet) -> Message {
    let name = backup.name();
    let warnings = backup.warnings();
    let (available, planned) = facts::tally(backup.set, backup.points);
    let quiesced = facts::left_quiesced(backup.run);
    let severity = match (quiesced, warnings.is_empty()) {
        (Some(_), _) => Severity::Critical,
        (None, false) => Severity::Warning,
        (None, true) => Severity::Info,
    };
    let took = in_words(facts::seconds_since(set.started_at, set.ended_at.unwrap_or(backup.now)));
    let skew = set
        .skew_seconds
        .map(|skew| format!("Between the first and the last capture lie {skew} s (skew)."));
    let rest = set
        .quiesced_seconds
        .map(|seconds| format!("The application was at rest for {seconds} s."));
    let happened = [
        Some(format!(
            "Set {} is sealed: {available} of {planned} recovery points, after {took}.",
            set.id
        )),
        Some(facts::points(backup.points)),
        facts::probes(&set.probes),
        skew,
        rest,
        (!warnings.is_empty()).then(|| format!("But look at this:\n{}", facts::reasons(&warnings))),
    ];
    let means = format!(
        "{name} can be restored as it was at {}.",
        words::time(facts::holds(set))
    );
    let mut steps = backup.steps(&warnings);
    if steps.is_empty() {
        steps.push("Nothing.".to_owned());
    }
    steps.push(format!("To look at the set: holdfast show {name} {}", set.id));
    let but = match (quiesced, warnings.len()) {
        (Some(_), _) => ", BUT THE APPLICATION IS STILL AT REST".to_owned(),
        (None, 0) => String::new(),
        (None, number) => format!(", with {}", words::count(number, "warning")),
    };
    let subject = format!("Holdfast: {name} backed up, {available} of {planned} recovery points sealed{but}");
    let happened = happened.into_iter().flatten().collect::<Vec<_>>().join("\n");
    backup.message(Parts {
        event: Event::BackupSealed,
        severity,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &warnings,
    })
}

fn failed(backup: &Backup<'_>) -> Message {
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
    let happened = [
        Some(format!(
            "The backup of {name} failed. Set {id} is not sealed: {available} of {planned} recovery points are there."
        )),
        Some(facts::reasons(&reasons)),
        (!backup.points.is_empty()).then(|| format!("Its recovery points:\n{}", facts::points(backup.points))),
        (!warnings.is_empty()).then(|| format!("Besides:\n{}", facts::reasons(&warnings))),
    ];
    let means = facts::newest_sealed(name, backup.newest_sealed, backup.now);
    let mut steps = backup.steps(&reasons.iter().chain(&warnings).cloned().collect::<Vec<_>>());
    steps.push(format!("Back up again: holdfast backup {name} --watch"));
    let happened = happened
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    let subject = format!("Holdfast: BACKUP OF {name} FAILED ({why})");
    backup.message(Parts {
        event: Event::BackupFailed,
        severity: Severity::Critical,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
    })
}

fn unknown(backup: &Backup<'_>) -> Message {
    let name = backup.name();
    let reasons = backup.reasons();
    let happened = format!(
        "The backup of {name} ended, but what became of it cannot be read in the catalog.\n{}",
        facts::reasons(&reasons)
    );
    let mut steps = backup.steps(&reasons);
    steps.push(format!("Back up again: holdfast backup {name} --watch"));
    backup.message(Parts {
        event: Event::BackupFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: BACKUP OF {name}: ITS OUTCOME CANNOT BE READ"),
        happened: &happened,
        means: &backup.standing(),
        steps: &steps,
        reasons: &reasons,
    })
}

fn not_started(backup: &Backup<'_>) -> Message {
    let name = backup.name();
    let reasons = backup.reasons();
    let error = reasons
        .first()
        .map_or("no reason recorded", |reason| reason.error.as_str());
    let busy = error == "DeploymentBusy";
    let severity = if busy { Severity::Warning } else { Severity::Critical };
    let happened = format!(
        "The backup of {name} was not started; nothing was touched.\n{}",
        facts::reasons(&reasons)
    );
    let mut steps = backup.steps(&reasons);
    match backup.deployment {
        Some(name) if !busy => steps.push(format!("Back up again: holdfast backup {name} --watch")),
        Some(_) => {}
        None => steps.push("See which deployments there are: holdfast deployments".to_owned()),
    }
    let means = match backup.deployment {
        Some(name) => facts::newest_sealed(name, backup.newest_sealed, backup.now),
        None => "No deployment was backed up by this execution.".to_owned(),
    };
    let subject = format!("Holdfast: backup of {name} NOT STARTED ({error})");
    backup.message(Parts {
        event: Event::BackupNotStarted,
        severity,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
    })
}
