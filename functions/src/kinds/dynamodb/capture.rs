//! Captures what a restore of a table does not restore, and what it would otherwise read from a table that may be deleted. Stored
//! as DynamoDB and Application Auto Scaling returned it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableDescription;
use serde_json::Value;

use crate::aws::response::{LastResponse, present};
use crate::aws::{code, failure, offered, service};
use crate::error::Result;
use crate::kinds::auto_scaling::{self, Namespace};
use crate::kinds::optional::Optional;

/// A call whose whole response is needed.
macro_rules! answer {
    ($call:expr, $doing:expr, $table:expr) => {{
        let answer = LastResponse::default();
        match $call.customize().interceptor(answer.clone()).send().await {
            Ok(output) => Ok((output, answer)),
            Err(error) => Err(failure($doing, $table, error)),
        }
    }};
}

/// A call of which one attribute of the response is needed, if the Region offers the call.
macro_rules! setting {
    ($call:expr, $attribute:expr, $doing:expr, $table:expr) => {{
        let answer = LastResponse::default();
        let answered = $call.customize().interceptor(answer.clone()).send().await;
        let there = offered(answered).map_err(|error| failure($doing, $table, error));
        there.map(|there| there.map(|_| answer.take($attribute)))
    }};
}

/// Captures a table, its time to live, continuous backups, tags, policy, streaming, insights and scaling.
///
/// # Errors
/// `NotFound` for a missing table.
pub async fn capture(
    dynamodb: &Client,
    autoscaling: &service::Client,
    table: &str,
    mut optional: Optional,
) -> Result<Value> {
    let (described, answer) = answer!(dynamodb.describe_table().table_name(table), "describing table", table)?;
    let description = answer.take("Table");
    let described = described.table.as_ref();
    let arn = described
        .and_then(TableDescription::table_arn)
        .unwrap_or(table)
        .to_owned();
    let ttl = setting!(
        dynamodb.describe_time_to_live().table_name(table),
        "TimeToLiveDescription",
        "describing the time to live of table",
        table
    );
    let ttl = optional.required("TimeToLiveDescription", ttl)?;
    let continuous = setting!(
        dynamodb.describe_continuous_backups().table_name(table),
        "ContinuousBackupsDescription",
        "describing the continuous backups of table",
        table
    );
    let continuous = optional.required("ContinuousBackupsDescription", continuous)?;
    let streaming = async || {
        setting!(
            dynamodb.describe_kinesis_streaming_destination().table_name(table),
            "KinesisDataStreamDestinations",
            "describing the Kinesis destinations of table",
            table
        )
    };
    let streaming = optional.dispensable("KinesisDataStreamDestinations", streaming).await?;
    let insights = async || insights(dynamodb, table, None).await;
    let insights = optional.dispensable("ContributorInsights", insights).await?;
    let of_indexes = async || insights_of_indexes(dynamodb, table, described).await;
    let of_indexes = optional.dispensable("IndexContributorInsights", of_indexes).await?;
    let scaled = scalable(table, described);
    let scaling = auto_scaling::describe(autoscaling, Namespace::DynamoDb, &scaled, table).await?;
    optional.add_not_offered(&scaling.not_offered);
    let tags = tags(dynamodb, &arn).await?;
    let policy = optional.required("Policy", policy(dynamodb, &arn).await)?;
    Ok(optional.record_in(present([
        ("Table", description),
        ("TimeToLiveDescription", ttl),
        ("ContinuousBackupsDescription", continuous),
        ("Tags", tags.into()),
        ("Policy", policy),
        ("KinesisDataStreamDestinations", streaming),
        ("ContributorInsights", insights),
        ("IndexContributorInsights", of_indexes),
        ("ScalableTargets", scaling.targets.into()),
        ("ScalingPolicies", scaling.policies.into()),
        ("ScheduledActions", scaling.scheduled.into()),
    ])))
}

/// The contributor insights of a table, or of one of its indexes.
async fn insights(dynamodb: &Client, table: &str, index: Option<&str>) -> Result<Option<Value>> {
    let answer = LastResponse::default();
    let call = dynamodb
        .describe_contributor_insights()
        .table_name(table)
        .set_index_name(index.map(str::to_owned));
    let answered = call.customize().interceptor(answer.clone()).send().await;
    let doing = match index {
        None => "describing the contributor insights of table",
        Some(_) => "describing the contributor insights of an index of table",
    };
    let there = offered(answered).map_err(|error| failure(doing, table, error))?;
    Ok(there.map(|_| answer.take_all()))
}

/// The contributor insights of the global indexes that have any.
async fn insights_of_indexes(
    dynamodb: &Client,
    table: &str,
    description: Option<&TableDescription>,
) -> Result<Option<Value>> {
    let indexes = description
        .map(TableDescription::global_secondary_indexes)
        .unwrap_or_default();
    let mut found = Vec::new();
    for index in indexes.iter().filter_map(|index| index.index_name()) {
        let Some(insights) = insights(dynamodb, table, Some(index)).await? else {
            return Ok(None);
        };
        if !matches!(
            insights["ContributorInsightsStatus"].as_str(),
            None | Some("DISABLED" | "DISABLING")
        ) {
            found.push(insights);
        }
    }
    Ok(Some(found.into()))
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

/// The resource policy, as the JSON text that DynamoDB accepts.
async fn policy(dynamodb: &Client, arn: &str) -> Result<Option<Value>> {
    match offered(dynamodb.get_resource_policy().resource_arn(arn).send().await) {
        Ok(found) => Ok(found.map(|found| found.policy.map(Value::from).unwrap_or_default())),
        Err(error) if code(&error) == Some("PolicyNotFoundException") => Ok(Some(Value::Null)),
        Err(error) => Err(failure("reading the resource policy of table", arn, error)),
    }
}

/// The Application Auto Scaling ids of a table: its own and its global indexes'.
pub fn scalable(table: &str, description: Option<&TableDescription>) -> Vec<String> {
    let indexes = description
        .map(TableDescription::global_secondary_indexes)
        .unwrap_or_default();
    let of_index = |name: &str| format!("table/{table}/index/{name}");
    std::iter::once(format!("table/{table}"))
        .chain(indexes.iter().filter_map(|index| index.index_name().map(of_index)))
        .collect()
}
