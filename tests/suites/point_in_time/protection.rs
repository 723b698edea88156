//! `holdfast protect`, and each backup with `protect` in the descriptor, turn on what protects tables, and say what they changed.

use std::process::Output;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::Sizes;
use holdfast_tests::lab::program;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test(
            "point_in_time::protection::tables_are_protected_once_and_each_change_is_named",
            |stage| Box::pin(protected(stage)),
        ),
        stages.test(
            "point_in_time::protection::a_table_that_cannot_be_protected_is_named_and_the_others_are",
            |stage| Box::pin(refused(stage)),
        ),
        stages.test(
            "point_in_time::protection::a_backup_protects_tables_as_asked_and_the_copy_in_use_after_a_cut_over",
            |stage| Box::pin(guarded(stage)),
        ),
    ]
}

fn two_tables() -> Sizes {
    Sizes {
        items: vec![4, 4],
        ..Sizes::small()
    }
}

const BOTH: [&str; 2] = ["point_in_time_recovery", "deletion_protection"];

async fn protected(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "protected", &two_tables(), |_| {}).await?;
    let mark = stage.lab.ledger_position().await?;

    let shown = outcomes(&protect(&subject, &["--dry-run"]).await?)?;
    ensure!(shown.len() == subject.dataset.tables.len(), "{shown:#?}");
    ensure!(
        shown
            .iter()
            .all(|table| table["off"] == json!(BOTH) && table["turned_on"] == json!([])),
        "{shown:#?}"
    );
    ensure!(changes(stage, mark).await? == 0, "a dry run changed something");

    let output = protect(&subject, &[]).await?;
    ensure!(output.status.success(), "{output:?}");
    let changed = outcomes(&output)?;
    ensure!(
        changed.iter().all(|table| table["turned_on"] == json!(BOTH)),
        "{changed:#?}"
    );
    for table in &subject.dataset.tables {
        ensure!(state(stage, table).await? == (true, true), "{table}");
    }

    let mark = stage.lab.ledger_position().await?;
    let again = outcomes(&protect(&subject, &[]).await?)?;
    ensure!(again.iter().all(|table| table["off"] == json!([])), "{again:#?}");
    ensure!(changes(stage, mark).await? == 0, "what is on was turned on again");
    Ok(())
}

async fn refused(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "partly-protected", &two_tables(), |_| {}).await?;
    let fault = json!({ "service": "dynamodb", "action": "UpdateTable", "nth": 1, "kind": "access_denied" });
    stage.lab.inject(fault).await?;
    let output = protect(&subject, &[]).await?;
    stage.lab.heal().await?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let tables = outcomes(&output)?;
    let failed: Vec<&Value> = tables.iter().filter(|table| !table["error"].is_null()).collect();
    let [failed] = failed.as_slice() else {
        anyhow::bail!("one of several was refused: {tables:#?}");
    };
    ensure!(
        tables.len() > 1 && failed["turned_on"] == json!(BOTH[..1]),
        "the others, and what came before, are on: {tables:#?}"
    );
    ensure!(
        String::from_utf8_lossy(&output.stderr).contains("run the command again"),
        "{output:?}"
    );

    let again = protect(&subject, &[]).await?;
    ensure!(again.status.success(), "{again:?}");
    for table in &subject.dataset.tables {
        ensure!(state(stage, table).await? == (true, true), "{table}");
    }
    Ok(())
}

/// A table that cannot be protected is backed up all the same, and protected the night after; and so is the copy that the application
/// was cut over to, from a set of a time when the table was not protected.
async fn guarded(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "guarded").await?;
    let (name, table) = (&subject.dataset.name, &subject.dataset.tables[0]);
    let first = subject.records.newest_set(name).await?.context("no set")?;
    ensure!(state(stage, table).await? == (false, false), "nobody asked for it");

    let mut descriptor = application.descriptor(&subject.dataset);
    descriptor["resources"]["tables"]["protect"] = json!("pitr");
    subject.records.apply(&descriptor).await?;
    let fault = json!({ "service": "dynamodb", "action": "UpdateTable", "nth": 1, "kind": "access_denied" });
    stage.lab.inject(fault).await?;
    let (ended, _, mail) = subject.back_up().await?;
    stage.lab.heal().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    for part in ["ProtectionTurnedOn", "NotProtected", "ProtectedTablePattern"] {
        ensure!(mail.body.contains(part), "{part}: {}", mail.body);
    }
    ensure!(!mail.body.contains("Without point-in-time recovery"), "{}", mail.body);
    ensure!(state(stage, table).await? == (true, false));

    let (ended, _, mail) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    ensure!(mail.body.contains("ProtectionTurnedOn"), "{}", mail.body);
    ensure!(!mail.body.contains("NotProtected"), "{}", mail.body);
    ensure!(state(stage, table).await? == (true, true));

    let ended = subject
        .restore(json!({ "set": text(&first, "/id")?, "cut_over": "yes" }))
        .await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let copy = application.named_table().await?;
    ensure!(copy != *table && state(stage, &copy).await? == (false, false), "{copy}");
    let ended = stage.back_up(name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    ensure!(state(stage, &copy).await? == (true, true), "{copy}");

    let mark = stage.lab.ledger_position().await?;
    let ended = stage.back_up(name).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    ensure!(changes(stage, mark).await? == 0, "what is on was turned on again");
    Ok(())
}

/// Runs `holdfast protect --json`.
async fn protect(subject: &Subject<'_>, options: &[&str]) -> Result<Output> {
    let run = tokio::process::Command::new(program("holdfast"))
        .args(["protect", &subject.dataset.name, "--json"])
        .args(options)
        .envs(&subject.stage.stack.environment)
        .output();
    Ok(run.await?)
}

fn outcomes(output: &Output) -> Result<Vec<Value>> {
    serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))
}

/// Whether point-in-time recovery and deletion protection are on.
async fn state(stage: &Stage, table: &str) -> Result<(bool, bool)> {
    let request = json!({ "TableName": table });
    let backups = "DynamoDB_20120810.DescribeContinuousBackups";
    let backups = stage.aws.json("dynamodb", backups, request.clone()).await?;
    let recovery = "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus";
    let described = stage
        .aws
        .json("dynamodb", "DynamoDB_20120810.DescribeTable", request)
        .await?;
    Ok((
        backups.pointer(recovery) == Some(&json!("ENABLED")),
        described["Table"]["DeletionProtectionEnabled"] == true,
    ))
}

/// How many calls since this entry of the ledger change a table's settings.
async fn changes(stage: &Stage, mark: u64) -> Result<usize> {
    let ledger = stage.lab.ledger(mark).await?;
    let changing = ["UpdateTable", "UpdateContinuousBackups"];
    Ok(ledger
        .iter()
        .filter(|call| call["action"].as_str().is_some_and(|action| changing.contains(&action)))
        .count())
}
