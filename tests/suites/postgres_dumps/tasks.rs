//! Dumps and restores in tasks of ECS, for what takes longer than a function may: the same results, and each failure with its own reason.

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::lab::Options;
use holdfast_tests::ledger::DATABASE;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::shop::{folders, ledger, sealed, shop};
use crate::checks::Subject;
use crate::stage::{Stage, Stages};

/// Where the stack's tasks run.
const NETWORK: [&str; 2] = ["VpcSubnetIds=subnet-0a1b2c3d", "VpcSecurityGroupIds=sg-0a1b2c3d"];

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone(
            "postgres_dumps::tasks::a_database_is_dumped_and_restored_in_tasks_and_each_failure_has_its_reason",
            || Box::pin(in_tasks()),
        ),
        stages.test(
            "postgres_dumps::tasks::a_task_in_a_stack_without_subnets_is_refused_with_what_to_do",
            |stage| Box::pin(without_subnets(stage)),
        ),
    ]
}

/// A deployment whose database is dumped and restored in tasks.
async fn with_tasks<'a>(stage: &'a Stage, name: &str) -> Result<Subject<'a>> {
    shop(stage, name, 3, |descriptor| {
        descriptor["resources"]["ledger"]["run_in"] = json!("task");
        descriptor["keep"] = json!({ "last": 1 });
    })
    .await
}

async fn in_tasks() -> Result<()> {
    let stage = Stage::start(&Options::default(), &NETWORK).await?;
    let subject = with_tasks(&stage, "tasks").await?;
    let ledger = ledger(&subject)?;
    let before = ledger.accounts(DATABASE).await?;
    let mark = stage.lab.ledger_position().await?;
    let set = sealed(&subject).await?;
    ensure!(set["probes"][0]["count"] == before.len(), "{set:#}");
    ledger
        .execute(DATABASE, "delete from entries; delete from accounts")
        .await?;
    let ended = subject.restore(json!({ "set": set["id"], "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    ensure!(ledger.accounts(DATABASE).await? == before);
    ensure!(
        tasks_since(&stage, mark).await? == 2,
        "one task for the dump, one for the restore"
    );
    failing_dumps(&subject).await?;
    failing_restores(&subject, text(&set, "/id")?).await?;
    // Afterwards all is well, and nothing is left of what failed but what the catalog knows.
    let newest = sealed(&subject).await?;
    let sets = subject.records.sets(&subject.dataset.name).await?;
    let kept = format!("dumps/tasks/ledger/{}", text(&newest, "/id")?);
    ensure!(folders(&subject).await? == [kept], "{sets:#?}");
    Ok(())
}

/// How a task can fail, and what on-call's message has to say.
const FAILURES: [(&str, &str); 3] = [
    ("job_aborted", "failure of the underlying infrastructure"),
    ("job_failed", "CannotPullContainerError"),
    ("no_capacity", "Capacity is unavailable"),
];

async fn failing_dumps(subject: &Subject<'_>) -> Result<()> {
    let lab = &subject.stage.lab;
    for (kind, reason) in FAILURES {
        let fault = lab
            .inject(json!({ "service": "ecs", "action": "RunTask", "kind": kind }))
            .await?;
        let (ended, set, mail) = subject.back_up().await.context(kind)?;
        ensure!(lab.hits(fault).await? > 0, "{kind} hit nothing");
        lab.heal().await?;
        ensure!(ended.status == "FAILED", "{kind}: {ended:?}");
        ensure!(mail.body.contains(reason), "{kind}: {}", mail.body);
        let set = set.context("a failed run keeps its set")?;
        ensure!(set["reasons"][0]["subject"] == "ledger", "{kind}: {set:#}");
    }
    let right = subject.secret_value().await?;
    set_secret(subject, &with_password(&right, "not-the-password")).await?;
    let (ended, _, mail) = subject.back_up().await?;
    set_secret(subject, &right).await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(mail.body.contains("password authentication failed"), "{}", mail.body);
    Ok(())
}

/// A restore whose task fails is undone.
async fn failing_restores(subject: &Subject<'_>, set: &str) -> Result<()> {
    let lab = &subject.stage.lab;
    let databases = ledger(subject)?.databases().await?;
    for (kind, reason) in FAILURES {
        subject.inbox.take().await?;
        let fault = lab
            .inject(json!({ "service": "ecs", "action": "RunTask", "kind": kind }))
            .await?;
        let ended = subject
            .restore(json!({ "set": set, "cut_over": "no" }))
            .await
            .context(kind)?;
        ensure!(lab.hits(fault).await? > 0, "{kind} hit nothing");
        lab.heal().await?;
        ensure!(ended.status == "FAILED", "{kind}: {ended:?}");
        let mail = subject.inbox.take().await?.pop().context("no message")?;
        ensure!(mail.body.contains(reason), "{kind}: {}", mail.body);
        ensure!(
            ledger(subject)?.databases().await? == databases,
            "{kind}: nothing is left"
        );
    }
    Ok(())
}

async fn without_subnets(stage: &Stage) -> Result<()> {
    let subject = with_tasks(stage, "unplaced").await?;
    let mark = stage.lab.ledger_position().await?;
    let (ended, _, mail) = subject.back_up().await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(mail.body.contains("VpcSubnetIds"), "{}", mail.body);
    ensure!(tasks_since(stage, mark).await? == 0);
    ensure!(folders(&subject).await?.is_empty());
    Ok(())
}

/// How many tasks were started since entry `mark` of the ledger.
async fn tasks_since(stage: &Stage, mark: u64) -> Result<usize> {
    let calls = stage.lab.ledger(mark).await?;
    Ok(calls.iter().filter(|call| call["action"] == "RunTask").count())
}

fn with_password(value: &Value, password: &str) -> Value {
    let mut changed = value.clone();
    changed["password"] = json!(password);
    changed
}

async fn set_secret(subject: &Subject<'_>, value: &Value) -> Result<()> {
    let request = json!({ "SecretId": subject.dataset.secret, "SecretString": value.to_string() });
    let aws = &subject.stage.aws;
    aws.json("secretsmanager", "secretsmanager.PutSecretValue", request)
        .await
        .map(drop)
}
