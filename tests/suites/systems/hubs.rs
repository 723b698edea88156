//! Hubs: a set restored into a new stack of the old one's template; the two failures that its runbook warns of are refused.

mod offline;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::{Aws, element, text};
use holdfast_tests::dataset::Sizes;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::leftovers::command::{found, holdfast};
use crate::stage::{Stage, Stages};

const LIMIT: Duration = Duration::from_secs(60);
const OLD: &str = "hubs-old";
const NEW: &str = "hubs-new";
/// The restore parameters of Hubs, each with what it is filled with.
const RESTORE_PARAMETERS: [&str; 5] = [
    "RestoreStackName",
    "RestoreDbSnapshotIdentifier",
    "RestoreAppDbSecretArn",
    "RestoreBackupVaultName",
    "RestoreRecoveryPointArn",
];

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test_at_present("systems::hubs::a_set_is_restored_into_a_new_stack", |stage| {
            Box::pin(into_a_new_stack(stage))
        }),
        stages.test_at_present(
            "systems::hubs::the_hub_is_offline_during_a_backup_and_online_after_one_that_failed",
            |stage| Box::pin(offline::around_backups(stage)),
        ),
    ]
}

async fn into_a_new_stack(stage: &Stage) -> Result<()> {
    create_old_stack(&stage.aws).await?;
    let subject = Subject::create(stage, "hubs-stack", &Sizes::small(), |descriptor| {
        descriptor["stack"] = json!({ "name": OLD });
    })
    .await?;
    let (ended, set, mail) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    let set = set.context("no set")?;
    let before = subject.data().await?;
    let mark = stage.lab.ledger_position().await?;

    // An update of the old stack.
    refused(&subject, &["--into", OLD], 1, "it is the existing stack").await?;
    // A parameter that CloudFormation hides.
    refused(&subject, &["--into", NEW], 2, "--param AdminKey: (missing)").await?;
    let key = ["--into", NEW, "--param", "AdminKey=hunter2"];
    // A secret that somebody deleted.
    let secret = json!({ "SecretId": subject.dataset.secret });
    let mut delete = secret.clone();
    delete["RecoveryWindowInDays"] = json!(7);
    stage
        .aws
        .json("secretsmanager", "secretsmanager.DeleteSecret", delete)
        .await?;
    refused(&subject, &key, 1, "aws secretsmanager restore-secret --secret-id").await?;
    stage
        .aws
        .json("secretsmanager", "secretsmanager.RestoreSecret", secret)
        .await?;

    let printed = holdfast(&subject, "restore-stack", &[&key[..], &["--print"]].concat()).await?;
    ensure!(printed.status.success(), "{printed:?}");
    let expected = expected(&subject, &set).await?;
    let pasted = found(&printed)?;
    for (name, value) in RESTORE_PARAMETERS.iter().zip(&expected) {
        let entry = json!({ "ParameterKey": name, "ParameterValue": value });
        ensure!(
            pasted.as_array().is_some_and(|all| all.contains(&entry)),
            "{name}: {pasted:#}"
        );
    }
    ensure!(!format!("{printed:?}").contains("hunter2"), "{printed:?}");
    ensure!(changes(stage, mark).await?.is_empty(), "nothing was created so far");

    // What exists once: the domain's parameter is the old stack's.
    let failed = holdfast(&subject, "restore-stack", &[&key[..], &["--watch"]].concat()).await?;
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    ensure!(failed.status.code() == Some(1), "{failed:?}");
    ensure!(
        said.contains("its creation failed (CREATE_FAILED)") && said.contains("Site (AWS::SSM::Parameter)"),
        "{said}"
    );
    let second = [
        "--into",
        NEW,
        "--param",
        "AdminKey=hunter2",
        "--param",
        "DomainName=second.example",
        "--watch",
    ];
    refused(&subject, &second, 1, "is CREATE_FAILED: its creation failed").await?;
    delete_stack(&stage.aws).await?;

    let created = holdfast(&subject, "restore-stack", &second).await?;
    ensure!(created.status.success(), "{created:?}");
    let created = found(&created)?;
    ensure!(
        created["status"] == "CREATE_COMPLETE" && created["set"] == set["id"],
        "{created:#}"
    );
    ensure!(created["outputs"]["Site"] == "second.example", "{created:#}");
    ensure!(
        created["by_hand"]
            .to_string()
            .contains("Server Settings of the admin console"),
        "{created:#}"
    );
    for (name, value) in RESTORE_PARAMETERS.iter().zip(&expected) {
        let shown = shown(&stage.aws, NEW, name).await?;
        ensure!(shown == format!("value:{value}"), "{name} is {shown}");
    }
    // Again: the same stack.
    let again = holdfast(&subject, "restore-stack", &second).await?;
    ensure!(
        again.status.success() && found(&again)?["stack"] == created["stack"],
        "{again:?}"
    );
    let creations = changes(stage, mark).await?;
    ensure!(
        creations == ["CreateStack", "CreateStack"],
        "the failed one and the good one: {creations:?}"
    );

    ensure!(
        shown(&stage.aws, OLD, RESTORE_PARAMETERS[0]).await? == "value:",
        "the old stack is not changed"
    );
    ensure!(subject.data().await? == before, "nor is its data");
    Ok(())
}

