//! Sequences by seed: steps that are possible in the probable state of the world, and some that must be refused.

use super::model::{Content, Label, Need, Place, RestoreState, World};
use super::outcomes::{End, PossibleOutcome};
use super::steps::{CutOver, Fault, Request, RequestedSet, Step, StopMoment};

use std::collections::BTreeMap;

/// Steps of a sequence, at least.
pub const FEWEST: usize = 8;
const MOST: usize = 13;

/// A deterministic generator of numbers (SplitMix64).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> Option<T> {
        match choices.len() {
            0 => None,
            count => choices.get(self.below(count)).cloned(),
        }
    }
}

/// The data with which a sequence begins.
pub fn first_contents() -> BTreeMap<Need, Content> {
    let keys = |need: Need| -> Content {
        let key = |n: usize| match need {
            Need::Rows => n.to_string(),
            Need::Items | Need::Notes => format!("item-{n}"),
            Need::Files => format!("first/{n}.txt"),
        };
        (1..=4).map(|n| (key(n), format!("first-{n}"))).collect()
    };
    Need::ALL.into_iter().map(|need| (need, keys(need))).collect()
}

/// The sequence of a seed.
pub fn sequence(seed: u64) -> Vec<(Label, Step)> {
    let mut numbers = Numbers::new(seed);
    let mut world = World::new(first_contents());
    let length = FEWEST + numbers.below(MOST - FEWEST + 1);
    let mut steps = Vec::with_capacity(length);
    for label in 1..=length {
        let step = choose(&mut numbers, &world);
        if let Some(happened) = world.likely_effect(&step) {
            world.carry_out(label, &step, &happened);
        }
        steps.push((label, step));
    }
    steps
}

/// The weight of each kind of step.
type Weighted = (usize, fn(&mut Numbers, &World) -> Option<Step>);

const STEPS: [Weighted; 18] = [
    (14, |_, _| Some(Step::BackUp)),
    (26, |numbers, world| request(numbers, world).map(Step::Restore)),
    (10, |numbers, _| Some(Step::Write(need(numbers)))),
    (5, |numbers, _| Some(Step::Damage(need(numbers)))),
    (16, undo_cut_over),
    (12, undo_restore),
    (5, |numbers, world| answer(numbers, world)),
    (4, |numbers, world| Some(Step::Rename(described(numbers, world)?))),
    (3, |numbers, world| Some(Step::Remove(described(numbers, world)?))),
    (6, |numbers, world| {
        let absent: Vec<Need> = Need::ALL
            .into_iter()
            .filter(|need| !world.described.contains_key(need))
            .collect();
        Some(Step::Add(numbers.of(&absent)?))
    }),
    (2, |_, world| is_cut_over(world).then_some(Step::ApplyFirst)),
    (2, |_, world| is_cut_over(world).then_some(Step::ForceFirst)),
    (3, |_, _| Some(Step::ApplyInUse)),
    (1, |_, _| Some(Step::ApplyBroken)),
    (5, |_, _| Some(Step::Rotate)),
    (4, |numbers, _| Some(Step::Touch(need(numbers)))),
    (6, |numbers, world| {
        let place = numbers.of(&elsewhere(world))?;
        Some(Step::Switch(place.need(), place))
    }),
    (7, abort),
];

fn is_cut_over(world: &World) -> bool {
    !in_state(world, |state| state == RestoreState::CutOver).is_empty()
}

fn choose(numbers: &mut Numbers, world: &World) -> Step {
    // Without a set, few steps are possible.
    if world.sets.is_empty() && !numbers.once_in(5) {
        return Step::BackUp;
    }
    // A mismatch of descriptor and switches is soon corrected: otherwise every later backup fails.
    if !world.is_consistent() && numbers.once_in(3) {
        return Step::ApplyInUse;
    }
    if let Some(waiting) = world.waiting()
        && numbers.once_in(2)
    {
        return match numbers.below(6) {
            0..=2 => Step::Answer(waiting, true),
            3 => Step::Answer(waiting, false),
            4 => Step::UndoRestore(waiting),
            _ => Step::AbortWaiting(waiting),
        };
    }
    let all: usize = STEPS.iter().map(|(weight, _)| weight).sum();
    loop {
        let mut at = numbers.below(all);
        for (weight, make) in STEPS {
            if at >= weight {
                at -= weight;
                continue;
            }
            if let Some(step) = make(numbers, world).filter(|step| world.can(step)) {
                return step;
            }
            break;
        }
    }
}

