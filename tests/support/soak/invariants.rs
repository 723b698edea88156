//! The invariants after every step: the observed world compared with the model.

use std::collections::{BTreeMap, BTreeSet};

use super::effects::Effect;
use super::model::{Content, Label, Need, Place, RestoreState, World};
use super::outcomes::PossibleOutcome;
use super::steps::Step;

/// The observation after a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    pub happened: Effect,
    /// The place that each switch refers to, or its value if that is no known place.
    pub leads: BTreeMap<Need, Result<Place, String>>,
    /// Whether the secret's login works in its database.
    pub logs_in: Result<(), String>,
    /// Every place that exists, with its data.
    pub places: BTreeMap<Place, Result<Content, String>>,
    /// Other resources, of unknown origin.
    pub strangers: Vec<String>,
    /// The places in the descriptor; none for files.
    pub described: BTreeMap<Need, NamedResource>,
    /// The data in the set that this step sealed.
    pub sealed: Option<BTreeMap<Need, Point>>,
    /// Executions that have not ended, except the one that waits for an answer.
    pub running: Vec<String>,
    /// Whether the deployment is held by a run, though none waits for an answer.
    pub held: bool,
    /// Messages to on-call since the step began.
    pub messages: usize,
}

/// A resource of the descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedResource {
    pub name: String,
    /// `None` if it is no known place.
    pub place: Option<Place>,
}

/// A recovery point of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub place: Option<Place>,
    /// Its data, if that can be read without restoring it.
    pub content: Option<Content>,
}

/// The invariants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// The application's switches refer to what the steps have switched them to.
    Led,
    /// What the application uses exists, and its login works.
    NothingInUseIsGone,
    /// Every place has the data that was captured for it, and written to it since.
    VerifiedIsCaptured,
    /// If something has no counterpart or was not created, the restore is not verified.
    NothingVerifiedInPart,
    /// An undo removes what it should, and nothing else is removed.
    UndoneIsGone,
    /// A sealed set has the data that the application uses.
    BackedUpIsInUse,
    /// The descriptor names what the application uses, unless somebody switched it by hand.
    DescribedIsInUse,
    /// Every run ends, and releases the deployment.
    RunsEnd,
    /// On-call is notified about every run.
    OnCallIsNotified,
    /// A step has one of its possible outcomes.
    EndsAsItMust,
    /// What can be undone is undone.
    CanBeUndone,
}

impl Invariant {
    pub const ALL: [Invariant; 11] = [
        Invariant::Led,
        Invariant::NothingInUseIsGone,
        Invariant::VerifiedIsCaptured,
        Invariant::NothingVerifiedInPart,
        Invariant::UndoneIsGone,
        Invariant::BackedUpIsInUse,
        Invariant::DescribedIsInUse,
        Invariant::RunsEnd,
        Invariant::OnCallIsNotified,
        Invariant::EndsAsItMust,
        Invariant::CanBeUndone,
    ];
}

/// An invariant that does not hold, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    pub how: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.how)
    }
}

/// A step, and the world before it.
pub struct CompletedStep<'a> {
    pub label: Label,
    pub step: &'a Step,
    pub before: &'a World,
}

/// The violated invariants after a step. `after` is the resulting world.
pub fn violations(stepped: &CompletedStep<'_>, after: &World, seen: &Observation) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut note = |invariant: Invariant, how: String| found.push(Violation { invariant, how });
    ends(stepped, seen, &mut note);
    verdict(stepped, seen, &mut note);
    uses(after, seen, &mut note);
    places(after, seen, &mut note);
    strangers(seen, &mut note);
    if let Some(sealed) = &seen.sealed {
        sealed_set(stepped.before, sealed, &mut note);
    }
    described(after, seen, &mut note);
    for execution in &seen.running {
        note(Invariant::RunsEnd, format!("{execution} has not ended"));
    }
    if seen.held && after.waiting().is_none() {
        note(
            Invariant::RunsEnd,
            "the deployment is held, and nothing runs".to_owned(),
        );
    }
    if stepped.step.runs() && seen.messages == 0 && !is_refused_command(stepped) {
        note(Invariant::OnCallIsNotified, "on-call was not notified".to_owned());
    }
    found
}

/// An answer without a question is refused by the command, and nothing runs.
fn is_refused_command(stepped: &CompletedStep<'_>) -> bool {
    match stepped.step {
        Step::Answer(restore, _) => stepped.before.waiting() != Some(*restore),
        _ => false,
    }
}

fn ends(stepped: &CompletedStep<'_>, seen: &Observation, note: &mut impl FnMut(Invariant, String)) {
    let may = stepped.before.outcomes(stepped.step);
    let came = seen.happened.outcome;
    if may.contains(&came) {
        return;
    }
    let words: Vec<String> = may.iter().map(PossibleOutcome::to_string).collect();
    let invariant = match stepped.step {
        Step::UndoCutOver(_) | Step::UndoRestore(_) => Invariant::CanBeUndone,
        _ => Invariant::EndsAsItMust,
    };
    note(
        invariant,
        format!("its outcome is: {came}; it must be: {}", words.join(", or ")),
    );
}

