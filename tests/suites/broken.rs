//! Verification finds what is broken: restored copies are broken in every way we know, and each break is reported by name.
//! Independent breaks share one restore.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::aws::text;
use holdfast_tests::dataset::{Dataset, Sizes, await_cluster};
use holdfast_tests::executions::{Ended, ended};
use holdfast_tests::readback::{files_below, items};
use holdfast_tests::settings::{await_table, with_settings};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::hooks::function::create_function;
use crate::stage::{Running, Stage, Stages};
use crate::trials::changed;

const LIMIT: Duration = Duration::from_secs(120);

/// A way to break a copy, and the check that has to find it.
struct Break {
    name: &'static str,
    found_as: &'static str,
    apply: for<'a> fn(&'a Subject<'a>, &'a str) -> Running<'a>,
}

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("broken::no_break_of_a_table_or_file_goes_unnoticed", |stage| {
            Box::pin(data(stage))
        }),
        stages.test("broken::no_break_of_a_database_goes_unnoticed", |stage| {
            Box::pin(database(stage))
        }),
        stages.test("broken::no_break_of_a_configuration_goes_unnoticed", |stage| {
            Box::pin(configuration(stage))
        }),
    ]
}

async fn data(stage: &Stage) -> Result<()> {
    let dataset = Dataset::create(&stage.lab, "broken-data", &Sizes::small()).await?;
    each(
        stage,
        dataset,
        &[
            ("verified", &[]),
            ("failed", &FILES),
            ("failed", &ONE_MORE),
            ("failed", &NO_DIRECTORY),
        ],
    )
    .await
}

async fn database(stage: &Stage) -> Result<()> {
    let dataset = Dataset::create(&stage.lab, "broken-sql", &Sizes::small()).await?;
    dataset
        .execute("create table notes (id int primary key); insert into notes values (1), (2)")
        .await?;
    each(stage, dataset, &[("failed", &ROWS)]).await
}

async fn configuration(stage: &Stage) -> Result<()> {
    let (dataset, _) = with_settings(&stage.lab, "broken-conf", &Sizes::small()).await?;
    each(
        stage,
        dataset,
        &[("verified", &[]), ("failed", &SETTINGS), ("failed", &GONE)],
    )
    .await
}

/// Breaks each group in a restore of its own, whose machine waits between restoring and counting, and checks its result.
async fn each(stage: &Stage, dataset: Dataset, groups: &[(&str, &[Break])]) -> Result<()> {
    // Quiesced while it is backed up, so that a difference is wrong and not merely newer.
    let hook = format!("holdfast-hook-{}", dataset.name);
    create_function(stage, &hook).await?;
    deploy_efs_access(&stage.lab, &dataset.file_system).await?;
    let probes = |descriptor: &mut Value| {
        descriptor["hooks"] = json!([{ "name": "offline", "kind": "lambda", "function": hook }]);
        if dataset_of(descriptor) == "broken-sql" {
            for table in ["hubs", "scenes", "notes"] {
                let mut probe = descriptor["probes"]["users"].clone();
                probe["sql"] = json!(format!("select count(*) from {table}"));
                descriptor["probes"][table] = probe;
            }
        }
    };
    let subject = Subject::over(stage, dataset, probes).await?;
    let (end, _, mail) = subject.back_up().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    changed(stage, "RestoreStateMachineArn", pausing, async {
        for (outcome, breaks) in groups {
            let names: Vec<_> = breaks.iter().map(|one| one.name).collect();
            broken(&subject, outcome, breaks)
                .await
                .with_context(|| format!("{names:?}"))?;
        }
        Ok(())
    })
    .await
}

fn dataset_of(descriptor: &Value) -> &str {
    descriptor["deployment"].as_str().unwrap_or_default()
}

/// A state that waits for an answer, as `AskCutOver` does, before anything is counted.
pub fn pausing(machine: &mut Value) {
    let mut pause = machine["States"]["AskCutOver"].clone();
    pause["Next"] = json!("ListProbes");
    machine["States"]["AskBreak"] = pause;
    machine["States"]["RestoreResources"]["Next"] = json!("AskBreak");
}

/// Restores without a cut-over with a machine that is [`pausing`], does something to the copies of this id meanwhile, and returns
/// how it ended, and its record.
pub async fn paused(subject: &Subject<'_>, meanwhile: impl AsyncFnOnce(&str) -> Result<()>) -> Result<(Ended, Value)> {
    let aws = &subject.stage.aws;
    let execution = subject
        .start_restore(json!({ "cut_over": "no", "on_failure": "keep" }))
        .await?;
    let record = until("the machine pauses", LIMIT, || async {
        let record = subject.restore_of(&execution).await?;
        Ok(record.filter(|record| record["question"]["told_at"].is_string()))
    })
    .await?;
    meanwhile(text(&record, "/id")?).await?;
    let answer = json!({ "taskToken": text(&record, "/question/token")?, "output": "{}" });
    aws.json("states", "AWSStepFunctions.SendTaskSuccess", answer).await?;
    let end = ended(aws, &execution, LIMIT).await?;
    Ok((end, subject.restore_of(&execution).await?.context("no record")?))
}

