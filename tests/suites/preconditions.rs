//! Conditions that would make a restore fail later are refused in the plan: each with a message, all at once, and no
//! function writes anything.

use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::aws::{Aws, escape, text};
use holdfast_tests::dataset::{Sizes, await_cluster};
use holdfast_tests::emails::Emails;
use holdfast_tests::settings::{Groups, with_settings};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

use crate::checks::Subject;
use crate::restore::{backed_up, nothing_written};
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("preconditions::all_that_is_gone_is_named_at_once", |stage| {
            Box::pin(gone(stage))
        }),
        stages.test("preconditions::what_cannot_be_is_refused_one_by_one", |stage| {
            Box::pin(one_by_one(stage))
        }),
    ]
}

/// A restore that its plan refuses, with each of these words in on-call's message, and without creating anything.
async fn refused(subject: &Subject<'_>, letters: &Emails, fields: Value, words: &[&str]) -> Result<()> {
    let mark = subject.stage.lab.ledger_position().await?;
    let end = subject.restore(fields.clone()).await?;
    ensure!(end.status == "FAILED", "{fields}: {end:?}");
    let letter = letters.next().await?;
    ensure!(
        letter.subject.contains("NOT STARTED (InvalidInput)"),
        "{fields}: {letter:?}"
    );
    let said = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
    ensure!(missing.is_empty(), "{fields}: {missing:?} not in: {}", letter.text);
    ensure!(
        subject
            .restore_of(&end.arn)
            .await?
            .is_none_or(|record| !record["plan"].is_object()),
        "{fields}: a plan with a fault is invalid"
    );
    nothing_written(subject.stage, mark).await?;
    subject.not_leased().await
}

async fn gone(stage: &Stage) -> Result<()> {
    let aws = &stage.aws;
    let (dataset, groups) = with_settings(&stage.lab, "gone", &Sizes::small()).await?;
    deploy_efs_access(&stage.lab, &dataset.file_system).await?;
    let subject = Subject::over(stage, dataset, |_| {}).await?;
    let (end, set, mail) = subject.back_up().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    let set = set.context("no set")?;
    let points = subject.records.points(&subject.dataset.name, &set).await?;
    let point = |resource: &str, field: &str| -> Result<String> {
        let point = points.iter().find(|point| point["resource"]["name"] == resource);
        let point = point.with_context(|| format!("no point of {resource}: {points:?}"))?;
        Ok(text(point, &format!("/recovery_point/{field}"))?.to_owned())
    };
    let table = format!("tables.{}", subject.dataset.tables[0]);
    let (snapshot, files, backup) = (
        point("database", "id")?,
        point("storage", "arn")?,
        point(&table, "arn")?,
    );

    let delete = [("DBClusterSnapshotIdentifier", snapshot.as_str())];
    aws.rds("DeleteDBClusterSnapshot", &delete).await?;
    let vault = stage.stack.output("BackupVaultName")?;
    let path = format!("/backup-vaults/{vault}/recovery-points/{}", escape(&files));
    aws.rest("backup", Method::DELETE, &path, None).await?;
    let access = format!("/2015-03-31/functions/holdfast-efs-{}", subject.dataset.file_system);
    aws.rest("lambda", Method::DELETE, &access, None).await?;
    let parameter = format!("{}/host", subject.dataset.parameter_path);
    for (service, target, request) in [
        (
            "dynamodb",
            "DynamoDB_20120810.DeleteBackup",
            json!({ "BackupArn": backup }),
        ),
        (
            "secretsmanager",
            "secretsmanager.DeleteSecret",
            json!({ "SecretId": subject.dataset.secret, "RecoveryWindowInDays": 7 }),
        ),
        ("kms", "TrentService.DisableKey", json!({ "KeyId": groups.key })),
        ("ssm", "AmazonSSM.DeleteParameter", json!({ "Name": parameter })),
    ] {
        aws.json(service, target, request).await?;
    }
    delete_cluster(aws, &subject.dataset.cluster, &groups).await?;
    let letters = Emails::subscribe(aws, stage.stack.output("OnCallTopicArn")?).await?;
    let enable = format!("aws kms enable-key --key-id {}", groups.key);
    let subnets = format!(
        "aws rds create-db-subnet-group --db-subnet-group-name {}",
        groups.subnets
    );
    refused(
        &subject,
        &letters,
        json!({}),
        &[
            "resources.database.snapshot",
            &snapshot,
            "resources.database.kms_key",
            &enable,
            "resources.database.subnet_group",
            &subnets,
            "resources.storage.recovery_point",
            "this one is gone. Choose another set",
            "resources.storage.file_system",
            "infra/efs-access.yaml",
            &format!("resources.{table}.source"),
            "it is not there any more",
            &format!("resources.{table}.kms_key"),
            "resources.login",
            "aws secretsmanager restore-secret",
            "resources.settings",
            &parameter,
        ],
    )
    .await
}

