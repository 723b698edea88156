//! Cumulus: its database in a cluster with settings of its own, what starts its workflows, and its descriptor.

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::{elements, text};
use holdfast_tests::dataset::{Dataset, Sizes, USER, endpoint, log_in};
use holdfast_tests::settings::Groups;
use holdfast_tests::wait::until;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::database::{APPLICATION, DATABASE, Database, Drain, granules};
use crate::hooks::function::create_function;
use crate::stage::Stage;
use crate::systems::system::{PATIENCE, System};

/// Settings of the cluster that a restore has to give to the copy, as parameters of CreateDBCluster.
const SETTINGS: [&str; 7] = [
    "DBClusterParameterGroupName",
    "DBSubnetGroupName",
    "VpcSecurityGroupIds.",
    "EngineVersion",
    "Port",
    "PreferredBackupWindow",
    "Tags.",
];
/// What RDS describes of them.
const DESCRIBED: [&str; 6] = [
    "DBClusterParameterGroup",
    "DBSubnetGroup",
    "VpcSecurityGroupId",
    "EngineVersion",
    "Port",
    "PreferredBackupWindow",
];
/// The rules and the mapping, as they are while ingest runs.
const RUNNING: [&str; 3] = ["ENABLED", "DISABLED", "Enabled"];
const HALTED: [&str; 3] = ["DISABLED", "DISABLED", "Disabled"];
pub const GRANULES: usize = 5;

/// The deployment, in a lab.
pub struct Cumulus<'a> {
    pub system: System<'a>,
    pub dataset: Dataset,
    pub database: Database,
    pub drain: Drain,
    /// The id of the event source mapping.
    mapping: String,
}

impl<'a> Cumulus<'a> {
    pub async fn up(stage: &'a Stage, name: &str) -> Result<Self> {
        let groups = Groups::create(&stage.aws, name).await?;
        let mut settings = groups.of_cluster();
        settings.retain(|(field, _)| SETTINGS.iter().any(|kept| field.starts_with(kept)));
        let dataset = Dataset::create_as(&stage.lab, name, &Sizes::small(), &settings).await?;
        let database = create_database(stage, &dataset).await?;
        let drain = Drain::create(name, &stage.aws).await?;
        let mapping = create_ingest(stage, name).await?;
        let names = [
            ("cumulus-prod-rds", dataset.cluster.as_str()),
            ("cumulus-prod", name),
            ("a1b2c3d4-5678-90ab-cdef-111111111111", mapping.as_str()),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:holdfast-hook-cumulus-drain",
                drain.machine.as_str(),
            ),
        ];
        let system = System::apply(stage, name, "cumulus-aurora.yaml", &names).await?;
        Ok(Self {
            system,
            dataset,
            database,
            drain,
            mapping,
        })
    }

    /// The states of the rules and of the mapping.
    async fn ingest(&self) -> Result<[String; 3]> {
        let aws = &self.system.stage.aws;
        let rule = async |kind: &str| -> Result<String> {
            let request = json!({ "Name": format!("{}-custom-{kind}", self.system.name) });
            let found = aws.json("events", "AWSEvents.DescribeRule", request).await?;
            Ok(text(&found, "/State")?.to_owned())
        };
        let path = format!("/2015-03-31/event-source-mappings/{}", self.mapping);
        let mapping = aws.rest("lambda", Method::GET, &path, None).await?;
        Ok([
            rule("modis").await?,
            rule("viirs").await?,
            text(&mapping, "/State")?.to_owned(),
        ])
    }

    /// Checks that ingest runs as it did at first, and that the application reaches its database; returns the granules there.
    pub async fn ensure_up(&self) -> Result<Vec<String>> {
        let ingest = self.ingest().await?;
        ensure!(ingest == RUNNING, "ingest is {ingest:?}");
        granules(&self.database.as_application().await?).await
    }

    pub async fn ensure_halted(&self) -> Result<()> {
        let ingest = self.ingest().await?;
        ensure!(ingest == HALTED, "ingest is {ingest:?}");
        ensure!(self.database.as_application().await.is_err(), "the database is open");
        Ok(())
    }

    /// A backup, which ends what the application was doing.
    pub async fn sealed(&self) -> Result<()> {
        let session = self.database.as_application().await?;
        let set = self.system.sealed().await?;
        ensure!(set["quiesced_throughout"] == true, "{set:#}");
        until("the application's session is ended", PATIENCE, || async {
            Ok(session.is_closed().then_some(()))
        })
        .await
    }

    pub async fn write(&self, id: i32) -> Result<()> {
        let sql = format!("insert into granules values ({id}, 'written-{id}')");
        Ok(self.database.as_application().await?.batch_execute(&sql).await?)
    }

    pub async fn described(&self, cluster: &str) -> Result<Vec<Vec<String>>> {
        let asked = [("DBClusterIdentifier", cluster)];
        let xml = self.system.stage.aws.rds("DescribeDBClusters", &asked).await?;
        DESCRIBED.iter().map(|field| elements(&xml, field)).collect()
    }

    pub async fn now(&self) -> Result<Timestamp> {
        self.system.stage.lab.now().await?.parse().context("the lab's time")
    }
}

