//! Cumulus' database, as its application reaches it, and the state machine that waits for its workflows: an activity of the owner's worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use holdfast_tests::aws::{Aws, text};
use holdfast_tests::dataset::log_in;
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

    /// Whether the application is let in to a cluster, whatever its secret says.
    pub async fn lets_in(&self, (host, port): (&str, u16)) -> Result<bool> {
        let login = self.login().await?;
        let user = (text(&login, "/username")?, text(&login, "/password")?);
        match log_in(host, port, text(&login, "/database")?, user).await {
            Ok(_) => Ok(true),
            Err(error) if format!("{error:#}").contains("permission denied") => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The names of granules.
pub async fn granules(client: &Client) -> Result<Vec<String>> {
    let rows = client.query("select name from granules order by id", &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The machine, and its worker.
pub struct Drain {
    /// The machine's ARN.
    pub machine: String,
    worker: JoinHandle<()>,
    fails: Arc<AtomicBool>,
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Drain {
    pub async fn create(name: &str, aws: &Aws) -> Result<Self> {
        let created = call(aws, "CreateActivity", json!({ "name": name })).await?;
        let activity = text(&created, "/activityArn")?.to_owned();
        let state = json!({ "Type": "Task", "Resource": activity, "End": true });
        let fails = Arc::new(AtomicBool::new(false));
        Ok(Self {
            machine: create_machine(aws, name, state).await?,
            worker: tokio::spawn(work(aws.clone(), activity, Arc::clone(&fails))),
            fails,
        })
    }

    /// Whether the machine fails.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }
}

/// Carries out what the machine asks for, as long as the lab runs.
async fn work(aws: Aws, activity: String, fails: Arc<AtomicBool>) {
    let aws = &aws;
    while let Ok(task) = call(aws, "GetActivityTask", json!({ "activityArn": activity })).await {
        let Some(token) = task["taskToken"].as_str() else {
            continue;
        };
        let done = carry_out(&task, fails.load(Ordering::Relaxed));
        let (action, result) = match done {
            Ok(()) => ("SendTaskSuccess", json!({ "taskToken": token, "output": "{}" })),
            Err(error) => {
                let cause = format!("{error:#}");
                let failure = json!({ "taskToken": token, "error": "DrainFailed", "cause": cause });
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

fn carry_out(task: &Value, fails: bool) -> Result<()> {
    let input: Value = serde_json::from_str(text(task, "/input")?)?;
    match text(&input, "/action")? {
        "quiesce" => {
            ensure!(!fails, "a workflow does not end");
            Ok(())
        }
        "resume" => Ok(()),
        other => bail!("no such action: {other}"),
    }
}
