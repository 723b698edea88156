//! The generic trials, over the whole backup: every step twice; every AWS call of every function failing in every way.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::Sizes;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::stage::{Stage, Stages};

/// How a call fails, and how often: once is within an SDK client's own retries, four times is beyond them.
const FAULTS: [(&str, u32); 6] = [
    ("throttle", 1),
    ("error_500", 1),
    ("cut_before", 1),
    ("cut_after", 1),
    ("error_500", 4),
    ("cut_after", 4),
];

/// The functions of a backup, whose every call is tried.
const CALLERS: [&str; 13] = [
    "plan-backup",
    "count-rows",
    "count-items",
    "snapshot-cluster",
    "back-up-file-system",
    "back-up-table",
    "check-secrets",
    "poll-status",
    "seal-set",
    "prune-sets",
    "end-run",
    "notify",
    "every-step-twice",
];

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let trial = |caller: &'static str| {
        let name = if caller == "every-step-twice" {
            "trials::every_step_twice_gives_one_effect".to_owned()
        } else {
            format!("trials::every_call_of_{}_fails_in_every_way", caller.replace('-', "_"))
        };
        stages.test(&name, move |stage| {
            Box::pin(async move {
                if caller == "every-step-twice" {
                    twice(stage).await
                } else {
                    every_call(stage, caller).await
                }
            })
        })
    };
    CALLERS.into_iter().map(trial).collect()
}

/// Each call of `caller` in a good run is hit by each fault, in a run of its own.
async fn every_call(stage: &Stage, caller: &str) -> Result<()> {
    let subject = Subject::create(
        stage,
        &format!("try-{}", &caller[..caller.len().min(24)]),
        &Sizes::small(),
        |descriptor| {
            descriptor["keep"] = json!({ "last": 1 });
        },
    )
    .await?;
    subject.back_up().await?;
    let mark = stage.lab.ledger_position().await?;
    let (good, _, _) = subject.back_up().await?;
    ensure!(good.status == "SUCCEEDED", "{good:?}");
    let calls = calls_of(stage, caller, mark).await?;
    ensure!(!calls.is_empty(), "{caller} made no AWS call");

    let mut missed = BTreeSet::new();
    for (service, action, nth) in &calls {
        for (kind, times) in FAULTS {
            let rule = json!({ "service": service, "action": action, "caller": format!("holdfast-{caller}"), "nth": nth, "times": times, "kind": kind });
            let fault = stage.lab.inject(rule).await?;
            let trial = format!("{caller}: {kind} x {times} at call {nth} of {service}:{action}");
            subject.back_up().await.context(trial.clone())?;
            if stage.lab.hits(fault).await? == 0 {
                missed.insert(trial);
            }
            stage.lab.heal().await?;
        }
    }
    // How often a job is looked at varies from run to run; every other call must have been hit.
    ensure!(caller == "poll-status" || missed.is_empty(), "never hit: {missed:?}");
    Ok(())
}

/// Service, action and running number of each call of `caller` since `mark`.
async fn calls_of(stage: &Stage, caller: &str, mark: u64) -> Result<Vec<(String, String, u32)>> {
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut calls = Vec::new();
    for call in stage.lab.ledger(mark).await? {
        if call["caller"] != format!("holdfast-{caller}") {
            continue;
        }
        let (service, action) = (text(&call, "/service")?.to_owned(), text(&call, "/action")?.to_owned());
        let nth = seen.entry((service.clone(), action.clone())).or_default();
        *nth += 1;
        // Looks beyond the second at the same job differ in nothing.
        if caller != "poll-status" || *nth <= 2 {
            calls.push((service, action, *nth));
        }
    }
    Ok(calls)
}

/// The same machine, in which every Task runs once for nothing before it runs for its result.
async fn twice(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "try-twice", &Sizes::small(), |descriptor| {
        descriptor["keep"] = json!({ "last": 1 })
    })
    .await?;
    subject.back_up().await?;
    let machine = stage.stack.output("BackupStateMachineArn")?;
    let described = stage
        .aws
        .json(
            "states",
            "AWSStepFunctions.DescribeStateMachine",
            json!({ "stateMachineArn": machine }),
        )
        .await?;
    let real = text(&described, "/definition")?.to_owned();
    let mut doubled: Value = serde_json::from_str(&real)?;
    double(&mut doubled);
    update(stage, machine, &doubled.to_string()).await?;
    let outcome = subject.back_up().await;
    update(stage, machine, &real).await?;
    let (ended, set, _) = outcome?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let sealed = subject.records.sets(&subject.dataset.name).await?;
    ensure!(
        sealed.len() == 1 && Some(&sealed[0]) == set.as_ref(),
        "one run more must leave the newest set alone, by keep: {sealed:?}"
    );
    Ok(())
}

/// Puts before every Task a copy of it whose result is forgotten.
fn double(machine: &mut Value) {
    let Some(states) = machine["States"].as_object_mut() else {
        return;
    };
    let names: Vec<String> = states.keys().cloned().collect();
    for name in names {
        if states[&name]["Type"] == "Map" {
            double(&mut states[&name]["ItemProcessor"]);
        }
        if states[&name]["Type"] == "Task" {
            let second = format!("{name}Again");
            let again = states[&name].clone();
            let first = &mut states[&name];
            first["Output"] = json!("{% $states.input %}");
            first["Next"] = json!(second);
            if let Some(fields) = first.as_object_mut() {
                fields.remove("Assign");
                fields.remove("End");
            }
            states.insert(second, again);
        }
    }
}

async fn update(stage: &Stage, machine: &str, definition: &str) -> Result<()> {
    stage
        .aws
        .json(
            "states",
            "AWSStepFunctions.UpdateStateMachine",
            json!({ "stateMachineArn": machine, "definition": definition }),
        )
        .await
        .map(drop)
}
