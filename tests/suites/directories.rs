//! The directories of a file system that are in use are backed up, compared and restored, also after earlier restores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::application::{Application, Finds, ROOT_DIRECTORY};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::executions::{Ended, ended};
use holdfast_tests::readback::files_below;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::broken::{paused, pausing};
use crate::checks::Subject;
use crate::hooks::function::create_function;
use crate::stage::{Stage, Stages};
use crate::trials::changed;

const LIMIT: Duration = Duration::from_secs(120);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("directories::the_live_files_are_restored_round_after_round", |stage| {
            Box::pin(rounds(stage))
        }),
        stages.test("directories::an_older_set_is_restored_a_second_time", |stage| {
            Box::pin(older(stage))
        }),
        stages.test(
            "directories::nothing_is_switched_to_a_directory_that_is_not_there",
            |stage| Box::pin(gone(stage)),
        ),
        stages.test("directories::an_empty_file_system_is_backed_up", |stage| {
            Box::pin(empty(stage))
        }),
    ]
}

/// A deployment whose service mounts a directory, quiesced while it is backed up: any difference is then wrong.
struct Served<'a> {
    subject: Subject<'a>,
    application: Application,
}

impl<'a> Served<'a> {
    async fn up(stage: &'a Stage, name: &str) -> Result<Self> {
        let dataset = Dataset::create(&stage.lab, name, &Sizes::small()).await?;
        let hook = format!("holdfast-hook-{name}");
        create_function(stage, &hook).await?;
        deploy_efs_access(&stage.lab, &dataset.file_system).await?;
        let application = Application::create(&stage.lab, &dataset, Finds::Secret).await?;
        let switches = application.cut_over();
        let subject =
            Subject::over(stage, dataset, |descriptor| {
                descriptor["hooks"] = json!([{ "name": "offline", "kind": "lambda", "function": hook }]);
                descriptor["cut_over"] = switches;
                // The files, and a table whose count makes verification possible.
                let table = descriptor["probes"]["rooms"]["table"].clone();
                descriptor["resources"] = json!({
                    "storage": descriptor["resources"]["storage"], "rooms": { "kind": "dynamodb", "table": table },
                });
                descriptor["probes"] = json!({ "rooms": { "resource": "rooms" } });
                let of_files = |switch: &Value| switch["resource"] == "storage";
                let switches = descriptor["cut_over"].as_array().into_iter().flatten();
                let mut switches: Vec<Value> = switches.filter(|switch| of_files(switch)).cloned().collect();
                switches.insert(0, json!({
                "name": "rooms-table", "kind": "parameter", "resource": "rooms", "parameter": application.parameter,
            }));
                descriptor["cut_over"] = switches.into();
            })
            .await?;
        Ok(Self { subject, application })
    }

    async fn back_up(&self) -> Result<Value> {
        let Subject {
            stage,
            dataset,
            records,
            ..
        } = &self.subject;
        let end = stage.back_up(&dataset.name).await?;
        ensure!(end.status == "SUCCEEDED", "{end:?}");
        records.newest_set(&dataset.name).await?.context("no set")
    }

    /// The directory that the service mounts, from the root of the file system.
    async fn root(&self) -> Result<String> {
        Ok(self.application.mounted().await?.1)
    }

    /// What the service sees.
    async fn live(&self) -> Result<PathBuf> {
        Ok(below(self.subject.dataset.directory(), &self.root().await?))
    }

    /// Restores the files and the table, and returns the record.
    async fn restore(&self, mut fields: Value) -> Result<(Ended, Value)> {
        fields["cut_over"] = json!("yes");
        let end = self.subject.restore(fields).await?;
        Ok((end, self.subject.newest_restore().await?))
    }

    async fn verified(&self, fields: Value) -> Result<Value> {
        let (end, record) = self.restore(fields).await?;
        let checks = &record["verification"];
        ensure!(end.status == "SUCCEEDED", "{end:?}: {checks:#}");
        ensure!(checks["outcome"] == "verified", "{checks:#}");
        Ok(record)
    }

