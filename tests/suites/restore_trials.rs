//! The generic trials, over the whole restore: every step twice; every AWS call of every function failing in every way.
//! Always one of: restored and verified once, or undone completely, with on-call notified.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::data::Data;
use holdfast_tests::executions::{Ended, now};
use holdfast_tests::inbox::InboxMessage;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};
use crate::trials::{Call, FAULTS, Faults, PATIENCE, calls_since, doubled};

/// Steps that run again until AWS is done.
const LOOKING: [&str; 6] = [
    "holdfast-restore-cluster",
    "holdfast-restore-file-system",
    "holdfast-restore-table",
    "holdfast-undo-restore",
    "holdfast-cut-over",
    "holdfast-undo-cut-over",
];

/// Steps of a restore with many calls, each of which fails in a run of its own: a run that fails at ten calls beyond the
/// SDK's retries exhausts the machine's retries.
const TOGETHER: usize = 3;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let trial = |(name, kind, times): (&str, &'static str, u32)| {
        stages.test(&format!("restore_trials::every_call_{name}"), move |stage| {
            Box::pin(every_call(stage, kind, times))
        })
    };
    let mut tests: Vec<Trial> = FAULTS.into_iter().map(trial).collect();
    tests.push(
        stages.test("restore_trials::every_step_twice_gives_one_effect", |stage| {
            Box::pin(twice(stage))
        }),
    );
    tests
}

async fn every_call(stage: &Stage, kind: &str, times: u32) -> Result<()> {
    let name = format!("res-{}-{times}", kind.replace('_', "-"));
    let (subject, _) = backed_up(stage, &name).await?;
    let before = subject.data().await?;
    let mut waiting = calls_of_a_good_run(&subject, &before).await?;
    let mut missed = Vec::new();
    while !waiting.is_empty() {
        let round = next_round(&mut waiting, if times == 1 { usize::MAX } else { TOGETHER });
        missed.extend(hit(&subject, &before, &round, kind, times).await?);
    }
    // A run that fails at a call does not make the later ones: each of these fails in a run of its own.
    let mut never = Vec::new();
    for call in missed {
        never.extend(hit(&subject, &before, std::slice::from_ref(&call), kind, times).await?);
    }
    ensure!(never.is_empty(), "never hit: {never:?}");
    Ok(())
}

/// The calls that two good runs both make: a retry in one of them is not a call of every run.
async fn calls_of_a_good_run(subject: &Subject<'_>, before: &Data) -> Result<Vec<Call>> {
    let mut both: Option<BTreeSet<Call>> = None;
    for _ in 0..2 {
        let mark = subject.stage.lab.ledger_position().await?;
        let status = run(subject, before).await?;
        ensure!(status == "SUCCEEDED", "a good run: {status}");
        let calls = calls_since(subject.stage, mark, &LOOKING).await?;
        let calls: BTreeSet<Call> = calls.into_iter().collect();
        both = Some(match both {
            Some(first) => first.intersection(&calls).cloned().collect(),
            None => calls,
        });
    }
    let calls: Vec<Call> = both.unwrap_or_default().into_iter().collect();
    let functions: BTreeSet<&str> = calls.iter().map(|call| call.caller.as_str()).collect();
    ensure!(
        functions.len() >= 12,
        "a restore takes twelve functions and more: {functions:?}"
    );
    Ok(calls)
}

/// Removes calls that can fail in one run: some of each function, and one of each action, since a retry is a call of the
/// same action.
pub fn next_round(waiting: &mut Vec<Call>, together: usize) -> Vec<Call> {
    let mut taken: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    let mut round = Vec::new();
    waiting.retain(|call| {
        let actions = taken.entry(call.caller.clone()).or_default();
        if actions.len() < together && actions.insert((call.service.clone(), call.action.clone())) {
            round.push(call.clone());
            return false;
        }
        true
    });
    round
}

/// One restore, and what undoes it, in which these calls fail; returns those that were not made.
async fn hit(subject: &Subject<'_>, before: &Data, calls: &[Call], kind: &str, times: u32) -> Result<Vec<Call>> {
    let mut faults = Faults::inject(&subject.stage.lab, calls, kind, times).await?;
    let context = || format!("{kind} x {times} at {calls:#?}");
    let outcome = restore(subject).await.with_context(context)?;
    after(subject, before, outcome, &mut faults)
        .await
        .with_context(context)?;
    faults.missed().await
}

