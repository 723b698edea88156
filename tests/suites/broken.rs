//! Verification cannot pass in vain: a restored copy is broken in every way we know, and each is found by name.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::executions::ended;
use holdfast_tests::readback::{files_below, items};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Running, Stage, Stages};
use crate::trials::changed;

/// A way to break a copy, and the name under which it has to be found.
struct Break {
    name: &'static str,
    found_as: &'static str,
    apply: for<'a> fn(&'a Subject<'a>, &'a str) -> Running<'a>,
}

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("broken::no_break_of_a_table_or_file_goes_unnoticed", |stage| {
            Box::pin(each(stage, "broken-data", &DATA))
        }),
        stages.test("broken::no_break_of_a_database_goes_unnoticed", |stage| {
            Box::pin(each(stage, "broken-sql", &DATABASE))
        }),
        stages.test("broken::no_break_of_a_configuration_goes_unnoticed", |stage| {
            Box::pin(each(stage, "broken-conf", &CONFIGURATION))
        }),
    ]
}

/// Each break in a restore of its own, whose machine waits for us between restoring and counting.
async fn each(stage: &Stage, name: &str, breaks: &[Break]) -> Result<()> {
    let (subject, _) = backed_up(stage, name).await?;
    changed(stage, "RestoreStateMachineArn", pausing, async {
        for one in breaks {
            broken(&subject, one).await.with_context(|| one.name.to_owned())?;
        }
        Ok(())
    })
    .await
}

/// A state that waits for an answer, as `AskApproval` does, before anything is counted.
fn pausing(machine: &mut Value) {
    let mut pause = machine["States"]["AskCutOver"].clone();
    pause["Next"] = json!("ListProbes");
    machine["States"]["AskBreak"] = pause;
    machine["States"]["RestoreResources"]["Next"] = json!("AskBreak");
}

async fn broken(subject: &Subject<'_>, one: &Break) -> Result<()> {
    let aws = &subject.stage.aws;
    let execution = subject
        .start_restore(json!({ "cut_over": "no", "on_failure": "keep" }))
        .await?;
    let record = until("the machine pauses", Duration::from_secs(120), || async {
        let record = subject.restore_of(&execution).await?;
        Ok(record.filter(|record| record["question"].is_object()))
    })
    .await?;
    let id = text(&record, "/id")?;
    (one.apply)(subject, id).await?;
    let token = text(&record, "/question/token")?;
    aws.json(
        "states",
        "AWSStepFunctions.SendTaskSuccess",
        json!({ "taskToken": token, "output": "{}" }),
    )
    .await?;
    let end = ended(aws, &execution, Duration::from_secs(120)).await?;
    let record = subject.restore_of(&execution).await?.context("no record")?;
    let checks = record.pointer("/verification/checks").and_then(Value::as_array);
    let found = checks
        .into_iter()
        .flatten()
        .filter(|check| check["finding"] != "same")
        .map(Value::to_string)
        .collect::<Vec<_>>();
    ensure!(record["verification"]["outcome"] != "verified", "{end:?}: passed in vain");
    ensure!(
        found.iter().any(|check| check.contains(one.found_as)),
        "not found as {}: {found:#?}",
        one.found_as
    );
    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    Ok(())
}

/// Runs SQL in the copy of the database.
async fn sql(subject: &Subject<'_>, restore: &str, statement: &str) -> Result<()> {
    let made = subject.made(restore).await?;
    let cluster = text(&made["database"], "/cluster")?;
    subject.dataset.execute_in(cluster, statement).await
}

async fn file(subject: &Subject<'_>, restore: &str, change: impl Fn(&std::path::Path) -> std::io::Result<()>) -> Result<()> {
    let directory = subject.restored_directory(restore).await?;
    let files = files_below(&directory)?;
    let one = files.keys().next().context("no files")?;
    Ok(change(&directory.join(one))?)
}

async fn table(subject: &Subject<'_>, restore: &str) -> Result<String> {
    let made = subject.made(restore).await?;
    let resource = format!("tables.{}", subject.dataset.tables[0]);
    Ok(text(&made[&resource], "/table")?.to_owned())
}

async fn dynamodb(subject: &Subject<'_>, action: &str, request: Value) -> Result<()> {
    let action = format!("DynamoDB_20120810.{action}");
    subject.stage.aws.json("dynamodb", &action, request).await.map(drop)
}

async fn cluster(subject: &Subject<'_>, restore: &str, action: &str, parameters: &[(&str, &str)]) -> Result<()> {
    let made = subject.made(restore).await?;
    let id = text(&made["database"], "/cluster")?;
    let mut all = vec![("DBClusterIdentifier", id), ("ApplyImmediately", "true")];
    all.extend_from_slice(parameters);
    subject.stage.aws.rds(action, &all).await?;
    holdfast_tests::dataset::await_cluster(&subject.stage.aws, id).await
}

