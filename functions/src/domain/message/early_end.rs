//! The message of a run whose execution ended before it could report.

use jiff::Timestamp;

use super::builder::MessageParts;
use super::facts;
use super::layout::{NextStep, Section};
use super::{BackupReport, Event, Message, Severity, words};
use crate::domain::set::SetStatus;

/// How an execution ended that did not reach its Notify.
#[derive(Debug, Clone, Copy)]
pub struct EarlyEnd<'a> {
    /// The execution's status: `ABORTED`, `TIMED_OUT`, `FAILED`.
    pub status: &'a str,
    /// The cause that Step Functions reports, if any.
    pub cause: Option<&'a str>,
    /// Whether the clean-up released the deployment's lease.
    pub lease_released: bool,
}

/// The clean-up's message about an execution that did not reach its Notify.
pub fn ended(backup: &BackupReport<'_>, ended: &EarlyEnd<'_>) -> Message {
    let name = backup.name();
    let how = match ended.status {
        "ABORTED" => "was aborted, in the console or by a command",
        "TIMED_OUT" => "timed out",
        _ => "ended unexpectedly",
    };
    let sealed = backup.set.is_some_and(|set| set.status == SetStatus::Sealed);
    let reasons = backup.reasons();
    let resumed = backup
        .run
        .and_then(|run| run.resumed_at.filter(|_| run.rested_at().is_some()));
    let mut happened = format!("The backup of {name} {how} before it could report.");
    if let Some(cause) = ended.cause {
        happened.push_str(&format!(" Step Functions says: {}", words::line(cause)));
    }
    let since = [
        resumed.map(|at| format!("The application was resumed at {}.", words::time(at))),
        ended
            .lease_released
            .then(|| "The deployment is free for another run.".to_owned()),
    ];
    let means = match (sealed, backup.set) {
        (true, Some(set)) => format!("Its set {} had already been sealed, and can be restored.", set.id),
        _ if backup.unreadable.is_some() => backup.restorable_now(),
        _ => format!(
            "Its set is not sealed. Jobs that AWS had started end by themselves; what they created is removed with the failed set. \
             {}",
            backup.restorable_now()
        ),
    };
    let mut steps = backup.steps(&reasons);
    steps.push(match backup.set.filter(|_| sealed) {
        Some(set) => NextStep::run(
            "Nothing is lost. To look at the set",
            format!("holdfast show {name} {}", set.id),
        ),
        None => NextStep::run(
            "Unless it was stopped on purpose, back up again",
            format!("holdfast backup {name} --watch"),
        ),
    });
    let status = words::name(ended.status);
    let outcome = if sealed {
        "after its set was sealed"
    } else {
        "NO SET SEALED"
    };
    let still = match facts::left_quiesced(backup.run) {
        Some(_) => ", THE APPLICATION IS STILL QUIESCED",
        None => "",
    };
    let subject = format!("Holdfast: backup of {name} ended {status}, {outcome}{still}");
    let severity = if sealed && facts::left_quiesced(backup.run).is_none() {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let mut message = backup.message(MessageParts {
        event: Event::BackupEnded,
        severity,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
        sections: vec![
            Section::list("Since then", since.into_iter().flatten()),
            Section::list("Its recovery points", facts::points(backup.points)),
        ],
    });
    message.json["execution_status"] = status.into();
    message
}

/// The message of a clean-up that resumed an application after a message had reported it as quiesced.
pub fn hooks_resumed(backup: &BackupReport<'_>) -> Message {
    let at = backup.run.and_then(|run| run.resumed_at).unwrap_or(backup.now);
    resumed(backup.name(), at, |parts| backup.message(parts))
}

/// The same message, of a run of any machine.
pub(super) fn resumed(name: &str, at: Timestamp, message: impl FnOnce(MessageParts<'_>) -> Message) -> Message {
    message(MessageParts {
        event: Event::BroughtBack,
        severity: Severity::Info,
        subject: &format!("Holdfast: {name} was resumed"),
        happened: &format!(
            "The application of {name}, which an earlier message reported as quiesced, was resumed at {}.",
            words::time(at)
        ),
        means: "All hooks of this run have resumed.",
        steps: &[NextStep::say(
            "Nothing, unless somebody is resuming it by hand: let them know.",
        )],
        reasons: &[],
        sections: Vec::new(),
    })
}
