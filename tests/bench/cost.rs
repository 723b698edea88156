//! State transitions and cost of one night and of one restore of the demo deployment, counted by walking the real state
//! machines with jobs of 30 minutes that take as long as usual.

use anyhow::{Context, Result, bail};
use holdfast::domain::pacing::watch;
use serde_json::Value;

use crate::restoring::Looks;

/// US dollars a state transition, Standard workflows, us-east-1.
const TRANSITION: f64 = 0.025 / 1000.0;
/// US dollars a GB-second of x86 Lambda, and a request.
const GB_SECOND: f64 = 0.000_016_666_7;
const REQUEST: f64 = 0.20 / 1_000_000.0;
/// What a step is taken to need: 128 MB for half a second, a generous figure for a few AWS calls.
const STEP_GB_SECONDS: f64 = 0.125 * 0.5;

/// What every job of AWS takes.
pub const JOB_SECONDS: u64 = 30 * 60;
/// The demo deployment: what StartBackups goes over, and which probes TakeProbes takes.
const RESOURCES: [&str; 7] = [
    "aurora",
    "efs",
    "dynamodb",
    "dynamodb",
    "dynamodb",
    "secret",
    "parameters",
];
const PROBES: [&str; 2] = ["sql", "items"];

/// Transitions and Lambda invocations.
#[derive(Default, Clone, Copy)]
struct Count {
    transitions: u64,
    invocations: u64,
}

/// What decides at the Choice states, and over what a Map goes.
#[derive(Clone, Copy, Default)]
struct Item {
    kind: &'static str,
    looks_left: u32,
    resumes: bool,
}

/// Prints the counts and the costs; `looks` is how often a restore's resources were looked at, by kind.
pub fn print(looks: &Looks) -> Result<()> {
    let looks_in = |kind: &str, nth: usize| {
        looks
            .get(kind)
            .and_then(|all| all.get(nth))
            .copied()
            .unwrap_or_default()
    };
    let mut restored = Vec::new();
    for (index, kind) in RESOURCES.into_iter().enumerate() {
        let nth = RESOURCES[..index].iter().filter(|other| **other == kind).count();
        let looks = looks_in(kind, nth);
        if looks > 0 {
            restored.push(Item {
                kind,
                looks_left: looks - 1,
                ..Item::default()
            });
        }
    }
    println!("the demo deployment, jobs of 30 minutes, list prices of us-east-1");
    of("a night", &["nightly", "backup"], &[])?;
    of("a restore with its cut-over", &["restore"], &restored)?;
    println!("(free tiers, storage of backups, DynamoDB and SNS not counted)");
    Ok(())
}

/// Prints what one walk through each of some machines takes.
fn of(what: &str, machines: &[&str], restored: &[Item]) -> Result<()> {
    let mut total = Count::default();
    for name in machines {
        let count = walk_machine(name, restored)?;
        println!(
            "{name:<10} {:>5} state transitions, {:>4} Lambda invocations",
            count.transitions, count.invocations
        );
        total.transitions += count.transitions;
        total.invocations += count.invocations;
    }
    let (transitions, invocations) = (total.transitions as f64, total.invocations as f64);
    let (machines, functions) = (
        transitions * TRANSITION,
        invocations * (REQUEST + STEP_GB_SECONDS * GB_SECOND),
    );
    println!(
        "{what}: state transitions ${machines:.5}, Lambda ${functions:.5}, together ${:.4}; thirty of them ${:.2}",
        machines + functions,
        (machines + functions) * 30.0
    );
    Ok(())
}

fn walk_machine(name: &str, restored: &[Item]) -> Result<Count> {
    let path = holdfast_tests::lab::repository().join(format!("state-machines/{name}.asl.json"));
    let machine: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let mut count = Count::default();
    walk(&machine, Item::default(), restored, &mut count)?;
    Ok(count)
}

