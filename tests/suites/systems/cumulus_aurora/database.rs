//! Cumulus' database, as its application reaches it, and the state machine that closes it to the application and opens it again: an
//! activity, which the owner's worker carries out with SQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use holdfast_tests::aws::{Aws, text};
use holdfast_tests::dataset::{USER, log_in};
use holdfast_tests::surroundings::create_machine;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

pub const DATABASE: &str = "cumulus";
pub const APPLICATION: &str = "cumulus_app";

/// The database that the application's secret leads to.
#[derive(Clone)]
pub struct Database {
    pub aws: Aws,
    /// The secret.
    pub secret: String,
    /// The administrator's, who is in no secret.
    pub password: String,
}

impl Database {
    async fn login(&self) -> Result<Value> {
        let request = json!({ "SecretId": self.secret });
        let target = "secretsmanager.GetSecretValue";
        let read = self.aws.json("secretsmanager", target, request).await?;
        Ok(serde_json::from_str(text(&read, "/SecretString")?)?)
    }

    /// Host and port.
    pub async fn place(&self) -> Result<(String, u16)> {
        let login = self.login().await?;
        let port = login["port"].as_u64().context("no port")?;
        Ok((text(&login, "/host")?.to_owned(), u16::try_from(port)?))
    }

    /// As the application connects.
    pub async fn as_application(&self) -> Result<Client> {
        let (host, port) = self.place().await?;
        let login = self.login().await?;
        let user = (text(&login, "/username")?, text(&login, "/password")?);
        log_in(&host, port, text(&login, "/database")?, user).await
    }

    pub async fn as_administrator(&self) -> Result<Client> {
        let (host, port) = self.place().await?;
        log_in(&host, port, DATABASE, (USER, &self.password)).await
    }

    async fn close(&self) -> Result<()> {
        let sql = format!(
            "revoke connect on database {DATABASE} from public, {APPLICATION};
             select pg_terminate_backend(pid) from pg_stat_activity where usename = '{APPLICATION}'"
        );
        Ok(self.as_administrator().await?.batch_execute(&sql).await?)
    }

    async fn open(&self) -> Result<()> {
        let sql = format!("grant connect on database {DATABASE} to {APPLICATION}");
        Ok(self.as_administrator().await?.batch_execute(&sql).await?)
    }
}

/// The names of granules.
pub async fn granules(client: &Client) -> Result<Vec<String>> {
    let rows = client.query("select name from granules order by id", &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The machine, and its worker.
pub struct Access {
    /// The machine's ARN.
    pub machine: String,
    worker: JoinHandle<()>,
    fails: Arc<AtomicBool>,
}

impl Drop for Access {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Access {
    pub async fn create(name: &str, database: Database) -> Result<Self> {
        let aws = &database.aws;
        let created = call(aws, "CreateActivity", json!({ "name": name })).await?;
        let activity = text(&created, "/activityArn")?.to_owned();
        let state = json!({ "Type": "Task", "Resource": activity, "End": true });
        let fails = Arc::new(AtomicBool::new(false));
        Ok(Self {
            machine: create_machine(aws, name, state).await?,
            worker: tokio::spawn(work(database.clone(), activity, Arc::clone(&fails))),
            fails,
        })
    }

    /// Whether the machine fails after it has closed the database.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }
}

/// Carries out what the machine asks for, as long as the lab runs.
async fn work(database: Database, activity: String, fails: Arc<AtomicBool>) {
    let aws = &database.aws;
    while let Ok(task) = call(aws, "GetActivityTask", json!({ "activityArn": activity })).await {
        let Some(token) = task["taskToken"].as_str() else {
            continue;
        };
        let done = carry_out(&database, &task, fails.load(Ordering::Relaxed)).await;
        let (action, result) = match done {
            Ok(()) => ("SendTaskSuccess", json!({ "taskToken": token, "output": "{}" })),
            Err(error) => {
                let cause = format!("{error:#}");
                let failure = json!({ "taskToken": token, "error": "AccessFailed", "cause": cause });
                ("SendTaskFailure", failure)
            }
        };
        if call(aws, action, result).await.is_err() {
            return;
        }
    }
}

async fn call(aws: &Aws, action: &str, request: Value) -> Result<Value> {
    aws.json("states", &format!("AWSStepFunctions.{action}"), request).await
}

async fn carry_out(database: &Database, task: &Value, fails: bool) -> Result<()> {
    let input: Value = serde_json::from_str(text(task, "/input")?)?;
    match text(&input, "/action")? {
        "quiesce" => {
            database.close().await?;
            ensure!(!fails, "a workflow does not end");
            Ok(())
        }
        "resume" => database.open().await,
        other => bail!("no such action: {other}"),
    }
}
