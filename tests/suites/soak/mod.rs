//! Generated sequences, carried out in labs: after each step, all invariants are checked.

mod deployment;
mod names;
mod observation;
mod runner;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use holdfast_tests::soak::generate::{first_contents, sequence};
use holdfast_tests::soak::model::{Label, RestoreState, World};
use holdfast_tests::soak::outcomes::{End, PossibleOutcome};
use holdfast_tests::soak::steps::{RequestedSet, Step, words};
use libtest_mimic::Trial;

use self::deployment::Deployment;
use self::runner::Sequence;
use crate::stage::{Stage, Stages};

/// How many sequences are part of `make test`.
const FEW: u64 = 10;

/// A test for each sequence: `SEQUENCES` of them, or that of `SEED` alone.
pub fn tests(stages: &Stages) -> Vec<Trial> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match (number("SEED"), number("SEQUENCES")) {
        (Some(seed), _) => vec![seed],
        (None, sequences) => (1..=sequences.unwrap_or(FEW)).collect(),
    };
    let test = |seed: u64| {
        stages.test(&format!("soak::sequence_{seed:03}"), move |stage| {
            Box::pin(run(stage, seed))
        })
    };
    seeds.into_iter().map(test).collect()
}

async fn run(stage: &Stage, seed: u64) -> Result<()> {
    let steps = wanted(sequence(seed));
    let Err(failure) = attempt(stage, &format!("sk{seed}"), &steps).await else {
        return Ok(());
    };
    let failed = format!("seed {seed} (SEED={seed} make soak):\n{}\n{failure:#}", words(&steps));
    if std::env::var("SHORTEN").is_err() {
        bail!(failed);
    }
    let shorter = shortened(stage, seed, steps).await?;
    bail!("{failed}\nthe same with fewer steps:\n{}", words(&shorter));
}

/// Without steps that have a known fault, to find others: `WITHOUT=Rotate,Touch`.
fn wanted(mut steps: Vec<(Label, Step)>) -> Vec<(Label, Step)> {
    let without = std::env::var("WITHOUT").unwrap_or_default();
    let without: Vec<&str> = without.split(',').collect();
    steps.retain(|(_, step)| {
        !step
            .kinds()
            .iter()
            .any(|kind| without.contains(&format!("{kind:?}").as_str()))
    });
    steps
}

/// Leaves steps out while the sequence still fails.
async fn shortened(stage: &Stage, seed: u64, mut steps: Vec<(Label, Step)>) -> Result<Vec<(Label, Step)>> {
    let mut at = steps.len();
    let mut tries = 0;
    while at > 0 {
        at -= 1;
        let mut fewer = steps.clone();
        fewer.remove(at);
        tries += 1;
        if attempt(stage, &format!("sk{seed}t{tries}"), &fewer).await.is_err() {
            steps = fewer;
            at = at.min(steps.len());
        }
    }
    Ok(steps)
}

/// Carries a sequence out, and then undoes everything that can be undone.
async fn attempt(stage: &Stage, name: &str, steps: &[(Label, Step)]) -> Result<()> {
    let contents = first_contents();
    let deployment = Deployment::create(stage, name, &contents).await?;
    let mut sequence = Sequence::new(deployment, World::new(contents));
    sequence.moments = moments(steps);
    sequence.begin().await?;
    let mut done: Vec<(Label, Step)> = Vec::new();
    for (label, step) in steps {
        carry(&mut sequence, &mut done, *label, step).await?;
    }
    let mut label = steps.iter().map(|(label, _)| *label).max().unwrap_or_default();
    while let Some(step) = next_undo(&sequence.world) {
        label += 1;
        carry(&mut sequence, &mut done, label, &step).await?;
    }
    sequence.deployment.close().await
}

async fn carry(sequence: &mut Sequence<'_>, done: &mut Vec<(Label, Step)>, label: Label, step: &Step) -> Result<()> {
    if !sequence.world.can(step) {
        return Ok(());
    }
    done.push((label, step.clone()));
    let carried = sequence.step(label, step).await;
    let so_far = || format!("after these steps:\n{}", words(done));
    let (broken, output) = carried.with_context(so_far)?;
    if broken.is_empty() {
        return Ok(());
    }
    let lines: BTreeSet<String> = broken.iter().map(ToString::to_string).collect();
    let lines: Vec<String> = lines.into_iter().collect();
    bail!(
        "{}\nis broken: {}\nit said: {output}",
        so_far(),
        lines.join("\nis broken: ")
    );
}

/// Sets for which a moment is needed.
fn moments(steps: &[(Label, Step)]) -> BTreeSet<Label> {
    let asked = |(_, step): &(Label, Step)| match step {
        Step::Restore(request) | Step::AbortRestore(request, _) => match request.which {
            RequestedSet::At(set) => Some(set),
            _ => None,
        },
        _ => None,
    };
    steps.iter().filter_map(asked).collect()
}

/// The next step to undo: a question is answered, a cut-over switched back, copies removed.
fn next_undo(world: &World) -> Option<Step> {
    if let Some(waiting) = world.waiting() {
        return Some(Step::Answer(waiting, false));
    }
    let surely =
        |step: &Step, state: RestoreState| world.outcomes(step) == [PossibleOutcome::new(End::Succeeded, state)];
    let newest_first: BTreeMap<_, _> = world.restores.iter().collect();
    let back = newest_first.iter().rev().find_map(|(label, restore)| {
        let step = Step::UndoCutOver(**label);
        (restore.state == RestoreState::CutOver && surely(&step, RestoreState::SwitchedBack)).then_some(step)
    });
    let gone = || {
        newest_first.keys().rev().find_map(|label| {
            let step = Step::UndoRestore(**label);
            (world.has_copies(**label) && surely(&step, RestoreState::Undone)).then_some(step)
        })
    };
    back.or_else(gone)
}
