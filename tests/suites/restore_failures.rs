//! Failed restores: jobs that fail or never end, aborted executions, killed functions, two runs at once.
//! Each is undone, and on-call is notified.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::executions::{Ended, ended, start};
use holdfast_tests::inbox::InboxMessage;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

const LIMIT: Duration = Duration::from_secs(180);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test(
            "restore_failures::a_failed_job_undoes_the_restore_and_names_the_resource",
            |stage| Box::pin(failed_jobs(stage)),
        ),
        stages.test("restore_failures::a_stuck_job_ends_at_its_deadline", |stage| {
            Box::pin(stuck_jobs(stage))
        }),
        stages.test(
            "restore_failures::a_lack_of_capacity_is_told_and_removes_nothing",
            |stage| Box::pin(without_capacity(stage)),
        ),
        stages.test(
            "restore_failures::an_aborted_execution_is_undone_and_reported",
            |stage| Box::pin(aborted(stage)),
        ),
        stages.test("restore_failures::a_killed_function_is_run_again", |stage| {
            Box::pin(killed(stage))
        }),
        stages.test("restore_failures::one_run_at_a_time", |stage| Box::pin(busy(stage))),
        stages.test(
            "restore_failures::instances_that_cannot_be_replaced_are_a_failed_cut_over_and_replaced_again",
            |stage| Box::pin(failed_refresh(stage)),
        ),
    ]
}

async fn failed_jobs(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "res-failing").await?;
    let before = subject.data().await?;
    for (service, action, kind, resource) in [
        ("rds", "RestoreDBClusterFromSnapshot", "job_failed", "database"),
        ("rds", "CreateDBInstance", "job_failed", "database"),
        ("backup", "StartRestoreJob", "job_failed", "storage"),
        ("backup", "StartRestoreJob", "job_aborted", "storage"),
    ] {
        let fault = json!({ "service": service, "action": action, "kind": kind });
        let fault = stage.lab.inject(fault).await?;
        let (end, record, mail) = failed(&subject).await.with_context(|| format!("{action} {kind}"))?;
        ensure!(stage.lab.hits(fault).await? == 1, "{action} was not hit: {end:?}");
        stage.lab.heal().await?;
        let reasons = record["reasons"].as_array().cloned().unwrap_or_default();
        ensure!(
            reasons.len() == 1 && reasons[0]["subject"] == resource,
            "{action} {kind}: one failure cancels no other: {reasons:?}"
        );
        ensure!(mail.body.contains(resource), "{action} {kind}: {}", mail.body);
        subject.nothing_left_of(text(&record, "/id")?).await?;
        ensure!(
            subject.data().await? == before,
            "{action} {kind}: the source is what it was"
        );
    }
    Ok(())
}

async fn stuck_jobs(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "res-stuck").await?;
    let mut descriptor = application.descriptor(&subject.dataset);
    descriptor["restore_deadline"] = json!("1h");
    subject.records.apply(&descriptor).await?;
    let before = subject.data().await?;
    for (service, action, function, resource) in [
        ("rds", "RestoreDBClusterFromSnapshot", "restore-cluster", "database"),
        ("backup", "StartRestoreJob", "restore-file-system", "storage"),
    ] {
        let stuck = json!({ "service": service, "action": action, "kind": "job_stuck" });
        stage.lab.inject(stuck).await?;
        subject.inbox.take().await?;
        let mark = stage.lab.ledger_position().await?;
        let execution = subject.start_restore(json!({})).await?;
        called(stage, mark, &format!("holdfast-{function}"), action).await?;
        stage.lab.advance_clock(90 * 60).await?;
        // AWS can stop neither a restore nor a creation: the undo waits for it, a day and a half.
        until("the restore is being undone", LIMIT, || async {
            let record = subject.restore_of(&execution).await?;
            Ok(record.filter(|record| record["undoing_at"].is_string()).map(drop))
        })
        .await?;
        stage.lab.advance_clock(37 * 3600).await?;
        let end = ended(&stage.aws, &execution, LIMIT).await?;
        ensure!(end.status == "FAILED", "{end:?}");
        let record = subject.restore_of(&execution).await?.context("no record")?;
        let mail = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
        ensure!(
            record["reasons"].as_array().is_some_and(|all| all
                .iter()
                .any(|reason| reason["subject"] == resource && reason["error"] == "DeadlineExceeded")),
            "{resource}: {}",
            record["reasons"]
        );
        let left = record["left"].as_array().cloned().unwrap_or_default();
        ensure!(left.iter().all(|left| left["subject"] == resource), "{left:?}");
        let messages = left.iter().filter_map(|left| left["message"].as_str());
        for left in messages {
            let words = left.split(", still after").next().unwrap_or_default();
            ensure!(
                mail.body.contains(words),
                "{words} remains, and is not reported: {}",
                mail.body
            );
        }
        subject.not_leased().await?;
        ensure!(subject.data().await? == before, "{resource}: the source is what it was");
        stage.lab.heal().await?;
    }
    Ok(())
}

