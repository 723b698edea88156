//! `count-items`: one count of a table's items, by a strongly consistent scan that returns no items.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Select;
use serde::Deserialize;
use tokio::time::timeout;

use super::probe::{Count, PlannedProbe};
use crate::aws::failure;
use crate::domain::set::ProbeResult;
use crate::error::{Error, Result};

/// A little less than the most that Lambda gives a function, so that the answer says why there is none.
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
/// `DeadlineExceeded` for a table that cannot be counted within one function's time.
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

    use aws_sdk_dynamodb::Config;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_dynamodb::operation::scan::ScanOutput;
    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_smithy_mocks::{MockResponseInterceptor, RuleMode, create_mock_http_client, mock};

    use super::*;

    #[tokio::test]
    async fn every_page_counts_and_no_item_is_returned() {
        let first = mock!(Client::scan)
            .match_requests(|request| {
                request.select() == Some(&Select::Count)
                    && request.consistent_read() == Some(true)
                    && request.exclusive_start_key().is_none()
            })
            .then_output(|| {
                let key = AttributeValue::S("m".into());
                ScanOutput::builder()
                    .count(2500)
                    .last_evaluated_key("id", key)
                    .build()
            });
        let second = mock!(Client::scan)
            .match_requests(|request| {
                request
                    .exclusive_start_key()
                    .is_some_and(|key| key.contains_key("id"))
            })
            .then_output(|| ScanOutput::builder().count(17).build());
        let answers = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .http_client(create_mock_http_client())
            .interceptor(answers.with_rule(&first).with_rule(&second));
        let needs = Needs {
            tables: Client::from_conf(config.build()),
        };
        let probe = PlannedProbe {
            name: "rooms".into(),
            count: Count::Items {
                table: "hubs-rooms".into(),
            },
        };
        let result = handle(&needs, Input { probe }).await.unwrap();
        assert_eq!((result.count, second.num_calls()), (Some(2517), 1));
    }
}
