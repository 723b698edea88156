use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::{create_table, put_items};
use holdfast_tests::executions::run;
use holdfast_tests::lab::{Options, program};
use holdfast_tests::readback::items;
use holdfast_tests::records::Records;
use holdfast_tests::s3;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::stage::{Stage, Stages};

const LIMIT: Duration = Duration::from_secs(120);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test(
            "table_archives::a_set_has_archives_that_can_be_imported_and_expire_with_it",
            |stage| Box::pin(with_a_set(stage)),
        ),
        stages.alone("table_archives::a_set_has_archives_with_enforcement_on", || {
            Box::pin(enforced())
        }),
        stages.test(
            "table_archives::a_set_is_not_sealed_without_an_archive_that_it_should_have",
            |stage| Box::pin(failing(stage)),
        ),
        stages.test("table_archives::many_calls_write_one_archive", |stage| {
            Box::pin(in_parts(stage))
        }),
    ]
}

async fn dynamodb(stage: &Stage, action: &str, request: Value) -> Result<Value> {
    let target = format!("DynamoDB_20120810.{action}");
    stage.aws.json("dynamodb", &target, request).await
}

async fn filled(stage: &Stage, table: &str, count: u32) -> Result<()> {
    create_table(&stage.aws, table).await?;
    put_items(&stage.aws, table, count).await
}

/// Imports an archive into a new table, which then has the items of the archived one.
async fn ensure_imports(stage: &Stage, address: &str, table: &str) -> Result<()> {
    let copy = format!("{table}-imported");
    create_table(&stage.aws, &copy).await?;
    let directory = tempfile::tempdir()?;
    let imported = Command::new(program("holdfast"))
        .args(["table", "import", address, "--table", &copy])
        .current_dir(directory.path())
        .envs(&stage.lab.environment)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&imported.stderr);
    ensure!(imported.status.success() && !said.contains("not known"), "{said}");
    ensure!(items(&stage.aws, &copy).await? == items(&stage.aws, table).await?);
    Ok(())
}

/// MiniStack enforces the roles, also of what the machine calls.
async fn enforced() -> Result<()> {
    let options = Options {
        auth: true,
        ..Options::default()
    };
    let stage = Stage::start(&options, &[]).await?;
    with_a_set(&stage).await?;
    in_parts(&stage).await
}

/// A table that is scanned, and one that DynamoDB exports.
async fn with_a_set(stage: &Stage) -> Result<()> {
    filled(stage, "archived-rooms", 40).await?;
    filled(stage, "archived-likes", 25).await?;
    let recovery = json!({ "TableName": "archived-likes", "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true } });
    dynamodb(stage, "UpdateContinuousBackups", recovery).await?;
    // A moment is sent in whole seconds.
    until("the window is longer than a second", LIMIT, || async {
        let described = dynamodb(
            stage,
            "DescribeContinuousBackups",
            json!({ "TableName": "archived-likes" }),
        )
        .await?;
        let recovery = &described["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
        let at = |field: &str| recovery[field].as_f64().context("no window");
        let open = at("LatestRestorableDateTime")? - at("EarliestRestorableDateTime")?;
        Ok((open > 1.0).then_some(()))
    })
    .await?;
    let records = Records::of(&stage.aws, &stage.stack)?;
    let descriptor = json!({
        "deployment": "archived",
        "resources": {
            "rooms": { "kind": "dynamodb", "table": "archived-rooms", "archive": true },
            "likes": { "kind": "dynamodb", "table": "archived-likes", "archive": { "method": "export" } },
        },
        "keep": { "last": 1 },
    });
    records.apply(&descriptor).await?;
    let ended = stage.back_up("archived").await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let set = records.newest_set("archived").await?.context("no set")?;
    ensure!(set["status"] == "sealed", "{set}");
    let mut addresses = Vec::new();
    for point in records.points("archived", &set).await? {
        let address = point["recovery_point"]["archive"]["address"].as_str();
        let address = address.with_context(|| format!("no archive: {point}"))?.to_owned();
        let table = point["resource"]["table"].as_str().context("no table")?;
        ensure_imports(stage, &address, table).await?;
        addresses.push(address);
    }
    ensure!(addresses.len() == 2, "{addresses:?}");

    let (client, bucket) = (s3::client(&stage.lab), stage.stack.output("ArchiveBucket")?);
    let of_set = format!("/{}/", set["id"].as_str().context("no id")?);
    let under = |keys: Vec<String>| keys.into_iter().filter(|key| key.contains(&of_set)).count();
    ensure!(under(s3::keys(&client, bucket).await?) > 0, "no files of {of_set}");
    let ended = stage.back_up("archived").await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let runs = records.items("archived", "RUN#").await?;
    let left = under(s3::keys(&client, bucket).await?);
    ensure!(left == 0, "{left} files of {of_set} remain: {runs:?}");
    Ok(())
}

async fn failing(stage: &Stage) -> Result<()> {
    filled(stage, "unarchived-rooms", 3).await?;
    let records = Records::of(&stage.aws, &stage.stack)?;
    let descriptor = json!({
        "deployment": "unarchived",
        "resources": { "rooms": { "kind": "dynamodb", "table": "unarchived-rooms", "archive": { "method": "export" } } },
    });
    records.apply(&descriptor).await?;
    let ended = stage.back_up("unarchived").await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    let set = records.newest_set("unarchived").await?.context("no set")?;
    let why = set["reasons"].to_string();
    ensure!(set["status"] == "failed", "{set}");
    for words in [
        "archive.method",
        "no point-in-time recovery",
        "not sealed",
        "unarchived-rooms",
    ] {
        ensure!(why.contains(words), "{words}: {why}");
    }
    Ok(())
}

/// A job whose plan says three parts, as that of a large table would.
async fn in_parts(stage: &Stage) -> Result<()> {
    filled(stage, "parted-rooms", 60).await?;
    let (client, bucket) = (s3::client(&stage.lab), stage.stack.output("ArchiveBucket")?);
    let (machine, prefix) = (
        stage.stack.output("TransferStateMachineArn")?,
        "tables/parted/rooms/parted-1/",
    );
    let now = "2026-01-01T00:00:00Z";
    let input = json!({
        "run": { "deployment": "parted", "id": "parted-1", "execution": "arn", "started_at": now },
        "resource": "rooms", "table": "parted-rooms", "archive": {}, "prefix": prefix, "at": now,
        "plan": { "method": "scan", "began_at": now, "parts": 3 },
    });
    let job = json!({ "step": "export-table", "placement": "function", "input": input });
    let ended = run(&stage.aws, machine, &job, LIMIT).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let keys = s3::keys(&client, bucket).await?;
    let files = keys
        .iter()
        .filter(|key| key.starts_with(prefix) && key.ends_with(".json.zst"));
    ensure!(files.count() == 3, "{keys:?}");
    ensure_imports(stage, &format!("s3://{bucket}/{prefix}"), "parted-rooms").await
}
