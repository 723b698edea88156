//! Cumulus' eight tables, the machine that follows a restore of them, and their descriptor.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use holdfast_tests::aws::{Refused, refusal, text};
use holdfast_tests::dataset::{create_table, put_items};
use holdfast_tests::readback::items;
use holdfast_tests::surroundings::create_machine_of;
use holdfast_tests::wait::until;
use serde_json::{Value, json};

use super::settings::{dynamodb, remove_scaling, set_up, settings};
use crate::stage::Stage;
use crate::systems::system::{PATIENCE, System};

pub const TABLES: [&str; 8] = [
    "AsyncOperations",
    "Collections",
    "Executions",
    "Files",
    "Granules",
    "Pdrs",
    "Providers",
    "Rules",
];

/// The id of the re-index' record among the asynchronous operations.
const OPERATION: &str = "index-from-database";

/// All items, by table and id.
type Items = BTreeMap<String, BTreeMap<String, Value>>;

/// The deployment, in a lab.
pub struct Cumulus<'a> {
    pub system: System<'a>,
    prefix: String,
    /// The machine that follows a restore.
    index: String,
}

impl<'a> Cumulus<'a> {
    pub async fn up(stage: &'a Stage, name: &str, prefix: &str) -> Result<Self> {
        for (kind, count) in TABLES.iter().zip(3..) {
            let table = format!("{prefix}{kind}Table");
            create_table(&stage.aws, &table).await?;
            put_items(&stage.aws, &table, count).await?;
        }
        let granules = format!("{prefix}GranulesTable");
        set_up(stage, &granules).await?;
        let operations = format!("{prefix}AsyncOperationsTable");
        let index = create_machine_of(&stage.aws, name, indexing(&operations)).await?;
        let names = [
            ("deployment: cumulus-tables", format!("deployment: {name}")),
            ("cumulus-prod-", prefix.to_owned()),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:holdfast-hook-cumulus-index",
                index.clone(),
            ),
        ];
        let system = System::apply(stage, name, "cumulus-tables.yaml", &names).await?;
        system.done(&["protect", name]).await?;
        Ok(Self {
            system,
            prefix: prefix.to_owned(),
            index,
        })
    }

    pub fn table(&self, kind: &str) -> String {
        format!("{}{kind}Table", self.prefix)
    }

    pub fn tables(&self) -> impl Iterator<Item = String> {
        TABLES.iter().map(|kind| self.table(kind))
    }

    pub async fn dynamodb(&self, action: &str, request: Value) -> Result<Value> {
        dynamodb(self.system.stage, action, request).await
    }

    /// All items but the re-index' record.
    pub async fn items(&self) -> Result<Items> {
        let mut all = Items::new();
        for table in self.tables() {
            let mut of_table = items(&self.system.stage.aws, &table).await?;
            of_table.remove(OPERATION);
            all.insert(table, of_table);
        }
        Ok(all)
    }

    /// What a restore of DynamoDB does not carry, of each table.
    pub async fn settings(&self) -> Result<BTreeMap<String, Value>> {
        let mut all = BTreeMap::new();
        for table in self.tables() {
            let settings = settings(self.system.stage, &table).await?;
            all.insert(table, settings);
        }
        Ok(all)
    }

    /// Somebody deletes the deployment, after switching deletion protection off. The scaling of its tables is gone, too.
    pub async fn delete(&self) -> Result<()> {
        for table in self.tables() {
            let off = json!({ "TableName": table, "DeletionProtectionEnabled": false });
            self.dynamodb("UpdateTable", off).await?;
            self.dynamodb("DeleteTable", json!({ "TableName": table })).await?;
            remove_scaling(self.system.stage, &table).await?;
        }
        self.await_none().await
    }

    pub async fn await_none(&self) -> Result<()> {
        for table in self.tables() {
            let named = json!({ "TableName": table });
            until(&format!("table {table} is gone"), PATIENCE, || async {
                let described = self.dynamodb("DescribeTable", named.clone()).await;
                Ok(refusal(described)?.map(drop))
            })
            .await?;
        }
        Ok(())
    }

    /// The names that a restore of what is gone gives to its copies: their own.
    pub fn names(&self) -> BTreeMap<String, String> {
        self.tables().map(|table| (format!("tables.{table}"), table)).collect()
    }

    /// How far the re-index is; `None` before it has begun.
    async fn operation(&self) -> Result<Option<String>> {
        let request = json!({
            "TableName": self.table("AsyncOperations"), "Key": { "id": { "S": OPERATION } }, "ConsistentRead": true,
        });
        match self.dynamodb("GetItem", request).await {
            Ok(found) => Ok(found
                .pointer("/Item/status/S")
                .and_then(Value::as_str)
                .map(str::to_owned)),
            // The table does not exist yet.
            Err(error) if error.is::<Refused>() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until the re-index has begun, and ends it.
    pub async fn end_operation(&self, status: &str) -> Result<()> {
        until("the re-index begins", PATIENCE, || async {
            Ok(self.operation().await?.filter(|status| status == "RUNNING"))
        })
        .await?;
        let item = json!({ "id": { "S": OPERATION }, "status": { "S": status } });
        let request = json!({ "TableName": self.table("AsyncOperations"), "Item": item });
        self.dynamodb("PutItem", request).await.map(drop)
    }

    /// The status of each execution of the machine that follows a restore.
    pub async fn indexed(&self) -> Result<Vec<String>> {
        let request = json!({ "stateMachineArn": self.index });
        let aws = &self.system.stage.aws;
        let listed = aws.json("states", "AWSStepFunctions.ListExecutions", request).await?;
        let executions = listed["executions"].as_array().context("no executions")?;
        executions
            .iter()
            .map(|execution| Ok(text(execution, "/status")?.to_owned()))
            .collect()
    }
}

/// Calls `index-from-database`, polls it, and changes the index: of Cumulus' API, the record of its asynchronous operation alone.
fn indexing(operations: &str) -> Value {
    let key = json!({ "id": { "S": OPERATION } });
    let begun = json!({ "id": { "S": OPERATION }, "status": { "S": "RUNNING" } });
    json!({ "StartAt": "StartIndex", "States": {
        "StartIndex": {
            "Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": { "TableName": operations, "Item": begun }, "ResultPath": null, "Next": "LookAtIndex",
        },
        "LookAtIndex": {
            "Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": { "TableName": operations, "Key": key, "ConsistentRead": true },
            "ResultPath": "$.operation", "Next": "ChooseIndexed",
        },
        "ChooseIndexed": {
            "Type": "Choice", "Default": "IndexFailed", "Choices": [
                { "Variable": "$.operation.Item.status.S", "StringEquals": "RUNNING", "Next": "WaitForIndex" },
                { "Variable": "$.operation.Item.status.S", "StringEquals": "SUCCEEDED", "Next": "IndexChanged" },
            ],
        },
        "WaitForIndex": { "Type": "Wait", "Seconds": 30, "Next": "LookAtIndex" },
        "IndexChanged": { "Type": "Succeed" },
        "IndexFailed": { "Type": "Fail", "Error": "IndexFailed", "Cause": "a granule has no collection" },
    } })
}
