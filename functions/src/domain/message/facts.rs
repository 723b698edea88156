//! Parts that several messages share.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::words;
use crate::domain::duration::friendly;
use crate::domain::hooks::{HookPhase, HookRecord};
use crate::domain::kinds::{self, Safeguard, safeguard};
use crate::domain::resource::RecoveryPoint;
use crate::domain::set::{BackupSet, Point, PointStatus, ProbeResult, Reason, RunRecord};

/// How many entries a text, and the JSON, list in full.
pub const LISTED: usize = 30;

/// Bytes of the JSON. Escaping for SNS doubles it at most, and it is published three times; the text, of at most 60 lines, is
/// published twice.
pub const JSON: usize = 24 * 1024;

/// Whole seconds since `then`; 0 if it is in the future.
pub fn seconds_since(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(then).as_secs()).unwrap_or(0)
}

/// The time whose data a set holds: that of its last capture.
pub fn holds(set: &BackupSet) -> Timestamp {
    set.captured_to.unwrap_or(set.started_at)
}

/// The newest sealed set and its age as text, or that there is none.
pub fn newest_sealed(deployment: &str, newest: Option<&BackupSet>, now: Timestamp) -> String {
    match newest {
        Some(set) => format!(
            "The newest sealed set is {}, {} old: it holds the data of {}. A restore today would lose what was written since.",
            set.id,
            friendly(seconds_since(holds(set), now)),
            words::time(holds(set))
        ),
        None => format!("No set of {deployment} was ever sealed: TODAY THERE IS NOTHING TO RESTORE FROM."),
    }
}

pub fn newest_sealed_json(newest: Option<&BackupSet>, now: Timestamp) -> Value {
    newest.map_or(
        Value::Null,
        |set| json!({"set": set.id, "captured_at": holds(set), "age_seconds": seconds_since(holds(set), now)}),
    )
}

/// What on-call has to know first: when a run quiesced an application that it has not resumed.
pub fn left_quiesced(run: Option<&RunRecord>) -> Option<Timestamp> {
    run.filter(|run| run.resumed_at.is_none())
        .and_then(RunRecord::rested_at)
}

/// When an application was quiesced and resumed; `None` if it was not quiesced.
pub fn resumed(run: Option<&RunRecord>) -> Option<String> {
    let run = run?;
    let (quiesced, resumed) = (run.rested_at()?, run.resumed_at?);
    Some(format!(
        "it was quiesced at {} and resumed at {}",
        words::time(quiesced),
        words::time(resumed)
    ))
}

/// What a person does to resume an application that a run left at rest, as part of a sentence: for each hook that has not resumed what
/// was recorded when it began.
pub fn resume_by_hand(run: Option<&RunRecord>) -> String {
    let hooks: Vec<&HookRecord> = run.iter().flat_map(|run| run.hooks.iter().flatten()).collect();
    let resuming = hooks.iter().filter(|hook| hook.phase == HookPhase::Resume);
    // With hooks of their own, what was turned off is looked at, and seen to be off still.
    let seen = hooks
        .iter()
        .rev()
        .filter(|hook| hook.is_at_rest() && hook.undo_begun_at.is_some());
    let left: Vec<&&HookRecord> = match resuming.clone().next() {
        Some(_) => resuming.filter(|hook| hook.done_at.is_none()).chain(seen).collect(),
        None => hooks.iter().rev().filter(|hook| hook.is_at_rest()).collect(),
    };
    let (said, unsaid): (Vec<&HookRecord>, Vec<&HookRecord>) =
        left.into_iter().partition(|hook| !hook.by_hand.is_empty());
    let mut steps: Vec<String> = said.iter().map(|hook| words::line(&hook.by_hand)).collect();
    let names: Vec<&str> = unsaid.iter().map(|hook| hook.name.as_str()).collect();
    match names.as_slice() {
        [] if !steps.is_empty() => {}
        [] => steps.push("do what its hooks do to resume".to_owned()),
        [one] => steps.push(format!("do what its hook {} does to resume", words::name(one))),
        some => steps.push(format!(
            "do what its hooks {} do to resume",
            words::line(&some.join(", "))
        )),
    }
    steps.join("; ")
}

/// One line for each recovery point; those that failed first.
pub fn points(points: &[Point]) -> Vec<String> {
    let mut points: Vec<&Point> = points.iter().collect();
    points.sort_by_key(|point| point.status != PointStatus::Failed);
    let lines = points.iter().map(|point| {
        let target = &point.resource.target;
        let what = format!("{} ({} {})", point.resource.name, target.kind(), target.identifier());
        format!("{}: {}", words::line(&what), state(point))
    });
    lines.collect()
}

