//! `holdfast tidy`: copies that nothing uses are removed by the machine, and everything else stays.

use anyhow::{Context, Result, ensure};
use holdfast_tests::application::Application;
use holdfast_tests::aws::text;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::command::{found, holdfast};
use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test(
            "leftovers::tidy::unused_copies_are_removed_once_a_newer_set_is_sealed",
            |stage| Box::pin(removed(stage)),
        ),
        stages.test("leftovers::tidy::what_is_in_use_and_what_was_replaced_stays", |stage| {
            Box::pin(kept(stage))
        }),
    ]
}

async fn removed(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "tidied").await?;
    ensure!(found(&holdfast(&subject, "tidy", &["--dry-run"]).await?)?["restores"] == json!([]));
    let restore = restored(&subject, "no").await?;

    let dry = only(&found(&holdfast(&subject, "tidy", &["--dry-run"]).await?)?)?;
    ensure!(
        dry["restore"] == restore.as_str() && dry["removable"] == false,
        "{dry:#}"
    );
    ensure!(
        dry["verdict"].to_string().contains("no set was sealed since"),
        "{dry:#}"
    );
    let copies = dry["copies"].as_array().context("no copies")?;
    for (copy, state) in [
        ("cluster ", "exists"),
        ("table ", "exists"),
        ("directory /aws-backup-restore_", "unknown"),
    ] {
        let of_kind = |of: &&Value| of["copy"].as_str().is_some_and(|name| name.starts_with(copy));
        let listed = copies
            .iter()
            .find(of_kind)
            .with_context(|| format!("no {copy}in {dry:#}"))?;
        ensure!(listed["state"].to_string().contains(state), "{listed:#}");
    }

    let ended = stage.back_up(&subject.dataset.name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    // A switch of the deployment now has the copy of the table as its value.
    let made = subject.made(&restore).await?;
    let table = made
        .values()
        .find_map(|made| made["table"].as_str())
        .context("no table")?;
    lead(stage, &application, table).await?;
    let used = only(&found(&holdfast(&subject, "tidy", &["--dry-run"]).await?)?)?;
    ensure!(used["removable"] == false, "{used:#}");
    ensure!(used["verdict"].to_string().contains(&application.parameter), "{used:#}");
    lead(stage, &application, &application.table).await?;

    let mark = stage.lab.ledger_position().await?;
    let asked = holdfast(&subject, "tidy", &[]).await?;
    ensure!(asked.status.code() == Some(2), "{asked:?}");
    ensure!(
        deletions(stage, mark).await? == Vec::<String>::new(),
        "it removed without being asked to"
    );

    let output = holdfast(&subject, "tidy", &["--yes"]).await?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(found(&output)?["removals"][0]["error"] == "", "{output:?}");
    subject.nothing_left_of(&restore).await?;
    let callers = deletions(stage, mark).await?;
    ensure!(
        !callers.is_empty()
            && callers
                .iter()
                .all(|caller| caller.contains("undo-restore") || caller.contains("efs-")),
        "the machine alone removes: {callers:?}"
    );
    let after = found(&holdfast(&subject, "tidy", &[]).await?)?;
    ensure!(
        after["restores"] == json!([]) && after["replaced"] == json!([]),
        "{after:#}"
    );
    Ok(())
}

async fn kept(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "untidied").await?;
    // One copy of an earlier restore is deleted by hand.
    let first = restored(&subject, "no").await?;
    let made = subject.made(&first).await?;
    let table = made
        .values()
        .find_map(|made| made["table"].as_str())
        .context("no table")?;
    let request = json!({ "TableName": table });
    stage
        .aws
        .json("dynamodb", "DynamoDB_20120810.DeleteTable", request)
        .await?;
    let restore = restored(&subject, "yes").await?;
    let ended = stage.back_up(&subject.dataset.name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");

    let all = found(&holdfast(&subject, "tidy", &["--dry-run"]).await?)?;
    let of = |id: &str| {
        let restores = all["restores"].as_array().into_iter().flatten();
        restores
            .into_iter()
            .find(|of| of["restore"] == id)
            .context("not listed")
    };
    ensure!(of(&first)?["removable"] == true, "{all:#}");
    let gone = of(&first)?["copies"].as_array().into_iter().flatten();
    ensure!(
        gone.into_iter().filter(|copy| copy["state"] == "gone").count() == 1,
        "{all:#}"
    );
    ensure!(
        of(&restore)?["verdict"]
            .to_string()
            .contains("the application was switched"),
        "{all:#}"
    );
    let replaced = all["replaced"].as_array().context("nothing replaced")?;
    let cluster = format!("cluster {}", subject.dataset.cluster);
    let old = replaced.iter().find(|old| old["what"] == cluster.as_str());
    let old = old.with_context(|| format!("{all:#}"))?;
    ensure!(old["restore"] == restore.as_str(), "{old:#}");
    ensure!(
        old["commands"][1]
            .as_str()
            .is_some_and(|command| command.contains("delete-db-cluster")),
        "{old:#}"
    );

    let mark = stage.lab.ledger_position().await?;
    let output = holdfast(&subject, "tidy", &["--yes"]).await?;
    ensure!(output.status.success(), "{output:?}");
    let items = subject.items(&first).await?;
    let is_left =
        |item: &&Value| item["made"].is_object() && item["made"]["made"] != "nothing" && item["status"] != "undone";
    ensure!(!items.iter().any(|item| is_left(&item)), "{items:#?}");
    // The old resources, and the copies in use, are there.
    subject.data().await?;
    subject.copied(&restore).await?;
    let ledger = stage.lab.ledger(mark).await?;
    let touched = |name: &str| {
        let deleting = |call: &&Value| {
            call["action"]
                .as_str()
                .is_some_and(|action| action.starts_with("Delete"))
        };
        ledger
            .iter()
            .filter(deleting)
            .any(|call| call["resource"].to_string().contains(&format!("{name}\"")))
    };
    ensure!(!touched(&subject.dataset.cluster), "the replaced cluster was touched");
    Ok(())
}

/// Restores the newest set; returns the id of the restore.
async fn restored(subject: &Subject<'_>, cut_over: &str) -> Result<String> {
    let ended = subject.restore(json!({ "cut_over": cut_over })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    Ok(text(&record, "/id")?.to_owned())
}

/// Switches the application to a table by hand.
async fn lead(stage: &Stage, application: &Application, table: &str) -> Result<()> {
    let request = json!({ "Name": application.parameter, "Value": table, "Overwrite": true });
    stage.aws.json("ssm", "AmazonSSM.PutParameter", request).await?;
    Ok(())
}

fn only(found: &Value) -> Result<Value> {
    let restores = found["restores"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [only] = restores else {
        anyhow::bail!("one restore left something: {found:#}");
    };
    Ok(only.clone())
}

/// Who deleted clusters, tables and directories since this entry of the ledger.
async fn deletions(stage: &Stage, mark: u64) -> Result<Vec<String>> {
    let ledger = stage.lab.ledger(mark).await?;
    let deleting = ["DeleteDBCluster", "DeleteDBInstance", "DeleteTable", "DeleteFileSystem"];
    let calls = ledger
        .iter()
        .filter(|call| call["action"].as_str().is_some_and(|action| deleting.contains(&action)));
    Ok(calls
        .map(|call| call["caller"].as_str().unwrap_or_default().to_owned())
        .collect())
}