/// Runs the command, which has to refuse.
async fn refused(subject: &Subject<'_>, options: &[&str], code: i32, words: &str) -> Result<()> {
    let output = holdfast(subject, "restore-stack", options).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(code), "{options:?}: {output:?}");
    ensure!(
        said.contains(words) && !said.contains("hunter2"),
        "{words} is not in {said}"
    );
    Ok(())
}

/// The values of the restore parameters, in their order, by what the catalog has of the set.
async fn expected(subject: &Subject<'_>, set: &Value) -> Result<Vec<String>> {
    let points = subject.records.points(&subject.dataset.name, set).await?;
    let of = |resource: &str, pointer: &str| -> Result<String> {
        let point = points.iter().find(|point| point["resource"]["name"] == resource);
        Ok(text(point.with_context(|| format!("no {resource}"))?, pointer)?.to_owned())
    };
    Ok(vec![
        OLD.to_owned(),
        of("database", "/recovery_point/id")?,
        of("login", "/recovery_point/versions/0/name")?,
        of("storage", "/recovery_point/vault")?,
        of("storage", "/recovery_point/arn")?,
    ])
}

/// The calls that changed stacks.
async fn changes(stage: &Stage, mark: u64) -> Result<Vec<String>> {
    let ledger = stage.lab.ledger(mark).await?;
    let actions = ledger.iter().filter_map(|call| call["action"].as_str());
    Ok(actions
        .filter(|action| ["CreateStack", "UpdateStack"].contains(action))
        .map(str::to_owned)
        .collect())
}

/// What a stack was given, as its template shows it.
async fn shown(aws: &Aws, stack: &str, parameter: &str) -> Result<String> {
    let request = json!({ "Name": format!("/{stack}/{parameter}") });
    let found = aws.json("ssm", "AmazonSSM.GetParameter", request).await?;
    Ok(text(&found, "/Parameter/Value")?.to_owned())
}

/// A template with the parameters of Hubs, which shows them; the name of `Site` is the domain's alone.
fn template() -> Value {
    let declared = RESTORE_PARAMETERS.iter().chain(&["DomainName"]);
    let mut parameters: Value = declared
        .map(|name| ((*name).to_owned(), json!({ "Type": "String" })))
        .collect();
    parameters["AdminKey"] = json!({ "Type": "String", "NoEcho": true });
    let parameter = |name: String, value: String| {
        json!({ "Type": "AWS::SSM::Parameter", "Properties": {
            "Name": { "Fn::Sub": name }, "Type": "String", "Value": { "Fn::Sub": value },
        } })
    };
    let show = |name: &&str| {
        let shown = parameter(format!("/${{AWS::StackName}}/{name}"), format!("value:${{{name}}}"));
        (format!("Shown{name}"), shown)
    };
    let mut resources: Value = RESTORE_PARAMETERS.iter().map(show).collect();
    resources["Site"] = parameter("/sites/${DomainName}".to_owned(), "${DomainName}".to_owned());
    json!({ "Parameters": parameters, "Resources": resources, "Outputs": { "Site": { "Value": { "Ref": "DomainName" } } } })
}

async fn create_old_stack(aws: &Aws) -> Result<()> {
    let template = template().to_string();
    let values: Vec<(&str, &str)> = RESTORE_PARAMETERS
        .iter()
        .map(|name| (*name, ""))
        .chain([("DomainName", "hub.example"), ("AdminKey", "the-old-one")])
        .collect();
    let mut fields = vec![
        ("StackName".to_owned(), OLD),
        ("TemplateBody".to_owned(), template.as_str()),
    ];
    for (index, (name, value)) in values.iter().enumerate() {
        let member = format!("Parameters.member.{}", index + 1);
        fields.push((format!("{member}.ParameterKey"), *name));
        fields.push((format!("{member}.ParameterValue"), *value));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    aws.query("cloudformation", "2010-05-15", "CreateStack", &fields)
        .await?;
    until("the old stack is created", LIMIT, || async {
        let xml = aws
            .query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", OLD)])
            .await?;
        Ok((element(&xml, "StackStatus")? == "CREATE_COMPLETE").then_some(()))
    })
    .await
}

async fn delete_stack(aws: &Aws) -> Result<()> {
    let named = [("StackName", NEW)];
    aws.query("cloudformation", "2010-05-15", "DeleteStack", &named).await?;
    until("the failed stack is deleted", LIMIT, || async {
        Ok(aws
            .query("cloudformation", "2010-05-15", "DescribeStacks", &named)
            .await
            .err()
            .map(drop))
    })
    .await
}
