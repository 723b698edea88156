//! What a restore of a table does not bring back, and what it would else take from a table that may be gone. Kept as
//! DynamoDB and Application Auto Scaling answered it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableDescription;
use serde_json::Value;

use crate::aws::{code, failure, service};
use crate::error::Result;
use crate::kinds::answer::{Answer, present};
use crate::kinds::scaling::{Namespace, scaling};

/// One call whose whole answer is wanted.
macro_rules! answer {
    ($call:expr, $doing:expr, $table:expr) => {{
        let answer = Answer::default();
        match $call.customize().interceptor(answer.clone()).send().await {
            Ok(output) => Ok((output, answer)),
            Err(error) => Err(failure($doing, $table, error)),
        }
    }};
}

/// Reads a table, its time to live, continuous backups, tags, policy, streaming, insights and scaling.
///
/// # Errors
/// `NotFound` for a missing table.
pub async fn capture(dynamodb: &Client, autoscaling: &service::Client, table: &str) -> Result<Value> {
    let (described, answer) = answer!(dynamodb.describe_table().table_name(table), "describing table", table)?;
    let description = answer.take("Table");
    let arn = described
        .table
        .as_ref()
        .and_then(TableDescription::table_arn)
        .unwrap_or(table)
        .to_owned();
    let (_, ttl) = answer!(
        dynamodb.describe_time_to_live().table_name(table),
        "describing the time to live of table",
        table
    )?;
    let (_, continuous) = answer!(
        dynamodb.describe_continuous_backups().table_name(table),
        "describing the continuous backups of table",
        table
    )?;
    let (_, streaming) = answer!(
        dynamodb.describe_kinesis_streaming_destination().table_name(table),
        "describing the Kinesis destinations of table",
        table
    )?;
    let (_, insights) = answer!(
        dynamodb.describe_contributor_insights().table_name(table),
        "describing the contributor insights of table",
        table
    )?;
    let of_indexes = insights_of_indexes(dynamodb, table, described.table.as_ref()).await?;
    let scaled = scalable(table, described.table.as_ref());
    let scaling = scaling(autoscaling, Namespace::DynamoDb, &scaled, table).await?;
    Ok(present([
        ("Table", description),
        ("TimeToLiveDescription", ttl.take("TimeToLiveDescription")),
        (
            "ContinuousBackupsDescription",
            continuous.take("ContinuousBackupsDescription"),
        ),
        ("Tags", tags(dynamodb, &arn).await?.into()),
        ("Policy", policy(dynamodb, &arn).await?),
        (
            "KinesisDataStreamDestinations",
            streaming.take("KinesisDataStreamDestinations"),
        ),
        ("ContributorInsights", insights.take_all()),
        ("IndexContributorInsights", of_indexes.into()),
        ("ScalableTargets", scaling.targets.into()),
        ("ScalingPolicies", scaling.policies.into()),
        ("ScheduledActions", scaling.scheduled.into()),
    ]))
}

/// The contributor insights of those global indexes that have any.
async fn insights_of_indexes(
    dynamodb: &Client,
    table: &str,
    description: Option<&TableDescription>,
) -> Result<Vec<Value>> {
    let indexes = description
        .map(TableDescription::global_secondary_indexes)
        .unwrap_or_default();
    let mut found = Vec::new();
    for index in indexes.iter().filter_map(|index| index.index_name()) {
        let call = dynamodb
            .describe_contributor_insights()
            .table_name(table)
            .index_name(index);
        let (_, insights) = answer!(call, "describing the contributor insights of an index of table", table)?;
        let insights = insights.take_all();
        if !matches!(
            insights["ContributorInsightsStatus"].as_str(),
            None | Some("DISABLED" | "DISABLING")
        ) {
            found.push(insights);
        }
    }
    Ok(found)
}

/// All tags of a table.
pub async fn tags(dynamodb: &Client, arn: &str) -> Result<Vec<Value>> {
    let mut tags = Vec::new();
    let mut token = None;
    loop {
        let call = dynamodb.list_tags_of_resource().resource_arn(arn).set_next_token(token);
        let (page, answer) = answer!(call, "listing the tags of table", arn)?;
        if let Value::Array(found) = answer.take("Tags") {
            tags.extend(found);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(tags);
        }
    }
}

/// The resource policy, as the JSON text that DynamoDB takes back.
async fn policy(dynamodb: &Client, arn: &str) -> Result<Value> {
    match dynamodb.get_resource_policy().resource_arn(arn).send().await {
        Ok(found) => Ok(found.policy.map(Value::from).unwrap_or_default()),
        Err(error) if code(&error) == Some("PolicyNotFoundException") => Ok(Value::Null),
        Err(error) => Err(failure("reading the resource policy of table", arn, error)),
    }
}

/// What Application Auto Scaling can scale of a table: itself and its global indexes.
pub fn scalable(table: &str, description: Option<&TableDescription>) -> Vec<String> {
    let indexes = description
        .map(TableDescription::global_secondary_indexes)
        .unwrap_or_default();
    let of_index = |name: &str| format!("table/{table}/index/{name}");
    std::iter::once(format!("table/{table}"))
        .chain(indexes.iter().filter_map(|index| index.index_name().map(of_index)))
        .collect()
}
