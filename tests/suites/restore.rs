use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::application::{Application, Finds, VARIABLE};
use holdfast_tests::aws::{Aws, element, text};
use holdfast_tests::data::incident;
use holdfast_tests::dataset::{Dataset, Sizes};
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::json;

use crate::checks::Subject;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("restore::brings_back_what_the_incident_took_and_goes_back", |stage| {
            Box::pin(brings_back(stage))
        }),
        stages.test("restore::a_dry_run_touches_nothing", |stage| Box::pin(dry_run(stage))),
        stages.test("restore::without_cut_over_the_copies_stand_beside", |stage| {
            Box::pin(beside(stage))
        }),
    ]
}

/// A deployment with an application that uses it, backed up.
pub async fn backed_up<'a>(stage: &'a Stage, name: &str) -> Result<(Subject<'a>, Application)> {
    let subject = Subject::create(stage, name, &Sizes::small(), |_| {}).await?;
    deploy_efs_access(&stage.lab, &subject.dataset.file_system).await?;
    let application = Application::create(&stage.lab, &subject.dataset, Finds::Secret).await?;
    subject.records.apply(&application.descriptor(&subject.dataset)).await?;
    let (ended, _, mail) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    Ok((subject, application))
}

async fn brings_back(stage: &Stage) -> Result<()> {
    let (subject, application) = backed_up(stage, "incident").await?;
    let before = subject.data().await?;
    let time = stage.lab.now().await?;
    incident(&stage.aws, &subject.dataset).await?;
    // A later set must not be taken.
    subject.back_up().await?;
    let damaged = subject.data().await?;
    ensure!(before != damaged);
    let (secret, mounted) = (subject.secret_value().await?, application.mounted().await?);
    let recorded = application.record.value(&stage.aws).await?;
    let launched = application.instances().await?;

    let ended = subject.restore(json!({ "before": time, "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    let id = text(&record, "/id")?;
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    ensure!(subject.copied(id).await? == before);
    ensure!(subject.data().await? == damaged, "the live data is not changed");
    let host = text(&subject.made(id).await?["database"], "/host")?.to_owned();
    ensure!(subject.secret_value().await?["host"] == host.as_str());
    ensure!(application.record.value(&stage.aws).await? == (host.clone(), recorded.1.clone()));
    ensure!(
        application.configured().as_deref() == Some(host.as_str()),
        "the instance has {host}"
    );
    let (table, directory) = (application.named_table().await?, application.mounted().await?);
    let made = subject.made(id).await?;
    ensure!(
        made.values().any(|made| made["table"] == table.as_str()),
        "{table}: {made:?}"
    );
    let variables = application.variables().await?;
    ensure!(
        variables == json!({ VARIABLE: table, "LOG_LEVEL": "info" }),
        "the function names {table}: {variables}"
    );
    let restored = text(&made["storage"], "/directory")?;
    ensure!(directory.1 == format!("{restored}/storage"), "{directory:?} {restored}");
    let restarted = application.deployment().await?;
    let switched = record["switched"].as_array().into_iter().flatten();
    let restart = switched.into_iter().find(|of| of["switch"]["name"] == "web-restart");
    let restart = restart.context("no restart is recorded")?;
    ensure!(
        restart["after"]["deployment"] == restarted.as_str() && restart["before"]["deployment"] != restarted.as_str(),
        "the tasks of deployment {restarted} run: {restart}"
    );
    let relaunched = application.instances().await?;
    ensure!(
        relaunched.len() == launched.len() && relaunched.is_disjoint(&launched),
        "the instances are replaced: {launched:?} {relaunched:?}"
    );
    let refreshes = application.refreshes().await?;
    ensure!(refreshes.len() == 1, "they are replaced once: {refreshes:?}");
    let mail = subject.inbox.take().await?.pop().context("no mail")?;
    ensure!(mail.body.contains(id), "{}", mail.body);
    let terraform = text(&record, "/infrastructure/terraform")?;
    ensure!(
        terraform.contains("import {") && terraform.contains("removed {"),
        "{terraform}"
    );

    let back = subject.undo("UndoCutOverStateMachineArn", id).await?;
    ensure!(back.status == "SUCCEEDED", "{back:?}");
    ensure!(subject.secret_value().await? == secret, "the secret is switched back");
    ensure!(application.mounted().await? == mounted, "the service is switched back");
    ensure!(
        application.record.value(&stage.aws).await? == recorded,
        "the record is switched back"
    );
    ensure!(
        application.configured().as_deref() == Some(recorded.0.as_str()),
        "the instance has the old host"
    );
    ensure!(
        application.named_table().await? == application.table,
        "the parameter is switched back"
    );
    let variables = application.variables().await?;
    ensure!(
        variables == json!({ VARIABLE: application.table, "LOG_LEVEL": "info" }),
        "the function is switched back: {variables}"
    );
    let last = application.deployment().await?;
    let record = subject.newest_restore().await?;
    let switched = record["switched"].as_array().into_iter().flatten();
    let mut after = switched.map(|of| &of["after"]["deployment"]);
    ensure!(
        last != restarted && after.any(|after| *after == last.as_str()),
        "the tasks are started again after the secret is switched back: {record:#}"
    );
    let back = application.instances().await?;
    ensure!(
        back.len() == launched.len() && back.is_disjoint(&relaunched),
        "the instances are replaced once more: {relaunched:?} {back:?}"
    );
    ensure!(application.refreshes().await?.len() == 2);
    ensure!(subject.data().await? == damaged);

    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    subject.nothing_left_of(id).await
}

async fn dry_run(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "dry").await?;
    let set = subject
        .records
        .newest_set(&subject.dataset.name)
        .await?
        .context("no set")?;
    name_and_select(&stage.aws, &subject.dataset).await?;
    let mark = stage.lab.ledger_position().await?;
    let ended = subject.restore(json!({ "dry_run": true })).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let remarks = subject.newest_restore().await?["plan"]["remarks"].to_string();
    for said in [
        "record db.dry.example.org. of hosted zone",
        "selection dry of backup plan",
    ] {
        ensure!(remarks.contains(said), "{said} in {remarks}");
    }
    ensure!(
        ended.output.to_string().contains(text(&set, "/id")?),
        "{}",
        ended.output
    );
    nothing_written(stage, mark).await
}

/// A DNS record that refers to the cluster, and a backup plan's selection that names it.
async fn name_and_select(aws: &Aws, dataset: &Dataset) -> Result<()> {
    let described = aws
        .rds(
            "DescribeDBClusters",
            &[("DBClusterIdentifier", dataset.cluster.as_str())],
        )
        .await?;
    let (host, arn) = (element(&described, "Endpoint")?, element(&described, "DBClusterArn")?);
    let namespace = "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"";
    let zone = format!(
        "<CreateHostedZoneRequest {namespace}><Name>dry.example.org.</Name><CallerReference>dry</CallerReference>\
         </CreateHostedZoneRequest>"
    );
    let zones = "/2013-04-01/hostedzone";
    let made = aws.rest_xml("route53", Method::POST, zones, zone).await?;
    let id = element(&made, "Id")?.replace("/hostedzone/", "");
    let change = format!(
        "<ChangeResourceRecordSetsRequest {namespace}><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet>\
         <Name>db.dry.example.org.</Name><Type>CNAME</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>\
         <Value>{host}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>\
         </ChangeResourceRecordSetsRequest>"
    );
    aws.rest_xml("route53", Method::POST, &format!("{zones}/{id}/rrset/"), change)
        .await?;
    let rule = json!({ "RuleName": "nightly", "TargetBackupVaultName": "dry" });
    let plan = json!({ "BackupPlan": { "BackupPlanName": "dry", "Rules": [rule] } });
    let plan = aws.rest("backup", Method::PUT, "/backup/plans/", Some(plan)).await?;
    let selections = format!("/backup/plans/{}/selections/", text(&plan, "/BackupPlanId")?);
    let role = "arn:aws:iam::000000000000:role/dry";
    let selection = json!({ "SelectionName": "dry", "IamRoleArn": role, "Resources": [arn] });
    let selection = json!({ "BackupSelection": selection });
    aws.rest("backup", Method::PUT, &selections, Some(selection)).await?;
    Ok(())
}

/// No function wrote to anything but the catalog and its topic since entry `mark` of the ledger.
pub async fn nothing_written(stage: &Stage, mark: u64) -> Result<()> {
    let catalog = stage.stack.output("CatalogTable")?;
    for call in stage.lab.ledger(mark).await? {
        let field = |name: &str| call[name].as_str().unwrap_or_default();
        let ours = field("caller").starts_with("holdfast-");
        let reads = ["Describe", "List", "Get", "Query", "Scan", "Publish", "Invoke"];
        let reads = reads.iter().any(|read| field("action").starts_with(read)) || field("resource").contains(catalog);
        ensure!(!ours || reads, "a plan wrote: {call}");
    }
    Ok(())
}

async fn beside(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "beside").await?;
    let before = subject.data().await?;
    let secret = subject.secret_value().await?;
    let ended = subject.restore(json!({ "cut_over": "no" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["status"] == "restored", "{record:#}");
    ensure!(subject.copied(text(&record, "/id")?).await? == before);
    ensure!(subject.data().await? == before);
    ensure!(subject.secret_value().await? == secret);
    Ok(())
}
