//! The settings of a table that a restore of DynamoDB does not carry.

use anyhow::Result;
use holdfast_tests::aws::text;
use holdfast_tests::settings::await_table;
use serde_json::{Value, json};

use crate::stage::Stage;

pub async fn dynamodb(stage: &Stage, action: &str, request: Value) -> Result<Value> {
    let target = format!("DynamoDB_20120810.{action}");
    stage.aws.json("dynamodb", &target, request).await
}

async fn scaling(stage: &Stage, action: &str, request: Value) -> Result<Value> {
    let target = format!("AnyScaleFrontendService.{action}");
    stage.aws.json("application-autoscaling", &target, request).await
}

/// Gives a table each setting that a restore of DynamoDB does not carry, but for those that `holdfast protect` turns on.
pub async fn set_up(stage: &Stage, table: &str) -> Result<()> {
    let stream = json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
    let stream = json!({ "TableName": table, "StreamSpecification": stream });
    dynamodb(stage, "UpdateTable", stream).await?;
    await_table(&stage.aws, table).await?;
    let expires = json!({ "Enabled": true, "AttributeName": "expireAt" });
    let expires = json!({ "TableName": table, "TimeToLiveSpecification": expires });
    dynamodb(stage, "UpdateTimeToLive", expires).await?;
    let described = dynamodb(stage, "DescribeTable", json!({ "TableName": table })).await?;
    let tags = json!([{ "Key": "Deployment", "Value": "cumulus" }]);
    let tags = json!({ "ResourceArn": text(&described, "/Table/TableArn")?, "Tags": tags });
    dynamodb(stage, "TagResource", tags).await?;
    let target = json!({
        "ServiceNamespace": "dynamodb", "ResourceId": format!("table/{table}"),
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits", "MinCapacity": 2, "MaxCapacity": 9,
    });
    scaling(stage, "RegisterScalableTarget", target).await.map(drop)
}

async fn scalable_targets(stage: &Stage, table: &str) -> Result<Vec<Value>> {
    let request = json!({ "ServiceNamespace": "dynamodb", "ResourceIds": [format!("table/{table}")] });
    let mut found = scaling(stage, "DescribeScalableTargets", request).await?;
    Ok(serde_json::from_value(found["ScalableTargets"].take())?)
}

pub async fn settings(stage: &Stage, table: &str) -> Result<Value> {
    let named = || json!({ "TableName": table });
    let described = dynamodb(stage, "DescribeTable", named()).await?;
    let described = &described["Table"];
    let backups = dynamodb(stage, "DescribeContinuousBackups", named()).await?;
    let recovery = "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus";
    let expires = dynamodb(stage, "DescribeTimeToLive", named()).await?;
    let of_table = json!({ "ResourceArn": described["TableArn"] });
    let tags = dynamodb(stage, "ListTagsOfResource", of_table).await?;
    let tags = tags["Tags"].as_array().into_iter().flatten();
    let own = |tag: &&Value| !tag["Key"].as_str().unwrap_or_default().starts_with("holdfast:");
    let targets = scalable_targets(stage, table).await?.into_iter();
    Ok(json!({
        "stream": described["StreamSpecification"],
        "deletion protection": described["DeletionProtectionEnabled"],
        "point-in-time recovery": backups.pointer(recovery),
        "time to live": expires["TimeToLiveDescription"],
        "tags": tags.filter(own).collect::<Vec<_>>(),
        "scaling": targets.map(|target| json!([target["MinCapacity"], target["MaxCapacity"]])).collect::<Vec<_>>(),
    }))
}

/// Ends a table's scaling, which outlives the table.
pub async fn remove_scaling(stage: &Stage, table: &str) -> Result<()> {
    for target in scalable_targets(stage, table).await? {
        let mut request = json!({ "ServiceNamespace": "dynamodb" });
        for field in ["ResourceId", "ScalableDimension"] {
            request[field] = target[field].clone();
        }
        scaling(stage, "DeregisterScalableTarget", request).await?;
    }
    Ok(())
}