macro_rules! breaks {
    ($($name:literal as $found:literal: |$subject:ident, $restore:ident| $body:expr;)*) => {
        [$(Break {
            name: $name,
            found_as: $found,
            apply: |$subject, $restore| Box::pin(async move { $body.await }),
        }),*]
    };
}

const DATABASE: [Break; 5] = breaks! {
    "a missing row" as "users": |subject, restore| sql(subject, restore, "delete from hubs where id = 1; delete from users where id = 1");
    "all rows missing" as "users": |subject, restore| sql(subject, restore, "delete from hubs; delete from users");
    "a row too many" as "users": |subject, restore| sql(subject, restore, "insert into users values (-1, 'nobody')");
    "a missing table" as "users": |subject, restore| sql(subject, restore, "drop table users cascade");
    "a login that is refused" as "users": |subject, restore| sql(subject, restore, "alter role postgres nologin");
};

const DATA: [Break; 7] = breaks! {
    "a truncated file" as "storage": |subject, restore| file(subject, restore, |path| std::fs::write(path, ""));
    "a changed file of the same size" as "storage": |subject, restore| file(subject, restore, |path| {
        let length = std::fs::metadata(path)?.len();
        std::fs::write(path, "x".repeat(usize::try_from(length).unwrap_or_default()))
    });
    "a missing file" as "storage": |subject, restore| file(subject, restore, |path| std::fs::remove_file(path));
    "a file too many" as "storage": |subject, restore| file(subject, restore, |path| std::fs::write(path.with_extension("more"), "x"));
    "a missing directory" as "storage": |subject, restore| async move {
        Ok(std::fs::remove_dir_all(subject.restored_directory(restore).await?)?)
    };
    "a missing item" as "rooms": |subject, restore| async move {
        let table = table(subject, restore).await?;
        let id = items(&subject.stage.aws, &table).await?.into_keys().next().context("no items")?;
        dynamodb(subject, "DeleteItem", json!({ "TableName": table, "Key": { "id": { "S": id } } })).await
    };
    "a changed item" as "item": |subject, restore| async move {
        let table = table(subject, restore).await?;
        let mut item = items(&subject.stage.aws, &table).await?.into_values().next().context("no items")?;
        item["broken"] = json!({ "BOOL": true });
        dynamodb(subject, "PutItem", json!({ "TableName": table, "Item": item })).await
    };
};

const CONFIGURATION: [Break; 9] = breaks! {
    "another parameter group" as "ParameterGroup": |subject, restore| cluster(subject, restore, "ModifyDBCluster", &[("DBClusterParameterGroupName", "default.aurora-postgresql16")]);
    "the default security group" as "SecurityGroup": |subject, restore| cluster(subject, restore, "ModifyDBCluster", &[("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-default")]);
    "no deletion protection" as "DeletionProtection": |subject, restore| cluster(subject, restore, "ModifyDBCluster", &[("DeletionProtection", "false")]);
    "another retention" as "BackupRetentionPeriod": |subject, restore| cluster(subject, restore, "ModifyDBCluster", &[("BackupRetentionPeriod", "1")]);
    "a missing instance" as "DBInstances": |subject, restore| async move {
        let made = subject.made(restore).await?;
        subject.dataset.remove_instances(text(&made["database"], "/cluster")?).await
    };
    "no time to live" as "TimeToLive": |subject, restore| async move {
        let table = table(subject, restore).await?;
        let off = json!({ "Enabled": false, "AttributeName": "expires" });
        dynamodb(subject, "UpdateTimeToLive", json!({ "TableName": table, "TimeToLiveSpecification": off })).await
    };
    "no point-in-time recovery" as "ContinuousBackups": |subject, restore| async move {
        let table = table(subject, restore).await?;
        let off = json!({ "PointInTimeRecoveryEnabled": false });
        dynamodb(subject, "UpdateContinuousBackups", json!({ "TableName": table, "PointInTimeRecoverySpecification": off })).await
    };
    "a missing tag" as "Tags": |subject, restore| async move {
        let made = subject.made(restore).await?;
        let resource = format!("tables.{}", subject.dataset.tables[0]);
        let arn = text(&made[&resource], "/arn")?;
        dynamodb(subject, "UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["team"] })).await
    };
    "a missing copy of a table" as "tables.": |subject, restore| async move {
        let table = table(subject, restore).await?;
        dynamodb(subject, "UpdateTable", json!({ "TableName": table, "DeletionProtectionEnabled": false })).await?;
        dynamodb(subject, "DeleteTable", json!({ "TableName": table })).await
    };
};
