//! The loops that one would write with the SDK: a page after the other into a file, a batch after the other into a table.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::time::Instant;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::engine::Engine;
use super::items::item;

fn client(engine: &Engine) -> Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "bench"))
        .endpoint_url(&engine.endpoint)
        .http_client(http)
        .build();
    Client::from_conf(config)
}

/// Reads a table into a file; returns the seconds that it took.
pub async fn read(engine: &Engine, table: &str, file: &str) -> Result<f64> {
    let client = client(engine);
    let start = Instant::now();
    let mut file = BufWriter::new(std::fs::File::create(file)?);
    let mut after = None;
    loop {
        let page = client
            .scan()
            .table_name(table)
            .consistent_read(true)
            .set_exclusive_start_key(after)
            .send()
            .await?;
        for item in page.items() {
            writeln!(file, "{}", json!({ "Item": json_of_map(item) }))?;
        }
        after = page.last_evaluated_key;
        if after.is_none() {
            break;
        }
    }
    file.flush()?;
    Ok(start.elapsed().as_secs_f64())
}

/// Writes items into a table, in batches of 25; returns the seconds that it took.
pub async fn write(engine: &Engine, table: &str, count: usize) -> Result<f64> {
    let client = client(engine);
    let start = Instant::now();
    for first in (0..count).step_by(25) {
        let requests: Result<Vec<WriteRequest>> = (first..count.min(first + 25))
            .map(|number| {
                let item: Value = serde_json::from_str(&item(number))?;
                let put = PutRequest::builder().set_item(Some(map_of_json(&item)?)).build()?;
                Ok(WriteRequest::builder().put_request(put).build())
            })
            .collect();
        let mut left = HashMap::from([(table.to_owned(), requests?)]);
        while !left.is_empty() {
            let written = client.batch_write_item().set_request_items(Some(left)).send().await?;
            left = written.unprocessed_items.unwrap_or_default();
        }
    }
    Ok(start.elapsed().as_secs_f64())
}

fn json_of_map(item: &HashMap<String, AttributeValue>) -> Value {
    item.iter()
        .map(|(name, value)| (name.clone(), json_of(value)))
        .collect()
}

fn json_of(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes.as_ref()) }),
        AttributeValue::Bool(value) => json!({ "BOOL": value }),
        AttributeValue::Null(value) => json!({ "NULL": value }),
        AttributeValue::M(members) => json!({ "M": json_of_map(members) }),
        AttributeValue::L(elements) => json!({ "L": elements.iter().map(json_of).collect::<Vec<_>>() }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        _ => Value::Null,
    }
}

fn map_of_json(item: &Value) -> Result<HashMap<String, AttributeValue>> {
    let members = item.as_object().context("not an item")?;
    members
        .iter()
        .map(|(name, value)| Ok((name.clone(), of_json(value)?)))
        .collect()
}

fn of_json(value: &Value) -> Result<AttributeValue> {
    let (name, value) = value
        .as_object()
        .and_then(|value| value.iter().next())
        .context("not a value")?;
    let text = || value.as_str().map(str::to_owned).context("not a text");
    Ok(match name.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "BOOL" => AttributeValue::Bool(value.as_bool().context("not a boolean")?),
        "M" => AttributeValue::M(map_of_json(value)?),
        "L" => AttributeValue::L(
            value
                .as_array()
                .context("not a list")?
                .iter()
                .map(of_json)
                .collect::<Result<_>>()?,
        ),
        "SS" => AttributeValue::Ss(serde_json::from_value(value.clone())?),
        _ => AttributeValue::Null(true),
    })
}
