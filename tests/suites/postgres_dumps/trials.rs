//! The generic trials of a database's dump and restore: every call that they make fails in every way, and every step runs twice. The trials
//! of whole deployments have no database, so that each of their many runs is short; here the deployment is nothing else, and only what
//! those do not call is hit.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::executions::Ended;
use holdfast_tests::ledger::DATABASE;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::shop::{folders, ledger, shop};
use crate::checks::Subject;
use crate::restore_trials::next_round;
use crate::stage::{Stage, Stages};
use crate::trials::{Call, FAULTS, Faults, PATIENCE, calls_since, doubled};

const ACCOUNTS: u32 = 3;

/// The functions that only a deployment with such a database runs.
const OF_DATABASES: [&str; 6] = [
    "holdfast-archive-access",
    "holdfast-database-access",
    "holdfast-dump-database",
    "holdfast-load-dump",
    "holdfast-restore-database",
    "holdfast-write-dump",
];

/// Functions that look until a job has ended.
const LOOKING: [&str; 3] = [
    "holdfast-poll-status",
    "holdfast-restore-database",
    "holdfast-undo-restore",
];

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = Vec::new();
    for (name, kind, times) in FAULTS {
        tests.push(stages.test(
            &format!("postgres_dumps::trials::every_call_of_a_dump_{name}"),
            move |stage| Box::pin(every_call(stage, Machine::Backup, kind, times)),
        ));
        tests.push(stages.test(
            &format!("postgres_dumps::trials::every_call_of_a_restore_{name}"),
            move |stage| Box::pin(every_call(stage, Machine::Restore, kind, times)),
        ));
    }
    tests.push(
        stages.test("postgres_dumps::trials::every_step_twice_gives_one_effect", |stage| {
            Box::pin(twice(stage))
        }),
    );
    tests
}

#[derive(Clone, Copy, PartialEq)]
enum Machine {
    Backup,
    Restore,
}

/// Each call that two good runs make is hit once. A fault that the SDK's retries remove hits one call of each action of a function in one
/// run; beyond them, one call of each function.
async fn every_call(stage: &Stage, machine: Machine, kind: &str, times: u32) -> Result<()> {
    let of = if machine == Machine::Backup { "dump" } else { "load" };
    let subject = subject(stage, &format!("{of}-{}-{times}", kind.replace('_', "-"))).await?;
    let first = good_run(&subject, machine).await?;
    let second = good_run(&subject, machine).await?;
    let mut waiting: Vec<Call> = first.intersection(&second).cloned().collect();
    let callers: BTreeSet<&str> = waiting.iter().map(|call| call.caller.as_str()).collect();
    let own = OF_DATABASES.iter().filter(|function| callers.contains(**function));
    ensure!(own.count() == 4, "four functions of databases take part: {callers:?}");
    let mut missed = Vec::new();
    while !waiting.is_empty() {
        let round = next_round(&mut waiting, if times == 1 { usize::MAX } else { 1 });
        missed.extend(hit(&subject, machine, &round, kind, times).await?);
    }
    // A call that an earlier fault of the same run prevented is hit in a run of its own.
    let mut never = Vec::new();
    for call in missed {
        never.extend(hit(&subject, machine, std::slice::from_ref(&call), kind, times).await?);
    }
    // How often a job is polled varies from run to run.
    never.retain(|call| !LOOKING.contains(&call.caller.as_str()));
    ensure!(never.is_empty(), "never hit: {never:#?}");
    Ok(())
}

/// A deployment that keeps one set, so that each backup deletes a dump, with a first set.
async fn subject<'a>(stage: &'a Stage, name: &str) -> Result<Subject<'a>> {
    let subject = shop(stage, name, ACCOUNTS, |descriptor| {
        descriptor["keep"] = json!({ "last": 1 })
    })
    .await?;
    super::shop::sealed(&subject).await?;
    Ok(subject)
}

/// The calls of a good run, and of what undoes a restore, that no other trial hits.
async fn good_run(subject: &Subject<'_>, machine: Machine) -> Result<BTreeSet<Call>> {
    let mark = subject.stage.lab.ledger_position().await?;
    let ended = run_hit(subject, machine).await?;
    ensure!(ended.status == "SUCCEEDED", "a good run: {ended:?}");
    after(subject, machine, &ended, &mut Faults::none(&subject.stage.lab)).await?;
    let calls = calls_since(subject.stage, mark, &LOOKING).await?.into_iter();
    let only_here = |call: &Call| {
        OF_DATABASES.contains(&call.caller.as_str())
            || call.service == "states"
            || (call.service == "lambda" && call.action == "Invoke")
    };
    Ok(calls.filter(only_here).collect())
}

/// One run, and what undoes it, in which these calls fail; returns those that were not made.
async fn hit(subject: &Subject<'_>, machine: Machine, calls: &[Call], kind: &str, times: u32) -> Result<Vec<Call>> {
    let mut faults = Faults::inject(&subject.stage.lab, calls, kind, times).await?;
    let context = || format!("{kind} x {times} at {calls:#?}");
    let ended = run_hit(subject, machine).await.with_context(context)?;
    after(subject, machine, &ended, &mut faults)
        .await
        .with_context(context)?;
    faults.missed().await
}