    /// Restores without a cut-over, damages all that was in use in the copy, and returns the result of the comparison.
    async fn damaged_copy(&self, root: &str) -> Result<Value> {
        let subject = &self.subject;
        changed(subject.stage, "RestoreStateMachineArn", pausing, async {
            let (_, record) = paused(subject, async |id| {
                let copy = below(&subject.restored_directory(id).await?, root);
                let damaged = damage(&copy)?;
                ensure!(damaged > 0, "nothing to damage in {}", copy.display());
                Ok(())
            })
            .await?;
            let id = text(&record, "/id")?;
            let undone = subject.undo("UndoRestoreStateMachineArn", id).await?;
            ensure!(undone.status == "SUCCEEDED", "{undone:?}");
            Ok(record["verification"].clone())
        })
        .await
    }
}

fn below(directory: &Path, path: &str) -> PathBuf {
    directory.join(path.trim_start_matches('/'))
}

/// Changes every file below a directory, but none of their sizes.
fn damage(directory: &Path) -> Result<usize> {
    let files = files_below(directory)?;
    for path in files.keys() {
        let path = directory.join(path);
        let damaged: Vec<u8> = std::fs::read(&path)?.iter().map(|byte| !byte).collect();
        std::fs::write(path, damaged)?;
    }
    Ok(files.len())
}

