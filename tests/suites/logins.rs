//! An application can log in to what it is switched to, with the passwords of real servers: a rotated password is set on the
//! copy if possible, and reported otherwise.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::application::{Application, Finds};
use holdfast_tests::aws::{Aws, element, text};
use holdfast_tests::dataset::{Dataset, Sizes, await_cluster};
use holdfast_tests::executions::ended;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::approvals::{asked, holdfast};
use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

const PATIENCE: Duration = Duration::from_secs(180);
const MASTER: &str = "postgres";

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("logins::a_rotated_master_password_is_set_on_the_copy", |stage| {
            Box::pin(master(stage))
        }),
        stages.test(
            "logins::a_rotated_application_user_is_named_and_not_cut_over_unasked",
            |stage| Box::pin(application_user(stage)),
        ),
        stages.test("logins::a_managed_secret_leads_to_the_copys_own", |stage| {
            Box::pin(managed(stage))
        }),
        stages.test("logins::a_cluster_with_logins_by_iam_is_asked_about", |stage| {
            Box::pin(by_iam(stage))
        }),
        stages.test(
            "logins::what_is_rotated_after_verification_is_not_switched_to",
            |stage| Box::pin(rotated_late(stage)),
        ),
    ]
}

async fn master(stage: &Stage) -> Result<()> {
    let (mut subject, application) = backed_up(stage, "rotated").await?;
    let old = subject.dataset.password.clone();
    let before = subject.data().await?;
    rotate_master(&mut subject, "pw-rotated-Kq2Rotated").await?;
    let mark = stage.lab.ledger_position().await?;
    let end = subject.restore(json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    ensure!(record["status"] == "cut_over", "{record:#}");
    let copy = copied(&subject, &record).await?;

    let login = check(&record, "login with secret")?;
    ensure!(
        login["finding"] == "same" && login["detail"].to_string().contains("was set on the copy"),
        "{login:#}"
    );
    let guard = check(&record, "login: secret")?;
    ensure!(
        guard["finding"] == "changed",
        "a rotated secret is not as it was: {guard:#}"
    );
    let (host, _) = application.endpoint().await?;
    ensure!(host == text(&subject.made(text(&record, "/id")?).await?["database"], "/host")?);
    log_in(&stage.aws, &copy, &application.secret_value().await?).await?;
    let stale = json!({ "username": MASTER, "password": old });
    ensure!(
        log_in(&stage.aws, &copy, &stale).await.is_err(),
        "the snapshot's password is no longer valid"
    );
    ensure!(subject.copied(text(&record, "/id")?).await? == before);

    for call in stage.lab.ledger(mark).await? {
        let changed = call["action"] == "ModifyDBCluster" && call["caller"] == "holdfast-set-password";
        ensure!(
            !changed || call["resource"].to_string().contains(&copy),
            "only the copy's password is set: {call}"
        );
    }

    // The same set once more, after the rotation and the cut-over: only the database, which has the logins.
    let end = subject
        .restore(json!({ "cut_over": "yes", "suffix": "again", "only": ["database"] }))
        .await?;
    let record = subject.newest_restore().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let copy = copied(&subject, &record).await?;
    log_in(&stage.aws, &copy, &application.secret_value().await?).await
}

async fn application_user(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "app-user", &Sizes::small(), |_| {}).await?;
    deploy_efs_access(&stage.lab, &subject.dataset.file_system).await?;
    let application = Application::create(&stage.lab, &subject.dataset, Finds::Secret).await?;
    subject
        .dataset
        .execute("create role app login password 'pw-app-One'; grant select on users to app")
        .await?;
    let login = |password: &str| json!({ "username": "app", "password": password });
    change_secret(&subject, login("pw-app-One")).await?;
    subject.records.apply(&application.descriptor(&subject.dataset)).await?;
    let (end, _, mail) = subject.back_up().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    subject.dataset.execute("alter role app password 'pw-app-Two'").await?;
    change_secret(&subject, login("pw-app-Two")).await?;
    let secret = subject.secret_value().await?;

    let question = asked(&subject, &json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(record["verification"]["outcome"] == "unproven", "{record:#}");
    let login = check(&record, "login with secret")?;
    let told = login["detail"].to_string();
    ensure!(
        login["finding"] == "unproven" && told.contains("password app") && !told.contains("pw-app"),
        "{login:#}"
    );
    ensure!(
        subject.secret_value().await? == secret,
        "nothing is switched without asking"
    );

    // After doing what it says, the application can log in.
    let copy = copied(&subject, &record).await?;
    ensure!(log_in(&stage.aws, &copy, &secret).await.is_err());
    subject
        .dataset
        .execute_in(&copy, "alter role app password 'pw-app-Two'")
        .await?;
    ensure!(holdfast(&subject, &["approve", "--cut-over", &question.id]).await?);
    let end = ended(&stage.aws, &question.execution, PATIENCE).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}");
    ensure!(subject.newest_restore().await?["status"] == "cut_over");
    log_in(&stage.aws, &copy, &application.secret_value().await?).await
}

