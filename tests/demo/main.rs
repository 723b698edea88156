//! `make demo`: one backup of a Hubs-like deployment that seals, one that fails, an incident, and the restore that recovers
//! everything, as an operator sees them.
#![allow(clippy::disallowed_methods)]

mod output;
mod restore;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::application::{Application, Finds};
use holdfast_tests::data::Data;
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::emails::Emails;
use holdfast_tests::lab::{Lab, Options};
use holdfast_tests::records::Records;
use holdfast_tests::report::end;
use holdfast_tests::stack::Stack;
use holdfast_tests::wait::until;
use serde_json::json;

use output::{DEPLOYMENT, holdfast, part, show};

/// Seconds that a job of the lab takes once everything is set up: long enough to be visible.
const JOB_SECONDS: f64 = 2.0;

#[tokio::main]
async fn main() -> ExitCode {
    end(demo().await)
}

async fn demo() -> Result<()> {
    let options = Options {
        wait_scale: 0.05,
        auth: false,
        ..Options::default()
    };
    let lab = part("a lab: an AWS account on this machine", 3, Lab::start(&options)).await?;
    let (stack, dataset, application) = part(
        "Holdfast's stack, from the same template as in AWS, and a deployment: 562 users in Aurora, 301 files on EFS, \
         three DynamoDB tables, 562 accounts in a Postgres database, a secret, parameters, and an application that uses them",
        12,
        set_up(&lab),
    )
    .await?;
    lab.set_durations(JOB_SECONDS).await?;
    let letters = Emails::subscribe(&lab.aws()?, stack.output("OnCallTopicArn")?).await?;
    let records = Records::of(&lab.aws()?, &stack)?;
    let before = Data::of(&lab.aws()?, &dataset).await?;

    let set = part("a backup", 6, async {
        let descriptor = lab.directory().join("hubs-demo.json");
        let mut described = application.descriptor(&dataset);
        // Each table as files in S3, too.
        described["resources"]["tables"]["archive"] = json!(true);
        std::fs::write(&descriptor, serde_json::to_string_pretty(&described)?)?;
        holdfast(&lab, &["apply", &descriptor.to_string_lossy()]).await?;
        ensure!(
            holdfast(&lab, &["backup", DEPLOYMENT, "--watch"]).await?,
            "the backup failed"
        );
        show(&letters).await?;
        holdfast(&lab, &["sets", DEPLOYMENT]).await?;
        let set = records.newest_set(DEPLOYMENT).await?.context("no set")?;
        Ok(set["id"].as_str().context("no id")?.to_owned())
    })
    .await?;

    part("a second backup, in which the file system's job fails", 6, async {
        lab.inject(json!({ "service": "backup", "action": "StartBackupJob", "kind": "job_failed" }))
            .await?;
        ensure!(
            !holdfast(&lab, &["backup", DEPLOYMENT, "--watch"]).await?,
            "a run with a failed job must fail"
        );
        let failed = show(&letters).await?;
        ensure!(
            failed.subject.contains("FAILED") && failed.text.contains("storage"),
            "{failed:?}"
        );
        Ok(())
    })
    .await?;

    let scene = restore::Scene {
        lab: &lab,
        dataset: &dataset,
        application: &application,
        records: &records,
        letters: &letters,
        before: &before,
        set: &set,
    };
    let (restored, planned) = restore::play(&scene).await?;
    drop(lab);
    println!(
        "demo: set {set} sealed, restored and verified, {restored} of {planned} resources; failed run reported to on-call"
    );
    Ok(())
}

/// The stack; at the same time the deployment, then its application and the function that mounts its file system.
async fn set_up(lab: &Lab) -> Result<(Stack, Dataset, Application)> {
    let ca = lab.environment.get("LAB_CA").cloned().unwrap_or_default();
    let certificate = format!("DatabaseCaFile={ca}");
    let parameters = [
        certificate.as_str(),
        "SwitchFunctionPattern=*-app",
        "SwitchGroupPattern=*-app",
        "SwitchHostedZonePattern=*",
    ];
    let sizes = Sizes::demo();
    let deployment = async {
        let dataset = Dataset::create(lab, DEPLOYMENT, &sizes).await?;
        let application = Application::create(lab, &dataset, Finds::Secret);
        let (application, ()) = tokio::try_join!(application, deploy_efs_access(lab, &dataset))?;
        Ok((dataset, application))
    };
    let (stack, (dataset, application)) = tokio::try_join!(Stack::deploy(lab, "holdfast", &parameters), deployment)?;
    Ok((stack, dataset, application))
}

async fn deploy_efs_access(lab: &Lab, dataset: &Dataset) -> Result<()> {
    // The first deployment creates the SAM CLI's bucket; a concurrent second one would create it, too.
    let aws = lab.aws()?;
    until("the SAM CLI's bucket exists", Duration::from_secs(120), || async {
        let asked = [("StackName", "aws-sam-cli-managed-default")];
        let stack = aws
            .query("cloudformation", "2010-05-15", "DescribeStacks", &asked)
            .await;
        Ok(stack.is_ok_and(|stack| stack.contains("CREATE_COMPLETE")).then_some(()))
    })
    .await?;
    let mount = format!("MountPath={}", dataset.directory().display());
    let system = format!("FileSystemId={}", dataset.file_system);
    Stack::deploy_template(lab, "efs-access", "holdfast-efs", &[&system, &mount])
        .await
        .map(drop)
}