/// While AWS has no capacity for the writer, on-call is notified, and what was restored is kept, also at the end.
async fn without_capacity(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "res-short").await?;
    let mut descriptor = application.descriptor(&subject.dataset);
    descriptor["restore_deadline"] = json!("1h");
    subject.records.apply(&descriptor).await?;
    let before = subject.data().await?;
    subject.inbox.take().await?;
    let lacks = json!({ "service": "rds", "action": "CreateDBInstance", "kind": "no_capacity" });
    let lacks = stage.lab.inject(lacks).await?;
    let mark = stage.lab.ledger_position().await?;
    let execution = subject.start_restore(json!({})).await?;
    let asked = |times: u64| async move {
        until("an instance is asked for", LIMIT, || async {
            Ok((stage.lab.hits(lacks).await? >= times).then_some(()))
        })
        .await
    };
    asked(1).await?;
    // A notification that was not delivered is repeated at the next poll.
    let undelivered = json!({
        "caller": "holdfast-notify", "service": "sns", "action": "Publish", "kind": "access_denied", "times": 1,
    });
    let undelivered = stage.lab.inject(undelivered).await?;
    stage.lab.advance_clock(20 * 60).await?;
    let waits = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
    ensure!(waits.subject.contains("WAITS for capacity"), "{waits:?}");
    ensure!(
        stage.lab.hits(undelivered).await? == 1,
        "every notification was delivered"
    );
    let asked_before = stage.lab.hits(lacks).await?;
    stage.lab.advance_clock(60 * 60).await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    ensure!(end.status == "FAILED", "{end:?}");
    asked(asked_before + 1).await?;
    let record = subject.restore_of(&execution).await?.context("no record")?;
    let id = text(&record, "/id")?;
    let kept = subject.items(id).await?;
    let is = |item: &&Value, status: &str| item["status"] == status;
    let failed: Vec<&Value> = kept.iter().filter(|item| is(item, "failed")).collect();
    ensure!(
        failed.len() == 1 && failed[0]["shortage"]["kept"] == true,
        "{failed:#?}"
    );
    ensure!(!kept.iter().any(|item| is(&item, "undone")), "{kept:#?}");
    let mail = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
    ensure!(mail.subject.contains("for lack of capacity, copies kept"), "{mail:?}");
    let cluster = kept.iter().find_map(|item| item.pointer("/made/cluster")?.as_str());
    let cluster = cluster.context("no cluster was made")?;
    ensure!(mail.body.contains(cluster), "{}", mail.body);
    stage
        .aws
        .rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)])
        .await?;
    // Copies that are reported as kept are not removed by the clean-up of a failed execution: EventBridge's call, and this one.
    clean_up(stage, &execution).await?;
    subject.not_leased().await?;
    ensure!(subject.data().await? == before, "the source is what it was");
    let calls = stage.lab.ledger(mark).await?;
    ensure!(
        !calls
            .iter()
            .any(|call| call["caller"] == "holdfast-clean-up" && call["action"] == "StartExecution"),
        "the copies are being removed"
    );
    stage.lab.heal().await?;
    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    subject.nothing_left_of(id).await
}

