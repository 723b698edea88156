//! A set that is older than the descriptor by which it is restored.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::data::incident;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test(
            "matching::renamed_resources_are_followed_compared_and_cut_over",
            |stage| Box::pin(renamed(stage)),
        ),
        stages.test(
            "matching::what_has_no_counterpart_is_named_and_leaves_it_unproven",
            |stage| Box::pin(without_counterpart(stage)),
        ),
        stages.test(
            "matching::a_probe_counts_at_restore_what_it_counted_at_backup",
            |stage| Box::pin(counted_again(stage)),
        ),
    ]
}

/// Fails at 8e363f8: the count of the users was dropped, and the database stayed the live one: "the application uses the copies".
async fn renamed(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "renamed").await?;
    let (before, live) = (subject.data().await?, application.endpoint().await?);
    incident(&stage.aws, &subject.dataset).await?;
    let mut descriptor = application.descriptor(&subject.dataset);
    for (old, new) in [("database", "db"), ("tables", "items"), ("storage", "files")] {
        rename(&mut descriptor, old, new)?;
    }
    subject.records.apply(&descriptor).await?;

    let ended = subject.restore(json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let same = checks(&record, "same");
    for probe in ["probe users", "probe rooms"] {
        ensure!(same.contains(&probe), "{probe}: {record:#}");
    }
    let made = subject.made(text(&record, "/id")?).await?;
    let host = text(made.get("db").context("no copy of the database")?, "/host")?;
    let (now, _) = application.endpoint().await?;
    ensure!(now == host && now != live.0, "{now}, not {host}");
    let cluster = text(&made["db"], "/cluster")?;
    ensure!(subject.dataset.users(cluster).await? == before.users);
    let table = application.named_table().await?;
    ensure!(
        made.values().any(|made| made["table"] == table.as_str()),
        "{table}: {made:?}"
    );
    let directory = text(&made["files"], "/directory")?;
    ensure!(application.mounted().await?.1.starts_with(directory), "{directory}");
    let mail = subject
        .inbox
        .about(&subject.dataset.name, Duration::from_secs(60))
        .await?;
    let message: Value = serde_json::from_str(&mail.body)?;
    ensure!(
        message["event"] == "restore_cut_over" && message["live"] == json!([]),
        "{message:#}"
    );
    Ok(())
}

/// A switch is removed, a probe counts something else, a resource is dropped: on-call is asked, and informed what stays live.
async fn without_counterpart(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "unmatched").await?;
    let mut descriptor = application.descriptor(&subject.dataset);
    let switches = descriptor["cut_over"].as_array_mut().context("no switches")?;
    switches.retain(|switch| switch["name"] != "rooms-table" && switch["name"] != "api");
    descriptor["probes"]["users"]["sql"] = json!("select count(*) + 0 from users");
    let resources = descriptor["resources"].as_object_mut().context("no resources")?;
    resources.remove("settings");
    subject.records.apply(&descriptor).await?;

    let ended = subject.restore(json!({ "cut_over": "no" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "unproven", "{record:#}");
    let unproven = checks(&record, "unproven");
    ensure!(
        unproven.contains(&"probe users") && unproven.contains(&"resource settings"),
        "{record:#}"
    );
    ensure!(checks(&record, "same").contains(&"probe rooms"), "{record:#}");

    let ended = subject.restore(json!({ "dry_run": true })).await?;
    let plan = ended.output.to_string();
    for named in ["probe users", "resource settings", "switch rooms-table"] {
        ensure!(plan.contains(named), "{named} is not in {plan}");
    }
    let planned = subject.newest_restore().await?;
    let live = planned["plan"]["matching"]["live"].to_string();
    ensure!(live.contains(&application.table), "{planned:#}");
    Ok(())
}

/// Fails at 8e363f8: a probe that named its resource's own table was counted at backup, and never again.
async fn counted_again(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "counted").await?;
    let mut descriptor = application.descriptor(&subject.dataset);
    let table = application.table.clone();
    descriptor["resources"]["rooms"] = json!({ "kind": "dynamodb", "table": table });
    descriptor["probes"] = json!({ "own": { "resource": "rooms", "table": table } });
    let resources = descriptor["resources"].as_object_mut().context("no resources")?;
    resources.remove("tables");
    let switches = descriptor["cut_over"].as_array_mut().context("no switches")?;
    for switch in switches.iter_mut().filter(|switch| switch["resource"] == "tables") {
        switch["resource"] = json!("rooms");
    }
    subject.records.apply(&descriptor).await?;
    let ended = stage.back_up(&subject.dataset.name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");

    let ended = subject.restore(json!({ "cut_over": "no" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    ensure!(checks(&record, "same").contains(&"probe own"), "{record:#}");

    // If the request leaves out everything with a count, nothing is verified, and the missing count is named.
    let ended = subject
        .restore(json!({ "cut_over": "no", "only": ["storage"] }))
        .await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "unproven", "{record:#}");
    let said = record["verification"]["checks"].to_string();
    ensure!(
        said.contains("probe own (the request leaves rooms out)") && !said.contains("has no probes"),
        "{said}"
    );
    Ok(())
}

/// Names of the checks with this finding.
fn checks<'a>(record: &'a Value, finding: &str) -> Vec<&'a str> {
    let checks = record["verification"]["checks"].as_array().into_iter().flatten();
    let found = checks.filter(|check| check["finding"] == finding);
    found.filter_map(|check| check["name"].as_str()).collect()
}

/// Renames a resource everywhere in the descriptor.
fn rename(descriptor: &mut Value, old: &str, new: &str) -> Result<()> {
    let resources = descriptor["resources"].as_object_mut().context("no resources")?;
    let resource = resources.remove(old).context("no such resource")?;
    resources.insert(new.to_owned(), resource);
    let Value::Object(probes) = &mut descriptor["probes"] else {
        return Ok(());
    };
    for probe in probes.values_mut().filter(|probe| probe["resource"] == old) {
        probe["resource"] = json!(new);
    }
    for switch in descriptor["cut_over"].as_array_mut().into_iter().flatten() {
        if switch["resource"] == old {
            switch["resource"] = json!(new);
        }
    }
    Ok(())
}
