//! State transitions and cost of one night of the demo deployment, counted by walking the real state machines with
//! jobs of 30 minutes that take as long as usual.

use anyhow::{Context, Result, bail};
use holdfast::domain::pacing::watch;
use serde_json::Value;

/// US dollars a state transition, Standard workflows, us-east-1.
const TRANSITION: f64 = 0.025 / 1000.0;
/// US dollars a GB-second of x86 Lambda, and a request.
const GB_SECOND: f64 = 0.000_016_666_7;
const REQUEST: f64 = 0.20 / 1_000_000.0;
/// What a step is taken to need: 128 MB for half a second, a generous figure for a few AWS calls.
const STEP_GB_SECONDS: f64 = 0.125 * 0.5;

const JOB_SECONDS: u64 = 30 * 60;
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

/// Prints the count and the cost.
pub fn print() -> Result<()> {
    let mut total = Count::default();
    println!("one night of the demo deployment, jobs of 30 minutes, list prices of us-east-1");
    for name in ["nightly", "backup"] {
        let count = walk_machine(name)?;
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
        "state transitions ${machines:.5}, Lambda ${functions:.5}, together ${:.4} a night, ${:.2} a month",
        machines + functions,
        (machines + functions) * 30.0
    );
    println!("(free tiers, storage of backups, DynamoDB and SNS not counted)");
    Ok(())
}

fn walk_machine(name: &str) -> Result<Count> {
    let path = holdfast_tests::lab::repository().join(format!("state-machines/{name}.asl.json"));
    let machine: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let mut count = Count::default();
    walk(&machine, Item::default(), &mut count)?;
    Ok(count)
}

/// Goes from `StartAt` to an end, into every Map.
fn walk(machine: &Value, mut item: Item, count: &mut Count) -> Result<()> {
    let mut name = machine["StartAt"].as_str().context("no StartAt")?;
    loop {
        let state = machine["States"]
            .get(name)
            .with_context(|| format!("no state {name}"))?;
        count.transitions += 1;
        match state["Type"].as_str() {
            Some("Task") if state["Resource"] == "arn:aws:states:::lambda:invoke" => count.invocations += 1,
            Some("Map") => {
                for inner in items_of(name, item)? {
                    walk(&state["ItemProcessor"], inner, count)?;
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

fn items_of(map: &str, outer: Item) -> Result<Vec<Item>> {
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
        "TakeProbes" => PROBES
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
        "ChooseQuiesce" => "TakeProbes",
        "ChooseProbe" if item.kind == "sql" => "CountRows",
        "ChooseProbe" => "CountItems",
        "ChooseKind" => match item.kind {
            "aurora" => "SnapshotCluster",
            "efs" => "BackUpFileSystem",
            "dynamodb" => "BackUpTable",
            _ => "CheckSecrets",
        },
        "ChooseLook" if item.looks_left == 0 => "JobSucceeded",
        "ChooseLook" => {
            item.looks_left -= 1;
            "WaitForJob"
        }
        "ChooseResume" => "GroupEnded",
        // The good end stands first.
        "ChooseOutcome" => state["Choices"][0]["Next"].as_str().context("no good end")?,
        _ => bail!("the bench does not know what {choice} decides"),
    })
}