/// The application's own database in the cluster, its login, and those of the probes and of the hook.
async fn create_database(stage: &Stage, dataset: &Dataset) -> Result<Database> {
    let (host, port) = endpoint(&stage.aws, &dataset.cluster).await?;
    let login = json!({
        "username": APPLICATION, "password": "pw-app-Nn4Secret", "host": host, "port": port, "database": DATABASE,
    });
    let probes = json!({ "username": "cumulus_probes", "password": "pw-probes-Nn4Secret" });
    let administrator = json!({ "username": USER, "password": dataset.password });
    for (secret, value) in [("db-login", login), ("db-probes", probes), ("db-admin", administrator)] {
        let request = json!({ "Name": format!("{}/{secret}", dataset.name), "SecretString": value.to_string() });
        let target = "secretsmanager.CreateSecret";
        stage.aws.json("secretsmanager", target, request).await?;
    }
    let roles = format!(
        "create role {APPLICATION} login password 'pw-app-Nn4Secret'; create role cumulus_probes login password 'pw-probes-Nn4Secret'"
    );
    dataset.execute(&roles).await?;
    // Not in one transaction with anything else.
    dataset.execute(&format!("create database {DATABASE}")).await?;
    let administrator = log_in(&host, port, DATABASE, (USER, &dataset.password)).await?;
    let sql = format!(
        "create table granules (id int primary key, name text not null);
         create table executions (id int primary key);
         insert into granules select n, 'granule-' || n from generate_series(1, {GRANULES}) n;
         insert into executions select n from generate_series(1, 9) n;
         grant select, insert, delete on all tables in schema public to {APPLICATION};
         grant select on all tables in schema public to cumulus_probes;
         revoke connect on database {DATABASE} from public;
         grant connect on database {DATABASE} to {APPLICATION}, cumulus_probes;"
    );
    administrator.batch_execute(&sql).await?;
    Ok(Database {
        aws: stage.aws.clone(),
        secret: format!("{}/db-login", dataset.name),
    })
}

/// Two rules, one of them disabled, and a queue that starts workflows; returns the id of its event source mapping.
async fn create_ingest(stage: &Stage, name: &str) -> Result<String> {
    for (kind, state) in [("modis", "ENABLED"), ("viirs", "DISABLED")] {
        let rule = format!("{name}-custom-{kind}");
        let request = json!({ "Name": rule, "ScheduleExpression": "rate(1 day)", "State": state });
        stage.aws.json("events", "AWSEvents.PutRule", request).await?;
    }
    let ingest = format!("{name}-ingest");
    create_function(stage, &ingest).await?;
    let queue = json!({ "QueueName": ingest });
    stage.aws.json("sqs", "AmazonSQS.CreateQueue", queue).await?;
    let queue = format!("arn:aws:sqs:us-east-1:000000000000:{ingest}");
    let request = json!({ "EventSourceArn": queue, "FunctionName": ingest });
    let path = "/2015-03-31/event-source-mappings";
    let created = stage.aws.rest("lambda", Method::POST, path, Some(request)).await?;
    Ok(text(&created, "/UUID")?.to_owned())
}
