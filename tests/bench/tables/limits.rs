//! What an engine gives to any number of clients: requests that are prepared beforehand, responses of which nothing is read but the next
//! page's key. The best of several numbers of clients is the limit.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::engine::Engine;
use super::items::item;

const CLIENTS: [usize; 4] = [1, 2, 4, 8];

/// Items a second, and the number of clients that got them.
pub async fn reading(engine: &Engine, table: &str, count: usize) -> Result<(f64, usize)> {
    let mut best = (0.0, 0);
    for clients in CLIENTS {
        let start = Instant::now();
        let mut reading = JoinSet::new();
        for segment in 0..clients {
            reading.spawn(read(engine.endpoint.clone(), table.to_owned(), segment, clients));
        }
        let mut read = 0;
        while let Some(done) = reading.join_next().await {
            read += done??;
        }
        ensure!(read == count, "{clients} clients read {read} items of {count}");
        best = better(best, count as f64 / start.elapsed().as_secs_f64(), clients);
    }
    Ok(best)
}

/// The same for writing, into a table of its own for each number of clients.
pub async fn writing(engine: &Engine, count: usize) -> Result<(f64, usize)> {
    let mut best = (0.0, 0);
    for clients in CLIENTS {
        let table = format!("limit-{clients}");
        engine.create(&table).await?;
        let batches: Vec<String> = (0..count)
            .step_by(25)
            .map(|first| batch(&table, first, count))
            .collect();
        let share = batches.len().div_ceil(clients);
        let start = Instant::now();
        let mut writing = JoinSet::new();
        for part in batches.chunks(share) {
            writing.spawn(write(engine.endpoint.clone(), part.to_vec()));
        }
        while let Some(done) = writing.join_next().await {
            done??;
        }
        best = better(best, count as f64 / start.elapsed().as_secs_f64(), clients);
    }
    Ok(best)
}

fn better(best: (f64, usize), rate: f64, clients: usize) -> (f64, usize) {
    if rate > best.0 { (rate, clients) } else { best }
}

fn batch(table: &str, first: usize, count: usize) -> String {
    let puts: Vec<String> = (first..count.min(first + 25))
        .map(|number| format!(r#"{{"PutRequest":{{"Item":{}}}}}"#, item(number)))
        .collect();
    format!(r#"{{"RequestItems":{{"{table}":[{}]}}}}"#, puts.join(","))
}

async fn read(endpoint: String, table: String, segment: usize, clients: usize) -> Result<usize> {
    let http = reqwest::Client::new();
    let mut request = json!({ "TableName": table, "ConsistentRead": true });
    if clients > 1 {
        request["Segment"] = json!(segment);
        request["TotalSegments"] = json!(clients);
    }
    let mut read = 0;
    loop {
        let page = send(&http, &endpoint, "Scan", request.to_string()).await?;
        read += member(&page, b"\"Count\":")
            .and_then(|count| count.as_u64())
            .context("no count")? as usize;
        match member(&page, b"\"LastEvaluatedKey\":") {
            Some(key) if !key.is_null() => request["ExclusiveStartKey"] = key,
            _ => return Ok(read),
        }
    }
}

/// The value after a member's name, which is in no item, without parsing the items.
fn member(page: &[u8], name: &[u8]) -> Option<Value> {
    let mut places = page
        .windows(name.len())
        .enumerate()
        .filter(|(_, window)| *window == name);
    let (place, _) = places.next_back()?;
    let mut values = serde_json::Deserializer::from_slice(&page[place + name.len()..]).into_iter::<Value>();
    values.next()?.ok()
}

async fn write(endpoint: String, batches: Vec<String>) -> Result<()> {
    let http = reqwest::Client::new();
    for batch in batches {
        send(&http, &endpoint, "BatchWriteItem", batch).await?;
    }
    Ok(())
}

async fn send(http: &reqwest::Client, endpoint: &str, action: &str, body: String) -> Result<Vec<u8>> {
    let request = http
        .post(endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{action}"))
        .header("x-amz-date", "20260101T000000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
        )
        .body(body);
    let response = request.send().await?;
    let (status, body) = (response.status(), response.bytes().await?);
    ensure!(
        status.is_success(),
        "{action}: {status} {}",
        String::from_utf8_lossy(&body[..body.len().min(300)])
    );
    Ok(body.to_vec())
}
