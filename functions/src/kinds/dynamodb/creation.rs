//! The call that creates a copy of a table, from a backup or to a point in time. Every setting that the call accepts is passed as
//! captured: DynamoDB takes an omitted setting from the backup or from the present table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, OnDemandThroughput, Projection,
    ProjectionType, ProvisionedThroughput, SseSpecification, SseType,
};
use aws_smithy_types::DateTime;
use serde_json::Value;

use crate::aws::{code, failure, service};
use crate::domain::restore::plan::Source;
use crate::error::{Error, Result};
use crate::kinds::keys;

/// The settings that override AWS's defaults for the copy.
#[derive(Debug, Default, PartialEq)]
pub struct Overrides {
    billing: Option<BillingMode>,
    throughput: Option<ProvisionedThroughput>,
    on_demand: Option<OnDemandThroughput>,
    global: Option<Vec<GlobalSecondaryIndex>>,
    local: Option<Vec<LocalSecondaryIndex>>,
    encryption: Option<SseSpecification>,
}

/// Requests the copy. Returns `true` if AWS accepted; `false` if a table of the target's name exists.
pub async fn create(client: &Client, source: &Source, target: &str, overrides: Overrides) -> Result<bool> {
    let Overrides {
        billing,
        throughput,
        on_demand,
        global,
        local,
        encryption,
    } = overrides;
    let doing = "restoring table";
    let exists = Some("TableAlreadyExistsException");
    match source {
        Source::TableBackup { arn } => {
            let call = client
                .restore_table_from_backup()
                .target_table_name(target)
                .backup_arn(arn)
                .set_billing_mode_override(billing)
                .set_provisioned_throughput_override(throughput)
                .set_on_demand_throughput_override(on_demand)
                .set_global_secondary_index_override(global)
                .set_local_secondary_index_override(local)
                .set_sse_specification_override(encryption);
            match call.send().await {
                Ok(_) => Ok(true),
                Err(error) if code(&error) == exists => Ok(false),
                Err(error) => Err(failure(doing, target, error)),
            }
        }
        Source::TableAt { table, at } => {
            let call = client
                .restore_table_to_point_in_time()
                .target_table_name(target)
                .source_table_name(table)
                .restore_date_time(DateTime::from_millis(at.as_millisecond()))
                .set_billing_mode_override(billing)
                .set_provisioned_throughput_override(throughput)
                .set_on_demand_throughput_override(on_demand)
                .set_global_secondary_index_override(global)
                .set_local_secondary_index_override(local)
                .set_sse_specification_override(encryption);
            match call.send().await {
                Ok(_) => Ok(true),
                Err(error) if code(&error) == exists => Ok(false),
                Err(error) => Err(failure(doing, target, error)),
            }
        }
        other => Err(Error::invalid(
            "source",
            format!("{other:?}"),
            "a table's backup or a point in time, which is what a table is restored from",
        )),
    }
}

/// The captured settings of the table that a restore call accepts. None if nothing was captured.
///
/// # Errors
/// `InvalidInput` for a captured table that DynamoDB cannot have described.
pub async fn overrides(kms: &service::Client, captured: &Value) -> Result<Overrides> {
    if !captured.is_object() {
        return Ok(Overrides::default());
    }
    let mut overrides = of_table(captured).map_err(|error| {
        Error::invalid(
            "configuration.Table",
            error.to_string(),
            "a table as DescribeTable describes it",
        )
    })?;
    overrides.encryption = Some(encryption(kms, captured).await?);
    Ok(overrides)
}

