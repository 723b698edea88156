#![allow(clippy::unwrap_used)]

use super::super::generate::{first_contents, sequence};
use super::super::outcomes::End;
use super::super::steps::{CutOver, Request, RequestedSet};
use super::*;

/// The observation of a world without violations.
fn seen(after: &World, label: Label, step: &Step, happened: &Effect) -> Observation {
    let sealed = (matches!(step, Step::BackUp | Step::AbortBackUp) || happened.safety)
        .then(|| after.sets.get(&label))
        .flatten()
        .map(|set| {
            let point = |(need, captured): (&Need, &super::super::model::CapturedData)| {
                let content = (*need != Need::Rows).then(|| captured.held.content.clone());
                let place = Some(captured.place);
                (*need, Point { place, content })
            };
            set.captured.iter().map(point).collect()
        });
    let described = after.described.iter().map(|(need, described)| {
        let name = described.name.clone();
        let place = Some(described.place);
        (*need, NamedResource { name, place })
    });
    Observation {
        happened: happened.clone(),
        leads: after.in_use.iter().map(|(need, place)| (*need, Ok(*place))).collect(),
        logs_in: Ok(()),
        places: after
            .held
            .iter()
            .map(|(place, held)| (*place, Ok(held.content.clone())))
            .collect(),
        strangers: Vec::new(),
        described: described.collect(),
        sealed,
        running: Vec::new(),
        held: after.waiting().is_some(),
        messages: 1,
    }
}

/// Carries out steps with their likely effects; returns the world before the last step, the one after it, and the observation.
fn after(steps: &[Step]) -> (World, World, Observation) {
    let mut world = World::new(first_contents());
    let mut last = None;
    for (index, step) in steps.iter().enumerate() {
        let before = world.clone();
        let happened = world.likely_effect(step).unwrap();
        world.carry_out(index + 1, step, &happened);
        let seen = seen(&world, index + 1, step, &happened);
        last = Some((before, world.clone(), seen));
    }
    last.unwrap()
}

fn violated_by(steps: &[Step], world: &(World, World, Observation)) -> Vec<Invariant> {
    let (before, after, seen) = world;
    let stepped = CompletedStep {
        label: steps.len(),
        step: steps.last().unwrap(),
        before,
    };
    violations(&stepped, after, seen)
        .into_iter()
        .map(|broken| broken.invariant)
        .collect()
}

fn cut_over() -> Vec<Step> {
    vec![
        Step::BackUp,
        Step::Restore(Request::new(RequestedSet::Newest, CutOver::Yes)),
    ]
}

#[test]
fn a_world_as_it_should_be_breaks_nothing() {
    for seed in 1..=200 {
        let steps: Vec<Step> = sequence(seed).into_iter().map(|(_, step)| step).collect();
        for length in 1..=steps.len() {
            let world = after(&steps[..length]);
            assert_eq!(violated_by(&steps[..length], &world), [], "seed {seed}, step {length}");
        }
    }
}

/// Breaks a world in one way that an invariant must report.
type Breaking = (Invariant, Vec<Step>, fn(&mut Observation));