/// One restore, fully checked, and everything reset for the next. Returns how it ended.
async fn run(subject: &Subject<'_>, before: &Data) -> Result<String> {
    let outcome = restore(subject).await?;
    after(subject, before, outcome, &mut Faults::none(&subject.stage.lab)).await
}

/// A restore that ended, its message to on-call, and the secret as it was before.
struct Outcome {
    ended: Ended,
    mail: InboxMessage,
    secret: Value,
}

/// One restore until its message to on-call.
async fn restore(subject: &Subject<'_>) -> Result<Outcome> {
    subject.inbox.take().await?;
    let secret = subject.secret_value().await?;
    let execution = subject.start_restore(json!({ "cut_over": "yes" })).await?;
    let looks = AtomicU32::new(0);
    let ended = until("the restore ends", PATIENCE, || async {
        // A transient fault must leave nothing unproven: on-call is not asked. (Otherwise it would wait for an answer.)
        if looks.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
            let record = subject.restore_of(&execution).await?;
            let asks = record.filter(|record| record["question"].is_object());
            ensure!(
                asks.is_none(),
                "a person is asked: {:#}",
                asks.unwrap_or_default()["verification"]
            );
        }
        now(&subject.stage.aws, &execution).await
    })
    .await?;
    let mail = subject.inbox.about(&subject.dataset.name, PATIENCE).await;
    let mail = mail.with_context(|| format!("on-call is notified: {ended:?}"))?;
    Ok(Outcome { ended, mail, secret })
}

/// What must hold then; everything is reset for the next restore. Returns how the restore ended.
async fn after(subject: &Subject<'_>, before: &Data, outcome: Outcome, faults: &mut Faults<'_>) -> Result<String> {
    let Outcome { ended, mail, secret } = outcome;
    subject.not_leased().await?;
    ensure!(subject.data().await? == *before, "the source is what it was: {ended:?}");
    let found = subject.restore_of(&ended.arn).await?;
    if ended.status == "SUCCEEDED" {
        let record = found.context("a restore that succeeds is recorded")?;
        let id = text(&record, "/id")?;
        ensure!(record["status"] == "cut_over", "{record:#}");
        ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
        ensure!(
            subject.copied(id).await? == *before,
            "the copies hold what was backed up"
        );
        faults.undo(subject, "UndoCutOverStateMachineArn", id).await?;
        faults.undo(subject, "UndoRestoreStateMachineArn", id).await?;
        subject.nothing_left_of(id).await?;
    } else {
        let severity = mail.attributes.pointer("/severity/Value").and_then(Value::as_str);
        ensure!(severity == Some("critical"), "{severity:?}: {}", mail.body);
        if let Some(record) = found {
            let id = text(&record, "/id")?;
            // A cut-over that failed is switched back; its copies stay, and are removed by hand.
            if record["status"] == "switched_back" {
                faults.undo(subject, "UndoRestoreStateMachineArn", id).await?;
            }
            subject
                .nothing_left_of(id)
                .await
                .with_context(|| format!("{ended:?}\n{record:#}"))?;
        }
    }
    ensure!(subject.secret_value().await? == secret, "the secret is as before");
    subject.inbox.take().await?;
    Ok(ended.status)
}

/// The same machines, in which every Task runs twice, the first time with its result discarded.
async fn twice(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "res-twice").await?;
    let before = subject.data().await?;
    let restored = doubled(stage, "RestoreStateMachineArn", run(&subject, &before));
    let switched_back = doubled(stage, "UndoCutOverStateMachineArn", restored);
    let status = doubled(stage, "UndoRestoreStateMachineArn", switched_back).await?;
    ensure!(status == "SUCCEEDED", "{status}");
    let refreshes = application.refreshes().await?;
    ensure!(
        refreshes.len() == 2,
        "the instances are replaced once by the cut-over, and once when it is undone: {refreshes:?}"
    );
    Ok(())
}
