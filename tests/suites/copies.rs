//! The expectations of a restore: the original data in the copies, and everything else unchanged.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::data::{Data, restored_directory};
use holdfast_tests::executions::{Ended, ended, run, start};
use serde_json::{Value, json};

use crate::checks::Subject;

const PATIENCE: Duration = Duration::from_secs(180);

impl Subject<'_> {
    /// The deployment's data now.
    pub async fn data(&self) -> Result<Data> {
        Data::of(&self.stage.aws, &self.dataset).await
    }

    /// The data in a restore's copies.
    pub async fn copied(&self, restore: &str) -> Result<Data> {
        Data::in_copies(&self.stage.aws, &self.dataset, &self.made(restore).await?).await
    }

    /// Where a restore put the files.
    pub async fn restored_directory(&self, restore: &str) -> Result<PathBuf> {
        restored_directory(&self.dataset, &self.made(restore).await?)
    }

    /// What a restore created for each resource, according to the catalog.
    pub async fn made(&self, restore: &str) -> Result<BTreeMap<String, Value>> {
        self.records.made(&self.dataset.name, restore).await
    }

    pub async fn items(&self, restore: &str) -> Result<Vec<Value>> {
        let prefix = format!("RESTORE#{restore}#ITEM#");
        self.records.items(&self.dataset.name, &prefix).await
    }

    /// The record of an execution's restore, if it has one.
    pub async fn restore_of(&self, execution: &str) -> Result<Option<Value>> {
        self.records.restore_of(&self.dataset.name, execution).await
    }

    /// No run holds the deployment's lease.
    pub async fn not_leased(&self) -> Result<()> {
        let name = &self.dataset.name;
        holdfast_tests::wait::until("the lease is given back", PATIENCE, || async {
            Ok((!self.records.leased(name).await?).then_some(()))
        })
        .await
    }

    /// The newest restore's record.
    pub async fn newest_restore(&self) -> Result<Value> {
        self.records
            .restores(&self.dataset.name)
            .await?
            .pop()
            .context("no restore")
    }

    /// Starts a restore with these fields beside the deployment's name.
    pub async fn start_restore(&self, fields: Value) -> Result<String> {
        let machine = self.stage.stack.output("RestoreStateMachineArn")?;
        start(&self.stage.aws, machine, &self.request(fields)).await
    }

    /// Restores, and waits for the end.
    pub async fn restore(&self, fields: Value) -> Result<Ended> {
        let execution = self.start_restore(fields).await?;
        ended(&self.stage.aws, &execution, PATIENCE).await
    }

    /// Runs one of the undoing machines for a restore.
    pub async fn undo(&self, output: &str, restore: &str) -> Result<Ended> {
        let machine = self.stage.stack.output(output)?;
        run(
            &self.stage.aws,
            machine,
            &self.request(json!({ "restore": restore })),
            PATIENCE,
        )
        .await
    }

    fn request(&self, fields: Value) -> Value {
        let mut request = json!({ "deployment": self.dataset.name });
        if let (Some(request), Value::Object(fields)) = (request.as_object_mut(), fields) {
            request.extend(fields);
        }
        request
    }

    /// The settings from which the application finds its database.
    pub async fn secret_value(&self) -> Result<Value> {
        let request = json!({ "SecretId": self.dataset.secret });
        let answer = self
            .stage
            .aws
            .json("secretsmanager", "secretsmanager.GetSecretValue", request)
            .await?;
        Ok(serde_json::from_str(text(&answer, "/SecretString")?)?)
    }

    /// Nothing of a restore exists: no cluster, table, file system or directory of any name.
    pub async fn nothing_left_of(&self, restore: &str) -> Result<()> {
        let aws = &self.stage.aws;
        let clusters = aws.rds("DescribeDBClusters", &[]).await?;
        ensure!(!clusters.contains(restore), "a cluster of {restore} is left");
        let instances = aws.rds("DescribeDBInstances", &[]).await?;
        ensure!(!instances.contains(restore), "an instance of {restore} is left");
        for item in self.items(restore).await? {
            let beside = &item["planned"]["beside"];
            if let Some(table) = beside["table"].as_str() {
                let tables = aws.json("dynamodb", "DynamoDB_20120810.ListTables", json!({})).await?;
                ensure!(
                    !tables.to_string().contains(&format!("\"{table}\"")),
                    "table {table} is left"
                );
            }
            if let Some(cluster) = beside["cluster"].as_str() {
                ensure!(
                    !clusters.contains(&format!("<DBClusterIdentifier>{cluster}<")),
                    "cluster {cluster} is left"
                );
            }
        }
        let restored = std::fs::read_dir(self.dataset.directory())?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .find(|name| name.starts_with("aws-backup-"));
        ensure!(restored.is_none(), "directory {restored:?} is left");
        Ok(())
    }
}
