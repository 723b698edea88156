use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::Sizes;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::checks::Subject;
use crate::stage::{Stage, Stages};

const PARAMETERS: usize = 1_500;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("limits::more_parameters_than_a_catalog_item_holds", |stage| {
            Box::pin(many_parameters(stage))
        }),
    ]
}

/// Fails at 8e363f8: what is recorded of 970 parameters was larger than an item of the catalog, every night.
async fn many_parameters(stage: &Stage) -> Result<()> {
    let only = |descriptor: &mut Value| {
        let resources = descriptor["resources"].as_object_mut().into_iter();
        resources.for_each(|resources| resources.retain(|name, _| ["tables", "settings"].contains(&name.as_str())));
        let probes = descriptor["probes"].as_object_mut().into_iter();
        probes.for_each(|probes| probes.retain(|name, _| name == "rooms"));
    };
    let subject = Subject::create(stage, "many", &Sizes::small(), only).await?;
    let path = &subject.dataset.parameter_path;
    let mut writing = JoinSet::new();
    for number in 0..PARAMETERS {
        let (aws, path) = (stage.aws.clone(), path.clone());
        writing.spawn(async move {
            let named = json!({
                "Name": format!("{path}/a-service/with-long-names/setting-{number:05}"), "Type": "String", "Value": "v",
                "Description": format!("What the service reads as its setting number {number}: {}", "words ".repeat(20)),
            });
            aws.json("ssm", "AmazonSSM.PutParameter", named).await
        });
        if writing.len() == 16 {
            writing.join_next().await.context("nothing was written")???;
        }
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    let ended = stage.back_up(&subject.dataset.name).await?;
    let set = subject
        .records
        .newest_set(&subject.dataset.name)
        .await?
        .context("no set")?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{set:#}");
    let parts = subject.records.items(&subject.dataset.name, "PART#SET#").await?;
    ensure!(parts.len() > 1, "it fits into an item: the test proves nothing");

    let ended = subject.restore(json!({ "cut_over": "no" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{:#}", record["reasons"]);
    ensure!(
        record["verification"]["outcome"] == "verified",
        "{:#}",
        record["verification"]
    );
    let checks = record["verification"]["checks"].as_array().context("no checks")?;
    let seen = checks.iter().find(|check| check["name"] == "settings: versions");
    let detail = seen.context("the parameters were not compared")?["detail"].to_string();
    let number = detail
        .trim_start_matches('"')
        .split(' ')
        .next()
        .and_then(|number| number.parse::<usize>().ok());
    ensure!(number.is_some_and(|number| number >= PARAMETERS), "{detail}");
    Ok(())
}
