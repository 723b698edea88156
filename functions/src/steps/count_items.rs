//! `count-items`: counts a table's items once, by a strongly consistent scan that returns no items.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Select;
use serde::Deserialize;
use tokio::time::timeout;

use crate::aws::failure;
use crate::domain::probe::{Count, PlannedProbe};
use crate::domain::set::ProbeResult;
use crate::error::{Error, Result};

/// A little less than Lambda's limit for a function, so that an error can say why there is no count.
const PATIENCE: Duration = Duration::from_secs(870);

pub struct Needs {
    pub tables: Client,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            tables: Client::new(aws),
        })
    }
}

#[derive(Debug, Deserialize)]
pub struct Input {
    pub probe: PlannedProbe,
}

/// # Errors
/// `DeadlineExceeded` for a table that cannot be counted within one invocation.
pub async fn handle(needs: &Needs, Input { probe }: Input) -> Result<ProbeResult> {
    let Count::Items { table } = &probe.count else {
        return Err(Error::invalid(
            "probe.kind",
            "sql",
            "items: SQL counts are taken by count-rows",
        ));
    };
    let counted = timeout(PATIENCE, count(&needs.tables, table)).await.map_err(|_| {
        Error::DeadlineExceeded(format!(
            "counting the items of table {table}: not finished after {} s. The table is too large to be counted in one \
             function: remove the probe",
            PATIENCE.as_secs()
        ))
    })?;
    Ok(ProbeResult {
        name: probe.name,
        count: Some(counted?),
        failure: None,
    })
}

async fn count(client: &Client, table: &str) -> Result<u64> {
    let mut pages = client
        .scan()
        .table_name(table)
        .select(Select::Count)
        .consistent_read(true)
        .into_paginator()
        .send();
    let mut counted = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("counting the items of table", table, error))?;
        counted += u64::from(page.count().unsigned_abs());
    }
    Ok(counted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::testing::replay::{Replay, answers};

    #[tokio::test]
    async fn every_page_counts_and_no_item_is_returned() {
        let replay = Replay::new([
            answers(
                "Scan",
                r#"{"Count":2500,"ScannedCount":2500,"LastEvaluatedKey":{"id":{"S":"m"}}}"#,
            ),
            answers("Scan", r#"{"Count":17,"ScannedCount":17}"#),
        ]);
        let needs = Needs {
            tables: Client::new(&replay.config()),
        };
        let probe = PlannedProbe {
            name: "rooms".into(),
            count: Count::Items {
                table: "hubs-rooms".into(),
            },
        };
        let result = handle(&needs, Input { probe }).await.unwrap();
        assert_eq!(result.count, Some(2517));
        let requests = replay.played();
        assert_eq!(
            requests[0].json(),
            json!({"TableName": "hubs-rooms", "Select": "COUNT", "ConsistentRead": true})
        );
        assert_eq!(requests[1].json()["ExclusiveStartKey"], json!({"id": {"S": "m"}}));
    }
}
