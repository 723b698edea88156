//! `make demo`: one backup of a Hubs-like deployment that seals, one that fails, an incident, and the restore that brings
//! everything back, as an operator sees them.
#![allow(clippy::disallowed_methods)]

mod restore;

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use holdfast_tests::application::{Application, Finds};
use holdfast_tests::data::Data;
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::lab::{Lab, Options, program};
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
    say("the application that uses it, and the function that sees into its file system");
    let application = Application::create(&lab, &dataset, Finds::Secret).await?;
    let mount = format!("MountPath={}", dataset.directory().display());
    let system = format!("FileSystemId={}", dataset.file_system);
    Stack::deploy_template(&lab, "efs-access", "holdfast-efs", &[&system, &mount]).await?;
    let letters = Letters::subscribe(&lab.aws()?, stack.output("OnCallTopicArn")?).await?;

    let descriptor = lab.directory().join("hubs-demo.json");
    std::fs::write(
        &descriptor,
        serde_json::to_string_pretty(&application.descriptor(&dataset))?,
    )?;
    holdfast(&lab, &["apply", &descriptor.to_string_lossy()])?;
    let before = Data::of(&lab.aws()?, &dataset).await?;
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

    let scene = restore::Scene {
        lab: &lab,
        dataset: &dataset,
        application: &application,
        records: &records,
        letters: &letters,
        before: &before,
        set: &id,
    };
    let (restored, planned) = restore::play(&scene).await?;
    drop(lab);
    println!(
        "demo: set {id} sealed, restored and verified, {restored} of {planned} resources; failed run reported to on-call"
    );
    Ok(())
}

fn say(what: &str) {
    println!("\n== {what}");
}

/// Runs the operator's command and shows it; whether it succeeded.
fn holdfast(lab: &Lab, arguments: &[&str]) -> Result<bool> {
    println!("\n$ holdfast {}", arguments.join(" "));
    let status = Command::new(program("holdfast"))
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
