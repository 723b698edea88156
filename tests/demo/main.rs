//! `make demo`: one backup of a Hubs-like deployment that seals, and one that fails, as an operator sees them.
#![allow(clippy::disallowed_methods)]

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::lab::{Lab, Options, repository};
use holdfast_tests::letters::{Letter, Letters};
use holdfast_tests::records::Records;
use holdfast_tests::report::end;
use holdfast_tests::stack::Stack;
use serde_json::json;

const DEPLOYMENT: &str = "hubs-demo";

#[tokio::main]
async fn main() -> ExitCode {
    end(demo().await)
}

async fn demo() -> Result<()> {
    let options = Options {
        wait_scale: 0.05,
        auth: false,
        job_seconds: 4.0,
    };
    say("a lab: an AWS account on this machine");
    let lab = Lab::start(&options).await?;
    say("the stack, from the same template as in AWS");
    let certificate = format!(
        "DatabaseCaFile={}",
        lab.environment.get("LAB_CA").cloned().unwrap_or_default()
    );
    let stack = Stack::deploy(&lab, "holdfast", &[&certificate]).await?;
    say("a deployment: 562 users in Aurora, 301 files on EFS, three DynamoDB tables, a secret, parameters");
    let started = Instant::now();
    let dataset = Dataset::create(&lab, DEPLOYMENT, &Sizes::demo()).await?;
    println!("   created in {:.0} s", started.elapsed().as_secs_f64());
    let letters = Letters::subscribe(&lab.aws()?, stack.output("OnCallTopicArn")?).await?;

    let descriptor = lab.directory().join("hubs-demo.json");
    std::fs::write(&descriptor, serde_json::to_string_pretty(&dataset.descriptor())?)?;
    holdfast(&lab, &["apply", &descriptor.to_string_lossy()])?;
    ensure!(holdfast(&lab, &["backup", DEPLOYMENT, "--watch"])?, "the backup failed");
    holdfast(&lab, &["sets", DEPLOYMENT])?;
    let records = Records::of(&lab.aws()?, &stack)?;
    let set = records.newest_set(DEPLOYMENT).await?.context("no set")?;
    let id = set["id"].as_str().context("no id")?.to_owned();
    holdfast(&lab, &["show", DEPLOYMENT, &id])?;
    show(&letters).await?;

    say("a second run, in which the file system's backup job fails");
    lab.inject(json!({ "service": "backup", "action": "StartBackupJob", "kind": "job_failed" }))
        .await?;
    ensure!(
        !holdfast(&lab, &["backup", DEPLOYMENT, "--watch"])?,
        "a run with a failed job must fail"
    );
    let failed = show(&letters).await?;
    ensure!(
        failed.subject.contains("FAILED") && failed.text.contains("storage"),
        "{failed:?}"
    );

    let points = records.points(DEPLOYMENT, &set).await?;
    let available = points.iter().filter(|point| point["status"] == "available").count();
    drop(lab);
    println!(
        "demo: set {id} sealed, {available} of {} recovery points; failed run reported to on-call",
        points.len()
    );
    Ok(())
}

fn say(what: &str) {
    println!("\n== {what}");
}

/// Runs the operator's command and shows it; whether it succeeded.
fn holdfast(lab: &Lab, arguments: &[&str]) -> Result<bool> {
    println!("\n$ holdfast {}", arguments.join(" "));
    let status = Command::new(repository().join("target/release/holdfast"))
        .args(arguments)
        .envs(&lab.environment)
        .status()?;
    Ok(status.success())
}

/// Shows the next message as the person on call reads it.
async fn show(letters: &Letters) -> Result<Letter> {
    let letter = letters.next().await?;
    println!("\n-- on-call got: {}\n", letter.subject);
    letter.text.lines().for_each(|line| println!("   {line}"));
    Ok(letter)
}