async fn broken(subject: &Subject<'_>, outcome: &str, breaks: &[Break]) -> Result<()> {
    let (end, record) = paused(subject, async |id| {
        for one in breaks {
            (one.apply)(subject, id).await.with_context(|| one.name.to_owned())?;
        }
        Ok(())
    })
    .await?;
    let id = text(&record, "/id")?;
    let checks = record.pointer("/verification/checks").and_then(Value::as_array);
    let found: Vec<String> = checks
        .into_iter()
        .flatten()
        .filter(|check| check["finding"] != "same")
        .map(Value::to_string)
        .collect();
    ensure!(
        record["verification"]["outcome"] == outcome,
        "not {outcome}: {}, {end:?}: {found:#?}",
        record["verification"]["outcome"]
    );
    let missed: Vec<_> = breaks
        .iter()
        .filter(|one| !found.iter().any(|check| check.contains(one.found_as)))
        .map(|one| (one.name, one.found_as))
        .collect();
    ensure!(missed.is_empty(), "not found: {missed:?} among {found:#?}");
    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    Ok(())
}

/// Runs SQL in the copy of the database.
async fn sql(subject: &Subject<'_>, restore: &str, statement: &str) -> Result<()> {
    subject
        .dataset
        .execute_in(&copied_cluster(subject, restore).await?, statement)
        .await
}

/// Does something to the restored file whose path has this ending.
async fn file(
    subject: &Subject<'_>,
    restore: &str,
    name: &str,
    change: impl Fn(&std::path::Path) -> std::io::Result<()>,
) -> Result<()> {
    let directory = subject.restored_directory(restore).await?;
    let files = files_below(&directory)?;
    let one = files.keys().find(|path| path.contains(name));
    Ok(change(
        &directory.join(one.with_context(|| format!("no {name} in {files:?}"))?),
    )?)
}

async fn copied_cluster(subject: &Subject<'_>, restore: &str) -> Result<String> {
    let made = subject.made(restore).await?;
    Ok(text(made.get("database").context("no database")?, "/cluster")?.to_owned())
}

async fn table(subject: &Subject<'_>, restore: &str) -> Result<String> {
    let made = subject.made(restore).await?;
    let resource = format!("tables.{}", subject.dataset.tables[0]);
    Ok(text(made.get(&resource).context("no table")?, "/table")?.to_owned())
}

async fn dynamodb(subject: &Subject<'_>, action: &str, request: Value) -> Result<()> {
    let action = format!("DynamoDB_20120810.{action}");
    subject.stage.aws.json("dynamodb", &action, request).await.map(drop)
}

async fn modify(subject: &Subject<'_>, restore: &str, name: &str, value: &str) -> Result<()> {
    let id = copied_cluster(subject, restore).await?;
    let change = [
        ("DBClusterIdentifier", id.as_str()),
        ("ApplyImmediately", "true"),
        (name, value),
    ];
    subject.stage.aws.rds("ModifyDBCluster", &change).await?;
    await_cluster(&subject.stage.aws, &id).await
}

/// Changes the copy of the table, and waits until that is done.
async fn update_table(subject: &Subject<'_>, restore: &str, mut change: Value) -> Result<()> {
    let table = table(subject, restore).await?;
    change["TableName"] = json!(table);
    dynamodb(subject, "UpdateTable", change).await?;
    await_table(&subject.stage.aws, &table).await
}

