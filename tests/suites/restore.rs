use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::aws::text;
use holdfast_tests::dataset::Sizes;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("restore::brings_back_what_the_incident_took_and_goes_back", |stage| {
            Box::pin(brings_back(stage))
        }),
        stages.test("restore::a_dry_run_touches_nothing", |stage| Box::pin(dry_run(stage))),
        stages.test("restore::without_cut_over_the_copies_stand_beside", |stage| {
            Box::pin(beside(stage))
        }),
    ]
}

/// A deployment with an application around it, backed up.
pub async fn backed_up<'a>(stage: &'a Stage, name: &str) -> Result<(Subject<'a>, Value)> {
    let subject = Subject::create(stage, name, &Sizes::small(), |_| {}).await?;
    deploy_efs_access(&stage.lab, &subject.dataset.file_system).await?;
    let (ended, set, _) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    Ok((subject, set.context("no set")?))
}

async fn brings_back(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "incident").await?;
    let before = subject.data().await?;
    let incident = stage.lab.now().await?;
    subject.incident().await?;
    // A later set must not be taken.
    subject.back_up().await?;
    let damaged = subject.data().await?;
    ensure!(before != damaged);
    let secret = subject.secret_value().await?;

    let ended = subject
        .restore(json!({ "before": incident, "cut_over": "yes" }))
        .await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    let id = text(&record, "/id")?;
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    ensure!(subject.copied(id).await? == before);
    ensure!(
        subject.data().await? == damaged,
        "what the incident left is not touched"
    );
    let host = text(&subject.made(id).await?["database"], "/host")?.to_owned();
    ensure!(subject.secret_value().await?["host"] == host.as_str());
    let mail = subject.inbox.take().await?.pop().context("no mail")?;
    for wanted in ["import {", "removed {", "undo-cut-over", id] {
        ensure!(mail.body.contains(wanted), "{wanted}: {}", mail.body);
    }

    let back = subject.undo("UndoCutOverStateMachineArn", id).await?;
    ensure!(back.status == "SUCCEEDED", "{back:?}");
    ensure!(subject.secret_value().await? == secret, "the secret leads back");
    ensure!(subject.data().await? == damaged);

    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    subject.nothing_left_of(id).await
}

async fn dry_run(stage: &Stage) -> Result<()> {
    let (subject, set) = backed_up(stage, "dry").await?;
    let mark = stage.lab.ledger_position().await?;
    let ended = subject.restore(json!({ "dry_run": true })).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    ensure!(
        ended.output.to_string().contains(text(&set, "/id")?),
        "{}",
        ended.output
    );
    let catalog = stage.stack.output("CatalogTable")?;
    for call in stage.lab.ledger(mark).await? {
        let field = |name: &str| call[name].as_str().unwrap_or_default();
        let ours = field("caller").starts_with("holdfast-");
        let reads = ["Describe", "List", "Get", "Query", "Scan", "Publish", "Invoke"];
        let reads = reads.iter().any(|read| field("action").starts_with(read)) || field("resource").contains(catalog);
        ensure!(!ours || reads, "a dry run wrote: {call}");
    }
    Ok(())
}

async fn beside(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "beside").await?;
    let before = subject.data().await?;
    let secret = subject.secret_value().await?;
    let ended = subject.restore(json!({ "cut_over": "no" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["status"] == "restored", "{record:#}");
    ensure!(subject.copied(text(&record, "/id")?).await? == before);
    ensure!(subject.data().await? == before);
    ensure!(subject.secret_value().await? == secret);
    Ok(())
}
