use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::{Dataset, Sizes, put_items};
use holdfast_tests::readback::{files_below, files_in_recovery_point, items, items_in_backup, users_in_snapshot};
use holdfast_tests::records::Records;
use libtest_mimic::Trial;

use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![stages.test("backup::holds_exactly_the_data_of_its_moment", |stage| {
        Box::pin(exact(stage))
    })]
}

/// Data is written after the capture; what was backed up must not contain it, and must contain all the rest.
async fn exact(stage: &Stage) -> Result<()> {
    let dataset = Dataset::create(
        &stage.lab,
        "exact",
        &Sizes {
            items: vec![40, 7],
            ..Sizes::small()
        },
    )
    .await?;
    let records = Records::of(&stage.aws, &stage.stack)?;
    records.apply(&dataset.descriptor()).await?;
    let users = dataset.users(&dataset.cluster).await?;
    let files = files_below(dataset.directory())?;
    let mut tables = Vec::new();
    for table in &dataset.tables {
        tables.push(items(&stage.aws, table).await?);
    }

    let ended = stage.back_up(&dataset.name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    dataset
        .execute("delete from hubs; delete from users; insert into users values (999, 'late')")
        .await?;
    std::fs::remove_dir_all(dataset.directory().join("storage"))?;
    std::fs::write(dataset.directory().join("late"), "late")?;
    put_items(&stage.aws, &dataset.tables[0], 60).await?;

    let set = records.newest_set(&dataset.name).await?.context("no set")?;
    ensure!(set["status"] == "sealed", "{set}");
    let points = records.points(&dataset.name, &set).await?;
    let arn = |resource: &str, pointer: &str| -> Result<String> {
        let point = points
            .iter()
            .find(|point| point["resource"]["name"] == resource)
            .with_context(|| format!("no point of {resource}"))?;
        Ok(point
            .pointer(pointer)
            .and_then(|value| value.as_str())
            .with_context(|| format!("{point}"))?
            .to_owned())
    };
    ensure!(users_in_snapshot(&stage.aws, &dataset, &arn("database", "/recovery_point/id")?).await? == users);
    ensure!(files_in_recovery_point(&stage.lab, &arn("storage", "/recovery_point/arn")?).await? == files);
    for (table, before) in dataset.tables.iter().zip(&tables) {
        let backup = arn(&format!("tables.{table}"), "/recovery_point/arn")?;
        ensure!(
            items_in_backup(&stage.aws, &backup, &format!("{table}-readback")).await? == *before,
            "{table}"
        );
    }
    Ok(())
}
