//! The engines under the tables: MiniStack's own server, and dynoxide. Neither is behind the lab's front door.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use holdfast_tests::aws::Aws;
use holdfast_tests::lab::repository;
use holdfast_tests::wait::until;
use serde_json::json;
use tokio::process::{Child, Command};

/// A server that runs until it is dropped, with a directory for files.
pub struct Engine {
    _process: Child,
    directory: tempfile::TempDir,
    pub endpoint: String,
    aws: Aws,
}

impl Engine {
    pub async fn ministack() -> Result<Self> {
        let program = repository().join(".venv/bin/ministack");
        Self::start("MiniStack", |port, directory| {
            let mut command = Command::new(&program);
            command
                .env("GATEWAY_PORT", port.to_string())
                .env("BIND_HOST", "127.0.0.1")
                .env("STATE_DIR", directory.join("state"))
                .env("S3_DATA_DIR", directory.join("s3"))
                .env("TMPDIR", directory);
            command
        })
        .await
    }

    /// In memory: the disk is not what is measured.
    pub async fn dynoxide() -> Result<Self> {
        let program = repository().join("target/tools/bin/dynoxide");
        Self::start("dynoxide", |port, _| {
            let mut command = Command::new(&program);
            command.args(["serve", "--log", "quiet", "--port", &port.to_string()]);
            command
        })
        .await
    }

    async fn start(name: &str, command: impl Fn(u16, &Path) -> Command) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut process = command(port, directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {name}; `make bench` installs it"))?;
        let endpoint = format!("http://127.0.0.1:{port}");
        let aws = Aws::new(&endpoint, "test", "test")?;
        until(&format!("{name} responds"), Duration::from_secs(30), || {
            let (aws, ended) = (aws.clone(), process.try_wait());
            async move {
                if let Some(status) = ended? {
                    bail!("it ended with {status}");
                }
                let listed = aws.json("dynamodb", "DynamoDB_20120810.ListTables", json!({})).await;
                Ok(listed.is_ok().then_some(()))
            }
        })
        .await?;
        Ok(Self {
            _process: process,
            directory,
            endpoint,
            aws,
        })
    }

    /// Creates a table with the key `id`.
    pub async fn create(&self, table: &str) -> Result<()> {
        let request = json!({
            "TableName": table,
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.aws
            .json("dynamodb", "DynamoDB_20120810.CreateTable", request)
            .await
            .map(drop)
    }

    /// A file in the engine's directory.
    pub fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}
