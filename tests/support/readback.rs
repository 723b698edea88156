//! Reads the data in backups: in a snapshot, a recovery point, a table's backup.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::{Aws, text};
use crate::dataset::{Dataset, add_instance, await_cluster};
use crate::lab::Lab;
use crate::wait::until;

/// The users in a cluster snapshot, read from a temporary restored cluster.
pub async fn users_in_snapshot(aws: &Aws, dataset: &Dataset, snapshot: &str) -> Result<Vec<String>> {
    let cluster = format!("{}-readback", dataset.cluster);
    let parameters = [
        ("DBClusterIdentifier", cluster.as_str()),
        ("SnapshotIdentifier", snapshot),
        ("Engine", "aurora-postgresql"),
    ];
    aws.rds("RestoreDBClusterFromSnapshot", &parameters).await?;
    await_cluster(aws, &cluster).await?;
    add_instance(aws, &cluster).await?;
    dataset.users(&cluster).await
}

/// Relative path and checksum of every file below `directory`.
pub fn files_below(directory: &Path) -> Result<BTreeMap<String, String>> {
    each_file(directory, |bytes| {
        let digest = Sha256::digest(bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

/// Relative path of every file below `directory`, and the digest of its bytes.
pub fn each_file<T>(directory: &Path, digest: impl Fn(Vec<u8>) -> T) -> Result<BTreeMap<String, T>> {
    let mut files = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory)?.to_string_lossy().into_owned();
                files.insert(name, digest(std::fs::read(&path)?));
            }
        }
    }
    Ok(files)
}

/// The files in a recovery point.
pub async fn files_in_recovery_point(lab: &Lab, arn: &str) -> Result<BTreeMap<String, String>> {
    let points = lab.control(Method::GET, "recovery-points", None).await?;
    let directory = points[arn]
        .as_str()
        .with_context(|| format!("no recovery point {arn} in {points}"))?;
    files_below(Path::new(directory))
}

/// All items of a table, by id.
pub async fn items(aws: &Aws, table: &str) -> Result<BTreeMap<String, Value>> {
    let mut items = BTreeMap::new();
    let mut start = Value::Null;
    loop {
        let mut request = json!({ "TableName": table, "ConsistentRead": true });
        if !start.is_null() {
            request["ExclusiveStartKey"] = start;
        }
        let answer = aws.json("dynamodb", "DynamoDB_20120810.Scan", request).await?;
        for item in answer["Items"].as_array().into_iter().flatten() {
            items.insert(text(item, "/id/S")?.to_owned(), item.clone());
        }
        start = answer["LastEvaluatedKey"].clone();
        if start.is_null() {
            return Ok(items);
        }
    }
}

/// The items in a table's backup, read from a temporary restored table.
pub async fn items_in_backup(aws: &Aws, backup: &str, scratch_table: &str) -> Result<BTreeMap<String, Value>> {
    let request = json!({ "BackupArn": backup, "TargetTableName": scratch_table });
    aws.json("dynamodb", "DynamoDB_20120810.RestoreTableFromBackup", request)
        .await?;
    until(
        &format!("table {scratch_table} is active"),
        Duration::from_secs(60),
        || async {
            let answer = aws
                .json(
                    "dynamodb",
                    "DynamoDB_20120810.DescribeTable",
                    json!({ "TableName": scratch_table }),
                )
                .await?;
            Ok((text(&answer, "/Table/TableStatus")? == "ACTIVE").then_some(()))
        },
    )
    .await?;
    items(aws, scratch_table).await
}
