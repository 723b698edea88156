//! The DynamoDB tables of Cumulus: `docs/systems/cumulus-tables.md`.

mod deployment;
mod settings;
mod terraform;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::put_items;
use holdfast_tests::executions::{ended, start};
use holdfast_tests::readback::items;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use self::deployment::{Cumulus, TABLES};
use self::terraform::{imports, state_before};
use super::system::PATIENCE;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test_at_present(
            "systems::cumulus_tables::a_deleted_deployment_comes_back_with_its_settings_and_its_index",
            |stage| Box::pin(deleted(stage)),
        ),
        stages.test_at_present(
            "systems::cumulus_tables::a_failure_in_the_middle_removes_the_copies_and_a_failed_index_fails_the_restore",
            |stage| Box::pin(failing(stage)),
        ),
    ]
}

async fn deleted(stage: &Stage) -> Result<()> {
    let cumulus = Cumulus::up(stage, "cumulus-tables", "cumulus-prod-").await?;
    let system = &cumulus.system;
    let before = cumulus.settings().await?;
    let granules = cumulus.table("Granules");
    ensure!(before[&granules]["point-in-time recovery"] == "ENABLED", "{before:#?}");
    let set = system.sealed().await?;
    let points = system.records.points(&system.name, &set).await?;
    let archived = |point: &&Value| point["recovery_point"]["archive"]["address"].is_string();
    ensure!(points.iter().filter(archived).count() == TABLES.len(), "{points:#?}");
    // What was written since the set is in what DynamoDB keeps of a deleted table.
    put_items(&stage.aws, &granules, 20).await?;
    let last = cumulus.items().await?;
    let state = state_before(&cumulus)?;
    cumulus.delete().await?;

    system.inbox.take().await?;
    let names: Vec<String> = cumulus
        .names()
        .iter()
        .map(|(of, name)| format!("{of}={name}"))
        .collect();
    let mut arguments = vec!["restore", &system.name, "--source", "retained", "--watch"];
    arguments.extend(names.iter().flat_map(|name| ["--name", name]));
    let mut restore = system.begin(&arguments);
    restore.until(cumulus.end_operation("SUCCEEDED")).await?;
    let output = restore.end().await?;
    let mail = system.mail().await?;
    ensure!(output.status.success(), "{output:?}: {}", mail.body);
    ensure!(cumulus.indexed().await? == ["SUCCEEDED"]);
    ensure!(cumulus.items().await? == last, "every table as it was deleted");
    let after = cumulus.settings().await?;
    ensure!(after == before, "{after:#?}\nnot {before:#?}");

    let restored = system.newest_restore().await?;
    let blocks = system
        .done(&[
            "infrastructure",
            text(&restored, "/id")?,
            "--terraform",
            "--state",
            &state,
        ])
        .await?;
    imports(&cumulus, &state, &blocks).await?;
    back_in_backups(&cumulus).await?;
    imported(&cumulus).await
}

/// Each table is the deployment's own again: backed up, and left by `tidy`.
async fn back_in_backups(cumulus: &Cumulus<'_>) -> Result<()> {
    let system = &cumulus.system;
    let set = system.sealed().await?;
    let points = system.records.points(&system.name, &set).await?;
    let tables = points.iter().filter_map(|point| point["resource"]["table"].as_str());
    let mut tables: Vec<&str> = tables.collect();
    tables.sort_unstable();
    ensure!(tables.iter().copied().eq(cumulus.tables()), "{tables:?}");
    let before = cumulus.items().await?;
    system.done(&["tidy", &system.name, "--yes"]).await?;
    ensure!(cumulus.items().await? == before, "tidy leaves what is in use");
    Ok(())
}

/// A file as the old command line wrote it: items that exist are updated, and the others created.
async fn imported(cumulus: &Cumulus<'_>) -> Result<()> {
    let (system, table) = (&cumulus.system, cumulus.table("Granules"));
    let mut wanted = items(&system.stage.aws, &table).await?;
    let file = system.stage.lab.directory().join("granules.json");
    let lines = [
        r#"{"id":"item-1","status":"completed","value":12.5,"files":[{"bucket":"protected","size":1098034}]}"#,
        r#"{"id":"granule-of-old","status":"failed","value":7}"#,
    ];
    std::fs::write(&file, lines.join("\n"))?;
    let file = file.to_str().context("the lab's directory")?;
    system.done(&["table", "import", file, "--table", &table]).await?;
    let files = json!({ "L": [{ "M": { "bucket": { "S": "protected" }, "size": { "N": "1098034" } } }] });
    for (id, status, value, files) in [
        ("item-1", "completed", "12.5", Some(files)),
        ("granule-of-old", "failed", "7", None),
    ] {
        let mut item = json!({ "id": { "S": id }, "status": { "S": status }, "value": { "N": value } });
        if let Some(files) = files {
            item["files"] = files;
        }
        wanted.insert(id.to_owned(), item);
    }
    let found = items(&system.stage.aws, &table).await?;
    ensure!(found == wanted, "{found:#?}");
    Ok(())
}

async fn failing(stage: &Stage) -> Result<()> {
    let cumulus = Cumulus::up(stage, "cumulus-tables-fail", "cumulus-late-").await?;
    let system = &cumulus.system;
    let last = cumulus.items().await?;
    cumulus.delete().await?;
    let fields = json!({ "source": "retained", "names": cumulus.names() });

    let fault = json!({
        "caller": "holdfast-restore-table", "action": "RestoreTableFromBackup", "resource": "PdrsTable", "kind": "access_denied",
    });
    let fault = stage.lab.inject(fault).await?;
    let (end, record, mail) = system.restore(fields.clone()).await?;
    ensure!(stage.lab.hits(fault).await? > 0, "nothing failed");
    stage.lab.heal().await?;
    ensure!(end.status == "FAILED", "{end:?}");
    ensure!(record["status"] == "undone", "{record:#}");
    system
        .ensure_on_call_knows(&mail, &["AccessDenied", &cumulus.table("Pdrs")])
        .await?;
    // Nothing that could be taken for the deployment is left of the other seven.
    cumulus.await_none().await?;
    ensure!(cumulus.indexed().await?.is_empty(), "what nobody uses is not indexed");

    let machine = stage.stack.output("RestoreStateMachineArn")?;
    let mut input = fields;
    input["deployment"] = json!(system.name);
    let execution = start(&stage.aws, machine, &input).await?;
    cumulus.end_operation("FAILED").await?;
    let end = ended(&stage.aws, &execution, PATIENCE).await?;
    ensure!(end.status == "FAILED", "{end:?}");
    let mail = system.mail().await?;
    system
        .ensure_on_call_knows(&mail, &["IndexFailed: a granule has no collection", "in use"])
        .await?;
    ensure!(cumulus.indexed().await? == ["FAILED"]);
    ensure!(cumulus.items().await? == last, "the tables stay");
    Ok(())
}
