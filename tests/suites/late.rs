//! AWS is eventually consistent about what it has just created: tags appear late, and some calls do not find it.

use anyhow::{Result, ensure};
use holdfast_tests::aws::text;
use libtest_mimic::Trial;
use serde_json::json;

use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

const SUFFIX: &str = "late1";

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("late::tags_and_tables_that_are_not_everywhere_yet", |stage| {
            Box::pin(shown_late(stage))
        }),
    ]
}

async fn shown_late(stage: &Stage) -> Result<()> {
    let mut faults = Vec::new();
    // For snapshots, and for everything with the copies' suffix: nothing that existed before is hidden.
    for (service, action, resource, kind) in [
        ("rds", "DescribeDBClusterSnapshots", "hf-late", "without_tags"),
        ("rds", "DescribeDBClusters", SUFFIX, "without_tags"),
        ("rds", "DescribeDBInstances", SUFFIX, "without_tags"),
        ("dynamodb", "ListTagsOfResource", SUFFIX, "not_found_yet"),
        ("dynamodb", "GetResourcePolicy", SUFFIX, "not_found_yet"),
    ] {
        let rule = json!({
            "service": service, "action": action, "resource": resource, "kind": kind, "times": 2,
        });
        faults.push((action, stage.lab.inject(rule).await?));
    }
    let (subject, _) = backed_up(stage, "late").await?;
    let before = subject.data().await?;
    let ended = subject.restore(json!({ "cut_over": "no", "suffix": SUFFIX })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let id = text(&record, "/id")?;
    ensure!(subject.copied(id).await? == before);
    for (action, fault) in faults {
        ensure!(stage.lab.hits(fault).await? > 0, "{action} was never late");
    }
    stage.lab.heal().await?;
    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    subject.nothing_left_of(id).await
}
