//! The bodies of DynamoDB's requests and responses, as far as the engine uses them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Error;

use super::super::digest::canonical_item;
use super::super::dynamodb_json::ReadItem;
use super::super::key::KeyAttribute;
use super::super::port::{Page, ScanRequest, Written};
use super::super::value::{Item, item_size};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Scan<'a> {
    table_name: &'a str,
    consistent_read: bool,
    return_consumed_capacity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_segments: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusive_start_key: Option<&'a Item>,
}

pub fn scan_request(table: &str, request: &ScanRequest) -> Result<Vec<u8>, Error> {
    let parallel = request.total_segments > 1;
    serde_json::to_vec(&Scan {
        table_name: table,
        consistent_read: request.consistent,
        return_consumed_capacity: "TOTAL",
        segment: parallel.then_some(request.segment),
        total_segments: parallel.then_some(request.total_segments),
        exclusive_start_key: request.after.as_ref(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Scanned {
    /// Required: a response without it is none of DynamoDB's, and must not pass for an empty last page.
    items: Vec<ReadItem>,
    last_evaluated_key: Option<ReadItem>,
    consumed_capacity: Option<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Consumed {
    capacity_units: Option<f64>,
}

pub fn page(response: &[u8], consistent: bool) -> Result<Page, Error> {
    let scanned: Scanned = serde_json::from_slice(response)?;
    let items: Vec<Item> = scanned.items.into_iter().map(|item| item.0).collect();
    let consumed = scanned.consumed_capacity.and_then(|consumed| consumed.capacity_units);
    let units = consumed.unwrap_or_else(|| {
        let bytes: u64 = items.iter().map(item_size).sum();
        bytes.div_ceil(4096).max(1) as f64 * if consistent { 1.0 } else { 0.5 }
    });
    Ok(Page {
        items,
        next: scanned.last_evaluated_key.map(|key| key.0),
        units,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchWrite<'a> {
    request_items: BTreeMap<&'a str, Vec<WriteRequest<'a>>>,
    return_consumed_capacity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WriteRequest<'a> {
    put_request: PutRequest<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRequest<'a> {
    item: &'a Item,
}

pub fn write_request(table: &str, items: &[&Item]) -> Result<Vec<u8>, Error> {
    let requests = items
        .iter()
        .map(|item| WriteRequest {
            put_request: PutRequest { item },
        })
        .collect();
    serde_json::to_vec(&BatchWrite {
        request_items: BTreeMap::from([(table, requests)]),
        return_consumed_capacity: "TOTAL",
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchWritten {
    #[serde(default)]
    unprocessed_items: HashMap<String, Vec<Unprocessed>>,
    #[serde(default)]
    consumed_capacity: Vec<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unprocessed {
    put_request: UnprocessedPut,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UnprocessedPut {
    item: ReadItem,
}

/// Unprocessed items are returned as they were sent: no two of a batch are equal, because no two have the same key.
pub fn written(response: &[u8], items: &[&Item]) -> Result<Written, Error> {
    let written: BatchWritten = serde_json::from_slice(response)?;
    let returned: Vec<Item> = written
        .unprocessed_items
        .into_values()
        .flatten()
        .map(|unprocessed| unprocessed.put_request.item.0)
        .collect();
    let mut unprocessed = Vec::new();
    if !returned.is_empty() {
        let places: HashMap<Vec<u8>, usize> = items
            .iter()
            .enumerate()
            .map(|(place, item)| (canonical_item(item), place))
            .collect();
        for item in &returned {
            let place = places.get(&canonical_item(item));
            let place = place.ok_or_else(|| serde::de::Error::custom("an unprocessed item was not in the request"))?;
            unprocessed.push(*place);
        }
    }
    let consumed: Option<f64> = written
        .consumed_capacity
        .iter()
        .map(|consumed| consumed.capacity_units)
        .sum();
    let units = match consumed {
        Some(units) if units > 0.0 => units,
        _ => items.iter().map(|item| write_units(item)).sum(),
    };
    Ok(Written { unprocessed, units })
}

/// The write units of an item, without those of the table's indexes.
pub fn write_units(item: &Item) -> f64 {
    item_size(item).div_ceil(1024).max(1) as f64
}

pub fn describe_request(table: &str) -> Vec<u8> {
    serde_json::json!({ "TableName": table }).to_string().into_bytes()
}

/// A table as it is described.
#[derive(Debug)]
pub struct Described {
    pub table_arn: String,
    /// `TableId`: a table that is created again under its name has another one.
    pub table_id: String,
    pub key: Vec<KeyAttribute>,
    pub item_count: u64,
    pub table_size_bytes: u64,
}

pub fn described(response: &[u8]) -> Result<Described, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Response {
        table: TableShape,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct TableShape {
        table_arn: String,
        #[serde(default)]
        table_id: String,
        key_schema: Vec<Element>,
        attribute_definitions: Vec<Definition>,
        #[serde(default)]
        item_count: u64,
        #[serde(default)]
        table_size_bytes: u64,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Element {
        attribute_name: String,
        key_type: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Definition {
        attribute_name: String,
        attribute_type: String,
    }
    let Response { table } = serde_json::from_slice(response)?;
    let types: HashMap<&str, &str> = table
        .attribute_definitions
        .iter()
        .map(|definition| (definition.attribute_name.as_str(), definition.attribute_type.as_str()))
        .collect();
    let mut elements: Vec<&Element> = table.key_schema.iter().collect();
    elements.sort_by_key(|element| element.key_type != "HASH");
    let key = elements.into_iter().map(|element| {
        let name = element.attribute_name.as_str();
        let type_name = types
            .get(name)
            .ok_or_else(|| serde::de::Error::custom(format!("key attribute {name:?} has no type")))?;
        Ok(KeyAttribute {
            name: name.to_owned(),
            type_name: (*type_name).to_owned(),
        })
    });
    Ok(Described {
        key: key.collect::<Result<_, Error>>()?,
        table_arn: table.table_arn,
        table_id: table.table_id,
        item_count: table.item_count,
        table_size_bytes: table.table_size_bytes,
    })
}
