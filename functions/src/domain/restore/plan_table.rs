//! A plan as text for people: in the console's output, in the CLI, in a message.

#[cfg(test)]
mod tests;
mod text;

use super::plan::{CutOverMode, Destination, OnFailure, Plan, PlannedResource};
use crate::domain::duration;
use crate::domain::kinds;
use crate::domain::message::words::{size, time};

pub use text::WIDTH;
use text::{columns, section};

/// A plan as text of at most [`WIDTH`] columns: what is read, created and changed at cut-over, the expected duration, what is lost,
/// and what is not covered.
pub fn table(plan: &Plan) -> String {
    let head = section("The restore", "", &head(plan), true);
    let each = |lines: fn(&PlannedResource) -> Vec<String>| -> Vec<String> {
        let named = |planned: &PlannedResource| {
            let name = planned.resource.name.clone();
            lines(planned)
                .into_iter()
                .map(move |line| format!("{name}: {line}"))
                .collect::<Vec<_>>()
        };
        plan.resources.iter().flat_map(named).collect()
    };
    let switched = if plan.cut_over == CutOverMode::No {
        "Changed at cut-over, which was not asked for"
    } else {
        "Changed at cut-over, in this order"
    };
    let remarks: Vec<String> = plan.remarks.iter().map(ToString::to_string).collect();
    let parts = [
        head,
        summary(plan),
        section("Read", "nothing", &each(reads), false),
        section("Created, beside the live resources", "nothing", &each(creates), false),
        section(
            switched,
            "nothing: the descriptor names no switches",
            &plan.switches,
            false,
        ),
        section(UNMATCHED, "", &unmatched(plan), false),
        section(
            "The application continues to use the live",
            "",
            &plan.matching.live,
            false,
        ),
        section("Not covered", "", &plan.not_covered, false),
        section("To know", "", &remarks, false),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

const UNMATCHED: &str = "Without a counterpart, which leaves the restore unproven";

/// What only the set or only today's descriptor has.
pub fn unmatched(plan: &Plan) -> Vec<String> {
    let gaps = plan.matching.gaps.iter();
    gaps.map(|gap| format!("{}: {}", gap.subject(), gap.why)).collect()
}

/// One row for each resource: the moment of its data, and what is lost.
pub fn summary(plan: &Plan) -> String {
    let rows: Vec<[String; 5]> = plan.resources.iter().map(row).collect();
    columns(["resource", "kind", "back to (UTC)", "what is lost", "size"], &rows)
}

/// What applies to the restore as a whole.
pub fn head(plan: &Plan) -> Vec<String> {
    let from = match (&plan.set, plan.at) {
        (Some(set), None) => format!("from set {set}"),
        (Some(set), Some(at)) => format!("as of {}; configuration and the rest from set {set}", time(at)),
        (None, Some(at)) => format!("as of {}, from what AWS retained", time(at)),
        (None, None) => "from what AWS retained".to_owned(),
    };
    let rest = if plan.at_rest {
        "captured while the application was quiesced: every count must agree"
    } else {
        "not captured at rest: counts that differ leave it unproven"
    };
    let takes = match plan.expected_seconds {
        Some(seconds) => format!("takes about {}", duration::friendly(seconds)),
        None => "takes an unknown time: there was no restore before".to_owned(),
    };
    let before = match (plan.safety_backup, plan.approval) {
        (true, true) => "backs up the live resources, once a person has said yes to this plan",
        (true, false) => "backs up the live resources first",
        (false, true) => "waits until a person has said yes to this plan",
        (false, false) => "waits for no approval and takes no safety backup",
    };
    let cut_over = match plan.cut_over {
        CutOverMode::Yes => "is switched over if it is verified; a person is asked if it is unproven",
        CutOverMode::Ask => "is switched over if a person says yes after verification",
        CutOverMode::No => "is not switched over",
    };
    let failed = match plan.on_failure {
        OnFailure::Undo => "is undone if it fails: what it created is removed",
        OnFailure::Keep => "is kept if it fails, for inspection",
    };
    let dry = plan.dry_run.then_some("is a dry run: nothing is created or changed");
    let planned = format!("planned at {}", time(plan.made_at));
    let lines = [dry.map(str::to_owned), Some(from), Some(planned), Some(takes)];
    let rules = [rest, before, cut_over, failed].map(|rule| Some(rule.to_owned()));
    lines.into_iter().chain(rules).flatten().collect()
}

fn row(planned: &PlannedResource) -> [String; 5] {
    let loss = match planned.loss_seconds {
        _ if planned.destination == Destination::Nothing => "-".to_owned(),
        Some(seconds) => duration::friendly(seconds),
        None => "not known".to_owned(),
    };
    [
        planned.resource.name.clone(),
        planned.resource.target.kind().to_owned(),
        planned.holds.map_or("-".to_owned(), |at| time(at).replace(" UTC", "")),
        loss,
        planned.size_bytes.map_or("-".to_owned(), size),
    ]
}

fn reads(planned: &PlannedResource) -> Vec<String> {
    vec![kinds::of(&planned.resource.target).source_words(&planned.source)]
}

fn creates(planned: &PlannedResource) -> Vec<String> {
    let usual = planned.usual_seconds.map(duration::friendly);
    let usual = usual
        .map(|usual| format!("; usually created within {usual}"))
        .unwrap_or_default();
    let own = kinds::destination(planned).map(|own| own.words + &usual);
    own.into_iter().chain(planned.creates.iter().cloned()).collect()
}
