//! Restores with the requested result: a plan, or copies that the application was not switched to.

use super::{RestoreReport, commands, copies, facts};
use crate::domain::kinds;
use crate::domain::message::builder::MessageParts;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{Event, Message, Severity, words};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::CutOverMode;
use crate::domain::restore::plan_table::{head, summary, unmatched};
use crate::domain::restore::verdict::VerificationOutcome;
use crate::domain::set::Reason;

/// A plan, as far as a page has room for it; `full_details` has all of it.
pub fn plan(record: &RestoreRecord) -> Vec<Section> {
    let plan = &record.plan;
    vec![
        Section::rows("What would be restored", &words::lines(&summary(plan))),
        Section::list(
            "Without a counterpart, which leaves the restore unproven",
            unmatched(plan),
        ),
        Section::list(
            "The application continues to use these live resources",
            facts::lines(&plan.matching.live),
        ),
        Section::list("Changed at cut-over, in this order", facts::lines(&plan.switches)),
        Section::list("How", facts::lines(&head(plan))),
        Section::list("Remarks", facts::lines(&plan.remarks)),
        Section::list("Not covered", facts::lines(&plan.not_covered)),
    ]
}

/// A dry run: nothing was touched.
pub fn planned(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let number = record.plan.resources.len();
    let what = restore.what(record);
    let happened = format!(
        "A restore of {name} from {what} was planned, and everything that it needs exists. Nothing was touched."
    );
    let steps = [
        NextStep::run("To carry it out", commands::as_planned(record)),
        NextStep::say("Or start the state machine restore with the input of this execution, without `dry_run`."),
    ];
    restore.message(MessageParts {
        event: Event::RestorePlanned,
        severity: Severity::Info,
        subject: &format!("Holdfast: restore of {name} planned, {}", words::count(number, "resource")),
        happened: &happened,
        means: "The plan is valid as long as its recovery points, keys and quotas do not change. Starting the restore makes a new \
                plan.",
        steps: &steps,
        reasons: &[],
        sections: plan(record),
    })
}

/// What to do if a hook failed that had to follow the restore.
pub fn follow_up_step(restore: &RestoreReport<'_>) -> Option<NextStep> {
    restore.failed_follow_up()?;
    Some(NextStep::say(
        "What had to follow the restore has FAILED, as the reason says, although what was restored is in use. Correct the cause and do \
         by hand what the hook would have done; those after it were not run. Or switch back.",
    ))
}

/// One step for each warning of a restore that succeeded.
pub fn warning_steps(warnings: &[Reason]) -> Vec<NextStep> {
    let apart = |warning: &&Reason| warning.subject != "FollowRestore";
    let steps = warnings.iter().filter(apart).take(common::LISTED).map(|warning| {
        NextStep::say(format!(
            "{}: {}. It does not affect the restore itself: look it up in the execution, linked below.",
            words::name(&warning.subject),
            words::name(&warning.error)
        ))
    });
    steps.collect()
}