async fn aborted(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "res-aborted").await?;
    let before = subject.data().await?;
    stage.lab.set_durations(3.0).await?;
    subject.inbox.take().await?;
    let mark = stage.lab.ledger_position().await?;
    let execution = subject.start_restore(json!({})).await?;
    for (function, action) in [
        ("restore-cluster", "RestoreDBClusterFromSnapshot"),
        ("restore-file-system", "StartRestoreJob"),
        ("restore-table", "RestoreTableFromBackup"),
    ] {
        called(stage, mark, &format!("holdfast-{function}"), action).await?;
    }
    let stop = json!({ "executionArn": execution, "error": "Operator", "cause": "stopped in the console" });
    stage.aws.json("states", "AWSStepFunctions.StopExecution", stop).await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    ensure!(end.status == "ABORTED", "{end:?}");
    let mail = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
    ensure!(mail.body.to_lowercase().contains("aborted"), "{}", mail.body);
    let record = subject.restore_of(&execution).await?.context("no record")?;
    let id = text(&record, "/id")?;
    until("all of it is gone", LIMIT, || async {
        let items = subject.items(id).await?;
        Ok(items.iter().all(|item| item["status"] == "undone").then_some(()))
    })
    .await?;
    subject.nothing_left_of(id).await?;
    subject.not_leased().await?;
    ensure!(subject.data().await? == before, "the source is what it was");
    Ok(())
}

/// Each function of a good restore is killed once, most of them after their call has taken effect.
async fn killed(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "res-killed").await?;
    let before = subject.data().await?;
    let victims = [
        ("plan-restore", "dynamodb", "PutItem", "kill_caller_after"),
        (
            "restore-cluster",
            "rds",
            "RestoreDBClusterFromSnapshot",
            "kill_caller_after",
        ),
        ("restore-file-system", "backup", "StartRestoreJob", "kill_caller_after"),
        (
            "restore-table",
            "dynamodb",
            "RestoreTableFromBackup",
            "kill_caller_after",
        ),
        ("list-probes", "dynamodb", "Query", "kill_caller_before"),
        ("compare-resource", "dynamodb", "GetItem", "kill_caller_before"),
        ("verify-restore", "dynamodb", "PutItem", "kill_caller_after"),
        ("cut-over", "secretsmanager", "PutSecretValue", "kill_caller_after"),
        ("notify", "sns", "Publish", "kill_caller_before"),
    ];
    let mut faults = Vec::new();
    for (function, service, action, kind) in victims {
        let caller = format!("holdfast-{function}");
        let rule = json!({ "caller": caller, "service": service, "action": action, "nth": 1, "kind": kind });
        faults.push((function, stage.lab.inject(rule).await?));
    }
    let end = subject.restore(json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    let mut spared = Vec::new();
    for (function, fault) in faults {
        if stage.lab.hits(fault).await? == 0 {
            spared.push(function);
        }
    }
    ensure!(spared.is_empty(), "not killed: {spared:?}, {end:?}");
    ensure!(end.status == "SUCCEEDED", "{end:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let id = text(&record, "/id")?;
    ensure!(
        subject.copied(id).await? == before,
        "the copies hold what was backed up"
    );
    ensure!(subject.data().await? == before, "the source is what it was");
    Ok(())
}

async fn busy(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "res-busy").await?;
    stage.lab.set_durations(3.0).await?;
    let backup = stage.stack.output("BackupStateMachineArn")?;
    let request = json!({ "deployment": subject.dataset.name });

    subject.inbox.take().await?;
    let mark = stage.lab.ledger_position().await?;
    let first = start(&stage.aws, backup, &request).await?;
    called(stage, mark, "holdfast-back-up-file-system", "StartBackupJob").await?;
    refused_for(&subject, &subject.restore(json!({})).await?, &first).await?;
    let end = ended(&stage.aws, &first, LIMIT).await?;
    ensure!(end.status == "SUCCEEDED", "the backup continues undisturbed: {end:?}");
    subject.check(&end, mark).await?;

    let mark = stage.lab.ledger_position().await?;
    let first = subject.start_restore(json!({ "cut_over": "no" })).await?;
    called(stage, mark, "holdfast-restore-file-system", "StartRestoreJob").await?;
    refused_for(&subject, &stage.back_up(&subject.dataset.name).await?, &first).await?;
    refused_for(&subject, &subject.restore(json!({})).await?, &first).await?;
    let end = ended(&stage.aws, &first, LIMIT).await?;
    ensure!(end.status == "SUCCEEDED", "the restore continues undisturbed: {end:?}");
    stage.lab.set_durations(0.3).await
}