fn of_table(captured: &Value) -> Result<Overrides, BuildError> {
    let on_demand = captured["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST";
    let global = |index: &Value| {
        GlobalSecondaryIndex::builder()
            .index_name(text(index, "IndexName"))
            .set_key_schema(Some(key_schema(index)?))
            .projection(projection(index))
            .set_provisioned_throughput(if on_demand { None } else { throughput(index)? })
            .set_on_demand_throughput(on_demand_throughput(index).filter(|_| on_demand))
            .build()
    };
    let local = |index: &Value| {
        LocalSecondaryIndex::builder()
            .index_name(text(index, "IndexName"))
            .set_key_schema(Some(key_schema(index)?))
            .projection(projection(index))
            .build()
    };
    Ok(Overrides {
        billing: Some(if on_demand {
            BillingMode::PayPerRequest
        } else {
            BillingMode::Provisioned
        }),
        throughput: if on_demand { None } else { throughput(captured)? },
        on_demand: on_demand_throughput(captured).filter(|_| on_demand),
        global: indexes(captured, "GlobalSecondaryIndexes", global)?,
        local: indexes(captured, "LocalSecondaryIndexes", local)?,
        encryption: None,
    })
}

/// A customer managed key is named; the AWS managed key of DynamoDB must not be, and is implied by KMS alone.
async fn encryption(kms: &service::Client, captured: &Value) -> Result<SseSpecification> {
    let described = &captured["SSEDescription"];
    let key = described["KMSMasterKeyArn"].as_str();
    let with_kms = described["SSEType"] == "KMS" && described["Status"] != "DISABLED";
    if !with_kms {
        return Ok(SseSpecification::builder().enabled(false).build());
    }
    let key = match key {
        Some(key) if !keys::is_managed_by_aws(kms, key, "a table").await? => Some(key.to_owned()),
        _ => None,
    };
    Ok(SseSpecification::builder()
        .enabled(true)
        .sse_type(SseType::Kms)
        .set_kms_master_key_id(key)
        .build())
}

/// `None` without any, for which AWS restores all that the source has.
fn indexes<T>(
    captured: &Value,
    name: &str,
    read: impl Fn(&Value) -> Result<T, BuildError>,
) -> Result<Option<Vec<T>>, BuildError> {
    let found = captured[name].as_array().filter(|found| !found.is_empty());
    found.map(|found| found.iter().map(read).collect()).transpose()
}

fn key_schema(index: &Value) -> Result<Vec<KeySchemaElement>, BuildError> {
    let elements = index["KeySchema"].as_array().into_iter().flatten();
    elements
        .map(|element| {
            KeySchemaElement::builder()
                .attribute_name(text(element, "AttributeName"))
                .key_type(KeyType::from(text(element, "KeyType")))
                .build()
        })
        .collect()
}

fn projection(index: &Value) -> Projection {
    let projection = &index["Projection"];
    let attributes = projection["NonKeyAttributes"].as_array().map(|names| {
        let names = names.iter().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    });
    Projection::builder()
        .projection_type(ProjectionType::from(text(projection, "ProjectionType")))
        .set_non_key_attributes(attributes)
        .build()
}

fn throughput(of: &Value) -> Result<Option<ProvisionedThroughput>, BuildError> {
    let captured = &of["ProvisionedThroughput"];
    let units = |name: &str| captured[name].as_i64().filter(|units| *units > 0);
    let (Some(reads), Some(writes)) = (units("ReadCapacityUnits"), units("WriteCapacityUnits")) else {
        return Ok(None);
    };
    ProvisionedThroughput::builder()
        .read_capacity_units(reads)
        .write_capacity_units(writes)
        .build()
        .map(Some)
}

/// The maximum on-demand throughput; DynamoDB also describes "no limit" as -1.
fn on_demand_throughput(of: &Value) -> Option<OnDemandThroughput> {
    let captured = &of["OnDemandThroughput"];
    let units = |name: &str| captured[name].as_i64().filter(|units| *units > 0);
    let (reads, writes) = (units("MaxReadRequestUnits"), units("MaxWriteRequestUnits"));
    (reads.is_some() || writes.is_some()).then(|| {
        OnDemandThroughput::builder()
            .set_max_read_request_units(reads)
            .set_max_write_request_units(writes)
            .build()
    })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
