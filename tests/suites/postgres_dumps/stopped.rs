//! Executions that are stopped in the console while a database is dumped or restored: on-call is notified, the deployment is free again, and
//! nothing partial is taken for a dump or left as a database.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::executions::{ended, start};
use holdfast_tests::ledger::DATABASE;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::shop::{folders, ledger, sealed, shop};
use crate::checks::Subject;
use crate::stage::{Stage, Stages};

const LIMIT: Duration = Duration::from_secs(120);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test(
            "postgres_dumps::stopped::a_job_that_is_stopped_fails_its_backup_with_that_reason",
            |stage| Box::pin(stopped_dump(stage)),
        ),
        stages.test(
            "postgres_dumps::stopped::a_backup_that_is_stopped_during_a_dump_is_closed",
            |stage| Box::pin(stopped_backup(stage)),
        ),
        stages.test(
            "postgres_dumps::stopped::a_restore_whose_job_is_stopped_leaves_no_database",
            |stage| Box::pin(stopped_load(stage)),
        ),
        stages.test(
            "postgres_dumps::stopped::a_restore_that_is_stopped_stops_its_job_and_leaves_no_database",
            |stage| Box::pin(stopped_restore(stage)),
        ),
    ]
}

/// Makes a step's calls of S3 so slow that its job is found while it runs.
async fn slow(stage: &Stage, step: &str, action: &str) -> Result<()> {
    let caller = format!("holdfast-{step}");
    let fault = json!({ "service": "s3", "caller": caller, "action": action, "kind": "slow", "milliseconds": 4000 });
    stage.lab.inject(fault).await.map(drop)
}

/// A backup that has begun its dump, and the execution of its job.
async fn slow_dump(subject: &Subject<'_>) -> Result<(String, String)> {
    slow(subject.stage, "write-dump", "PutObject").await?;
    subject.inbox.take().await?;
    let machine = subject.stage.stack.output("BackupStateMachineArn")?;
    let execution = start(
        &subject.stage.aws,
        machine,
        &json!({ "deployment": subject.dataset.name }),
    )
    .await?;
    Ok((execution, running_job(subject.stage).await?))
}

async fn running_job(stage: &Stage) -> Result<String> {
    let machine = stage.stack.output("TransferStateMachineArn")?;
    let request = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" });
    until("a job runs", LIMIT, || async {
        let listed = stage
            .aws
            .json("states", "AWSStepFunctions.ListExecutions", request.clone())
            .await?;
        Ok(listed["executions"][0]["executionArn"].as_str().map(str::to_owned))
    })
    .await
}

async fn stop(stage: &Stage, execution: &str) -> Result<()> {
    let request = json!({ "executionArn": execution, "error": "Operator", "cause": "stopped in the console" });
    let stopped = stage
        .aws
        .json("states", "AWSStepFunctions.StopExecution", request)
        .await;
    stopped.map(drop)
}

async fn stopped_dump(stage: &Stage) -> Result<()> {
    let subject = shop(stage, "job-stopped", 3, |_| ()).await?;
    let mark = stage.lab.ledger_position().await?;
    let (execution, job) = slow_dump(&subject).await?;
    stop(stage, &job).await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    stage.lab.heal().await?;
    ensure!(end.status == "FAILED", "{end:?}");
    let (set, mail) = subject.check(&end, mark).await?;
    ensure!(mail.body.contains("stopped in the console"), "{}", mail.body);
    ensure!(set.context("no set")?["status"] == "failed");
    after(&subject).await
}

async fn stopped_backup(stage: &Stage) -> Result<()> {
    let subject = shop(stage, "backup-stopped", 3, |_| ()).await?;
    let mark = stage.lab.ledger_position().await?;
    let (execution, _) = slow_dump(&subject).await?;
    stop(stage, &execution).await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    ensure!(end.status == "ABORTED", "{end:?}");
    let (set, mail) = subject.check(&end, mark).await?;
    ensure!(mail.body.to_lowercase().contains("aborted"), "{}", mail.body);
    ensure!(set.context("no set")?["status"] == "failed");
    stage.lab.heal().await?;
    after(&subject).await
}

/// What was stopped is no dump; the next run seals one, and what is in the archive is of sets that the catalog has.
async fn after(subject: &Subject<'_>) -> Result<()> {
    let set = sealed(subject).await?;
    ensure!(set["probes"][0]["count"] == 3, "{set:#}");
    let ended = subject.restore(json!({ "cut_over": "no" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(
        record["plan"]["set"] == set["id"],
        "the stopped one is never offered: {record:#}"
    );
    let sets = subject.records.sets(&subject.dataset.name).await?;
    let ids: Vec<&str> = sets.iter().filter_map(|set| set["id"].as_str()).collect();
    for folder in folders(subject).await? {
        ensure!(
            ids.iter().any(|id| folder.ends_with(id)),
            "{folder} is of no set: {ids:?}"
        );
    }
    Ok(())
}

/// A restore that has begun to load its dump, and the execution of its job.
async fn slow_load(subject: &Subject<'_>) -> Result<(String, String)> {
    sealed(subject).await?;
    subject.inbox.take().await?;
    slow(subject.stage, "load-dump", "GetObject").await?;
    let execution = subject.start_restore(json!({ "cut_over": "no" })).await?;
    Ok((execution, running_job(subject.stage).await?))
}

/// On-call was notified of what cannot be seen from the databases, which are as before.
async fn undone(subject: &Subject<'_>, reason: &str) -> Result<()> {
    let mail = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
    let severity = mail.attributes.pointer("/severity/Value").and_then(Value::as_str);
    ensure!(severity == Some("critical"), "{}", mail.body);
    ensure!(mail.body.to_lowercase().contains(reason), "{}", mail.body);
    subject.not_leased().await?;
    // The function that was in flight drops what it created after the undo.
    until("nothing is left", LIMIT, || async {
        Ok((ledger(subject)?.databases().await? == [DATABASE]).then_some(()))
    })
    .await
}

async fn stopped_load(stage: &Stage) -> Result<()> {
    let subject = shop(stage, "load-stopped", 3, |_| ()).await?;
    let (execution, job) = slow_load(&subject).await?;
    stop(stage, &job).await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    stage.lab.heal().await?;
    ensure!(end.status == "FAILED", "{end:?}");
    undone(&subject, "stopped in the console").await
}

async fn stopped_restore(stage: &Stage) -> Result<()> {
    let subject = shop(stage, "restore-stopped", 3, |_| ()).await?;
    let (execution, job) = slow_load(&subject).await?;
    stop(stage, &execution).await?;
    let end = ended(&stage.aws, &job, LIMIT).await?;
    stage.lab.heal().await?;
    // The undo stops it, unless its function has already seen that the run has ended.
    let stopped = end.status == "ABORTED" && end.cause.contains("undone");
    ensure!(stopped || end.cause.contains("has ended"), "{end:?}");
    undone(&subject, "aborted").await
}