fn state(point: &Point) -> String {
    let size = point
        .size_bytes
        .map(|bytes| format!(", {}", words::size(bytes)))
        .unwrap_or_default();
    let captured = point
        .captured_at
        .map(|at| format!(", data of {}", words::time(at)))
        .unwrap_or_default();
    match (point.status, &point.recovery_point, &point.failure) {
        (PointStatus::Available, Some(RecoveryPoint::Versions { versions, .. }), _) => {
            format!("present, {}", words::count(versions.len(), "version"))
        }
        (PointStatus::Available, _, _) => format!("available{size}{captured}"),
        (PointStatus::InProgress, _, _) => {
            let percent = point
                .percent
                .map(|percent| format!(" at {percent:.0} %"))
                .unwrap_or_default();
            format!("not finished{percent}")
        }
        (PointStatus::Failed, _, Some(failure)) => {
            format!("FAILED, {}", words::name(&failure.error))
        }
        (PointStatus::Failed, _, None) => "FAILED".to_owned(),
    }
}

pub fn points_json(points: &[Point]) -> Value {
    let points = points.iter().take(LISTED).map(|point| {
        json!({
            "resource": point.resource.name,
            "kind": point.resource.target.kind(),
            "target": words::name(point.resource.target.identifier()),
            "status": point.status,
            "captured_at": point.captured_at,
            "finished_at": point.finished_at,
            "size_bytes": point.size_bytes,
            "error": point.failure.as_ref().map(|failure| words::name(&failure.error)),
        })
    });
    points.collect()
}

/// One line for each reason.
pub fn reasons(reasons: &[Reason]) -> Vec<String> {
    let lines = reasons.iter().map(|reason| {
        let head = format!("{}: {}", words::name(&reason.subject), words::name(&reason.error));
        match words::line(&reason.message).as_str() {
            "" => head,
            text => format!("{head}: {text}"),
        }
    });
    lines.collect()
}

pub fn reasons_json(reasons: &[Reason]) -> Value {
    let reasons = reasons.iter().take(LISTED).map(|reason| {
        json!({
            "subject": words::name(&reason.subject),
            "error": words::name(&reason.error),
            "message": words::line(&reason.message),
        })
    });
    reasons.collect()
}

/// The probes' counts, in one line; `None` without any.
pub fn probes(probes: &[ProbeResult]) -> Option<String> {
    let counts: Vec<String> = probes
        .iter()
        .filter_map(|probe| Some(format!("{} {}", words::name(&probe.name), probe.count?)))
        .take(LISTED)
        .collect();
    (!counts.is_empty()).then(|| format!("Counted before the capture: {}.", counts.join(", ")))
}

/// The resources that AWS could restore to any second, but for a setting that is off and that no warning is about; `None` without
/// any.
pub fn without_point_in_time_recovery(deployment: &str, points: &[Point], warnings: &[Reason]) -> Option<String> {
    const NAMED: usize = 4;
    let is_without = |point: &&Point| {
        let off = kinds::stateful(&point.resource.target).map(|kind| kind.safeguards_off(&point.configuration));
        off.is_some_and(|off| off.contains(&Safeguard::PointInTimeRecovery))
            && !safeguard::is_told(&point.resource.name, warnings)
    };
    let names: Vec<String> = points
        .iter()
        .filter(is_without)
        .map(|point| words::name(point.resource.target.identifier()))
        .collect();
    let (named, more) = names.split_at(names.len().min(NAMED));
    let more = match more.len() {
        0 => String::new(),
        number => format!(" and {number} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "Without point-in-time recovery, to be restored from sets alone: {}{more}. `holdfast protect {deployment}` turns it on.",
            named.join(", ")
        )
    })
}

/// Probes that could not count, as warnings.
pub fn probe_warnings(probes: &[ProbeResult]) -> Vec<Reason> {
    let failed = probes.iter().filter_map(|probe| {
        let failure = probe.failure.as_ref()?;
        let subject = format!("probe {}", probe.name);
        Some(Reason {
            subject,
            error: failure.error.clone(),
            message: failure.message(),
        })
    });
    failed.collect()
}

/// How many recovery points are available, and how many were planned.
pub fn tally(set: Option<&BackupSet>, points: &[Point]) -> (usize, usize) {
    let available = points
        .iter()
        .filter(|point| point.status == PointStatus::Available)
        .count();
    let planned = set.map_or(0, |set| set.resources.len()).max(points.len());
    (available, planned)
}