fn names_in(directory: &Path) -> Result<Vec<String>> {
    let names = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

async fn rounds(stage: &Stage) -> Result<()> {
    let served = Served::up(stage, "dir-rounds").await?;
    let mut restored: Vec<String> = Vec::new();
    for round in 1..=3 {
        let live = served.live().await?;
        for n in 0..round {
            std::fs::write(
                live.join(format!("written in round {round}, {n}.txt")),
                format!("{round} {n}"),
            )?;
        }
        let before: BTreeMap<String, String> = files_below(&live)?;
        let root = served.root().await?;
        served.back_up().await?;
        damage(&live)?;

        let found = served.damaged_copy(&root).await?;
        ensure!(found["outcome"] == "failed", "round {round}: {found:#}");
        let named = found["checks"].as_array().into_iter().flatten().any(|check| {
            let name = check["name"].as_str().unwrap_or_default();
            check["finding"] == "different" && name.starts_with(&format!("storage: file {root}/"))
        });
        ensure!(named, "round {round}: {found:#}");

        let record = served.verified(json!({})).await?;
        let directory = text(
            &served.subject.made(text(&record, "/id")?).await?["storage"],
            "/directory",
        )?
        .to_owned();
        ensure!(
            served.root().await? == format!("{directory}{root}"),
            "round {round}: {}",
            served.root().await?
        );
        ensure!(files_below(&served.live().await?)? == before, "round {round}");
        // No earlier restore is copied along: from the second on, the copy has what is in use and nothing else.
        let copy = below(served.subject.dataset.directory(), &directory);
        match restored.last() {
            None => ensure!(
                files_below(&copy)?.contains_key("large.bin"),
                "there was nothing to leave out"
            ),
            Some(_) => ensure!(files_below(&copy)?.len() == before.len(), "{:?}", files_below(&copy)?),
        }
        let remarks = record["plan"]["remarks"].to_string();
        for earlier in &restored {
            let kept = served.root().await?.contains(earlier.as_str()) || root.contains(earlier.as_str());
            ensure!(remarks.contains(earlier.as_str()) || !kept, "{earlier} in {remarks}");
        }
        ensure!(
            restored.is_empty() || remarks.contains("only the directories in use"),
            "{remarks}"
        );
        restored.push(directory);
    }
    Ok(())
}

async fn older(stage: &Stage) -> Result<()> {
    let served = Served::up(stage, "dir-older").await?;
    let before = files_below(&served.live().await?)?;
    let set = served.back_up().await?;
    let id = text(&set, "/id")?;
    for (round, from_before) in [(1, false), (2, false), (3, true)] {
        // A set from before the directories in use were recorded.
        if from_before {
            forget_use(&served, id).await?;
        }
        damage(&served.live().await?)?;
        let record = served.verified(json!({ "set": id })).await?;
        let directory = text(
            &served.subject.made(text(&record, "/id")?).await?["storage"],
            "/directory",
        )?
        .to_owned();
        let root = served.root().await?;
        ensure!(root == format!("{directory}{ROOT_DIRECTORY}"), "round {round}: {root}");
        ensure!(files_below(&served.live().await?)? == before, "round {round}");
    }
    Ok(())
}

/// Removes from a set's point the fields that earlier versions did not write.
async fn forget_use(served: &Served<'_>, set: &str) -> Result<()> {
    let subject = &served.subject;
    let request = json!({
        "TableName": subject.stage.stack.output("CatalogTable")?,
        "Key": {
            "pk": { "S": format!("DEPLOYMENT#{}", subject.dataset.name) },
            "sk": { "S": format!("SET#{set}#POINT#storage") },
        },
        "UpdateExpression": "REMOVE configuration.InUse, #sample.#roots",
        "ConditionExpression": "attribute_exists(configuration.InUse) AND attribute_exists(#sample.#roots)",
        "ExpressionAttributeNames": { "#roots": "roots", "#sample": "sample" },
    });
    let aws = &subject.stage.aws;
    aws.json("dynamodb", "DynamoDB_20120810.UpdateItem", request)
        .await
        .map(drop)
}

async fn gone(stage: &Stage) -> Result<()> {
    let served = Served::up(stage, "dir-gone").await?;
    let subject = &served.subject;
    served.back_up().await?;
    let (table, root) = (served.application.named_table().await?, served.root().await?);
    let execution = subject
        .start_restore(json!({ "cut_over": "ask", "on_failure": "keep" }))
        .await?;
    let record = until("on-call is asked", LIMIT, || async {
        let record = subject.restore_of(&execution).await?;
        Ok(record.filter(|record| record["question"]["told_at"].is_string()))
    })
    .await?;
    let id = text(&record, "/id")?;
    let copy = subject.restored_directory(id).await?;
    ensure!(
        names_in(&copy)?.contains(&"storage".to_owned()),
        "{:?}",
        names_in(&copy)?
    );
    std::fs::rename(copy.join("storage"), copy.join("elsewhere"))?;
    let approved = tokio::process::Command::new(holdfast_tests::lab::program("holdfast"))
        .args(["approve", "--cut-over", id])
        .envs(&stage.stack.environment)
        .output()
        .await?;
    ensure!(approved.status.success(), "{approved:?}");
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    ensure!(end.status == "FAILED", "{end:?}");
    let record = subject.restore_of(&execution).await?.context("no record")?;
    ensure!(
        served.application.named_table().await? == table,
        "the parameter was switched"
    );
    ensure!(served.root().await? == root, "the service was switched");
    ensure!(record["switched"] == json!([]), "{:#}", record["switched"]);
    let reasons = record["reasons"].to_string();
    ensure!(reasons.contains("/storage") && reasons.contains("by hand"), "{reasons}");
    Ok(())
}

async fn empty(stage: &Stage) -> Result<()> {
    for (name, seen) in [("dir-empty", true), ("dir-unseen", false)] {
        let subject = Subject::create(stage, name, &Sizes::small(), |_| {}).await?;
        let directory = subject.dataset.directory();
        for entry in names_in(directory)? {
            let path = directory.join(entry);
            match path.is_dir() {
                true => std::fs::remove_dir_all(path)?,
                false => std::fs::remove_file(path)?,
            }
        }
        if seen {
            deploy_efs_access(&stage.lab, &subject.dataset.file_system).await?;
        }
        let (end, set, mail) = subject.back_up().await?;
        ensure!(end.status == "SUCCEEDED", "{name}: {end:?}: {}", mail.body);
        ensure!(set.context("no set")?["status"] == "sealed");
    }
    Ok(())
}
