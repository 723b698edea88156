//! What a restore is held to: the data as it was, in the copies; and everything else as it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::executions::{Ended, ended, run, start};
use holdfast_tests::readback::{files_below, items};
use serde_json::{Value, json};

use crate::checks::Subject;

const PATIENCE: Duration = Duration::from_secs(180);

/// All the data of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    pub users: Vec<String>,
    /// Path and checksum, without the directories of restores.
    pub files: BTreeMap<String, String>,
    pub tables: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Subject<'_> {
    /// What the deployment holds now.
    pub async fn data(&self) -> Result<Data> {
        let mut tables = BTreeMap::new();
        for table in &self.dataset.tables {
            tables.insert(table.clone(), items(&self.stage.aws, table).await?);
        }
        let mut files = files_below(self.dataset.directory())?;
        files.retain(|path, _| !path.starts_with("aws-backup-"));
        Ok(Data {
            users: self.dataset.users(&self.dataset.cluster).await?,
            files,
            tables,
        })
    }

    /// What a restore's copies hold.
    pub async fn copied(&self, restore: &str) -> Result<Data> {
        let made = self.made(restore).await?;
        let place = |resource: &str, field: &str| -> Result<String> {
            let made = made
                .get(resource)
                .with_context(|| format!("no copy of {resource}: {made:?}"))?;
            Ok(text(made, field)?.to_owned())
        };
        let mut tables = BTreeMap::new();
        for table in &self.dataset.tables {
            let copy = place(&format!("tables.{table}"), "/table")?;
            tables.insert(table.clone(), items(&self.stage.aws, &copy).await?);
        }
        Ok(Data {
            users: self.dataset.users(&place("database", "/cluster")?).await?,
            files: files_below(&self.restored_directory(restore).await?)?,
            tables,
        })
    }

    /// Where a restore put the files.
    pub async fn restored_directory(&self, restore: &str) -> Result<PathBuf> {
        let made = self.made(restore).await?;
        let directory = text(made.get("storage").context("no files")?, "/directory")?;
        Ok(self.dataset.directory().join(directory.trim_start_matches('/')))
    }

    /// What a restore made of each resource, as the catalog has it.
    pub async fn made(&self, restore: &str) -> Result<BTreeMap<String, Value>> {
        let items = self.items(restore).await?;
        let made = items.into_iter().filter(|item| item["made"].is_object());
        Ok(made
            .map(|item| {
                let name = item.pointer("/planned/resource/name").and_then(Value::as_str);
                (name.unwrap_or_default().to_owned(), item["made"].clone())
            })
            .collect())
    }

    pub async fn items(&self, restore: &str) -> Result<Vec<Value>> {
        let prefix = format!("RESTORE#{restore}#ITEM#");
        self.records.items(&self.dataset.name, &prefix).await
    }

    /// A restore's record.
    pub async fn restore_record(&self, restore: &str) -> Result<Value> {
        let found = self
            .records
            .items(&self.dataset.name, &format!("RESTORE#{restore}"))
            .await?;
        let record = found.into_iter().find(|item| item["id"] == restore);
        record.with_context(|| format!("no restore {restore}"))
    }

    /// The record of the restore that an execution made, where it came so far.
    pub async fn restore_of(&self, execution: &str) -> Result<Option<Value>> {
        let found = self.records.items(&self.dataset.name, "RESTORE#").await?;
        Ok(found.into_iter().find(|item| item["execution"] == execution))
    }

    /// Nobody holds the deployment.
    pub async fn not_leased(&self) -> Result<()> {
        let name = &self.dataset.name;
        holdfast_tests::wait::until("the lease is given back", PATIENCE, || async {
            Ok((!self.records.leased(name).await?).then_some(()))
        })
        .await
    }

    /// The newest restore's record.
    pub async fn newest_restore(&self) -> Result<Value> {
        let mut found = self.records.items(&self.dataset.name, "RESTORE#").await?;
        found.retain(|item| item["plan"].is_object());
        found.sort_by_key(|item| item["started_at"].to_string());
        found.pop().context("no restore")
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

    /// What the application reads to find its database.
    pub async fn secret_value(&self) -> Result<Value> {
        let request = json!({ "SecretId": self.dataset.secret });
        let answer = self
            .stage
            .aws
            .json("secretsmanager", "secretsmanager.GetSecretValue", request)
            .await?;
        Ok(serde_json::from_str(text(&answer, "/SecretString")?)?)
    }

    /// Deletes all users, damages files, deletes and changes items: what an operator wakes up to.
    pub async fn incident(&self) -> Result<()> {
        self.dataset.execute("delete from hubs; delete from users").await?;
        let directory = self.dataset.directory();
        for (path, _) in files_below(directory)?.iter().step_by(2) {
            if !path.starts_with("aws-backup-") {
                std::fs::write(directory.join(path), "damaged")?;
            }
        }
        for table in &self.dataset.tables {
            for id in items(&self.stage.aws, table).await?.keys().step_by(2) {
                let request = json!({ "TableName": table, "Key": { "id": { "S": id } } });
                self.stage
                    .aws
                    .json("dynamodb", "DynamoDB_20120810.DeleteItem", request)
                    .await?;
            }
        }
        Ok(())
    }

    /// Nothing of a restore is there: no cluster, table, file system or directory, whatever its name.
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