/// Goes from `StartAt` to an end, into every Map.
fn walk(machine: &Value, mut item: Item, restored: &[Item], count: &mut Count) -> Result<()> {
    let mut name = machine["StartAt"].as_str().context("no StartAt")?;
    loop {
        let state = machine["States"]
            .get(name)
            .with_context(|| format!("no state {name}"))?;
        count.transitions += 1;
        match state["Type"].as_str() {
            Some("Task") if state["Resource"] == "arn:aws:states:::lambda:invoke" => count.invocations += 1,
            Some("Map") => {
                for inner in items_of(name, item, restored)? {
                    walk(&state["ItemProcessor"], inner, restored, count)?;
                }
            }
            Some("Choice") => {
                name = choose(name, state, &mut item)?;
                continue;
            }
            _ => {}
        }
        match state["Next"].as_str() {
            Some(next) => name = next,
            None => return Ok(()),
        }
    }
}

fn items_of(map: &str, outer: Item, restored: &[Item]) -> Result<Vec<Item>> {
    let looks = watch(JOB_SECONDS, Some(JOB_SECONDS)).looks;
    let job = |kind: &'static str| Item {
        kind,
        looks_left: if matches!(kind, "secret" | "parameters") {
            0
        } else {
            looks
        },
        resumes: false,
    };
    Ok(match map {
        "BackUpDeployments" => vec![Item::default()],
        "RestoreResources" => restored.to_vec(),
        "CompareResources" => vec![Item::default(); RESOURCES.len()],
        "TakeProbes" | "CountProbes" => PROBES
            .iter()
            .map(|kind| Item {
                kind,
                ..Item::default()
            })
            .collect(),
        "StartBackups" => RESOURCES.iter().map(|kind| job(kind)).collect(),
        "AwaitBackups" => vec![
            Item {
                resumes: true,
                ..Item::default()
            },
            Item::default(),
        ],
        "AwaitJobs" => RESOURCES
            .iter()
            .filter(|kind| (**kind == "efs") == outer.resumes)
            .map(|kind| job(kind))
            .collect(),
        _ => bail!("the bench does not know what {map} goes over"),
    })
}

fn choose<'a>(choice: &str, state: &'a Value, item: &mut Item) -> Result<&'a str> {
    Ok(match choice {
        // Nothing is asked, backed up first or brought to rest.
        "ChooseDryRun" | "ChooseApproval" | "ChooseSafetyBackup" | "ChooseQuiesce" | "ChooseResume" => {
            state["Default"].as_str().context("no default")?
        }
        "ChooseKind" | "ChooseProbe" => where_it_says(state, item.kind)?,
        "ChooseLook" | "ChooseSwitched" if item.looks_left == 0 => where_it_says(state, "succeeded")?,
        "ChooseLook" | "ChooseSwitched" => {
            item.looks_left -= 1;
            where_it_says(state, "in_progress")?
        }
        "ChooseCutOver" => {
            // A service takes one more look to be seen stable.
            item.looks_left = 1;
            where_it_says(state, "verified")?
        }
        "ChooseSecurityGroups" => state["Choices"][0]["Next"].as_str().context("no security groups")?,
        // The good end stands first.
        "ChooseOutcome" => state["Choices"][0]["Next"].as_str().context("no good end")?,
        _ => bail!("the bench does not know what {choice} decides"),
    })
}

/// The state to which the choice for a word leads, else its default.
fn where_it_says<'a>(state: &'a Value, word: &str) -> Result<&'a str> {
    let word = format!("'{word}'");
    let choices = state["Choices"].as_array().into_iter().flatten();
    let chosen = choices
        .filter(|choice| {
            choice["Condition"]
                .as_str()
                .is_some_and(|condition| condition.contains(&word))
        })
        .find_map(|choice| choice["Next"].as_str());
    chosen
        .or(state["Default"].as_str())
        .with_context(|| format!("no choice for {word}"))
}