async fn delete_table(subject: &Subject<'_>, restore: &str) -> Result<()> {
    let table = table(subject, restore).await?;
    update_table(subject, restore, json!({ "DeletionProtectionEnabled": false })).await?;
    dynamodb(subject, "DeleteTable", json!({ "TableName": table })).await
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

const ROWS: [Break; 4] = breaks! {
    "a missing row" as "probe users": |subject, restore| sql(subject, restore, "delete from hubs; delete from users where id = 1");
    "all rows missing" as "probe hubs": |subject, restore| sql(subject, restore, "delete from hubs");
    "a row too many" as "probe scenes": |subject, restore| sql(subject, restore, "insert into scenes values (-1, null)");
    "a missing table" as "probe notes": |subject, restore| sql(subject, restore, "drop table notes");
};

const FILES: [Break; 5] = breaks! {
    "a truncated file" as "/file 0 ": |subject, restore| file(subject, restore, "file 0 ", |path| std::fs::write(path, ""));
    "a changed file of the same size" as "/file 1 ": |subject, restore| file(subject, restore, "file 1 ", |path| {
        let length = std::fs::metadata(path)?.len();
        std::fs::write(path, "x".repeat(usize::try_from(length).unwrap_or_default()))
    });
    "a missing file" as "/file 2 ": |subject, restore| file(subject, restore, "file 2 ", |path| std::fs::remove_file(path));
    "a missing item" as "probe rooms": |subject, restore| async move {
        let table = table(subject, restore).await?;
        dynamodb(subject, "DeleteItem", json!({ "TableName": table, "Key": { "id": { "S": "item-1" } } })).await
    };
    "a changed item" as "item-2": |subject, restore| async move {
        let table = table(subject, restore).await?;
        let mut item = items(&subject.stage.aws, &table).await?.remove("item-2").context("no item-2")?;
        item["broken"] = json!({ "BOOL": true });
        dynamodb(subject, "PutItem", json!({ "TableName": table, "Item": item })).await
    };
};

const ONE_MORE: [Break; 1] = breaks! {
    "a file too many" as "storage: files": |subject, restore| file(subject, restore, "file 0 ", |path| std::fs::write(path.with_extension("more"), "x"));
};

const NO_DIRECTORY: [Break; 2] = breaks! {
    "a missing directory" as "storage: files": |subject, restore| async move {
        Ok(std::fs::remove_dir_all(subject.restored_directory(restore).await?)?)
    };
    "no items at all" as "probe rooms": |subject, restore| async move {
        let table = table(subject, restore).await?;
        for id in items(&subject.stage.aws, &table).await?.into_keys() {
            dynamodb(subject, "DeleteItem", json!({ "TableName": table, "Key": { "id": { "S": id } } })).await?;
        }
        Ok(())
    };
};

const SETTINGS: [Break; 16] = breaks! {
    "another parameter group" as "database: DBClusterParameterGroup": |subject, restore| modify(subject, restore, "DBClusterParameterGroupName", "default.aurora-postgresql16");
    "the default security group" as "database: VpcSecurityGroups": |subject, restore| modify(subject, restore, "VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-00000001");
    "no deletion protection" as "database: DeletionProtection": |subject, restore| modify(subject, restore, "DeletionProtection", "false");
    "another retention" as "database: BackupRetentionPeriod": |subject, restore| modify(subject, restore, "BackupRetentionPeriod", "1");
    "no IAM authentication" as "database: IAMDatabaseAuthenticationEnabled": |subject, restore| modify(subject, restore, "EnableIAMDatabaseAuthentication", "false");
    "no exported logs" as "database: EnabledCloudwatchLogsExports": |subject, restore| modify(subject, restore, "CloudwatchLogsExportConfiguration.DisableLogTypes.member.1", "postgresql");
    "another maximum capacity" as "database: ServerlessV2ScalingConfiguration.MaxCapacity": |subject, restore| modify(subject, restore, "ServerlessV2ScalingConfiguration.MaxCapacity", "2");
    "a missing role" as "database: AssociatedRoles": |subject, restore| async move {
        let id = copied_cluster(subject, restore).await?;
        let role = [("DBClusterIdentifier", id.as_str()), ("RoleArn", holdfast_tests::settings::ROLE), ("FeatureName", "s3Export")];
        subject.stage.aws.rds("RemoveRoleFromDBCluster", &role).await.map(drop)
    };
    "a missing instance" as "database: DBInstances.": |subject, restore| async move {
        let removed = subject.dataset.remove_readers(&copied_cluster(subject, restore).await?).await?;
        ensure!(removed == 1, "{removed} readers");
        Ok(())
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
    "a missing tag" as "rooms: Tags": |subject, restore| async move {
        let made = subject.made(restore).await?;
        let resource = format!("tables.{}", subject.dataset.tables[0]);
        let arn = text(made.get(&resource).context("no table")?, "/arn")?;
        dynamodb(subject, "UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["team"] })).await
    };
    "no resource policy" as "rooms: Policy": |subject, restore| async move {
        let made = subject.made(restore).await?;
        let resource = format!("tables.{}", subject.dataset.tables[0]);
        let arn = text(made.get(&resource).context("no table")?, "/arn")?;
        dynamodb(subject, "DeleteResourcePolicy", json!({ "ResourceArn": arn })).await
    };
    "no stream" as "rooms: Table.StreamSpecification": |subject, restore| update_table(subject, restore, json!({ "StreamSpecification": { "StreamEnabled": false } }));
    "another table class" as "rooms: Table.TableClass": |subject, restore| update_table(subject, restore, json!({ "TableClass": "STANDARD" }));
    "a table that can be deleted" as "rooms: Table.DeletionProtectionEnabled": |subject, restore| update_table(subject, restore, json!({ "DeletionProtectionEnabled": false }));
};

const GONE: [Break; 1] = breaks! {
    "a missing copy of a table" as "rooms: table": |subject, restore| delete_table(subject, restore);
};
