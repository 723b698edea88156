//! What a backup asks about tables: those that a prefix matches, and which of them restores created.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{DynamoDb, KIND};
use crate::aws::failure;
use crate::domain::names;
use crate::domain::probe::Endpoint;
use crate::domain::resource::Target;
use crate::error::Result;
use crate::kinds::shared::{WITH_PATTERNS, WITH_ROWS, unsupported, wrong_target_of};
use crate::kinds::{BackupQuota, Discovery};

/// The table's name, unless a restore gave it back to the application under its own name: then it is backed up as before.
fn copy(resource: &Value) -> Option<String> {
    let (_, table) = resource["ResourceARN"].as_str()?.rsplit_once(":table/")?;
    let mut tags = resource["Tags"].as_array().into_iter().flatten();
    let of = tags.find(|tag| tag["Key"] == names::TAG_RESOURCE);
    let of = of.and_then(|tag| tag["Value"].as_str()).unwrap_or_default();
    (!names::is_in_its_place(of, table)).then(|| table.to_owned())
}

#[async_trait]
impl Discovery for DynamoDb {
    async fn matching(&self, pattern: &Target) -> Result<Vec<String>> {
        let prefix = match pattern {
            Target::DynamodbPrefix { prefix, .. } => prefix.as_str(),
            Target::DynamoDb { .. } => return Err(unsupported(pattern, WITH_PATTERNS)),
            other => return Err(wrong_target_of(KIND, other)),
        };
        let mut pages = self.dynamodb.list_tables().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(table) = pages.next().await {
            let table = table.map_err(|error| failure("listing the tables that begin with", prefix, error))?;
            if table.starts_with(prefix) {
                found.push(table);
            }
        }
        Ok(found)
    }

    async fn copies(&self) -> Result<BTreeSet<String>> {
        let (mut found, mut token) = (BTreeSet::new(), Value::Null);
        loop {
            let request = json!({
                "TagFilters": [{ "Key": names::TAG_RESTORE }], "ResourceTypeFilters": ["dynamodb:table"],
                "PaginationToken": token,
            });
            let page = self.tagging.call("GetResources", request).await;
            let mut page = page.map_err(|error| failure("listing the tables with tag", names::TAG_RESTORE, error))?;
            let resources = page.take_list("ResourceTagMappingList");
            found.extend(resources.iter().filter_map(copy));
            token = page.take_token("PaginationToken");
            if token.is_null() {
                return Ok(found);
            }
        }
    }

    async fn endpoint(&self, target: &Target) -> Result<Endpoint> {
        Err(unsupported(target, WITH_ROWS))
    }

    /// DynamoDB does not limit the number of backups.
    async fn backup_quota(&self) -> Result<Option<BackupQuota>> {
        Ok(None)
    }
}