async fn managed(stage: &Stage) -> Result<()> {
    let aws = &stage.aws;
    let dataset = Dataset::create(&stage.lab, "managed", &Sizes::small()).await?;
    deploy_efs_access(&stage.lab, &dataset.file_system).await?;
    let modify = [
        ("DBClusterIdentifier", dataset.cluster.as_str()),
        ("ManageMasterUserPassword", "true"),
    ];
    aws.rds("ModifyDBCluster", &modify).await?;
    await_cluster(aws, &dataset.cluster).await?;
    let old = master_secret(aws, &dataset.cluster).await?;
    let parameter = format!("{}/login", dataset.parameter_path);
    let named = json!({ "Name": parameter, "Type": "String", "Value": old });
    aws.json("ssm", "AmazonSSM.PutParameter", named).await?;
    let subject = Subject::over(stage, dataset, |descriptor| {
        descriptor["probes"]["users"]["secret"] = old.clone().into();
        descriptor["cut_over"] = json!([{
            "name": "login", "kind": "parameter", "resource": "database", "parameter": parameter, "value": "master_secret",
        }]);
    })
    .await?;
    let (end, _, mail) = subject.back_up().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);

    let end = subject.restore(json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}\n{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let copy = copied(&subject, &record).await?;
    let request = json!({ "Name": parameter, "WithDecryption": true });
    let read = aws.json("ssm", "AmazonSSM.GetParameter", request).await?;
    let leads_to = text(&read, "/Parameter/Value")?;
    ensure!(
        leads_to == master_secret(aws, &copy).await? && leads_to != old,
        "{leads_to}"
    );
    log_in(aws, &copy, &value_of(aws, leads_to).await?).await?;
    ensure!(
        log_in(aws, &copy, &value_of(aws, &old).await?).await.is_err(),
        "the copy has a password of its own"
    );
    let back = subject
        .undo("UndoCutOverStateMachineArn", text(&record, "/id")?)
        .await?;
    ensure!(back.status == "SUCCEEDED", "{back:?}");
    let request = json!({ "Name": parameter, "WithDecryption": true });
    let read = aws.json("ssm", "AmazonSSM.GetParameter", request).await?;
    ensure!(text(&read, "/Parameter/Value")? == old, "{read}");
    Ok(())
}

async fn by_iam(stage: &Stage) -> Result<()> {
    let settings = [("EnableIAMDatabaseAuthentication", "true".to_owned())];
    let dataset = Dataset::create_as(&stage.lab, "by-iam", &Sizes::small(), &settings).await?;
    deploy_efs_access(&stage.lab, &dataset.file_system).await?;
    let application = Application::create(&stage.lab, &dataset, Finds::Secret).await?;
    let subject = Subject::over(stage, dataset, |descriptor| {
        descriptor["cut_over"] = application.cut_over()
    })
    .await?;
    let (end, _, mail) = subject.back_up().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);

    let question = asked(&subject, &json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(record["verification"]["outcome"] == "unproven", "{record:#}");
    let found = check(&record, "IAM database authentication")?;
    let copy = copied(&subject, &record).await?;
    for cluster in [&copy, &subject.dataset.cluster] {
        let xml = stage
            .aws
            .rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)])
            .await?;
        let id = element(&xml, "DbClusterResourceId")?;
        ensure!(found["detail"].to_string().contains(&id), "{id}: {found:#}");
    }
    ensure!(check(&record, "login with secret")?["finding"] == "same", "{record:#}");
    ensure!(holdfast(&subject, &["reject", &question.id]).await?);
    ended(&stage.aws, &question.execution, PATIENCE).await.map(drop)
}

