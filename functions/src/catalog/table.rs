//! The DynamoDB implementation of the store.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;

use super::expression::{Placeholders, attribute};
use super::store::{Condition, Item, Key, Store};
use crate::aws::failure;
use crate::error::{Error, Result};

/// One DynamoDB table with `pk` and `sk`.
pub struct Table {
    pub client: Client,
    pub name: String,
}

#[async_trait]
impl Store for Table {
    async fn get(&self, key: &Key) -> Result<Option<Item>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(attributes(key)))
            .consistent_read(true);
        let answer = answer
            .send()
            .await
            .map_err(|error| failure("reading the catalog", &self.name, error))?;
        answer.item.map(item).transpose()
    }

    async fn query(&self, pk: &str, prefix: &str, filter: &Condition) -> Result<Vec<Item>> {
        let mut placeholders = Placeholders::default();
        let (pk_name, sk_name) = (placeholders.name("pk"), placeholders.name("sk"));
        let (pk_value, sk_value) = (placeholders.value(&pk.into())?, placeholders.value(&prefix.into())?);
        let filter = placeholders.condition(filter)?;
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression(format!("{pk_name} = {pk_value} AND begins_with({sk_name}, {sk_value})"))
            .set_filter_expression(filter)
            .set_expression_attribute_names(Some(placeholders.names))
            .set_expression_attribute_values(Some(placeholders.values))
            .into_paginator()
            .send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure("reading the catalog", &self.name, error))?;
            for found in page.items.unwrap_or_default() {
                items.push(item(found)?);
            }
        }
        Ok(items)
    }

    async fn scan(&self, sk: &str) -> Result<Vec<Item>> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression("#sk = :sk")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":sk", AttributeValue::S(sk.to_owned()))
            .into_paginator()
            .send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure("reading the catalog", &self.name, error))?;
            for found in page.items.unwrap_or_default() {
                items.push(item(found)?);
            }
        }
        Ok(items)
    }

    async fn put(&self, key: &Key, item: Item, condition: &Condition) -> Result<bool> {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(condition)?;
        let mut all = attributes(key);
        for (name, value) in &item {
            all.insert(name.clone(), attribute(value)?);
        }
        let answer = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(all))
            .set_condition_expression(condition)
            .set_expression_attribute_names(some(placeholders.names))
            .set_expression_attribute_values(some(placeholders.values))
            .send()
            .await;
        self.took_effect(
            "writing to the catalog",
            answer,
            PutItemError::is_conditional_check_failed_exception,
        )
    }

    async fn update(&self, key: &Key, set: Item, condition: &Condition) -> Result<bool> {
        let mut placeholders = Placeholders::default();
        let assignments = placeholders.assignments(&set)?;
        let condition = placeholders.condition(condition)?;
        let answer = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(attributes(key)))
            .update_expression(assignments)
            .set_condition_expression(condition)
            .set_expression_attribute_names(some(placeholders.names))
            .set_expression_attribute_values(some(placeholders.values))
            .send()
            .await;
        self.took_effect(
            "writing to the catalog",
            answer,
            UpdateItemError::is_conditional_check_failed_exception,
        )
    }

    async fn delete(&self, key: &Key, condition: &Condition) -> Result<bool> {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(condition)?;
        let answer = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(attributes(key)))
            .set_condition_expression(condition)
            .set_expression_attribute_names(some(placeholders.names))
            .set_expression_attribute_values(some(placeholders.values))
            .send()
            .await;
        self.took_effect(
            "deleting from the catalog",
            answer,
            DeleteItemError::is_conditional_check_failed_exception,
        )
    }
}

impl Table {
    /// Whether a conditional write took effect; it does not if its condition did not hold.
    fn took_effect<T, E>(
        &self,
        doing: &str,
        answer: std::result::Result<T, SdkError<E, HttpResponse>>,
        condition_failed: impl FnOnce(&E) -> bool,
    ) -> Result<bool>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(condition_failed) => Ok(false),
            Err(error) => Err(failure(doing, &self.name, error)),
        }
    }
}

fn attributes(key: &Key) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// DynamoDB refuses an empty map of placeholders.
fn some<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}

fn item(found: HashMap<String, AttributeValue>) -> Result<Item> {
    match serde_dynamo::from_item(found) {
        Ok(Value::Object(item)) => Ok(item),
        Ok(_) => Err(unreadable("an item that is not a map")),
        Err(error) => Err(unreadable(&error.to_string())),
    }
}

fn unreadable(why: &str) -> Error {
    Error::VerificationFailed(format!(
        "reading the catalog: an item cannot be read: {why}. Something other than Holdfast wrote to the table"
    ))
}

#[cfg(test)]
mod tests;