fn need(numbers: &mut Numbers) -> Need {
    numbers.of(&Need::ALL).unwrap_or(Need::Rows)
}

fn described(numbers: &mut Numbers, world: &World) -> Option<Need> {
    numbers.of(&world.described.keys().copied().collect::<Vec<_>>())
}

/// The places to which the application could be switched by hand.
fn elsewhere(world: &World) -> Vec<Place> {
    world
        .held
        .keys()
        .copied()
        .filter(|place| !world.is_used(*place))
        .collect()
}

fn request(numbers: &mut Numbers, world: &World) -> Option<Request> {
    let sets: Vec<Label> = world.sets.keys().copied().collect();
    let which = match numbers.below(12) {
        0..=4 => RequestedSet::Newest,
        5..=7 => RequestedSet::Set(numbers.of(&sets)?),
        8..=9 => RequestedSet::Before(numbers.of(&sets)?),
        10 => RequestedSet::At(
            numbers.of(&sets
                .iter()
                .copied()
                .filter(|set| !world.sets[set].safety)
                .collect::<Vec<_>>())?,
        ),
        _ => match numbers.once_in(3) {
            true => RequestedSet::Unknown,
            false => RequestedSet::Set(numbers.of(&sets)?),
        },
    };
    let cut_over = match numbers.below(8) {
        0..=4 => CutOver::Yes,
        5 => CutOver::No,
        _ => CutOver::Ask,
    };
    let mut request = Request::new(which, cut_over);
    request.dry_run = numbers.once_in(10);
    request.keep = numbers.once_in(3);
    if numbers.once_in(4) {
        request.suffix = Some(numbers.below(3) as u8);
    }
    request.approval = numbers.once_in(10) && !request.dry_run;
    request.safety = numbers.once_in(10) && !request.dry_run;
    let Some((_, set)) = world.wanted(&request) else {
        return Some(request);
    };
    let named_as_then = set.captured.iter().all(|(need, captured)| {
        let described = world.described.get(need);
        described.is_some_and(|described| described.name == captured.name)
    });
    // If names have changed since, it is unclear which of them `only` means.
    if named_as_then && numbers.once_in(5) {
        let captured: Vec<Need> = set.captured.keys().copied().collect();
        request.only.extend(numbers.of(&captured));
        if numbers.once_in(2) {
            let others: Vec<Need> = captured
                .into_iter()
                .filter(|need| !request.only.contains(need))
                .collect();
            request.only.extend(numbers.of(&others));
        }
        request.by_except = request.only.len() < set.captured.len() && numbers.once_in(3);
    }
    // Faults are injected when the restore is started: it must not wait first.
    if numbers.once_in(9) && !request.dry_run && !request.approval && !matches!(request.which, RequestedSet::At(_)) {
        let scope = World::scope(&request, set);
        request.fault = match (scope.contains(&Need::Files), scope.contains(&Need::Rows)) {
            (true, false) => Some(Fault::RestoreJob),
            (false, true) => Some(Fault::Instance),
            (true, true) => numbers.of(&[Fault::RestoreJob, Fault::Instance]),
            (false, false) => None,
        };
    }
    Some(request)
}

/// Usually one that can be undone; sometimes another, which must be refused.
fn undo_cut_over(numbers: &mut Numbers, world: &World) -> Option<Step> {
    let cut_over = in_state(world, |state| state == RestoreState::CutOver);
    let newest_first = cut_over.last().copied().filter(|_| !numbers.once_in(4));
    let any = in_state(world, |_| true);
    let chosen = newest_first.or_else(|| numbers.of(&cut_over));
    let chosen = chosen.or_else(|| numbers.of(&any).filter(|_| numbers.once_in(4)));
    chosen.map(Step::UndoCutOver)
}

