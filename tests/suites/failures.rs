//! Jobs that fail in every way of AWS, jobs that never end, executions that are aborted, functions that are killed.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::Sizes;
use holdfast_tests::executions::{ended, start};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::stage::{Stage, Stages};

const LIMIT: Duration = Duration::from_secs(120);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("failures::a_failed_job_fails_the_set_and_names_the_resource", |stage| {
            Box::pin(failed_jobs(stage))
        }),
        stages.test("failures::a_stuck_job_ends_at_its_deadline", |stage| {
            Box::pin(stuck_jobs(stage))
        }),
        stages.test(
            "failures::an_aborted_execution_is_cleaned_up_after_and_reported",
            |stage| Box::pin(aborted(stage)),
        ),
        stages.test("failures::a_killed_function_is_run_again", |stage| {
            Box::pin(killed(stage))
        }),
        stages.test("failures::a_missing_or_doomed_secret_fails_the_set", |stage| {
            Box::pin(doomed_secret(stage))
        }),
        stages.test("failures::a_second_run_at_the_same_time_is_refused", |stage| {
            Box::pin(busy(stage))
        }),
        stages.test("failures::a_denied_call_says_which", |stage| Box::pin(denied(stage))),
        stages.test("failures::what_only_serves_a_comparison_costs_no_backup", |stage| {
            Box::pin(not_sampled(stage))
        }),
        stages.test("failures::a_wrong_request_names_the_field", |stage| {
            Box::pin(wrong_request(stage))
        }),
    ]
}

async fn failed_jobs(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "failing", &Sizes::small(), |_| ()).await?;
    subject.back_up().await?;
    let jobs = [
        ("rds", "CreateDBClusterSnapshot", "job_failed", "database"),
        ("backup", "StartBackupJob", "job_failed", "storage"),
        ("backup", "StartBackupJob", "job_expired", "storage"),
        ("backup", "StartBackupJob", "job_partial", "storage"),
        ("backup", "StartBackupJob", "job_aborted", "storage"),
        ("backup", "StartBackupJob", "job_completed_with_issues", "storage"),
        ("backup", "StartBackupJob", "job_zero_bytes", "storage"),
    ];
    for (service, action, kind, resource) in jobs {
        stage
            .lab
            .inject(json!({ "service": service, "action": action, "kind": kind }))
            .await?;
        let (ended, set, mail) = subject.back_up().await.context(kind)?;
        stage.lab.heal().await?;
        ensure!(ended.status == "FAILED", "{kind}: {ended:?}");
        let set = set.context("a failed run keeps its set")?;
        let reasons = set["reasons"].as_array().cloned().unwrap_or_default();
        ensure!(
            reasons.len() == 1 && reasons[0]["subject"] == resource,
            "{kind}: {reasons:?}"
        );
        ensure!(mail.body.contains(resource), "{kind}: {}", mail.body);
        let statuses: Vec<Value> = subject
            .records
            .points(&subject.dataset.name, &set)
            .await?
            .into_iter()
            .map(|point| point["status"].clone())
            .collect();
        // Whether 0 bytes are too few is decided at the end: the job itself succeeded.
        let failed = usize::from(kind != "job_zero_bytes");
        ensure!(
            statuses.iter().filter(|status| **status == "failed").count() == failed,
            "one failure cancels no other: {statuses:?}"
        );
    }
    Ok(())
}

/// Fails at 8e363f8: each of them failed the backup after retries of many minutes, with the application quiesced.
async fn not_sampled(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "unsampled", &Sizes::small(), |_| ()).await?;
    for fault in [
        json!({ "caller": "holdfast-back-up-file-system", "service": "lambda", "action": "Invoke", "kind": "error_503" }),
        json!({ "caller": "holdfast-back-up-table", "service": "dynamodb", "action": "Scan", "kind": "error_500" }),
    ] {
        stage.lab.inject(fault).await?;
    }
    let (ended, set, mail) = subject.back_up().await?;
    stage.lab.heal().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    ensure!(set.is_some_and(|set| set["status"] == "sealed"));
    for part in ["NotSampled", "storage, tables.unsampled-rooms: "] {
        ensure!(mail.body.contains(part), "{part}: {}", mail.body);
    }
    Ok(())
}

async fn stuck_jobs(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "stuck", &Sizes::small(), |descriptor| {
        descriptor["deadline"] = json!("1h")
    })
    .await?;
    for (service, action, look, resource) in [
        (
            "rds",
            "CreateDBClusterSnapshot",
            "DescribeDBClusterSnapshots",
            "database",
        ),
        ("backup", "StartBackupJob", "DescribeBackupJob", "storage"),
    ] {
        stage
            .lab
            .inject(json!({ "service": service, "action": action, "kind": "job_stuck" }))
            .await?;
        let mark = stage.lab.ledger_position().await?;
        let execution = begin(&subject).await?;
        called(stage, mark, "holdfast-poll-status", look).await?;
        // Past the deadline, and within the two hours that AWS Backup is given to complete.
        stage.lab.advance_clock(90 * 60).await?;
        let end = ended(&stage.aws, &execution, LIMIT).await?;
        let (set, mail) = subject.check(&end, mark).await.with_context(|| resource.to_owned())?;
        let reasons = set.context("no set")?["reasons"].clone();
        ensure!(
            reasons.as_array().is_some_and(|all| all
                .iter()
                .any(|reason| reason["subject"] == resource && reason["error"] == "DeadlineExceeded")),
            "{reasons}"
        );
        ensure!(
            mail.body.contains("DeadlineExceeded") || mail.body.contains("deadline"),
            "{}",
            mail.body
        );
        stage.lab.heal().await?;
    }
    Ok(())
}