/// A run was refused, and on-call notified which execution holds the deployment.
async fn refused_for(subject: &Subject<'_>, end: &Ended, holder: &str) -> Result<()> {
    ensure!(end.status == "FAILED", "{end:?}");
    ensure!(format!("{end:?}").contains("DeploymentBusy"), "{end:?}");
    let mail = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
    ensure!(mail.body.contains(holder), "{holder} is not named: {}", mail.body);
    Ok(())
}

/// A restore that fails: how it ended, its record, and on-call's messages.
async fn failed(subject: &Subject<'_>) -> Result<(Ended, Value, InboxMessage)> {
    subject.inbox.take().await?;
    let end = subject.restore(json!({})).await?;
    ensure!(end.status == "FAILED", "{end:?}");
    let mail = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
    let severity = mail.attributes.pointer("/severity/Value").and_then(Value::as_str);
    ensure!(severity == Some("critical"), "{severity:?}: {}", mail.body);
    subject.not_leased().await?;
    let record = subject.restore_of(&end.arn).await?.context("no record")?;
    Ok((end, record, mail))
}

/// Waits until `caller` has called `action`.
/// Calls the clean-up as EventBridge does when an execution has failed, and waits until it has ended.
async fn clean_up(stage: &Stage, execution: &str) -> Result<()> {
    let asked = json!({ "executionArn": execution });
    let found = stage
        .aws
        .json("states", "AWSStepFunctions.DescribeExecution", asked)
        .await?;
    let started = found["startDate"].as_f64().context("no start")?;
    let event = json!({
        "time": "2026-11-29T12:00:00Z",
        "detail": {
            "executionArn": execution, "stateMachineArn": found["stateMachineArn"], "status": found["status"],
            "startDate": (started * 1000.0).round() as i64, "input": found["input"], "error": found["error"], "cause": found["cause"],
        },
    });
    let path = "/2015-03-31/functions/holdfast-clean-up/invocations";
    let answer = stage.aws.rest("lambda", Method::POST, path, Some(event)).await?;
    ensure!(answer.get("errorType").is_none(), "{answer:#}");
    Ok(())
}

async fn called(stage: &Stage, mark: u64, caller: &str, action: &str) -> Result<()> {
    until(&format!("{caller} calls {action}"), LIMIT, || async {
        let calls = stage.lab.ledger(mark).await?;
        let found = calls
            .iter()
            .any(|call| call["caller"] == caller && call["action"] == action);
        Ok(found.then_some(()))
    })
    .await
}

/// Half of the instances are new when the refresh fails: they have read what is switched back.
async fn failed_refresh(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "res-refresh").await?;
    let (secret, launched) = (subject.secret_value().await?, application.instances().await?);
    let fault = json!({ "service": "autoscaling", "action": "StartInstanceRefresh", "kind": "job_failed", "times": 1 });
    let fault = stage.lab.inject(fault).await?;
    let ended = subject.restore(json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(stage.lab.hits(fault).await? == 1, "the refresh was not hit: {ended:?}");
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(record["status"] == "switched_back", "{record:#}");
    let why = record["reasons"].to_string();
    ensure!(why.contains("The lab was asked to fail it"), "{why}");
    ensure!(subject.secret_value().await? == secret, "the secret is switched back");
    let now = application.instances().await?;
    ensure!(
        now.len() == launched.len() && now.is_disjoint(&launched),
        "all are replaced after switching back: {launched:?} {now:?}"
    );
    ensure!(application.refreshes().await?.len() == 2);
    let id = text(&record, "/id")?;
    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    subject.nothing_left_of(id).await
}
