//! The hook on a database: closed to its application, and open again, whatever fails, and also if the database itself was gone.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::{Dataset, Sizes, USER, endpoint, log_in};
use holdfast_tests::executions::run;
use holdfast_tests::inbox::Inbox;
use holdfast_tests::records::Records;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::json;
use tokio_postgres::Client;

use crate::stage::{Stage, Stages};
use crate::trials::{Call, Faults, Rounds, calls_since};

const LIMIT: Duration = Duration::from_secs(120);
const DATABASE: &str = "shop";
const APPLICATION: (&str, &str) = ("shop_app", "pw-shop-Qq3Secret");
/// Who may connect, as PostgreSQL writes it.
const ACCESS: &str = "select string_agg(entry::text, ' ' order by entry::text) from pg_database, \
    unnest(coalesce(datacl, acldefault('d', datdba))) entry where datname = 'shop'";

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = vec![stages.test(
        "hooks::databases::what_is_restored_in_place_of_a_cluster_that_is_gone_is_opened",
        |stage| Box::pin(gone(stage)),
    )];
    for (kind, times) in [("error_500", 4), ("cut_after", 1), ("cut_after", 4)] {
        let name = format!("hooks::databases::every_call_{kind}_{times}_times");
        tests.push(stages.test(&name, move |stage| Box::pin(every_call(stage, kind, times))));
    }
    tests
}

/// A cluster with a database that `shop_app` uses.
struct Shop<'a> {
    stage: &'a Stage,
    dataset: Dataset,
    records: Records,
    inbox: Inbox,
    /// Who may connect while it is open.
    access: String,
}

impl<'a> Shop<'a> {
    async fn create(stage: &'a Stage, name: &str) -> Result<Self> {
        let dataset = Dataset::create(&stage.lab, name, &Sizes::small()).await?;
        let (user, password) = APPLICATION;
        dataset
            .execute(&format!("create role {user} login password '{password}'"))
            .await?;
        dataset.execute(&format!("create database {DATABASE}")).await?;
        let (host, port) = endpoint(&stage.aws, &dataset.cluster).await?;
        let administrator = log_in(&host, port, DATABASE, (USER, &dataset.password)).await?;
        let tables =
            format!("create table jobs (paused bool); insert into jobs values (false); grant select on jobs to {user}");
        administrator.batch_execute(&tables).await?;
        let access = administrator.query_one(ACCESS, &[]).await?.get(0);
        let secrets = [
            ("admin", json!({ "username": USER, "password": dataset.password })),
            (
                "app",
                json!({ "username": user, "password": password, "database": DATABASE }),
            ),
        ];
        for (secret, value) in secrets {
            let request = json!({ "Name": format!("{name}/{secret}"), "SecretString": value.to_string() });
            stage
                .aws
                .json("secretsmanager", "secretsmanager.CreateSecret", request)
                .await?;
        }
        let named = json!({ "Name": format!("/{name}/database-host"), "Type": "String", "Value": host });
        stage.aws.json("ssm", "AmazonSSM.PutParameter", named).await?;
        let records = Records::of(&stage.aws, &stage.stack)?;
        let hook = |name: &str, of: &str| json!({ "name": name, "kind": "sql", "resource": "database", "database": DATABASE, "secret": format!("{of}/admin") });
        let (mut jobs, mut access_hook) = (hook("jobs", name), hook("access", name));
        jobs["statements"] = json!(["update jobs set paused = true"]);
        jobs["undo"] = json!(["update jobs set paused = false"]);
        access_hook["close"] = json!(true);
        let descriptor = json!({
            "deployment": name,
            "resources": { "database": { "kind": "aurora", "cluster": dataset.cluster } },
            "probes": { "jobs": {
                "resource": "database", "sql": "select count(*) from jobs", "secret": format!("{name}/admin"), "database": DATABASE,
            } },
            "hooks": [jobs, access_hook],
            "cut_over": [{
                "name": "host", "kind": "parameter", "resource": "database", "parameter": format!("/{name}/database-host"), "value": "host",
                "login": format!("{name}/app"),
            }],
            "keep": { "last": 1, "daily": 0, "weekly": 0, "monthly": 0 },
        });
        records.apply(&descriptor).await?;
        Ok(Self {
            inbox: stage.stack.inbox(&stage.aws, &format!("inbox-{name}")).await?,
            stage,
            dataset,
            records,
            access,
        })
    }

    /// As the application connects: to the host in its parameter.
    async fn application(&self) -> Result<Client> {
        let named = json!({ "Name": format!("/{}/database-host", self.dataset.name) });
        let found = self.stage.aws.json("ssm", "AmazonSSM.GetParameter", named).await?;
        let (_, port) = endpoint(&self.stage.aws, &self.cluster().await?).await?;
        log_in(text(&found, "/Parameter/Value")?, port, DATABASE, APPLICATION).await
    }

