//! The application is quiesced before the backup, and resumed as early as the kinds allow, also after failures.

mod databases;
pub mod function;
mod kinds;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::Sizes;
use holdfast_tests::executions::{ended, start};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use self::function::create_function;
use crate::checks::Subject;
use crate::stage::{Stage, Stages};

const LIMIT: Duration = Duration::from_secs(60);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = vec![
        stages.test("hooks::the_application_resumes_before_the_snapshot_ends", |stage| {
            Box::pin(early(stage))
        }),
        stages.test("hooks::a_failing_hook_fails_the_set_and_still_resumes", |stage| {
            Box::pin(failing(stage))
        }),
        stages.test("hooks::a_function_that_does_not_exist_is_found_beforehand", |stage| {
            Box::pin(missing(stage))
        }),
        stages.test("hooks::looks_that_die_for_good_leave_nothing_at_rest", |stage| {
            Box::pin(unseen(stage))
        }),
        stages.test("hooks::an_aborted_run_is_resumed_by_clean_up", |stage| {
            Box::pin(aborted(stage))
        }),
    ];
    tests.extend(kinds::tests(stages));
    tests.extend(databases::tests(stages));
    tests
}

/// The file system's job ends early, the cluster's snapshot late: resume comes between the two.
async fn early(stage: &Stage) -> Result<()> {
    let subject = with_hook(stage, "resting-early", "early").await?;
    let durations = json!({ "cluster_snapshot": 4.0, "backup_job": 0.3 });
    stage.lab.control(Method::PUT, "durations", Some(durations)).await?;
    let mark = stage.lab.ledger_position().await?;
    let (ended, set, _) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let set = set.context("no set")?;
    let quiesced = set["quiesced_seconds"].as_f64().context("the window is measured")?;
    ensure!(quiesced > 0.0, "{set}");
    let calls = invocations(stage, mark).await?;
    ensure!(calls == ["holdfast-quiesce", "holdfast-resume"], "{calls:?}");
    let points = subject.records.points(&subject.dataset.name, &set).await?;
    let run = subject
        .records
        .items(&subject.dataset.name, "RUN#")
        .await?
        .pop()
        .context("no run")?;
    let snapshot = points
        .iter()
        .find(|point| point["resource"]["name"] == "database")
        .context("no snapshot")?;
    let time = |value: &Value| -> Result<jiff::Timestamp> {
        Ok(value.as_str().with_context(|| format!("no time: {value}"))?.parse()?)
    };
    ensure!(
        time(&run["resumed_at"])? < time(&snapshot["finished_at"])?,
        "resumed only after the snapshot: {run} {snapshot}"
    );
    Ok(())
}

async fn failing(stage: &Stage) -> Result<()> {
    let subject = with_hook(stage, "resting-fails", "fails").await?;
    // A hook that AWS refuses has quiesced nothing; one that did not respond may have.
    for (kind, resumes) in [("access_denied", false), ("cut_after", true)] {
        let fault = json!({ "caller": "holdfast-quiesce", "service": "lambda", "kind": kind });
        stage.lab.inject(fault).await?;
        let mark = stage.lab.ledger_position().await?;
        let (ended, set, mail) = subject.back_up().await?;
        stage.lab.heal().await?;
        ensure!(ended.status == "FAILED", "{ended:?}");
        ensure!(
            set.context("no set")?["reasons"][0]["subject"] == "Quiesce",
            "{}",
            mail.body
        );
        let calls = invocations(stage, mark).await?;
        ensure!(
            calls.contains(&"holdfast-resume".to_owned()) == resumes,
            "what may be quiesced is resumed: {kind} {calls:?}"
        );
        ensure!(!mail.body.contains("by hand"), "{}", mail.body);
        nothing_started(stage, mark).await?;
    }
    Ok(())
}

/// An application that could not be quiesced is not backed up.
async fn nothing_started(stage: &Stage, mark: u64) -> Result<()> {
    let started = stage
        .lab
        .ledger(mark)
        .await?
        .into_iter()
        .find(|call| call["action"] == "StartBackupJob");
    ensure!(started.is_none(), "{started:?}");
    Ok(())
}