async fn aborted(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "aborted", &Sizes::small(), |_| ()).await?;
    stage.lab.set_durations(3.0).await?;
    let mark = stage.lab.ledger_position().await?;
    let execution = begin(&subject).await?;
    called(stage, mark, "holdfast-back-up-file-system", "StartBackupJob").await?;
    stage
        .aws
        .json(
            "states",
            "AWSStepFunctions.StopExecution",
            json!({ "executionArn": execution, "error": "Operator", "cause": "stopped in the console" }),
        )
        .await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    ensure!(end.status == "ABORTED", "{end:?}");
    let (set, mail) = subject.check(&end, mark).await?;
    ensure!(
        set.is_some_and(|set| set["status"] == "failed"),
        "an aborted run's set has failed"
    );
    ensure!(mail.body.to_lowercase().contains("aborted"), "{}", mail.body);
    stage.lab.set_durations(0.3).await?;
    Ok(())
}

async fn killed(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "killed", &Sizes::small(), |_| ()).await?;
    let victims = [
        ("plan-backup", "dynamodb", "kill_caller_after"),
        ("snapshot-cluster", "rds", "kill_caller_after"),
        ("back-up-file-system", "backup", "kill_caller_after"),
        ("back-up-table", "dynamodb", "kill_caller_after"),
        ("poll-status", "backup", "kill_caller_before"),
        ("seal-set", "dynamodb", "kill_caller_after"),
        ("notify", "sns", "kill_caller_before"),
    ];
    for (function, service, kind) in victims {
        let fault = stage
            .lab
            .inject(json!({ "caller": format!("holdfast-{function}"), "service": service, "nth": 1, "kind": kind }))
            .await?;
        let (ended, _, _) = subject.back_up().await.with_context(|| format!("{kind} {function}"))?;
        ensure!(stage.lab.hits(fault).await? == 1, "{function} was not killed");
        ensure!(ended.status == "SUCCEEDED", "{function}: {ended:?}");
        stage.lab.heal().await?;
    }
    Ok(())
}

async fn doomed_secret(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "doomed", &Sizes::small(), |descriptor| {
        descriptor["probes"] = json!({})
    })
    .await?;
    stage
        .aws
        .json(
            "secretsmanager",
            "secretsmanager.DeleteSecret",
            json!({ "SecretId": subject.dataset.secret, "RecoveryWindowInDays": 7 }),
        )
        .await?;
    let (ended, set, mail) = subject.back_up().await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(
        set.context("no set")?["reasons"][0]["subject"] == "login",
        "the guard is the reason"
    );
    ensure!(
        mail.body.contains("restore-secret"),
        "the next step is in the message: {}",
        mail.body
    );
    Ok(())
}

async fn busy(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "busy", &Sizes::small(), |_| ()).await?;
    stage.lab.set_durations(3.0).await?;
    let mark = stage.lab.ledger_position().await?;
    let first = begin(&subject).await?;
    called(stage, mark, "holdfast-back-up-file-system", "StartBackupJob").await?;
    let second = stage.back_up(&subject.dataset.name).await?;
    ensure!(second.status == "FAILED", "{second:?}");
    let refusal = subject.inbox.about(&subject.dataset.name, LIMIT).await?;
    ensure!(
        refusal.body.contains(&first),
        "the refusal names the execution that holds the deployment: {}",
        refusal.body
    );
    let end = ended(&stage.aws, &first, LIMIT).await?;
    ensure!(
        end.status == "SUCCEEDED",
        "the first run continues undisturbed: {end:?}"
    );
    subject.check(&end, mark).await?;
    stage.lab.set_durations(0.3).await
}

async fn denied(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "denied", &Sizes::small(), |_| ()).await?;
    stage
        .lab
        .inject(json!({ "service": "rds", "action": "CreateDBClusterSnapshot", "kind": "access_denied" }))
        .await?;
    let (ended, set, mail) = subject.back_up().await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(
        set.context("no set")?["reasons"][0]["error"] == "AccessDenied",
        "the reason has its stable name"
    );
    ensure!(mail.body.contains(&subject.dataset.cluster), "{}", mail.body);
    Ok(())
}

async fn wrong_request(stage: &Stage) -> Result<()> {
    let machine = stage.stack.output("BackupStateMachineArn")?;
    for (input, field) in [
        (json!({}), "deployment"),
        (json!({ "deployment": 7 }), "deployment"),
        (json!({ "deployment": "nobody", "set": "x" }), "set"),
        (json!({ "deployment": "nobody" }), "nobody"),
    ] {
        let mark = stage.lab.ledger_position().await?;
        let end = holdfast_tests::executions::run(&stage.aws, machine, &input, LIMIT).await?;
        ensure!(end.status == "FAILED" && end.cause.contains(field), "{input}: {end:?}");
        let touched = stage
            .lab
            .ledger(mark)
            .await?
            .into_iter()
            .find(|call| matches!(call["service"].as_str(), Some("rds" | "backup" | "elasticfilesystem")));
        ensure!(touched.is_none(), "{input} touched {touched:?}");
    }
    Ok(())
}

async fn begin(subject: &Subject<'_>) -> Result<String> {
    subject.inbox.take().await?;
    let machine = subject.stage.stack.output("BackupStateMachineArn")?;
    start(
        &subject.stage.aws,
        machine,
        &json!({ "deployment": subject.dataset.name }),
    )
    .await
}

/// Waits until `caller` has called `action`.
async fn called(stage: &Stage, mark: u64, caller: &str, action: &str) -> Result<()> {
    until(&format!("{caller} calls {action}"), LIMIT, || async {
        let calls = stage.lab.ledger(mark).await?;
        Ok(calls
            .iter()
            .any(|call| call["caller"] == caller && call["action"] == action)
            .then_some(()))
    })
    .await
}