async fn run(subject: &Subject<'_>, machine: Machine) -> Result<Ended> {
    let ended = run_hit(subject, machine).await?;
    after(subject, machine, &ended, &mut Faults::none(&subject.stage.lab)).await?;
    Ok(ended)
}

/// One run until its message to on-call.
async fn run_hit(subject: &Subject<'_>, machine: Machine) -> Result<Ended> {
    match machine {
        Machine::Backup => Ok(subject.back_up().await?.0),
        Machine::Restore => {
            subject.inbox.take().await?;
            let ended = subject.restore(json!({ "cut_over": "yes" })).await?;
            let mail = subject.inbox.about(&subject.dataset.name, PATIENCE).await;
            let mail = mail.with_context(|| format!("on-call is notified: {ended:?}"))?;
            let severity = mail.attributes.pointer("/severity/Value").and_then(Value::as_str);
            ensure!(
                (ended.status == "SUCCEEDED") == (severity != Some("critical")),
                "{severity:?} after {ended:?}: {}",
                mail.body
            );
            Ok(ended)
        }
    }
}

/// What must hold then.
async fn after(subject: &Subject<'_>, machine: Machine, ended: &Ended, faults: &mut Faults<'_>) -> Result<()> {
    subject.not_leased().await?;
    match machine {
        Machine::Backup => only_whole_dumps(subject).await,
        Machine::Restore => undone(subject, ended, faults).await,
    }
}

/// What the archive has belongs to sets of the catalog, and each sealed set has its dump.
async fn only_whole_dumps(subject: &Subject<'_>) -> Result<()> {
    let sets = subject.records.sets(&subject.dataset.name).await?;
    let folder = |set: &Value| {
        format!(
            "dumps/{}/ledger/{}",
            subject.dataset.name,
            set["id"].as_str().unwrap_or_default()
        )
    };
    let known: BTreeSet<String> = sets.iter().map(folder).collect();
    let found = folders(subject).await?;
    let strange: Vec<&String> = found.iter().filter(|folder| !known.contains(*folder)).collect();
    ensure!(strange.is_empty(), "in the archive, but of no set: {strange:?}");
    for set in sets.iter().filter(|set| set["status"] == "sealed") {
        ensure!(found.contains(&folder(set)), "a sealed set without its dump: {set:#}");
        let dumps = subject
            .recovery_points(set["id"].as_str().context("a set without id")?)
            .await?;
        ensure!(dumps["ledger"] == 1, "a sealed set without a whole dump: {dumps:?}");
    }
    Ok(())
}

/// Restored and verified, or undone completely; in both cases the deployment is afterwards as it was.
async fn undone(subject: &Subject<'_>, ended: &Ended, faults: &mut Faults<'_>) -> Result<()> {
    let ledger = ledger(subject)?;
    ensure!(ledger.accounts(DATABASE).await?.len() == ACCOUNTS as usize, "{ended:?}");
    if let Some(record) = subject.restore_of(&ended.arn).await? {
        let id = text(&record, "/id")?;
        if ended.status == "SUCCEEDED" {
            ensure!(record["status"] == "cut_over", "{record:#}");
            ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
            let side = ledger.databases().await?;
            ensure!(side.len() == 2, "the old database is kept: {side:?}");
            faults.undo(subject, "UndoCutOverStateMachineArn", id).await?;
        }
        // A cut-over that failed is switched back; its copy stays, and is removed by hand.
        if ended.status == "SUCCEEDED" || record["status"] == "switched_back" {
            faults.undo(subject, "UndoRestoreStateMachineArn", id).await?;
        }
    }
    let databases = ledger.databases().await?;
    ensure!(databases == [DATABASE], "left after {ended:?}: {databases:?}");
    ensure!(ledger.accounts(DATABASE).await?.len() == ACCOUNTS as usize);
    subject.inbox.take().await.map(drop)
}

/// Every Task of the run's machine, and of the jobs that it starts, runs twice, the first time with its result discarded.
async fn twice(stage: &Stage) -> Result<()> {
    let subject = subject(stage, "ledger-twice").await?;
    for (machine, output) in [
        (Machine::Backup, "BackupStateMachineArn"),
        (Machine::Restore, "RestoreStateMachineArn"),
    ] {
        let doubled_too = doubled(stage, "TransferStateMachineArn", run(&subject, machine));
        let ended = doubled(stage, output, doubled_too).await?;
        ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    }
    let sets = subject.records.sets(&subject.dataset.name).await?;
    ensure!(
        sets.len() == 1,
        "`last: 1` keeps the newest set and nothing else: {sets:?}"
    );
    ensure!(folders(&subject).await?.len() == 1, "one dump");
    Ok(())
}
