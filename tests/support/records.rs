//! The catalog as plain JSON of its items.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use holdfast::domain::names::set_id;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::aws::Aws;
use crate::lab::program;
use crate::stack::Stack;

/// The catalog's table.
pub struct Records {
    aws: Aws,
    table: String,
    environment: BTreeMap<String, String>,
    stack: String,
}

impl Records {
    pub fn of(aws: &Aws, stack: &Stack) -> Result<Self> {
        Ok(Self {
            aws: aws.clone(),
            table: stack.output("CatalogTable")?.to_owned(),
            environment: stack.environment.clone(),
            stack: stack.name.clone(),
        })
    }

    /// Applies a descriptor with the operator's command.
    pub async fn apply(&self, descriptor: &Value) -> Result<()> {
        self.apply_text(&descriptor.to_string()).await
    }

    /// Applies the text of a descriptor's file.
    pub async fn apply_text(&self, descriptor: &str) -> Result<()> {
        let mut command = tokio::process::Command::new(program("holdfast"));
        command
            .args(["--stack", &self.stack, "apply", "-"])
            .envs(&self.environment);
        let mut child = command
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().context("no stdin")?;
        tokio::io::AsyncWriteExt::write_all(&mut input, descriptor.as_bytes()).await?;
        drop(input);
        let output = child.wait_with_output().await?;
        anyhow::ensure!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// All items of a deployment whose sort key begins with `prefix`.
    pub async fn items(&self, deployment: &str, prefix: &str) -> Result<Vec<Value>> {
        let mut request = json!({
            "TableName": self.table, "ConsistentRead": true,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": format!("DEPLOYMENT#{deployment}") } },
        });
        if !prefix.is_empty() {
            request["KeyConditionExpression"] = json!("pk = :pk and begins_with(sk, :sk)");
            request["ExpressionAttributeValues"][":sk"] = json!({ "S": prefix });
        }
        let mut found = Vec::new();
        loop {
            let mut answer = self
                .aws
                .json("dynamodb", "DynamoDB_20120810.Query", request.clone())
                .await?;
            let items = answer["Items"].as_array().into_iter().flatten();
            found.extend(items.map(|item| plain(&json!({ "M": item }))));
            match answer["LastEvaluatedKey"].take() {
                Value::Null => return Ok(found),
                last => request["ExclusiveStartKey"] = last,
            }
        }
    }

    /// The sets of a deployment, oldest first.
    pub async fn sets(&self, deployment: &str) -> Result<Vec<Value>> {
        let items = self.items(deployment, "SET#").await?;
        Ok(items
            .into_iter()
            .filter(|item| !item["sk"].as_str().unwrap_or_default().contains("#POINT#"))
            .collect())
    }

    /// The newest set of a deployment.
    pub async fn newest_set(&self, deployment: &str) -> Result<Option<Value>> {
        Ok(self.sets(deployment).await?.pop())
    }

    /// The points of a set.
    pub async fn points(&self, deployment: &str, set: &Value) -> Result<Vec<Value>> {
        let id = set["id"].as_str().context("a set without id")?;
        self.items(deployment, &format!("SET#{id}#POINT#")).await
    }

    /// Deletes everything in the catalog, of every deployment.
    pub async fn lose(&self) -> Result<()> {
        loop {
            let request = json!({ "TableName": self.table, "ConsistentRead": true, "ProjectionExpression": "pk, sk" });
            let answer = self.aws.json("dynamodb", "DynamoDB_20120810.Scan", request).await?;
            let keys = answer["Items"].as_array().context("no items")?;
            if keys.is_empty() {
                return Ok(());
            }
            for key in keys {
                let request = json!({ "TableName": self.table, "Key": key });
                self.aws
                    .json("dynamodb", "DynamoDB_20120810.DeleteItem", request)
                    .await?;
            }
        }
    }

    /// The restores of a deployment, oldest first.
    pub async fn restores(&self, deployment: &str) -> Result<Vec<Value>> {
        let mut found = self.items(deployment, "RESTORE#").await?;
        found.retain(|item| item["plan"].is_object());
        found.sort_by_key(|item| item["started_at"].to_string());
        Ok(found)
    }

    /// The record of an execution's restore, if it has one. It is read by its key, since it is read often, and the records of
    /// earlier restores are large.
    pub async fn restore_of(&self, deployment: &str, execution: &str) -> Result<Option<Value>> {
        let described = json!({ "executionArn": execution });
        let described = self
            .aws
            .json("states", "AWSStepFunctions.DescribeExecution", described)
            .await?;
        let started = described["startDate"].as_f64().context("no start")?;
        let id = set_id(
            deployment,
            Timestamp::from_millisecond((started * 1000.0) as i64)?,
            execution,
        );
        let key = json!({ "pk": { "S": format!("DEPLOYMENT#{deployment}") }, "sk": { "S": format!("RESTORE#{id}") } });
        let request = json!({ "TableName": self.table, "ConsistentRead": true, "Key": key });
        let answer = self.aws.json("dynamodb", "DynamoDB_20120810.GetItem", request).await?;
        let found = answer.get("Item").map(|item| plain(&json!({ "M": item })));
        if let Some(found) = &found {
            anyhow::ensure!(
                found["execution"] == execution,
                "{id} is another execution's: {found:#}"
            );
        }
        Ok(found)
    }

    /// What a restore created, by resource.
    pub async fn made(&self, deployment: &str, restore: &str) -> Result<BTreeMap<String, Value>> {
        let items = self.items(deployment, &format!("RESTORE#{restore}#ITEM#")).await?;
        let made = items.into_iter().filter(|item| item["made"].is_object());
        Ok(made
            .map(|item| {
                let name = item.pointer("/planned/resource/name").and_then(Value::as_str);
                (name.unwrap_or_default().to_owned(), item["made"].clone())
            })
            .collect())
    }

    /// Whether an execution holds the deployment's lease.
    pub async fn leased(&self, deployment: &str) -> Result<bool> {
        Ok(!self.items(deployment, "LEASE").await?.is_empty())
    }
}

/// DynamoDB's typed JSON as plain JSON.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), inner) {
        ("S" | "BOOL", _) => inner.clone(),
        ("N", Value::String(number)) => number.parse().map(Value::Number).unwrap_or(Value::Null),
        ("L", Value::Array(items)) => items.iter().map(plain).collect(),
        ("M", Value::Object(fields)) => fields
            .iter()
            .map(|(name, field)| (name.clone(), plain(field)))
            .collect::<Map<_, _>>()
            .into(),
        _ => Value::Null,
    }
}
