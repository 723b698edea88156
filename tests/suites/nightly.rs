//! The schedule starts `nightly`, which backs up every enabled deployment; a broken one stops no other.

use std::time::Duration;

use anyhow::{Result, ensure};
use holdfast_tests::dataset::{Dataset, Sizes, create_table};
use holdfast_tests::lab::Options;
use holdfast_tests::records::Records;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::json;

use crate::stage::{Stage, Stages};

/// The scheduler of the lab's engine polls every ten seconds of real time.
const LIMIT: Duration = Duration::from_secs(240);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mine = stages.clone();
    vec![stages.alone(
        "nightly::the_schedule_backs_up_all_and_the_digest_names_all",
        move || Box::pin(scheduled(mine.clone())),
    )]
}

async fn scheduled(stages: Stages) -> Result<()> {
    let stage = Stage::start(&Options::default(), &["ScheduleExpression=rate(1 minute)"]).await?;
    let records = Records::of(&stage.aws, &stage.stack)?;
    let inbox = stage.stack.inbox(&stage.aws, "digests").await?;
    let good = Dataset::create(&stage.lab, "good", &Sizes::small()).await?;
    let bad = Dataset::create(&stage.lab, "bad", &Sizes::small()).await?;
    let mut broken = bad.descriptor();
    broken["resources"]["database"]["cluster"] = json!("nobody-db");
    broken["probes"] = json!({});
    let mut resting = bad.descriptor();
    resting["deployment"] = json!("resting");
    resting["enabled"] = json!(false);
    let mut covering = good.descriptor();
    covering["covers"] = json!({ "prefix": "good-" });
    covering["resources"]["tables"] = json!({ "kind": "dynamodb", "table": good.tables[0] });
    covering["probes"]["rooms"] = json!({ "resource": "tables" });
    create_table(&stage.aws, "good-later").await?;
    for descriptor in [&covering, &broken, &resting] {
        records.apply(descriptor).await?;
    }

    let digest = until("a digest that names both", LIMIT, || async {
        let mails = inbox.take().await?;
        Ok(mails.into_iter().find(|mail| {
            mail.attributes["event"]["Value"] == "nightly" && mail.body.contains("good") && mail.body.contains("bad")
        }))
    })
    .await?;
    ensure!(
        !digest.body.contains("resting"),
        "a disabled deployment is not backed up: {}",
        digest.body
    );
    ensure!(
        !digest.body.contains("NotReported"),
        "the result of each was written to S3, and read: {}",
        digest.body
    );
    ensure!(
        digest.body.contains("good-later") && digest.body.contains("holdfast diff good"),
        "a table of the prefix that no set has is named: {}",
        digest.body
    );
    ensure!(
        !digest.body.contains(&good.tables[0]),
        "what a set has is not: {}",
        digest.body
    );
    let set = records.newest_set("good").await?;
    ensure!(set.as_ref().is_some_and(|set| set["status"] == "sealed"), "{set:?}");
    let failed = records.newest_set("bad").await?;
    ensure!(
        failed
            .as_ref()
            .is_some_and(|set| set["status"] == "failed" && set["reasons"][0]["subject"] == "database"),
        "{failed:?}"
    );
    stages.remember(&stage, 0).await
}
