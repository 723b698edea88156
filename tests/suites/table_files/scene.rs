//! A table to export, and the command that exports it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::Aws;
use holdfast_tests::lab::{Lab, Options, program};
use holdfast_tests::wait::until;
use serde_json::{Value, json};
use tokio::process::Command;

/// Items of the table.
pub const ITEMS: usize = 1_500;

/// A lab with a table of items of every type, and a directory for files.
pub struct Scene {
    pub lab: Lab,
    pub aws: Aws,
}

impl Scene {
    pub async fn create() -> Result<Self> {
        let lab = Lab::start(&Options::default()).await?;
        let aws = lab.aws()?;
        let scene = Self { lab, aws };
        scene.create_table("rooms").await?;
        for first in (0..ITEMS).step_by(25) {
            let requests: Vec<Value> = (first..first + 25)
                .map(|number| json!({ "PutRequest": { "Item": item(number) } }))
                .collect();
            let batch = json!({ "RequestItems": { "rooms": requests } });
            scene
                .aws
                .json("dynamodb", "DynamoDB_20120810.BatchWriteItem", batch)
                .await?;
        }
        Ok(scene)
    }

    pub async fn create_table(&self, name: &str) -> Result<()> {
        let request = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "id", "AttributeType": "S" }, { "AttributeName": "at", "AttributeType": "N" },
            ],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }, { "AttributeName": "at", "KeyType": "RANGE" }],
        });
        self.aws
            .json("dynamodb", "DynamoDB_20120810.CreateTable", request)
            .await
            .map(drop)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.lab.directory().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("holdfast"));
        command
            .arg("table")
            .args(arguments)
            .envs(&self.lab.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub async fn run(&self, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(arguments).output().await?)
    }

    /// Standard output of a command that succeeded.
    pub async fn done(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments).await?;
        ensure!(output.status.success(), "{arguments:?}: {}", stderr_of(&output));
        Ok(String::from_utf8(output.stdout)?)
    }

    pub async fn digest(&self, table: &str) -> Result<String> {
        self.done(&["digest", table]).await
    }

    /// Waits until the slow requests of this action are carried out: one that was received continues when its client is killed.
    pub async fn carried_out(&self, action: &str, slow: u64) -> Result<()> {
        until("slow requests are carried out", Duration::from_secs(20), || async {
            let ledger = self.lab.ledger(0).await?;
            let done = ledger
                .iter()
                .filter(|call| call["action"] == action && call["fault"] == "slow");
            let received = self.lab.hits(slow).await?;
            Ok((done.count() as u64 == received).then_some(()))
        })
        .await
    }

    /// Requests of this action take so long.
    pub async fn slow(&self, service: &str, action: &str, milliseconds: u32) -> Result<()> {
        let rule = json!({ "service": service, "action": action, "kind": "slow", "milliseconds": milliseconds });
        self.lab.inject(rule).await.map(drop)
    }

    pub async fn inject(&self, action: &str, kind: &str, probability: f64) -> Result<u64> {
        let rule = json!({
            "service": "dynamodb", "action": action, "kind": kind, "probability": probability, "seed": 7,
            "milliseconds": if kind == "slow" { json!(300) } else { Value::Null },
        });
        let rule = rule
            .as_object()
            .context("no rule")?
            .iter()
            .filter(|(_, value)| !value.is_null());
        self.lab
            .inject(rule.map(|(name, value)| (name.clone(), value.clone())).collect())
            .await
    }
}

/// Every type, numbers of 38 digits, empty texts, and every hundredth of 300 KB.
fn item(number: usize) -> Value {
    let text = match number % 100 {
        0 => "x\u{1}\"".repeat(100 << 10),
        _ => format!("room {number} é😀"),
    };
    json!({
        "id": { "S": format!("room-{number}") },
        "at": { "N": format!("{}", number % 3) },
        "text": { "S": text },
        "empty": { "S": "" },
        "long": { "N": format!("1234567890123456789012345678901{:07}", number + 1) },
        "small": { "N": "1E-130" },
        "bin": { "B": "AAEC/w==" },
        "sets": { "M": { "s": { "SS": ["a", "b"] }, "n": { "NS": ["1", "2.5"] }, "b": { "BS": ["AA==", "AQ=="] } } },
        "list": { "L": [{ "NULL": true }, { "BOOL": false }, { "L": [{ "M": { "deep": { "N": "-0.5" } } }] }] },
    })
}

pub fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}
