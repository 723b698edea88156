//! No password is ever written down: not in a log, a history, the catalog, a message or the ledger.

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::Aws;
use holdfast_tests::dataset::Sizes;
use holdfast_tests::executions::history;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::logins::rotate_master;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("leaks::no_password_is_ever_written_down", |stage| {
            Box::pin(whole_run(stage))
        }),
        stages.test(
            "leaks::no_password_is_written_down_by_a_restore_that_sets_one",
            |stage| Box::pin(rotated(stage)),
        ),
    ]
}

/// A restore whose copy gets the master password from a secret that is ahead of the backup, one where RDS refuses it, and one
/// whose login fails.
async fn rotated(stage: &Stage) -> Result<()> {
    let (mut subject, _) = backed_up(stage, "discreet-restore").await?;
    let old = subject.dataset.password.clone();
    let new = "pw-discreet-Kq2Rotated";
    rotate_master(&mut subject, new).await?;
    let mark = stage.lab.ledger_position().await?;
    let mut seen = Vec::new();
    for fault in [
        None,
        Some(json!({ "service": "rds", "caller": "holdfast-set-password", "kind": "access_denied", "times": 20 })),
        Some(
            json!({ "service": "secretsmanager", "caller": "holdfast-check-login", "kind": "access_denied", "times": 20 }),
        ),
    ] {
        let harmed = fault.is_some();
        if let Some(fault) = fault {
            stage.lab.inject(fault).await?;
        }
        let end = subject.restore(json!({ "cut_over": "no" })).await?;
        stage.lab.heal().await?;
        let record = subject.newest_restore().await?;
        let outcome = if harmed { "unproven" } else { "verified" };
        ensure!(
            record["verification"]["outcome"] == outcome,
            "not {outcome}: {end:?}\n{record:#}"
        );
        seen.push((
            "a history",
            Value::from(history(&stage.aws, &end.arn).await?).to_string(),
        ));
    }
    seen.push(("a message", format!("{:?}", subject.inbox.take().await?)));
    seen.push((
        "the catalog",
        Value::from(subject.records.items(&subject.dataset.name, "").await?).to_string(),
    ));
    let calls = Value::from(stage.lab.ledger(mark).await?).to_string();
    ensure!(calls.contains("holdfast-set-password"), "no password was set");
    seen.push(("the ledger", calls));
    seen.push(("a log", logs(&stage.aws).await?));
    for (place, text) in seen {
        ensure!(
            text.contains(&subject.dataset.name),
            "{place} has nothing about the run: there is nothing to search"
        );
        ensure!(!text.contains(&old) && !text.contains(new), "{place} holds a password");
    }
    Ok(())
}

/// A good run, a run whose probe is refused by the database, and one whose every step fails once.
async fn whole_run(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "discreet", &Sizes::small(), |_| ()).await?;
    let mark = stage.lab.ledger_position().await?;
    let mut seen = Vec::new();
    for fault in [
        None,
        Some(json!({ "service": "secretsmanager", "kind": "error_500", "times": 20, "nth": 1 })),
        Some(json!({ "service": "rds", "caller": "holdfast-snapshot-cluster", "kind": "access_denied" })),
    ] {
        if let Some(fault) = fault {
            stage.lab.inject(fault).await?;
        }
        let (ended, _, mail) = subject.back_up().await?;
        stage.lab.heal().await?;
        seen.push(("a message", format!("{mail:?}")));
        seen.push((
            "a history",
            Value::from(history(&stage.aws, &ended.arn).await?).to_string(),
        ));
    }
    subject.dataset.execute("alter table users rename to people").await?;
    let (ended, set, mail) = subject.back_up().await?;
    ensure!(
        ended.status == "SUCCEEDED",
        "a probe that fails is a warning: {ended:?}"
    );
    ensure!(
        set.is_some_and(|set| set["probes"].to_string().contains("users")),
        "the probe's failure is recorded"
    );
    seen.push(("a message", format!("{mail:?}")));
    seen.push((
        "a history",
        Value::from(history(&stage.aws, &ended.arn).await?).to_string(),
    ));
    seen.push((
        "the catalog",
        Value::from(subject.records.items(&subject.dataset.name, "").await?).to_string(),
    ));
    seen.push(("the ledger", Value::from(stage.lab.ledger(mark).await?).to_string()));
    seen.push(("a log", logs(&stage.aws).await?));
    for (place, text) in seen {
        ensure!(
            text.contains(&subject.dataset.name),
            "{place} has nothing about the run: there is nothing to search"
        );
        ensure!(!text.contains(&subject.dataset.password), "{place} holds the password");
    }
    Ok(())
}

/// Every event of every log group.
async fn logs(aws: &Aws) -> Result<String> {
    let mut text = String::new();
    let groups = aws.json("logs", "Logs_20140328.DescribeLogGroups", json!({})).await?;
    for group in groups["logGroups"].as_array().context("no log groups")? {
        let mut request = json!({ "logGroupName": group["logGroupName"] });
        loop {
            let page = aws
                .json("logs", "Logs_20140328.FilterLogEvents", request.clone())
                .await?;
            text.push_str(&page["events"].to_string());
            if page["nextToken"].is_null() {
                break;
            }
            request["nextToken"] = page["nextToken"].clone();
        }
    }
    Ok(text)
}
