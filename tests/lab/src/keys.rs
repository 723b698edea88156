//! The KMS keys that AWS manages for a service (`alias/aws/backup`): created in MiniStack when first needed, so that they can be
//! described like any other.

use hyper::Method;
use serde_json::{Value, json};

use crate::world::World;

/// The ARN of the key behind an alias such as `alias/aws/backup`.
///
/// # Errors
/// If MiniStack cannot be reached, or refuses.
pub async fn managed(world: &World, alias: &str) -> anyhow::Result<String> {
    if let Ok(known) = described(world, alias).await {
        return Ok(known);
    }
    let made = ask(
        world,
        "CreateKey",
        json!({"Description": format!("Represents AWS's own {alias}")}),
    )
    .await?;
    let id = &made["KeyMetadata"]["KeyId"];
    // Another request may have created it meanwhile: then use its key.
    let named = ask(world, "CreateAlias", json!({"AliasName": alias, "TargetKeyId": id})).await;
    match (described(world, alias).await, named) {
        (Ok(arn), _) => Ok(arn),
        (Err(error), Ok(_)) | (Err(_), Err(error)) => Err(error),
    }
}

async fn described(world: &World, alias: &str) -> anyhow::Result<String> {
    let found = ask(world, "DescribeKey", json!({ "KeyId": alias })).await?;
    let arn = found["KeyMetadata"]["Arn"].as_str();
    arn.map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("{alias} has no ARN: {found}"))
}

async fn ask(world: &World, action: &str, body: Value) -> anyhow::Result<Value> {
    let target = format!("TrentService.{action}");
    let answer = world
        .upstream
        .ask(Method::POST, "/", "kms", &target, body.to_string())
        .await?;
    anyhow::ensure!(
        answer.status == 200,
        "{action}: {}",
        String::from_utf8_lossy(&answer.body)
    );
    Ok(serde_json::from_slice(&answer.body)?)
}
