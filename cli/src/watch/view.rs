//! A snapshot as it is shown. Pure: the screen only prints it.

use holdfast::domain::pacing;
use holdfast::domain::set::{Point, PointStatus, SetStatus};
use jiff::Timestamp;
use serde::Serialize;

use super::snapshot::RunSnapshot;
use crate::format;

/// What is shown of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub at: Timestamp,
    /// The set's id.
    pub set: String,
    /// What the run as a whole is doing, without times: it is shown again only when it changes.
    pub phase: &'static str,
    /// The phase's times, for the live table.
    pub times: String,
    pub rows: Vec<Row>,
}

/// What is shown of a resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub resource: String,
    /// Kind and identifier, as soon as they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    pub state: ResourceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_seconds: Option<u64>,
    /// What is constant in a state: size, usual duration, failure, what its start waits for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Seconds until the next poll; only while in progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_look_seconds: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceState {
    /// Its backup has not been accepted by AWS yet.
    Starting,
    InProgress,
    Available,
    Failed,
    /// The run ended before its backup was started.
    NotStarted,
}

impl ResourceState {
    pub fn word(self) -> &'static str {
        match self {
            ResourceState::Starting => "starting",
            ResourceState::InProgress => "in progress",
            ResourceState::Available => "available",
            ResourceState::Failed => "failed",
            ResourceState::NotStarted => "not started",
        }
    }
}

impl Row {
    /// Whether something has changed since `before`.
    pub fn differs(&self, before: &Row) -> bool {
        (self.state, self.percent, &self.note) != (before.state, before.percent, &before.note)
    }

    /// The same for readers of lines, who get each quarter of a job's progress.
    pub fn differs_for_a_reader(&self, before: &Row) -> bool {
        let quarter = |row: &Row| row.percent.unwrap_or_default() / 25;
        (self.state, quarter(self), &self.note) != (before.state, quarter(before), &before.note)
    }

    /// A backup that is starting has a line only if it has to wait.
    pub fn is_worth_a_line(&self) -> bool {
        self.state != ResourceState::Starting || !self.note.is_empty()
    }

    /// The note, and the next poll.
    pub fn remark(&self) -> String {
        let next = match self.next_look_seconds {
            Some(0) => Some("being polled".to_owned()),
            Some(seconds) => Some(format!("next poll in {}", format::duration(seconds as f64))),
            None => None,
        };
        let note = (!self.note.is_empty()).then(|| self.note.clone());
        [note, next].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

pub fn view(look: &RunSnapshot, now: Timestamp) -> View {
    let planned = look.set.iter().flat_map(|set| &set.resources);
    let mut rows = planned.map(|name| row(look, name, now)).collect::<Vec<_>>();
    for point in &look.points {
        if !rows.iter().any(|row| row.resource == point.resource.name) {
            rows.push(row(look, &point.resource.name, now));
        }
    }
    View {
        at: now,
        set: look.id.clone(),
        phase: phase(look, &rows),
        times: times(look, now),
        rows,
    }
}

fn row(look: &RunSnapshot, name: &str, now: Timestamp) -> Row {
    let mut row = Row {
        resource: name.to_owned(),
        target: None,
        state: if look.has_ended() {
            ResourceState::NotStarted
        } else {
            ResourceState::Starting
        },
        percent: None,
        elapsed_seconds: None,
        note: look
            .waits_for
            .get(name)
            .map(|what| format!("waits: {what}"))
            .unwrap_or_default(),
        next_look_seconds: None,
    };
    let Some(point) = look.points.iter().find(|point| point.resource.name == name) else {
        return row;
    };
    row.target = Some(format::target(&point.resource.target));
    // The duration of the AWS job, once it has ended.
    let until = point.finished_at.unwrap_or(now);
    row.elapsed_seconds = point
        .started_at
        .map(|from| format::seconds_between(from, until).max(0.0) as u64);
    match point.status {
        PointStatus::InProgress if point.started_at.is_none() => {}
        PointStatus::InProgress => {
            let usual = look.usual.get(name).copied().filter(|&seconds| seconds > 0);
            row.state = ResourceState::InProgress;
            row.percent = point.percent.map(|percent| percent.clamp(0.0, 100.0) as u8);
            row.note = usual
                .map(|seconds| format!("usually {}", format::duration(seconds as f64)))
                .unwrap_or_default();
            row.next_look_seconds = (!look.has_ended()).then(|| next_look(point, usual, now)).flatten();
        }
        PointStatus::Available => {
            row.state = ResourceState::Available;
            row.note = point.size_bytes.map(format::bytes).unwrap_or_default();
        }
        PointStatus::Failed => {
            row.state = ResourceState::Failed;
            row.note = point
                .failure
                .as_ref()
                .map(|f| format!("{}: {}", f.error, f.message()))
                .unwrap_or_default();
        }
    }
    row
}

/// Seconds until the machine polls again, at the latest: the same calculation as `poll-status`' own, from its last poll. It may
/// come a little earlier, together with another resource's.
fn next_look(point: &Point, usual: Option<u64>, now: Timestamp) -> Option<u64> {
    let started = point.started_at?;
    let last = point.looked_at.unwrap_or(started);
    let elapsed = format::seconds_between(started, last).max(0.0) as u64;
    let wait = pacing::next_poll_before(elapsed, usual, point.resource.deadline_seconds);
    Some((wait as f64 - format::seconds_between(last, now)).max(0.0).ceil() as u64)
}

fn phase(look: &RunSnapshot, rows: &[Row]) -> &'static str {
    let quiesced = look
        .run
        .as_ref()
        .is_some_and(|run| run.rested_at().is_some() && run.resumed_at.is_none());
    let closed = look.set.as_ref().is_some_and(|set| set.status != SetStatus::Running);
    if look.has_ended() {
        return "ended";
    }
    if look.set.is_none() {
        return "planning";
    }
    if closed {
        return "pruning old sets and notifying on-call";
    }
    if look.points.is_empty() {
        return if quiesced {
            "application quiesced, counting"
        } else {
            "counting and starting"
        };
    }
    match (
        rows.iter()
            .all(|row| matches!(row.state, ResourceState::Available | ResourceState::Failed)),
        quiesced,
    ) {
        (true, true) => "resuming the application",
        (true, false) => "sealing",
        (false, true) => "backing up, application quiesced",
        (false, false) => "backing up",
    }
}

fn times(look: &RunSnapshot, now: Timestamp) -> String {
    let mut times = format::span(look.started_at, look.stopped_at.unwrap_or(now));
    if let Some(quiesced) = look.run.as_ref().and_then(|run| run.rested_at()) {
        let until = look.run.as_ref().and_then(|run| run.resumed_at);
        let word = if until.is_some() {
            "was quiesced for"
        } else {
            "quiesced for"
        };
        times.push_str(&format!(", {word} {}", format::span(quiesced, until.unwrap_or(now))));
    }
    times
}

#[cfg(test)]
mod tests;