fn breakings() -> Vec<Breaking> {
    let with = |mut steps: Vec<Step>, last: Step| {
        steps.push(last);
        steps
    };
    vec![
        (Invariant::Led, cut_over(), |seen| {
            seen.leads.insert(Need::Rows, Ok(Place::First(Need::Rows)));
        }),
        (Invariant::Led, cut_over(), |seen| {
            seen.leads
                .insert(Need::Items, Err("a table of somebody else".to_owned()));
        }),
        (Invariant::NothingInUseIsGone, cut_over(), |seen| {
            seen.places.remove(&Place::Copy(Need::Items, 2));
        }),
        (Invariant::NothingInUseIsGone, cut_over(), |seen| {
            seen.places
                .insert(Place::Copy(Need::Files, 2), Err("no such directory".to_owned()));
        }),
        (Invariant::NothingInUseIsGone, cut_over(), |seen| {
            seen.logs_in = Err("password authentication failed".to_owned());
        }),
        (Invariant::VerifiedIsCaptured, cut_over(), |seen| {
            let content = seen.places.get_mut(&Place::Copy(Need::Rows, 2)).unwrap();
            content.as_mut().unwrap().pop_first();
        }),
        (
            Invariant::NothingVerifiedInPart,
            vec![
                Step::BackUp,
                Step::Remove(Need::Notes),
                Step::Restore(Request::new(RequestedSet::Newest, CutOver::No)),
            ],
            |seen| seen.happened.verified = true,
        ),
        (Invariant::NothingVerifiedInPart, cut_over(), |seen| {
            seen.happened.verified = true;
            seen.happened.switched.remove(&Need::Rows);
        }),
        (Invariant::NothingVerifiedInPart, cut_over(), |seen| {
            seen.happened.verified = true;
            seen.happened.made.remove(&Need::Rows);
        }),
        (
            Invariant::UndoneIsGone,
            vec![
                Step::BackUp,
                Step::Restore(Request::new(RequestedSet::Newest, CutOver::No)),
                Step::UndoRestore(2),
            ],
            |seen| {
                seen.places.insert(Place::Copy(Need::Rows, 2), Ok(Content::new()));
            },
        ),
        (Invariant::UndoneIsGone, cut_over(), |seen| {
            seen.strangers.push("cluster x".to_owned())
        }),
        (Invariant::UndoneIsGone, cut_over(), |seen| {
            seen.places.remove(&Place::First(Need::Notes));
        }),
        (Invariant::BackedUpIsInUse, with(cut_over(), Step::BackUp), |seen| {
            let point = seen.sealed.as_mut().unwrap().get_mut(&Need::Items).unwrap();
            point.place = Some(Place::First(Need::Items));
        }),
        (Invariant::BackedUpIsInUse, with(cut_over(), Step::BackUp), |seen| {
            let point = seen.sealed.as_mut().unwrap().get_mut(&Need::Files).unwrap();
            point.content = Some(Content::new());
        }),
        (Invariant::BackedUpIsInUse, with(cut_over(), Step::BackUp), |seen| {
            seen.sealed.as_mut().unwrap().remove(&Need::Rows);
        }),
        (Invariant::DescribedIsInUse, cut_over(), |seen| {
            seen.described.get_mut(&Need::Items).unwrap().place = Some(Place::First(Need::Items));
        }),
        (Invariant::RunsEnd, cut_over(), |seen| {
            seen.running.push("restore".to_owned())
        }),
        (Invariant::RunsEnd, cut_over(), |seen| seen.held = true),
        (Invariant::OnCallIsNotified, cut_over(), |seen| seen.messages = 0),
        (Invariant::EndsAsItMust, cut_over(), |seen| {
            seen.happened.outcome = PossibleOutcome::new(End::Failed, RestoreState::SwitchedBack);
        }),
        (Invariant::CanBeUndone, with(cut_over(), Step::UndoCutOver(2)), |seen| {
            seen.happened.outcome = PossibleOutcome::new(End::Failed, RestoreState::CutOver);
        }),
    ]
}

#[test]
fn every_invariant_can_be_broken() {
    let mut reported = BTreeSet::new();
    for (invariant, steps, break_it) in breakings() {
        let mut world = after(&steps);
        assert_eq!(violated_by(&steps, &world), []);
        break_it(&mut world.2);
        let broken = violated_by(&steps, &world);
        assert!(broken.contains(&invariant), "{invariant:?}: {broken:?}");
        reported.insert(invariant);
    }
    assert_eq!(reported, BTreeSet::from(Invariant::ALL));
}

/// A backup of what is not in use, and the removal of what is, are refused.
#[test]
fn what_must_be_refused_is() {
    let fails = |steps: &[Step]| after(steps).2.happened.outcome.end == End::Failed;
    let with = |last: &[Step]| [cut_over().as_slice(), last].concat();
    assert!(fails(&with(&[Step::ForceFirst, Step::BackUp])));
    assert!(!fails(&with(&[Step::ForceFirst, Step::ApplyInUse, Step::BackUp])));
    assert!(fails(&with(&[Step::UndoRestore(2)])));
    assert!(!fails(&with(&[Step::UndoCutOver(2), Step::UndoRestore(2)])));
    let moved = Step::Switch(Need::Items, Place::First(Need::Items));
    assert!(fails(&with(&[moved.clone(), Step::BackUp])));
    let beside = [
        Step::BackUp,
        Step::Restore(Request::new(RequestedSet::Newest, CutOver::No)),
        Step::Switch(Need::Files, Place::Copy(Need::Files, 2)),
        Step::UndoRestore(2),
    ];
    assert!(fails(&beside));
}
