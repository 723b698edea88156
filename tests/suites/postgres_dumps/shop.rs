//! A deployment that is one database, with a maintenance mode: what the suites of whole runs have in common.

use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::Sizes;
use holdfast_tests::ledger::Ledger;
use holdfast_tests::s3;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::hooks::function::create_function;
use crate::stage::Stage;

/// Creates the database with so many accounts; its descriptor is changed by `adapt`.
pub async fn shop<'a>(
    stage: &'a Stage,
    name: &str,
    accounts: u32,
    adapt: impl FnOnce(&mut Value),
) -> Result<Subject<'a>> {
    let function = format!("holdfast-hook-{name}");
    create_function(stage, &function).await?;
    only_database(stage, name, accounts, |descriptor| {
        descriptor["hooks"] = json!([{ "name": "maintenance", "kind": "lambda", "function": function }]);
        adapt(descriptor);
    })
    .await
}

/// The same without a maintenance mode.
pub async fn only_database<'a>(
    stage: &'a Stage,
    name: &str,
    accounts: u32,
    adapt: impl FnOnce(&mut Value),
) -> Result<Subject<'a>> {
    let sizes = Sizes::small().with_accounts(accounts);
    Subject::create(stage, name, &sizes, |descriptor| {
        let ledger = descriptor["resources"]["ledger"].take();
        descriptor["resources"] = json!({ "ledger": ledger });
        descriptor["probes"] = json!({ "users": { "resource": "ledger", "sql": "select count(*) from accounts" } });
        descriptor["cut_over"] = json!([{ "name": "users", "kind": "rename", "resource": "ledger" }]);
        adapt(descriptor);
    })
    .await
}

/// The database of a deployment.
pub fn ledger<'a>(subject: &'a Subject<'_>) -> Result<&'a Ledger> {
    subject.dataset.ledger.as_ref().context("no database")
}

/// Backs it up; returns the sealed set.
pub async fn sealed(subject: &Subject<'_>) -> Result<Value> {
    let (ended, set, mail) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    set.context("no set")
}

/// The folders of the deployment's dumps in which the archive has anything: an object, an older version, an unfinished upload.
pub async fn folders(subject: &Subject<'_>) -> Result<Vec<String>> {
    let client = s3::client(&subject.stage.lab);
    let bucket = subject.stage.stack.output("ArchiveBucket")?;
    let prefix = format!("dumps/{}/", subject.dataset.name);
    let versions = client
        .list_object_versions()
        .bucket(bucket)
        .prefix(&prefix)
        .send()
        .await?;
    let uploads = client
        .list_multipart_uploads()
        .bucket(bucket)
        .prefix(&prefix)
        .send()
        .await?;
    ensure!(versions.is_truncated() != Some(true), "more than one page of versions");
    let objects = versions.versions().iter().filter_map(|version| version.key());
    let markers = versions.delete_markers().iter().filter_map(|marker| marker.key());
    let begun = uploads.uploads().iter().filter_map(|upload| upload.key());
    let keys = objects.chain(markers).chain(begun);
    let mut folders: Vec<String> = keys
        .filter_map(|key| Some(key.rsplit_once('/')?.0.to_owned()))
        .collect();
    folders.sort();
    folders.dedup();
    Ok(folders)
}
