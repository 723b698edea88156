use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use holdfast_tests::application::Application;
use holdfast_tests::aws::text;
use holdfast_tests::lab::program;
use holdfast_tests::readback::items;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("in_use::what_was_cut_over_to_is_backed_up_and_restored_next", |stage| {
            Box::pin(the_night_after(stage))
        }),
        stages.test("in_use::what_the_application_does_not_use_is_not_backed_up", |stage| {
            Box::pin(led_elsewhere(stage))
        }),
    ]
}

/// Fails at 8e363f8: the item that was written after the cut-over was not in the next set, and so not in what it restored.
async fn the_night_after(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "follows").await?;
    let (name, first) = (&subject.dataset.name, cut_over(&subject).await?);
    let table = application.named_table().await?;
    ensure!(named(&subject).await? == (first.clone(), table.clone()));
    write(stage, &table, "written-after").await?;

    let ended = stage.back_up(name).await?;
    let set = subject.records.newest_set(name).await?.context("no set")?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{set:#}");
    let points = subject.records.points(name, &set).await?;
    let backed_up = |cluster: &str| points.iter().any(|point| point["resource"]["cluster"] == cluster);
    ensure!(backed_up(&first) && !backed_up(&subject.dataset.cluster), "{points:?}");
    sees_one_copy(&subject, &table, &points)?;
    discovers_no_copy(&subject, &first).await?;

    let second = cut_over(&subject).await?;
    let newer = application.named_table().await?;
    ensure!(second != first && newer != table, "{second} {newer}");
    ensure!(items(&stage.aws, &newer).await?.contains_key("written-after"));
    ensure!(named(&subject).await? == (second, newer.clone()));
    let ended = stage.back_up(name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let set = subject.records.newest_set(name).await?.context("no set")?;
    sees_one_copy(&subject, &newer, &subject.records.points(name, &set).await?)?;

    let restore = subject.newest_restore().await?;
    let back = subject
        .undo("UndoCutOverStateMachineArn", text(&restore, "/id")?)
        .await?;
    ensure!(back.status == "SUCCEEDED", "{back:?}");
    ensure!(named(&subject).await? == (first, table.clone()));
    ensure!(application.named_table().await? == table);

    // The descriptor's file is from before the restore.
    let refused = subject.records.apply(&application.descriptor(&subject.dataset)).await;
    let refused = refused.err().context("an old descriptor was applied")?.to_string();
    ensure!(refused.contains("resources.database.cluster"), "{refused}");
    Ok(())
}

async fn led_elsewhere(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "elsewhere").await?;
    let name = &subject.dataset.name;
    lead(stage, &application, "somebody-elses").await?;
    let (ended, set, mail) = subject.back_up().await?;
    ensure!(ended.status == "FAILED" && set.is_none(), "{ended:?} {set:?}");
    for part in ["cut_over.rooms-table.table", "to which switch rooms-table leads"] {
        ensure!(mail.body.contains(part), "{}", mail.body);
    }
    lead(stage, &application, &application.table).await?;
    let ended = stage.back_up(name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    Ok(())
}

/// Of all tables with the prefix, a set has those that are not copies, and the copy in use. Fails at 8e363f8: each
/// restore doubled the tables.
fn sees_one_copy(subject: &Subject<'_>, in_use: &str, points: &[Value]) -> Result<()> {
    let tables = points.iter().filter_map(|point| point["resource"]["table"].as_str());
    let tables: BTreeSet<&str> = tables.collect();
    let wanted = subject.dataset.tables.iter().map(String::as_str).chain([in_use]);
    ensure!(tables == wanted.collect(), "{tables:?}");
    Ok(())
}

/// Discovery by the prefix proposes no copy as a resource, but notes them. Fails at 8e363f8: both clusters were found.
async fn discovers_no_copy(subject: &Subject<'_>, copy: &str) -> Result<()> {
    let output = tokio::process::Command::new(program("holdfast"))
        .args(["discover", "--json", "--prefix", &subject.dataset.name])
        .envs(&subject.stage.stack.environment)
        .output()
        .await?;
    let notes = String::from_utf8_lossy(&output.stderr);
    let draft: Value = serde_json::from_slice(&output.stdout).with_context(|| notes.to_string())?;
    let resources = draft["resources"].as_object().context("no resources")?;
    let clusters = resources.values().filter_map(|resource| resource["cluster"].as_str());
    let clusters: Vec<&str> = clusters.collect();
    ensure!(clusters == [subject.dataset.cluster.as_str()], "{draft:#}");
    ensure!(
        notes.contains("copies of restores: ") && notes.contains(copy),
        "{notes}"
    );
    Ok(())
}

/// Restores the newest set and cuts over; returns the cluster in use.
async fn cut_over(subject: &Subject<'_>) -> Result<String> {
    let ended = subject.restore(json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let made = subject.made(text(&record, "/id")?).await?;
    Ok(text(&made["database"], "/cluster")?.to_owned())
}

/// The cluster, and the table of the application, that the descriptor in the catalog names.
async fn named(subject: &Subject<'_>) -> Result<(String, String)> {
    let found = subject.records.items(&subject.dataset.name, "DESCRIPTOR").await?;
    let document = &found.first().context("no descriptor")?["document"];
    let switches = document["cut_over"].as_array().context("no switches")?;
    let switch = switches.iter().find(|switch| switch["name"] == "rooms-table");
    let table = text(switch.context("no switch")?, "/table")?;
    ensure!(document["probes"]["rooms"]["table"] == table, "{document:#}");
    Ok((
        text(document, "/resources/database/cluster")?.to_owned(),
        table.to_owned(),
    ))
}

async fn write(stage: &Stage, table: &str, id: &str) -> Result<()> {
    let request = json!({ "TableName": table, "Item": { "id": { "S": id } } });
    stage.aws.json("dynamodb", "DynamoDB_20120810.PutItem", request).await?;
    Ok(())
}

/// Switches the application to another table by hand.
async fn lead(stage: &Stage, application: &Application, table: &str) -> Result<()> {
    let request: Value = json!({ "Name": application.parameter, "Value": table, "Overwrite": true });
    stage.aws.json("ssm", "AmazonSSM.PutParameter", request).await?;
    Ok(())
}
