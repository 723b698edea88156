//! Asking on-call for the word without which a restore does not go on.

use super::composing::{joined, listing};
use super::{Restore, commands, copies, facts, succeeding};
use crate::domain::message::composing::Parts;
use crate::domain::message::facts as common;
use crate::domain::message::{Event, Message, Severity, console_link, words};
use crate::domain::restore::table::unmatched;
use crate::domain::restore::verdict::Outcome;
use crate::domain::restore::{About, Question, RestoreRecord};

/// What is asked, until when, and how to answer. Never the token, by which whoever has it can answer.
pub fn asked(restore: &Restore<'_>, record: &RestoreRecord, question: &Question) -> Message {
    let name = restore.name();
    let until = words::time(question.until);
    let what = restore.what(record);
    let (subject, happened, no) = match question.about {
        About::Plan => (
            format!("Holdfast: MAY {name} BE RESTORED? Answer until {until}"),
            joined([
                Some(format!(
                    "A restore of {name} from {what} is planned, and waits for your word. Nothing was touched."
                )),
                Some(succeeding::plan(record)),
            ]),
            "No, or no answer until then: nothing is touched, and the run ends.",
        ),
        About::CutOver => {
            let proof = match record.verification.as_ref().map(|verification| verification.outcome) {
                Some(Outcome::Verified) => "verified",
                _ => "UNPROVEN",
            };
            let checks = record.verification.as_ref().map(facts::checks);
            (
                format!("Holdfast: MAY {name} BE CUT OVER ({proof})? Answer until {until}"),
                joined([
                    Some(format!(
                        "{name} was restored from {what}. The copies are {proof}, and wait for your word. Nothing was switched."
                    )),
                    Some(copies::copies(restore.items)),
                    checks.and_then(|checks| listing("What was compared:", checks)),
                    facts::titled("Cut-over will change:", &record.plan.switches),
                    facts::titled(
                        "Without a counterpart, in the set or in the descriptor, which is why you are asked:",
                        &unmatched(&record.plan),
                    ),
                    facts::titled(
                        "NOT ALL IS CUT OVER: the application will go on using the live",
                        &record.plan.matching.live,
                    ),
                    listing(
                        "What was written since is not in the copies:",
                        facts::lost(&record.plan),
                    ),
                    facts::titled("To know:", &facts::remarks(restore.items)),
                    facts::titled("Not covered:", &record.plan.not_covered),
                    common::left_quiesced(restore.run).map(|at| {
                        format!(
                            "The application has been at rest since {}, and stays so until you answer. No backup of it runs until then, tonight's neither.",
                            words::time(at)
                        )
                    }),
                ]),
                "No, or no answer until then: nothing is switched, the copies stay, and the run ends.",
            )
        }
    };
    let yes = match question.about {
        About::Plan => "Yes: the copies are made beside what is there.",
        About::CutOver if record.plan.matching.live.is_empty() => {
            "Yes: the application is switched to the copies; what it used is kept, and can be switched back to."
        }
        About::CutOver => {
            "Yes: the application is switched IN PART, to the copies that are switched to above, and goes on using the live rest; what it used is kept, and can be switched back to."
        }
    };
    let link = console_link(restore.execution);
    let steps = [
        format!("To say yes: {}", commands::approve(record)),
        format!("To say no: {}", commands::reject(record)),
        format!(
            "To look first: {}, or the execution in the console: {link}",
            commands::restores(name)
        ),
    ];
    let mut message = restore.message(Parts {
        event: Event::RestoreAsks,
        severity: Severity::Critical,
        subject: &subject,
        happened: &happened,
        means: &format!("The run waits until {until}.\n{yes}\n{no}"),
        steps: &steps,
        reasons: &[],
    });
    message.json["asks"] = serde_json::json!({
        "about": question.about, "until": question.until,
        "approve": commands::approve(record), "reject": commands::reject(record),
    });
    message
}
