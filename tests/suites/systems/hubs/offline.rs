//! A hub with its own descriptor: offline mode around each backup, also one that fails.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::{Aws, element};
use holdfast_tests::clusters::DATABASE;
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::executions::{ended, start};
use holdfast_tests::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::systems::system::{PATIENCE, System};

const LIMIT: Duration = Duration::from_secs(60);
const ONLINE: &str = "Online";
/// Servers of the hub.
const SERVERS: &str = "1";

struct Hub<'a> {
    system: System<'a>,
    dataset: Dataset,
    stack: String,
}

impl<'a> Hub<'a> {
    async fn up(stage: &'a Stage, name: &str) -> Result<Self> {
        let dataset = Dataset::create(&stage.lab, name, &Sizes::small()).await?;
        let storage = dataset.directory().join("storage");
        std::fs::create_dir_all(&storage)?;
        std::fs::write(storage.join("room.glb"), "a scene")?;
        // Of those that the lab lets hooks update.
        let stack = format!("hooks-{name}");
        create_stack(&stage.aws, &stack, &dataset.file_system).await?;
        let vault = format!("{name}-DailyBackupVault");
        let path = format!("/backup-vaults/{vault}");
        stage.aws.rest("backup", Method::PUT, &path, Some(json!({}))).await?;
        let role = stage.stack.output("BackupRoleArn")?;
        let names = [
            ("deployment: hubs-prod", format!("deployment: {name}")),
            ("hubs-prod-app-db", dataset.cluster.clone()),
            ("fs-0123456789abcdef0", dataset.file_system.clone()),
            ("hubs-prod-DailyBackupVault", vault),
            (
                "arn:aws:iam::123456789012:role/hubs-prod-DailyBackupRole",
                role.to_owned(),
            ),
            ("hubs-prod/database", dataset.secret.clone()),
            ("/keymaster/hubs-prod", dataset.parameter_path.clone()),
            ("ret0.accounts", "users".to_owned()),
            ("polycosm_production", DATABASE.to_owned()),
            ("stack: hubs-prod", format!("stack: {stack}")),
            ("name: hubs-prod", format!("name: {stack}")),
        ];
        let system = System::apply(stage, name, "hubs.yaml", &names).await?;
        Ok(Self { system, dataset, stack })
    }

    /// How many servers the hub has now.
    async fn servers(&self) -> Result<String> {
        let group = format!("{}-app", self.stack);
        let named = [("AutoScalingGroupNames.member.1", group.as_str())];
        let aws = &self.system.stage.aws;
        let xml = aws
            .query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups", &named)
            .await?;
        element(&xml, "DesiredCapacity")
    }

    async fn ensure_online(&self) -> Result<()> {
        let servers = self.servers().await?;
        ensure!(servers == SERVERS, "the hub has {servers} servers");
        Ok(())
    }

    /// Schedules the deletion of the database's secret, or cancels it.
    async fn secret(&self, action: &str, mut request: Value) -> Result<()> {
        request["SecretId"] = json!(self.dataset.secret);
        let target = format!("secretsmanager.{action}");
        self.system.stage.aws.json("secretsmanager", &target, request).await?;
        Ok(())
    }
}