/// Deletes the cluster, so that nothing uses its subnet group; then the group.
async fn delete_cluster(aws: &Aws, cluster: &str, groups: &Groups) -> Result<()> {
    let unprotect = [("DBClusterIdentifier", cluster), ("DeletionProtection", "false")];
    aws.rds("ModifyDBCluster", &unprotect).await?;
    await_cluster(aws, cluster).await?;
    for n in 1..=2 {
        let instance = format!("{cluster}-{n}");
        aws.rds("DeleteDBInstance", &[("DBInstanceIdentifier", &instance)])
            .await?;
    }
    let delete = [("DBClusterIdentifier", cluster), ("SkipFinalSnapshot", "true")];
    aws.rds("DeleteDBCluster", &delete).await?;
    until("the cluster is gone", Duration::from_secs(60), || async {
        let all = aws.rds("DescribeDBClusters", &[]).await?;
        Ok((!all.contains(&format!("<DBClusterIdentifier>{cluster}<"))).then_some(()))
    })
    .await?;
    let group = [("DBSubnetGroupName", groups.subnets.as_str())];
    aws.rds("DeleteDBSubnetGroup", &group).await.map(drop)
}

async fn one_by_one(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "refused").await?;
    let (name, cluster) = (&subject.dataset.name, &subject.dataset.cluster);
    let table = &subject.dataset.tables[0];
    let resource = format!("tables.{table}");
    let sealed = subject.records.newest_set(name).await?.context("no set")?;
    let failing = json!({ "service": "rds", "action": "CreateDBClusterSnapshot", "kind": "job_failed" });
    stage.lab.inject(failing).await?;
    let (_, failed, _) = subject.back_up().await?;
    stage.lab.heal().await?;
    let failed = failed.context("no failed set")?;
    let letters = Emails::subscribe(&stage.aws, stage.stack.output("OnCallTopicArn")?).await?;

    refused(
        &subject,
        &letters,
        json!({ "names": { "database": cluster } }),
        &["resources.database.name", "(taken)", "choose another suffix"],
    )
    .await?;
    let taken = format!("resources.{resource}.target");
    let words = [taken.as_str(), "a name that no table has yet"];
    refused(
        &subject,
        &letters,
        json!({ "names": { resource.as_str(): table } }),
        &words,
    )
    .await?;
    refused(
        &subject,
        &letters,
        json!({ "set": format!("{name}-20250101-000000-aaaa") }),
        &["set:", "no such set is in the catalog", text(&sealed, "/id")?],
    )
    .await?;
    let early = [text(&sealed, "/id")?, "the earliest sealed set"];
    refused(&subject, &letters, json!({ "before": "2020-01-01T00:00:00Z" }), &early).await?;
    let of_table = format!("when {resource}, without point-in-time recovery");
    let early = ["the window of point-in-time recovery of database", &of_table];
    refused(&subject, &letters, json!({ "at": "2020-01-01T00:00:00Z" }), &early).await?;

    let words = ["it failed (database: JobFailed)", text(&sealed, "/id")?];
    refused(&subject, &letters, json!({ "set": failed["id"] }), &words).await?;

    let mut descriptor = application.descriptor(&subject.dataset);
    let mut switches = descriptor["cut_over"].as_array_mut().into_iter().flatten();
    let web = switches
        .find(|switch| switch["name"] == "web")
        .context("no switch web")?;
    web["service"] = json!("nobody");
    subject.records.apply(&descriptor).await?;
    refused(
        &subject,
        &letters,
        json!({}),
        &["cut_over.web.service", "nobody", "an active service"],
    )
    .await?;
    subject.records.apply(&subject.dataset.descriptor()).await?;
    refused(
        &subject,
        &letters,
        json!({ "cut_over": "yes" }),
        &["cut_over", "has no cut_over entries"],
    )
    .await?;

    move_to(&subject, &sealed, "database", "us-east-1", "eu-west-1").await?;
    let words = [
        "resources.database",
        "which is in eu-west-1 of account",
        "holdfast sets refused",
    ];
    refused(&subject, &letters, json!({}), &words).await?;
    move_to(&subject, &sealed, "database", "eu-west-1", "us-east-1").await?;
    let end = subject.restore(json!({ "dry_run": true })).await?;
    ensure!(end.status == "SUCCEEDED", "without a fault, the plan is made: {end:?}");
    Ok(())
}

/// Rewrites a recovery point's location in the catalog, as if its set had been copied from another Region's catalog.
async fn move_to(subject: &Subject<'_>, set: &Value, resource: &str, from: &str, to: &str) -> Result<()> {
    let points = subject.records.points(&subject.dataset.name, set).await?;
    let point = points
        .iter()
        .find(|point| point["resource"]["name"] == resource)
        .context("no point")?;
    let arn = text(point, "/recovery_point/arn")?.replace(from, to);
    let request = json!({
        "TableName": subject.stage.stack.output("CatalogTable")?,
        "Key": { "pk": { "S": text(point, "/pk")? }, "sk": { "S": text(point, "/sk")? } },
        "UpdateExpression": "set recovery_point.arn = :arn",
        "ExpressionAttributeValues": { ":arn": { "S": arn } },
    });
    let target = "DynamoDB_20120810.UpdateItem";
    subject.stage.aws.json("dynamodb", target, request).await.map(drop)
}