/// Copies that the application was not switched to: verified or not, and perhaps because the cut-over was refused (`refused`).
pub fn restored(restore: &RestoreReport<'_>, record: &RestoreRecord, refused: bool) -> Message {
    let name = restore.name();
    let warnings = restore.warnings();
    let outcome = record.verification.as_ref().map(|verification| verification.outcome);
    let verified = outcome == Some(VerificationOutcome::Verified);
    let quiesced = common::left_quiesced(restore.run).is_some();
    let proof = if verified { "verified" } else { "UNPROVEN" };
    let answer = match (refused, restore.failure) {
        (false, _) => String::new(),
        (true, Some(failure)) if failure.error == "Rejected" => ", cut-over rejected".to_owned(),
        (true, _) => ", no answer in time".to_owned(),
    };
    let still = if quiesced { "IS STILL QUIESCED; " } else { "" };
    let why_not = match record.plan.cut_over {
        _ if refused => {
            Some("On-call was asked whether to cut over and did not approve, which counts as no.".to_owned())
        }
        CutOverMode::No => Some("Cut-over was not requested.".to_owned()),
        CutOverMode::Yes | CutOverMode::Ask => None,
    };
    let places = Places::of(restore.items);
    let happened = format!(
        "{name} was restored from {} after {}. {} {}",
        restore.what(record),
        restore.took(),
        places.words(),
        why_not.unwrap_or_default()
    );
    let means = format!(
        "{} {}",
        facts::trust(record.verification.as_ref()),
        match (verified, places.own) {
            (true, 0) => "The copies cost as much as what they were restored from.",
            (true, _) => "",
            (false, 0) => "You decide: look at the copies before anything uses them.",
            (false, _) => "You decide: look at the copies before you rely on them.",
        }
    );
    let failed = restore.failed_follow_up().is_some();
    let mut steps = restore.steps(&[]);
    steps.extend(follow_up_step(restore));
    if !verified {
        steps.push(NextStep::say(
            "Look at the copies as the application would: count what you know, open what was missing. Their names are below.",
        ));
    }
    steps.extend(places.steps(record, verified));
    steps.extend(warning_steps(&warnings));
    let mut sections = facts::checks(record.verification.as_ref());
    let same = sections.pop();
    sections.extend([
        Section::list("The copies", copies::copies(restore.items)),
        Section::list("Remarks", facts::remarks(restore.items)),
        Section::list("Not covered", facts::lines(&record.plan.not_covered)),
    ]);
    sections.extend(same);
    let severity = match (quiesced || failed, refused || !verified || !warnings.is_empty()) {
        (true, _) => Severity::Critical,
        (false, true) => Severity::Warning,
        (false, false) => Severity::Info,
    };
    let event = match (refused, verified) {
        (true, _) => Event::RestoreRejected,
        (false, true) => Event::RestoreVerified,
        (false, false) => Event::RestoreUnproven,
    };
    restore.message(MessageParts {
        event,
        severity,
        subject: &format!(
            "Holdfast: {name} {still}restored and {proof}, not cut over{answer}{}",
            if failed { ", BUT WHAT FOLLOWS IT FAILED" } else { "" }
        ),
        happened: happened.trim_end(),
        means: means.trim_end(),
        steps: &steps,
        reasons: &warnings,
        sections,
    })
}

/// How many copies got the names of what was gone, and how many are beside what the application uses.
struct Places {
    own: usize,
    beside: usize,
}

impl Places {
    fn of(items: &[RestoreItem]) -> Self {
        let copies = items.iter().filter(|item| copies::may_exist(item));
        let (own, beside): (Vec<&RestoreItem>, Vec<_>) = copies.partition(|item| kinds::has_own_name(&item.planned));
        Self {
            own: own.len(),
            beside: beside.len(),
        }
    }

    fn words(&self) -> String {
        let own = match self.own {
            0 => return "Nothing was switched: the application uses what it used before.".to_owned(),
            1 => {
                "1 resource, which was gone, has its name again: what uses that name uses what was restored.".to_owned()
            }
            own => format!(
                "{own} resources, which were gone, have their names again: what uses these names uses what was restored."
            ),
        };
        match self.beside {
            0 => own,
            _ => format!("{own} The others have a copy beside them, and nothing was switched."),
        }
    }

    fn steps(&self, record: &RestoreRecord, verified: bool) -> Vec<NextStep> {
        if self.own == 0 {
            let again = commands::again(record);
            let answer = if verified { "yes" } else { "ask" };
            return vec![
                NextStep::run(
                    "To use the data, restore with cut-over: it creates and verifies new copies, since these can no longer be \
                     switched to",
                    format!("{again} --cut-over {answer}"),
                ),
                NextStep::run(
                    "When they are no longer needed, remove them",
                    commands::undo_restore(record),
                ),
            ];
        }
        let back_up = format!("holdfast backup {} --watch", record.deployment);
        let mut steps = vec![NextStep::run(
            "See whether the application works with what has its name again; then back it up",
            back_up,
        )];
        if self.beside > 0 {
            steps.push(NextStep::say(
                "The copies beside can no longer be switched to. When they are no longer needed, delete these alone, by hand.",
            ));
        }
        steps
    }
}