pub async fn around_backups(stage: &Stage) -> Result<()> {
    let hub = Hub::up(stage, "hubs-offline").await?;
    let system = &hub.system;
    hub.ensure_online().await?;
    stage.lab.set_durations(3.0).await?;
    let machine = stage.stack.output("BackupStateMachineArn")?;
    let mark = stage.lab.ledger_position().await?;
    let execution = start(&stage.aws, machine, &json!({ "deployment": system.name })).await?;
    until("the file system is backed up", PATIENCE, || async {
        let calls = stage.lab.ledger(mark).await?;
        let begun = calls.iter().any(|call| call["action"] == "StartBackupJob");
        Ok(begun.then_some(()))
    })
    .await?;
    ensure!(hub.servers().await? == "0", "the hub is offline");
    let end = ended(&stage.aws, &execution, PATIENCE).await?;
    let mail = system.mail().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    hub.ensure_online().await?;
    let set = system.records.newest_set(&system.name).await?.context("no set")?;
    ensure!(set["quiesced_throughout"] == true, "{set:#}");
    let points = system.records.points(&system.name, &set).await?;
    let storage = points.iter().find(|point| point["resource"]["name"] == "storage");
    let vault = storage.context("no storage")?["recovery_point"]["vault"].clone();
    ensure!(vault == format!("{}-DailyBackupVault", system.name), "{vault}");
    // The pair is ready to paste into the form of a new stack.
    let paste = system
        .done(&["restore-stack", &system.name, "--into", "hubs-second", "--print"])
        .await?;
    ensure!(paste.contains("RestoreDbSnapshotIdentifier"), "{paste}");

    // A snapshot that fails, while the hub is offline.
    let fault = json!({ "action": "CreateDBClusterSnapshot", "kind": "access_denied" });
    let fault = stage.lab.inject(fault).await?;
    let (end, mail) = system.back_up().await?;
    ensure!(stage.lab.hits(fault).await? > 0, "nothing failed");
    stage.lab.heal().await?;
    ensure!(end.status == "FAILED", "{end:?}");
    system
        .ensure_on_call_knows(&mail, &["AccessDenied", "database"])
        .await?;
    hub.ensure_online().await?;

    // Without the secret, no backup could be restored: the hub does not even go offline for one.
    hub.secret("DeleteSecret", json!({ "RecoveryWindowInDays": 7 })).await?;
    let (end, mail) = system.back_up().await?;
    ensure!(end.status == "FAILED", "{end:?}");
    system
        .ensure_on_call_knows(&mail, &["login", "scheduled for deletion"])
        .await?;
    hub.ensure_online().await?;
    hub.secret("RestoreSecret", json!({})).await?;
    system.sealed().await?;
    hub.ensure_online().await
}

/// The hub's stack: instances that mount the file system, of which there are none in offline mode.
fn template(stack: &str, file_system: &str) -> Value {
    let mount = format!("#!/bin/sh\nmount -t efs -o tls {file_system}:/storage /storage\n");
    let count = json!({ "Fn::If": ["IsOnline", SERVERS, "0"] });
    let restore = [
        "RestoreStackName",
        "RestoreDbSnapshotIdentifier",
        "RestoreAppDbSecretArn",
    ];
    let more = ["RestoreBackupVaultName", "RestoreRecoveryPointArn"];
    let restore = restore.iter().chain(&more);
    let mut parameters: Value = restore
        .map(|name| ((*name).to_owned(), json!({ "Type": "String", "Default": "" })))
        .collect();
    parameters["StackOffline"] = json!({
        "Type": "String", "Default": ONLINE, "AllowedValues": [ONLINE, "Offline - Temporarily shut off servers"],
    });
    json!({
        "Parameters": parameters,
        "Conditions": { "IsOnline": { "Fn::Equals": [{ "Ref": "StackOffline" }, ONLINE] } },
        "Resources": {
            "AppLaunchTemplate": { "Type": "AWS::EC2::LaunchTemplate", "Properties": {
                "LaunchTemplateData": { "ImageId": "ami-0123456789abcdef0", "UserData": { "Fn::Base64": mount } },
            } },
            "AppASG": { "Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {
                "AutoScalingGroupName": format!("{stack}-app"), "MinSize": count, "MaxSize": count, "DesiredCapacity": count,
                "AvailabilityZones": ["us-east-1a"],
                "LaunchTemplate": {
                    "LaunchTemplateId": { "Ref": "AppLaunchTemplate" },
                    "Version": { "Fn::GetAtt": ["AppLaunchTemplate", "LatestVersionNumber"] },
                },
            } },
        },
    })
}

async fn create_stack(aws: &Aws, name: &str, file_system: &str) -> Result<()> {
    let template = template(name, file_system).to_string();
    let fields = [
        ("StackName", name),
        ("TemplateBody", template.as_str()),
        ("RoleARN", "arn:aws:iam::000000000000:role/deploys"),
    ];
    aws.query("cloudformation", "2010-05-15", "CreateStack", &fields)
        .await?;
    until("the hub's stack is created", LIMIT, || async {
        let named = [("StackName", name)];
        let xml = aws
            .query("cloudformation", "2010-05-15", "DescribeStacks", &named)
            .await?;
        let status = element(&xml, "StackStatus")?;
        ensure!(!status.contains("FAILED") && !status.contains("ROLLBACK"), "{xml}");
        Ok((status == "CREATE_COMPLETE").then_some(()))
    })
    .await
}