/// Fails at 8e363f8: the dry run found nothing, and after a backup, on-call was asked to resume the application by hand.
async fn missing(stage: &Stage) -> Result<()> {
    let subject = with_hook(stage, "resting-missing", "missing").await?;
    let (ended, ..) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let mut descriptor = subject.dataset.descriptor();
    descriptor["hooks"] = json!([{ "name": "offline", "kind": "lambda", "function": "holdfast-hook-nowhere" }]);
    let refused = subject
        .records
        .apply(&descriptor)
        .await
        .err()
        .context("it was applied")?;
    for part in ["hooks.offline.function", "holdfast-hook-nowhere, which does not exist"] {
        ensure!(refused.to_string().contains(part), "{refused}");
    }

    let path = "/2015-03-31/functions/holdfast-hook-missing";
    stage.aws.rest("lambda", Method::DELETE, path, None).await?;
    let mark = stage.lab.ledger_position().await?;
    let (ended, _, mail) = subject.back_up().await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    for part in ["hooks.offline.function", "holdfast-hook-missing, which does not exist"] {
        ensure!(mail.body.contains(part), "{}", mail.body);
    }
    ensure!(!mail.body.contains("QUIESCED"), "{}", mail.body);
    nothing_started(stage, mark).await?;
    let calls = invocations(stage, mark).await?;
    ensure!(calls.is_empty(), "{calls:?}");

    let ended = subject
        .restore(json!({ "dry_run": true, "safety_backup": true }))
        .await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(ended.cause.contains("holdfast-hook-missing"), "{ended:?}");
    Ok(())
}

/// The polling function is killed whenever it describes the file system's job: the application is resumed, and the
/// recovery points at the end decide about the set.
async fn unseen(stage: &Stage) -> Result<()> {
    let subject = with_hook(stage, "resting-unseen", "unseen").await?;
    let fault = json!({ "caller": "holdfast-poll-status", "service": "backup", "kind": "kill_caller_before" });
    let fault = stage.lab.inject(fault).await?;
    let mark = stage.lab.ledger_position().await?;
    let (ended, set, _) = subject.back_up().await?;
    ensure!(stage.lab.hits(fault).await? > 5, "the function is run again");
    stage.lab.heal().await?;
    let calls = invocations(stage, mark).await?;
    ensure!(calls == ["holdfast-quiesce", "holdfast-resume"], "{calls:?}");
    let set = set.context("no set")?;
    // All points exist by then, but no poll found the file system's job ended before the application wrote again.
    let reasons = set["reasons"].as_array().context("no reasons")?;
    ensure!(ended.status == "FAILED" && set["status"] == "failed", "{ended:?} {set}");
    ensure!(reasons.len() == 1 && reasons[0]["subject"] == "storage", "{set}");
    Ok(())
}

async fn aborted(stage: &Stage) -> Result<()> {
    let subject = with_hook(stage, "resting-aborted", "aborted").await?;
    stage.lab.set_durations(3.0).await?;
    let mark = stage.lab.ledger_position().await?;
    let machine = stage.stack.output("BackupStateMachineArn")?;
    let execution = start(&stage.aws, machine, &json!({ "deployment": subject.dataset.name })).await?;
    until("the file system's job starts", LIMIT, || async {
        let calls = stage.lab.ledger(mark).await?;
        Ok(calls
            .iter()
            .any(|call| call["action"] == "StartBackupJob")
            .then_some(()))
    })
    .await?;
    stage
        .aws
        .json(
            "states",
            "AWSStepFunctions.StopExecution",
            json!({ "executionArn": execution }),
        )
        .await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    let (_, mail) = subject.check(&end, mark).await?;
    let calls = invocations(stage, mark).await?;
    ensure!(
        calls == ["holdfast-quiesce", "holdfast-clean-up"],
        "{calls:?}: {}",
        mail.body
    );
    Ok(())
}

/// A deployment whose hook is a function that returns its input.
async fn with_hook<'a>(stage: &'a Stage, name: &str, function: &str) -> Result<Subject<'a>> {
    let function = format!("holdfast-hook-{function}");
    create_function(stage, &function).await?;
    Subject::create(stage, name, &Sizes::small(), |descriptor| {
        descriptor["hooks"] = json!([{ "name": "offline", "kind": "lambda", "function": function }]);
    })
    .await
}

/// Our functions that invoked a hook, in order.
async fn invocations(stage: &Stage, mark: u64) -> Result<Vec<String>> {
    let calls = stage.lab.ledger(mark).await?.into_iter();
    let invoked = calls.filter(|call| call["service"] == "lambda" && call["action"] == "Invoke");
    // The functions that mount file systems are not hooks.
    let hooks = invoked.filter(|call| !call.to_string().contains("holdfast-efs-"));
    Ok(hooks
        .filter_map(|call| call["caller"].as_str().map(str::to_owned))
        .filter(|caller| caller.starts_with("holdfast-"))
        .collect())
}
