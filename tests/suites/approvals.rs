//! A restore asks before it creates anything, and before it switches; no answer means no.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::executions::{Ended, ended};
use holdfast_tests::lab::program;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};
use crate::trials::changed;

const PATIENCE: Duration = Duration::from_secs(120);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("approvals::yes_goes_on_and_no_makes_nothing", |stage| {
            Box::pin(plan(stage))
        }),
        stages.test(
            "approvals::a_cut_over_that_nobody_wants_leaves_the_copies_beside",
            |stage| Box::pin(cut_over(stage)),
        ),
        stages.test("approvals::silence_means_no", |stage| Box::pin(silence(stage))),
        stages.test(
            "approvals::a_backup_runs_while_a_restore_waits_for_an_answer",
            |stage| Box::pin(backup_meanwhile(stage)),
        ),
        stages.test(
            "approvals::an_undo_ends_the_restore_that_waits_for_an_answer",
            |stage| Box::pin(undo_meanwhile(stage)),
        ),
    ]
}

async fn plan(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "ask-plan").await?;
    let fields = json!({ "approval": "required", "cut_over": "no" });

    let asked = asked(&subject, &fields).await?;
    subject
        .nothing_left_of(&asked.id)
        .await
        .context("nothing is created before the answer")?;
    let listed = said(&subject, &["restores", &subject.dataset.name]).await?;
    let waits = format!(
        "{} waits: may the plan be carried out? holdfast approve {}",
        asked.id, asked.id
    );
    ensure!(listed.contains(&waits), "{listed}");
    ensure!(holdfast(&subject, &["reject", &asked.id]).await?);
    let end = ended(&stage.aws, &asked.execution, PATIENCE).await?;
    ensure!(end.status == "FAILED", "{end:?}");
    let listed = said(&subject, &["restores", &subject.dataset.name]).await?;
    ensure!(!listed.contains("waits"), "the question is answered: {listed}");
    let watched = said(&subject, &["watch", &asked.id]).await?;
    ensure!(
        watched.contains("The restore ended as FAILED.") && watched.contains("an operator said no"),
        "{watched}"
    );
    subject.nothing_left_of(&asked.id).await?;
    ensure!(
        !holdfast(&subject, &["approve", &asked.id]).await?,
        "it was answered before"
    );

    let end = answered(&subject, &fields, &["approve"]).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}");
    ensure!(subject.newest_restore().await?["status"] == "restored");
    Ok(())
}

async fn cut_over(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "ask-switch").await?;
    let secret = subject.secret_value().await?;
    let end = answered(&subject, &json!({ "cut_over": "ask" }), &["reject"]).await?;
    ensure!(end.status == "SUCCEEDED", "the copies are there, as asked: {end:?}");
    ensure!(subject.secret_value().await? == secret);
    let record = subject.newest_restore().await?;
    ensure!(
        record["status"] == "restored" && record["switched"] == json!([]),
        "{record:#}"
    );
    ensure!(subject.copied(text(&record, "/id")?).await? == subject.data().await?);

    let end = answered(&subject, &json!({ "cut_over": "ask" }), &["approve", "--cut-over"]).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}");
    ensure!(subject.newest_restore().await?["status"] == "cut_over");
    ensure!(subject.secret_value().await? != secret);
    Ok(())
}

async fn silence(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "silent").await?;
    let impatient = |machine: &mut Value| machine["States"]["AskApproval"]["TimeoutSeconds"] = json!(2);
    let end = changed(stage, "RestoreStateMachineArn", impatient, async {
        subject.restore(json!({ "approval": "required" })).await
    })
    .await?;
    ensure!(end.status == "FAILED", "{end:?}");
    let record = subject.newest_restore().await?;
    subject.nothing_left_of(text(&record, "/id")?).await
}

/// Fails at 8e363f8: the deployment was busy until somebody answered.
async fn backup_meanwhile(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "meanwhile").await?;
    let fields = json!({ "approval": "required", "cut_over": "ask" });
    let first = asked(&subject, &fields).await?;
    let sealed = stage.back_up(&subject.dataset.name).await?;
    ensure!(sealed.status == "SUCCEEDED", "{sealed:?}");
    let busy = subject.restore(json!({ "cut_over": "no" })).await?;
    ensure!(
        busy.status == "FAILED",
        "another restore does not run meanwhile: {busy:?}"
    );
    until("on-call is informed how to answer", PATIENCE, || async {
        let mails = subject.inbox.take().await?;
        let answer = format!("holdfast approve {}", first.id);
        Ok(mails.into_iter().find(|mail| mail.body.contains(&answer)))
    })
    .await?;

    ensure!(holdfast(&subject, &["approve", &first.id]).await?);
    until("it asks about cutting over", PATIENCE, || async {
        let record = subject.restore_of(&first.execution).await?.context("no record")?;
        Ok((record["question"]["about"] == "cut_over").then_some(()))
    })
    .await?;
    let sealed = stage.back_up(&subject.dataset.name).await?;
    ensure!(sealed.status == "SUCCEEDED", "{sealed:?}");
    ensure!(holdfast(&subject, &["approve", &first.id, "--cut-over"]).await?);
    let end = ended(&stage.aws, &first.execution, PATIENCE).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}");
    subject.not_leased().await
}

/// Fails at 8e363f8: the copies were gone, and the execution waited for a day.
async fn undo_meanwhile(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "undo-asked").await?;
    let asked = asked(&subject, &json!({ "cut_over": "ask" })).await?;
    let gone = subject.undo("UndoRestoreStateMachineArn", &asked.id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    ended(&stage.aws, &asked.execution, PATIENCE).await?;
    subject.not_leased().await?;
    subject.nothing_left_of(&asked.id).await
}

/// A restore that is waiting for an answer.
pub struct Asked {
    pub id: String,
    pub execution: String,
}

pub async fn asked(subject: &Subject<'_>, fields: &Value) -> Result<Asked> {
    subject.inbox.take().await?;
    let execution = subject.start_restore(fields.clone()).await?;
    let mail = until("on-call is asked", PATIENCE, || async {
        let mails = subject.inbox.take().await?;
        Ok(mails.into_iter().find(|mail| mail.body.contains("holdfast approve")))
    })
    .await?;
    let record = subject.restore_of(&execution).await?.context("no record")?;
    let token = text(&record, "/question/token")?;
    ensure!(!mail.body.contains(token), "whoever has the token can answer");
    Ok(Asked {
        id: text(&record, "/id")?.to_owned(),
        execution,
    })
}

async fn answered(subject: &Subject<'_>, fields: &Value, answer: &[&str]) -> Result<Ended> {
    let asked = asked(subject, fields).await?;
    ensure!(holdfast(subject, &[answer, &[asked.id.as_str()]].concat()).await?);
    ended(&subject.stage.aws, &asked.execution, PATIENCE).await
}

/// The output of the operator's command, whether or not it succeeds.
async fn said(subject: &Subject<'_>, arguments: &[&str]) -> Result<String> {
    let output = tokio::process::Command::new(program("holdfast"))
        .args(arguments)
        .envs(&subject.stage.stack.environment)
        .output()
        .await?;
    Ok([output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat())
}

/// Runs the operator's command, and returns whether it succeeded.
pub async fn holdfast(subject: &Subject<'_>, arguments: &[&str]) -> Result<bool> {
    let output = tokio::process::Command::new(program("holdfast"))
        .args(arguments)
        .envs(&subject.stage.stack.environment)
        .output()
        .await?;
    Ok(output.status.success())
}
