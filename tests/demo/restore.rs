//! The incident, and the restore that recovers everything.

use anyhow::{Context, Result, ensure};
use holdfast_tests::application::Application;
use holdfast_tests::aws::text;
use holdfast_tests::data::{Data, incident};
use holdfast_tests::dataset::Dataset;
use holdfast_tests::emails::Emails;
use holdfast_tests::lab::Lab;
use holdfast_tests::records::Records;
use serde_json::Value;

use super::output::{DEPLOYMENT, holdfast, holdfast_in_short, part, show};

/// The data before the incident, and the application that uses it.
pub struct Scene<'a> {
    pub lab: &'a Lab,
    pub dataset: &'a Dataset,
    pub application: &'a Application,
    pub records: &'a Records,
    pub letters: &'a Emails,
    /// The data when the set was captured.
    pub before: &'a Data,
    pub set: &'a str,
}

/// Runs it; returns how many of how many resources were restored and verified.
pub async fn play(scene: &Scene<'_>) -> Result<(usize, usize)> {
    let aws = scene.lab.aws()?;
    let (secret, mounted) = (scene.application.endpoint().await?, scene.application.mounted().await?);
    let time = scene.lab.now().await?;
    let damaged = part(
        "the incident: all 562 users and accounts are deleted, half the files damaged, half the items deleted",
        2,
        async {
            incident(&aws, scene.dataset).await?;
            let damaged = Data::of(&aws, scene.dataset).await?;
            count("in the live deployment", &damaged);
            Ok(damaged)
        },
    )
    .await?;

    part("what a restore would do", 2, async {
        let plan = ["restore", DEPLOYMENT, "--before", &time, "--dry-run"];
        let rest = "the plan, which on-call gets too";
        ensure!(holdfast_in_short(scene.lab, &plan, 2, rest).await?);
        show(scene.letters).await
    })
    .await?;
    let record = part(
        "the restore: one execution",
        12,
        restore(scene, &time, &damaged, &secret),
    )
    .await?;

    part("and the undo", 3, async {
        let id = text(&record, "/id")?;
        ensure!(
            holdfast(scene.lab, &["undo-cut-over", id]).await?,
            "switching back failed"
        );
        show(scene.letters).await?;
        ensure!(
            scene.application.endpoint().await? == secret,
            "the secret is switched back"
        );
        ensure!(
            scene.application.mounted().await? == mounted,
            "the service is switched back"
        );
        ensure!(
            Data::of(&aws, scene.dataset).await? == damaged,
            "the damaged database has its name again"
        );
        holdfast(scene.lab, &["restores", DEPLOYMENT]).await?;
        Ok(())
    })
    .await?;
    Ok(tally(&record))
}

/// Restores the deployment as it was before `time`, and compares the copies with it; returns the restore's record.
async fn restore(scene: &Scene<'_>, time: &str, damaged: &Data, secret: &(String, u16)) -> Result<Value> {
    let aws = scene.lab.aws()?;
    let restore = ["restore", DEPLOYMENT, "--before", time, "--yes", "--watch"];
    let restored = holdfast(scene.lab, &restore).await?;
    let letter = show(scene.letters).await?;
    ensure!(restored, "the restore failed");
    ensure!(
        letter.text.lines().count() <= 60 && letter.text.contains("holdfast undo-cut-over"),
        "a message is a page, with the undo command"
    );

    let record = scene.records.restores(DEPLOYMENT).await?.pop().context("no restore")?;
    let id = text(&record, "/id")?;
    let sources = ["infrastructure", id, "--terraform"];
    ensure!(
        holdfast_in_short(scene.lab, &sources, 24, "> restored.tf").await?,
        "the changes for the infrastructure's source exist"
    );
    ensure!(
        record.pointer("/plan/set").and_then(Value::as_str) == Some(scene.set),
        "{record:#}"
    );
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let made = scene.records.made(DEPLOYMENT, id).await?;
    let copies = Data::in_copies(&aws, scene.dataset, &made).await?;
    count("in the copies", &copies);
    ensure!(
        copies.users.len() == 562 && copies == *scene.before,
        "the copies hold what was backed up"
    );
    let mut live = Data::of(&aws, scene.dataset).await?;
    ensure!(
        live.accounts == copies.accounts,
        "the database has the name of its source"
    );
    live.accounts.clone_from(&damaged.accounts);
    ensure!(live == *damaged, "the damaged data is unchanged");
    let host = text(&made["database"], "/host")?;
    let endpoint = scene.application.endpoint().await?;
    ensure!(
        endpoint.0 == host && endpoint != *secret,
        "the application's secret refers to the copy"
    );
    println!("   the application's secret refers to {}:{}", endpoint.0, endpoint.1);
    println!("   its service mounts {}", scene.application.mounted().await?.1);
    println!(
        "   its parameter names table {}",
        scene.application.named_table().await?
    );
    Ok(record)
}

fn count(place: &str, data: &Data) {
    println!(
        "   {place}: {} users, {} files, {} items, {} accounts",
        data.users.len(),
        data.files.len(),
        data.items(),
        data.accounts.len()
    );
}

/// Resources without findings, of all.
fn tally(record: &Value) -> (usize, usize) {
    let planned = record
        .pointer("/plan/resources")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let verified = record["verification"]["outcome"] == "verified";
    (if verified { planned } else { 0 }, planned)
}
