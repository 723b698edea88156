//! Asking on-call for the approval without which a restore does not continue.

use super::{RestoreReport, commands, copies, facts, success};
use crate::domain::message::builder::MessageParts;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{Event, Message, Severity, command_options, words};
use crate::domain::restore::plan::CutOverMode;
use crate::domain::restore::plan_table::unmatched;
use crate::domain::restore::verdict::VerificationOutcome;
use crate::domain::restore::{About, Question, RestoreRecord};

/// What is asked, until when, and how to answer. Never the token: anybody who has it can answer.
pub fn approval_request(restore: &RestoreReport<'_>, record: &RestoreRecord, question: &Question) -> Message {
    let name = restore.name();
    let until = words::time(question.until);
    let what = restore.what(record);
    let verification = record.verification.as_ref();
    let (subject, happened, means, sections) = match question.about {
        About::Plan => (
            format!("Holdfast: MAY {name} BE RESTORED? Answer by {until}"),
            format!("A restore of {name} from {what} is planned, and waits for your approval. Nothing was touched."),
            format!(
                "Yes: the copies are created next to what is there, {}. No, or no answer by then: nothing is touched, and the run \
                 ends.",
                match record.plan.cut_over {
                    CutOverMode::Yes => "AND THE APPLICATION IS SWITCHED TO THEM if they are verified",
                    CutOverMode::Ask => "and you are asked again before anything is switched",
                    CutOverMode::No => "and nothing is switched",
                }
            ),
            success::plan(record),
        ),
        About::CutOver => {
            let proof = match verification.map(|verification| verification.outcome) {
                Some(VerificationOutcome::Verified) => "verified",
                _ => "UNPROVEN",
            };
            let yes = match record.plan.matching.live.is_empty() {
                true => "Yes: the application is switched to them",
                false => "Yes: the application is switched IN PART, and continues to use the rest live",
            };
            (
                format!("Holdfast: MAY {name} BE CUT OVER ({proof})? Answer by {until}"),
                format!("{name} was restored from {what}. The copies wait for your approval. Nothing was switched."),
                format!(
                    "{} {yes}{}. No, or no answer by then: the copies are kept, but can no longer be switched to.",
                    facts::trust(verification),
                    facts::loss(&record.plan)
                ),
                of_copies(restore, record),
            )
        }
    };
    let mut steps = vec![
        NextStep::run("To approve", commands::approve(record)),
        NextStep::run("To reject", commands::reject(record)),
        NextStep::run("To check first", commands::show(record)),
    ];
    // Unproven or partial restores are checked before they are approved.
    let plain = verification.is_none_or(|found| found.outcome == VerificationOutcome::Verified)
        && record.plan.matching.live.is_empty();
    if question.about == About::CutOver && !plain {
        steps.rotate_right(1);
    }
    let mut message = restore.message(MessageParts {
        event: Event::RestoreAsks,
        severity: Severity::Critical,
        subject: &subject,
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &[],
        sections,
    });
    let asks = serde_json::json!({
        "about": question.about, "until": question.until,
        "approve": commands::approve(record), "reject": commands::reject(record),
    });
    message.json["asks"] = command_options::add_in_json(asks, &command_options::of_execution(restore.execution));
    message
}

/// What a person needs to decide whether the application is switched.
fn of_copies(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Vec<Section> {
    let rest = common::left_quiesced(restore.run).map(|at| {
        format!(
            "Since {}, and it stays so until you answer. No backup of it runs until then, not even tonight's.",
            words::time(at)
        )
    });
    let mut sections = vec![
        Section::list("THE APPLICATION IS QUIESCED", rest),
        Section::list(
            "NOT EVERYTHING IS CUT OVER: the application will continue to use these live resources",
            facts::lines(&record.plan.matching.live),
        ),
        Section::list(
            "Without a counterpart, in the set or in the descriptor, which is why you are asked",
            unmatched(&record.plan),
        ),
    ];
    sections.extend(facts::checks(record.verification.as_ref()));
    let same = sections.pop();
    sections.extend([
        Section::list("Cut-over will change", facts::lines(&record.plan.switches)),
        Section::list(
            "The copies, without what was written since",
            copies::copies(restore.items),
        ),
        Section::list("Remarks", facts::remarks(restore.items)),
        Section::list("Not covered", facts::lines(&record.plan.not_covered)),
    ]);
    sections.extend(same);
    sections
}