async fn rotated_late(stage: &Stage) -> Result<()> {
    let (mut subject, _) = backed_up(stage, "rotated-late").await?;
    let question = asked(&subject, &json!({ "cut_over": "ask" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    rotate_master(&mut subject, "pw-late-Kq2Rotated").await?;
    let secret = subject.secret_value().await?;
    ensure!(holdfast(&subject, &["approve", "--cut-over", &question.id]).await?);
    let end = ended(&stage.aws, &question.execution, PATIENCE).await?;
    let record = subject.newest_restore().await?;
    ensure!(end.status == "FAILED", "{end:?}\n{record:#}");
    ensure!(
        record["reasons"].to_string().contains("was changed since"),
        "{record:#}"
    );
    ensure!(record["switched"] == json!([]), "{record:#}");
    ensure!(subject.secret_value().await? == secret);
    Ok(())
}

/// Changes the live cluster's master password, and the secret, as a rotation function does.
pub async fn rotate_master(subject: &mut Subject<'_>, password: &str) -> Result<()> {
    let modify = [
        ("DBClusterIdentifier", subject.dataset.cluster.as_str()),
        ("MasterUserPassword", password),
        ("ApplyImmediately", "true"),
    ];
    subject.stage.aws.rds("ModifyDBCluster", &modify).await?;
    await_cluster(&subject.stage.aws, &subject.dataset.cluster).await?;
    change_secret(subject, json!({ "password": password })).await?;
    subject.dataset.password = password.to_owned();
    Ok(())
}

/// A new version of the application's secret, in which these keys are changed.
async fn change_secret(subject: &Subject<'_>, keys: Value) -> Result<()> {
    let mut value = subject.secret_value().await?;
    if let (Some(value), Value::Object(keys)) = (value.as_object_mut(), keys) {
        value.extend(keys);
    }
    let request = json!({ "SecretId": subject.dataset.secret, "SecretString": value.to_string() });
    let put = subject
        .stage
        .aws
        .json("secretsmanager", "secretsmanager.PutSecretValue", request);
    put.await.map(drop)
}

async fn value_of(aws: &Aws, secret: &str) -> Result<Value> {
    let request = json!({ "SecretId": secret });
    let read = aws
        .json("secretsmanager", "secretsmanager.GetSecretValue", request)
        .await?;
    Ok(serde_json::from_str(text(&read, "/SecretString")?)?)
}

/// ARN of the secret in which RDS manages a cluster's master password.
async fn master_secret(aws: &Aws, cluster: &str) -> Result<String> {
    let xml = aws
        .rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)])
        .await?;
    element(&xml, "SecretArn")
}

async fn copied(subject: &Subject<'_>, record: &Value) -> Result<String> {
    let made = subject.made(text(record, "/id")?).await?;
    Ok(text(made.get("database").context("no database")?, "/cluster")?.to_owned())
}

/// The one check whose name contains this.
fn check<'a>(record: &'a Value, name: &str) -> Result<&'a Value> {
    let checks = record.pointer("/verification/checks").and_then(Value::as_array);
    let mut found = checks.into_iter().flatten().filter(|check| {
        let of = check["name"].as_str();
        of.is_some_and(|of| of.contains(name))
    });
    let first = found.next().with_context(|| format!("no check {name}: {record:#}"))?;
    ensure!(found.next().is_none(), "more than one check {name}: {record:#}");
    Ok(first)
}

/// Logs in to a cluster with what a secret holds.
async fn log_in(aws: &Aws, cluster: &str, secret: &Value) -> Result<()> {
    let xml = aws
        .rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)])
        .await?;
    let mut config = tokio_postgres::Config::new();
    config
        .host(element(&xml, "Endpoint")?)
        .port(element(&xml, "Port")?.parse()?)
        .user(text(secret, "/username")?)
        .password(text(secret, "/password")?)
        .dbname("polycosm")
        .connect_timeout(Duration::from_secs(10));
    let (client, connection) = config.connect(NoTls).await?;
    drop((client, connection));
    Ok(())
}