fn verdict(stepped: &CompletedStep<'_>, seen: &Observation, note: &mut impl FnMut(Invariant, String)) {
    let before = stepped.before;
    let (request, set) = match stepped.step {
        Step::Restore(request) | Step::AbortRestore(request, _) => {
            (Some(request), before.wanted(request).map(|(_, set)| set))
        }
        Step::Answer(restore, _) => {
            let record = before.restores.get(restore);
            (
                record.map(|record| &record.request),
                record.and_then(|record| before.sets.get(&record.set)),
            )
        }
        _ => return,
    };
    if !seen.happened.verified {
        return;
    }
    let (Some(request), Some(set)) = (request, set) else {
        note(
            Invariant::NothingVerifiedInPart,
            "there was nothing to restore".to_owned(),
        );
        return;
    };
    // An answer is to a plan with an earlier descriptor.
    if !matches!(stepped.step, Step::Answer(..)) && !before.can_be_verified(request, set) {
        let how =
            "verified, though it has no count of that moment, or has something that the descriptor does not".to_owned();
        note(Invariant::NothingVerifiedInPart, how);
    }
    let scope = World::scope(request, set);
    let left_out: Vec<&Need> = scope.difference(&seen.happened.made).collect();
    if !left_out.is_empty() && seen.happened.outcome.state != Some(RestoreState::Undone) {
        note(
            Invariant::NothingVerifiedInPart,
            format!("verified, without {left_out:?}"),
        );
    }
    if seen.happened.outcome.state == Some(RestoreState::CutOver) {
        let unswitched = unswitched(before, &scope, seen);
        if !unswitched.is_empty() {
            note(
                Invariant::NothingVerifiedInPart,
                format!("cut over, but for {unswitched:?}"),
            );
        }
    }
}

fn unswitched(before: &World, scope: &BTreeSet<Need>, seen: &Observation) -> Vec<Need> {
    let switched = |need: &Need| seen.happened.switched.contains(need) || !before.described.contains_key(need);
    scope.iter().copied().filter(|need| !switched(need)).collect()
}

fn uses(after: &World, seen: &Observation, note: &mut impl FnMut(Invariant, String)) {
    for (need, place) in &after.in_use {
        match seen.leads.get(need) {
            Some(Ok(found)) if found == place => {}
            Some(Ok(found)) => note(
                Invariant::Led,
                format!("{} leads to {found}, not to {place}", need.switch()),
            ),
            Some(Err(found)) => note(
                Invariant::Led,
                format!("{} leads to {found}, not to {place}", need.switch()),
            ),
            None => note(Invariant::Led, format!("{} is gone", need.switch())),
        }
    }
    for place in seen.leads.values().flatten() {
        match seen.places.get(place) {
            Some(Ok(_)) => {}
            Some(Err(why)) => note(Invariant::NothingInUseIsGone, format!("{place} cannot be read: {why}")),
            None => note(Invariant::NothingInUseIsGone, format!("{place} is not there")),
        }
    }
    if let Err(why) = &seen.logs_in {
        note(
            Invariant::NothingInUseIsGone,
            format!("the application cannot log in: {why}"),
        );
    }
}

fn places(after: &World, seen: &Observation, note: &mut impl FnMut(Invariant, String)) {
    for (place, held) in &after.held {
        match seen.places.get(place) {
            None => note(
                Invariant::UndoneIsGone,
                format!("{place} no longer exists, and was not undone"),
            ),
            Some(_) if held.in_part => {}
            Some(Err(why)) => note(Invariant::VerifiedIsCaptured, format!("{place} cannot be read: {why}")),
            Some(Ok(content)) if *content == held.content => {}
            Some(Ok(content)) => {
                let how = format!("{place} holds {content:?}, not {:?}", held.content);
                note(Invariant::VerifiedIsCaptured, how);
            }
        }
    }
    for place in seen.places.keys().filter(|place| !after.held.contains_key(place)) {
        note(Invariant::UndoneIsGone, format!("{place} exists, and should not"));
    }
}

fn strangers(seen: &Observation, note: &mut impl FnMut(Invariant, String)) {
    for stranger in &seen.strangers {
        note(
            Invariant::UndoneIsGone,
            format!("{stranger} exists, and is of unknown origin"),
        );
    }
}

fn sealed_set(then: &World, sealed: &BTreeMap<Need, Point>, note: &mut impl FnMut(Invariant, String)) {
    for (need, place) in &then.in_use {
        let Some(point) = sealed.get(need) else {
            if then.described.contains_key(need) {
                note(Invariant::BackedUpIsInUse, format!("the {need} were not backed up"));
            }
            continue;
        };
        if *need != Need::Files && point.place != Some(*place) {
            let of = point
                .place
                .map_or("an unknown place".to_owned(), |place| place.to_string());
            note(
                Invariant::BackedUpIsInUse,
                format!("{of} was backed up; {place} is in use"),
            );
        }
        let used = then.held.get(place).map(|held| &held.content);
        if let Some(content) = &point.content
            && used != Some(content)
        {
            let how = format!("the {need} were backed up as {content:?}; in use is {used:?}");
            note(Invariant::BackedUpIsInUse, how);
        }
    }
}

fn described(after: &World, seen: &Observation, note: &mut impl FnMut(Invariant, String)) {
    let names = |need: &Need| seen.described.get(need).map(|named| (named.name.as_str(), named.place));
    for need in Need::ALL {
        let should = after.described.get(&need);
        let should = should.map(|described| {
            let place = (need != Need::Files).then_some(described.place);
            (described.name.as_str(), place)
        });
        let found = names(&need).map(|(name, place)| (name, place.filter(|_| need != Need::Files)));
        if should != found {
            let how = format!("for the {need}, the descriptor has {found:?}, not {should:?}");
            note(Invariant::DescribedIsInUse, how);
        }
    }
}

#[cfg(test)]
mod tests;