fn undo_restore(numbers: &mut Numbers, world: &World) -> Option<Step> {
    let can = |label: &Label| {
        let outcomes = world.outcomes(&Step::UndoRestore(*label));
        outcomes == [PossibleOutcome::new(End::Succeeded, RestoreState::Undone)] && world.has_copies(*label)
    };
    let any = in_state(world, |_| true);
    let removable: Vec<Label> = any.iter().copied().filter(can).collect();
    match numbers.once_in(3) {
        true => numbers.of(&any),
        false => numbers.of(&removable),
    }
    .map(Step::UndoRestore)
}

/// Sometimes the answer to no question.
fn answer(numbers: &mut Numbers, world: &World) -> Option<Step> {
    let yes = !numbers.once_in(3);
    if let Some(waiting) = world.waiting() {
        return Some(Step::Answer(waiting, yes));
    }
    let any = in_state(world, |_| true);
    let one = numbers.of(&any)?;
    numbers.once_in(5).then_some(Step::Answer(one, yes))
}

fn abort(numbers: &mut Numbers, world: &World) -> Option<Step> {
    if world.sets.is_empty() || numbers.once_in(4) {
        return Some(Step::AbortBackUp);
    }
    let mut request = request(numbers, world)?;
    request.fault = None;
    request.dry_run = false;
    request.approval = false;
    let moment = match request.cut_over {
        CutOver::Yes => numbers.of(&[
            StopMoment::Making,
            StopMoment::Comparing,
            StopMoment::Switching,
            StopMoment::Switching,
        ])?,
        _ => numbers.of(&[StopMoment::Making, StopMoment::Comparing])?,
    };
    Some(Step::AbortRestore(request, moment))
}

fn in_state(world: &World, wanted: impl Fn(RestoreState) -> bool) -> Vec<Label> {
    let restores = world.restores.iter();
    restores
        .filter(|(_, restore)| wanted(restore.state))
        .map(|(label, _)| *label)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::super::steps::Kind;
    use super::*;

    #[test]
    fn a_seed_is_a_sequence() {
        for seed in 1..=50 {
            assert_eq!(sequence(seed), sequence(seed));
        }
        assert_ne!(sequence(1), sequence(2));
    }

    #[test]
    fn every_kind_of_step_occurs_in_200_sequences_and_none_is_short() {
        let mut occurring = BTreeSet::new();
        for seed in 1..=200 {
            let steps = sequence(seed);
            assert!(steps.len() >= FEWEST);
            occurring.extend(steps.iter().flat_map(|(_, step)| step.kinds()));
        }
        let missed: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !occurring.contains(kind)).collect();
        assert_eq!(missed, []);
    }

    #[test]
    fn some_steps_have_to_be_refused_and_most_do_not() {
        let (mut refused, mut all) = (0, 0);
        for seed in 1..=200 {
            let mut world = World::new(first_contents());
            for (label, step) in sequence(seed) {
                assert!(world.can(&step), "seed {seed}: {step}");
                let happened = world.likely_effect(&step).unwrap();
                all += 1;
                refused += usize::from(happened.outcome.end == End::Failed);
                world.carry_out(label, &step, &happened);
            }
        }
        assert!(refused * 20 >= all && refused * 2 <= all, "{refused} of {all}");
    }

    #[test]
    fn restores_are_stacked_and_taken_back() {
        let stacked = |world: &World| in_state(world, |state| state == RestoreState::CutOver).len() >= 2;
        let (mut deep, mut back) = (0, 0);
        for seed in 1..=200 {
            let mut world = World::new(first_contents());
            let mut was = false;
            for (label, step) in sequence(seed) {
                let happened = world.likely_effect(&step).unwrap();
                world.carry_out(label, &step, &happened);
                was |= stacked(&world);
                back += usize::from(was && happened.outcome.state == Some(RestoreState::SwitchedBack));
            }
            deep += usize::from(was);
        }
        assert!(deep >= 20 && back >= 10, "{deep} {back}");
    }
}
