//! A few items of a table, read at backup and compared with the copy's.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TimeToLiveStatus;

use super::items;
use crate::aws::{code, failure};
use crate::domain::set::{Sample, SampledItem};
use crate::error::Result;

/// Number of items in a sample: one page of a scan.
const ITEMS: i32 = 25;

/// The state of a sampled item in the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampledState {
    Same,
    Changed,
    Missing,
}

/// Reads the first items of a scan. Items that expire are left out: DynamoDB deletes them at any time. `None` for a table of which
/// no item can be sampled.
pub async fn sample(client: &Client, table: &str) -> Result<Option<Sample>> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described.map_err(|error| failure("describing table", table, error))?;
    let schema = described
        .table
        .as_ref()
        .map(|table| table.key_schema())
        .unwrap_or_default();
    let names: Vec<String> = schema.iter().map(|key| key.attribute_name().to_owned()).collect();
    let expires = expiry(client, table).await?;
    let scanned = client.scan().table_name(table).limit(ITEMS).consistent_read(true);
    let page = match scanned.send().await {
        Ok(page) => page,
        Err(error) if code(&error) == Some("ProvisionedThroughputExceededException") => {
            tracing::warn!(table, "not sampled: its reads are used up, and are the application's");
            return Ok(None);
        }
        Err(error) => return Err(failure("sampling table", table, error)),
    };
    let lasting = page
        .items()
        .iter()
        .filter(|item| !expires.as_ref().is_some_and(|attribute| item.contains_key(attribute)));
    let sampled = lasting.filter_map(|item| {
        Some(SampledItem {
            key: items::key_of(item, &names)?,
            sha256: items::sha256(item)?,
        })
    });
    let items: Vec<SampledItem> = sampled.collect();
    Ok((!items.is_empty()).then_some(Sample::Items { items }))
}

/// The table's time to live attribute, if it has one.
async fn expiry(client: &Client, table: &str) -> Result<Option<String>> {
    let described = client.describe_time_to_live().table_name(table).send().await;
    let described = described.map_err(|error| failure("describing the time to live of table", table, error))?;
    Ok(described
        .time_to_live_description
        .filter(|ttl| {
            !matches!(
                ttl.time_to_live_status(),
                None | Some(TimeToLiveStatus::Disabled | TimeToLiveStatus::Disabling)
            )
        })
        .and_then(|ttl| ttl.attribute_name))
}

/// Finds a sampled item. `None` if its key cannot be read.
pub async fn find(client: &Client, table: &str, sampled: &SampledItem) -> Result<Option<SampledState>> {
    let Some(key) = items::key_from(&sampled.key) else {
        return Ok(None);
    };
    let found = client
        .get_item()
        .table_name(table)
        .set_key(Some(HashMap::from_iter(key)))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| failure("reading a sampled item of table", table, error))?;
    Ok(Some(match found.item.filter(|item| !item.is_empty()) {
        None => SampledState::Missing,
        Some(item) if items::sha256(&item).as_deref() == Some(&sampled.sha256) => SampledState::Same,
        Some(_) => SampledState::Changed,
    }))
}
