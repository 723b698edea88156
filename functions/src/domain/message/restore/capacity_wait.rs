//! A restore that waits until AWS has capacity: nothing is wrong with it, but somebody may be able to end the wait.

use jiff::{SignedDuration, Timestamp};

use super::{RestoreReport, commands, copies};
use crate::domain::message::builder::MessageParts;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{Event, Message, Severity, words};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::{ItemStatus, RestoreItem};
use crate::domain::restore::plan::OnFailure;

/// What it waits for, until when, and what can be done meanwhile.
pub fn waiting(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let short: Vec<&RestoreItem> = restore.items.iter().filter(|item| is_short(item)).collect();
    let first = short
        .first()
        .map_or("a copy", |item| item.planned.resource.name.as_str());
    let quiesced_at = common::left_quiesced(restore.run);
    let quiesced = quiesced_at.map_or("", |_| ", THE APPLICATION IS QUIESCED");
    let until = short.iter().filter_map(|item| deadline(item)).min();
    let until = until.map_or_else(|| "its deadline".to_owned(), words::time);
    let means = match quiesced_at {
        Some(at) => format!(
            "THE APPLICATION IS QUIESCED since {}, and stays so until the restore ends. Nothing that exists was changed.",
            words::time(at)
        ),
        None => "The application uses what it used before, which is not touched.".to_owned(),
    };
    let copies_then = match record.plan.on_failure {
        OnFailure::Undo => "removes the copies",
        OnFailure::Keep => "keeps the copies",
    };
    let mut steps = vec![NextStep::say(match quiesced_at {
        Some(_) => format!(
            "If the application cannot wait, stop the execution, linked below: that resumes it, and {copies_then}."
        ),
        None => "Nothing has to be done: it continues by itself when AWS has capacity.".to_owned(),
    })];
    // Another class does not help if the cluster itself lacks capacity.
    if short.iter().any(|item| item.created.is_some()) {
        steps.push(NextStep::run(
            "To continue sooner: stop the execution, and restore with a class that AWS has in place of CLASS",
            with_another_class(record, first),
        ));
    }
    let lines = short.iter().map(|item| {
        let phase = item.phase.as_deref().unwrap_or_default();
        format!("{}: {}", words::name(&item.planned.resource.name), words::line(phase))
    });
    restore.message(MessageParts {
        event: Event::RestoreWaits,
        severity: match quiesced_at {
            Some(_) => Severity::Critical,
            None => Severity::Warning,
        },
        subject: &format!("Holdfast: restore of {name} WAITS for capacity ({first}){quiesced}"),
        happened: &format!(
            "The restore of {name} from {} has been waiting for some time: AWS has no capacity for what it creates. It retries \
             until {until}; a higher quota does not help. It waits half an hour for a reader, then leaves it out.",
            restore.what(record)
        ),
        means: &means,
        steps: &steps,
        reasons: &[],
        sections: vec![
            Section::list("Waiting", lines),
            Section::list("Its copies", copies::copies(restore.items)),
        ],
    })
}

fn is_short(item: &RestoreItem) -> bool {
    item.status == ItemStatus::InProgress && !item.shortage.lacking.is_empty()
}

fn deadline(item: &RestoreItem) -> Option<Timestamp> {
    let seconds = i64::try_from(item.planned.resource.deadline_seconds).ok()?;
    item.started_at?.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// What to do about copies that are kept because they only lack capacity.
pub fn kept_copies_steps(record: &RestoreRecord, items: &[RestoreItem]) -> Vec<NextStep> {
    let kept: Vec<&RestoreItem> = items.iter().filter(|item| item.shortage.kept).collect();
    let Some(first) = kept.first() else {
        return Vec::new();
    };
    let copy = |item: &&RestoreItem| copies::copy(item).unwrap_or_else(|| item.planned.resource.name.clone());
    let copies: Vec<String> = kept.iter().map(copy).collect();
    let by_hand = NextStep::say(format!(
        "Create an instance of another class in {}, by hand: the data is restored. It was not compared with its backup, and the \
         settings that follow the instances (custom endpoints, scaling, deletion protection) are not applied. AWS had no capacity \
         for the original class; a higher quota does not help.",
        copies.join(" and in ")
    ));
    let again = NextStep::run(
        "Or remove what is kept, and restore with a class that AWS has in place of CLASS",
        with_another_class(record, &first.planned.resource.name),
    );
    vec![by_hand, again]
}

/// The same restore again, with a class to fill in instead of a given one.
fn with_another_class(record: &RestoreRecord, resource: &str) -> String {
    let given = format!("--instance-class {resource}=");
    let mut record = record.clone();
    record.plan.options.retain(|option| !option.starts_with(&given));
    format!("{} {given}CLASS", commands::again(&record))
}