    /// The cluster in the descriptor, which a cut-over changes.
    async fn cluster(&self) -> Result<String> {
        let applied = self.records.items(&self.dataset.name, "DESCRIPTOR").await?;
        let document = applied.first().context("no descriptor")?;
        Ok(text(document, "/document/resources/database/cluster")?.to_owned())
    }

    /// Checks that the application is let in, that nothing is paused, and that who may connect is as it was.
    async fn ensure_back(&self) -> Result<()> {
        let application = self.application().await?;
        let paused: bool = application.query_one("select paused from jobs", &[]).await?.get(0);
        ensure!(!paused, "the jobs are paused");
        let access: String = application.query_one(ACCESS, &[]).await?.get(0);
        ensure!(access == self.access, "{access}, not {}", self.access);
        Ok(())
    }
}

/// Every call of the steps that run hooks, and of the function that reaches databases for them, fails in a backup.
async fn every_call(stage: &Stage, kind: &str, times: u32) -> Result<()> {
    let name = format!("sql-{}-{times}", kind.replace('_', "-"));
    let shop = Shop::create(stage, &name).await?;
    let mark = stage.lab.ledger_position().await?;
    let session = shop.application().await?;
    ensure!(stage.back_up(&name).await?.status == "SUCCEEDED");
    until("the application's session is ended", LIMIT, || async {
        Ok(session.is_closed().then_some(()))
    })
    .await?;
    shop.ensure_back().await?;
    let all = calls_since(stage, mark, &[]).await?;
    let calls: Vec<Vec<Call>> = ["quiesce", "resume", "database-access"]
        .iter()
        .map(|step| {
            let caller = format!("holdfast-{step}");
            let of_step = all.iter().filter(|call| call.caller == caller && call.nth <= 3);
            of_step.cloned().collect()
        })
        .collect();
    ensure!(calls.iter().all(|calls| calls.len() >= 2), "{calls:?}");
    let longest = calls.iter().map(Vec::len).max().unwrap_or(0);
    let round = |index: usize| calls.iter().filter_map(|calls| calls.get(index).cloned()).collect();
    let mut rounds = Rounds::new((0..longest).map(round));
    while let Some(round) = rounds.next() {
        let context = || format!("{kind} x {times} at {round:?}");
        let faults = Faults::inject(&stage.lab, &round, kind, times).await?;
        shop.inbox.take().await?;
        let end = stage.back_up(&name).await.with_context(context)?;
        rounds.missed(&round, faults.missed().await?)?;
        if end.status != "SUCCEEDED" {
            shop.inbox.about(&name, LIMIT).await.with_context(context)?;
        }
        shop.ensure_back().await.with_context(context)?;
    }
    Ok(())
}

async fn gone(stage: &Stage) -> Result<()> {
    let name = "sql-gone";
    let shop = Shop::create(stage, name).await?;
    let end = stage.back_up(name).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}");
    shop.ensure_back().await?;
    delete_cluster(stage, &shop.dataset.cluster).await?;

    let machine = stage.stack.output("RestoreStateMachineArn")?;
    shop.inbox.take().await?;
    let end = run(
        &stage.aws,
        machine,
        &json!({ "deployment": name, "cut_over": "yes" }),
        LIMIT,
    )
    .await?;
    let mail = shop.inbox.about(name, LIMIT).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    ensure!(shop.cluster().await? != shop.dataset.cluster);
    // The jobs are as in the backup, at which the hook had paused them, and the undo of the restore resumes them in the copy.
    shop.ensure_back().await?;

    let end = stage.back_up(name).await?;
    ensure!(end.status == "SUCCEEDED", "the night after: {end:?}");
    shop.ensure_back().await
}

async fn delete_cluster(stage: &Stage, cluster: &str) -> Result<()> {
    let found = stage.aws.rds("DescribeDBInstances", &[]).await?;
    let mut instances = holdfast_tests::aws::elements(&found, "DBInstanceIdentifier")?;
    instances.retain(|instance| instance.starts_with(cluster));
    for instance in &instances {
        stage
            .aws
            .rds("DeleteDBInstance", &[("DBInstanceIdentifier", instance)])
            .await?;
    }
    let delete = [("DBClusterIdentifier", cluster), ("SkipFinalSnapshot", "true")];
    stage.aws.rds("DeleteDBCluster", &delete).await?;
    until("the cluster is gone", LIMIT, || async {
        let found = stage.aws.rds("DescribeDBClusters", &[]).await?;
        let names = holdfast_tests::aws::elements(&found, "DBClusterIdentifier")?;
        Ok((!names.iter().any(|name| name == cluster)).then_some(()))
    })
    .await
}
