//! Applies the settings that no restore call accepts, one after another.

use aws_sdk_dynamodb::types::{
    ApproximateCreationDateTimePrecision, ContributorInsightsAction, ContributorInsightsMode,
    EnableKinesisStreamingConfiguration, PointInTimeRecoverySpecification, StreamSpecification, StreamViewType,
    TableClass, TableDescription, Tag, TimeToLiveSpecification,
};
use serde_json::Value;

use super::remarks::remarks as remarks_on;
use super::settings::{TableChange, missing};
use super::tables::created_resource;
use super::{DynamoDb, capture};
use crate::aws::failure;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::{RestoreItem, RestoreProgress};
use crate::error::{Class, Error, Result};
use crate::kinds::auto_scaling::restore::{RestoredScaling, put_back};
use crate::kinds::optional::Optional;

/// What has to be waited for before the next change.
enum Applied {
    Done,
    /// A part was done, and a part is refused for good, as text.
    Scaled(RestoredScaling),
    /// The table is `UPDATING`: nothing else can be changed meanwhile.
    Updating,
}

impl DynamoDb {
    /// Tags a copy that is still being created, as soon as DynamoDB allows: the restore call takes no tags.
    pub(super) async fn ensure_marked(&self, run: &Run, item: &RestoreItem, table: &TableDescription) -> Result<()> {
        let arn = table.table_arn().unwrap_or_default();
        let ours = names::restore_tags(&run.deployment, &run.id, &item.planned.resource.name);
        let there = match capture::tags(&self.dynamodb, arn).await {
            Err(Error::NotFound(_)) => return Ok(()),
            there => there?,
        };
        let copy = serde_json::json!({ "Tags": there });
        match missing(&Value::Null, &copy, &ours).first() {
            Some(TableChange::Tags(tags)) => match tag(self, arn, tags).await {
                Err(Error::NotReady(_) | Error::NotFound(_)) => Ok(()),
                tagged => tagged,
            },
            _ => Ok(()),
        }
    }

    /// Puts back the missing settings, as many as one call can. Each final refusal of AWS is a remark; the comparison reports it
    /// too.
    pub(super) async fn configure(
        &self,
        run: &Run,
        item: &RestoreItem,
        target: &str,
        table: &TableDescription,
    ) -> Result<RestoreProgress> {
        let ours = names::restore_tags(&run.deployment, &run.id, &item.planned.resource.name);
        let created = created_resource(target, table);
        let arn = table.table_arn().unwrap_or_default();
        let waiting = |stage: Option<&'static str>, phase: String| RestoreProgress::InProgress {
            stage,
            phase,
            percent: None,
            made: Some(created.clone()),
        };
        let copy = match capture::capture(&self.dynamodb, &self.autoscaling, target, Optional::of_copy()).await {
            // The table is described, but not every API knows it yet.
            Err(Error::NotFound(why)) => {
                return Ok(waiting(
                    None,
                    format!("table {target} is not known everywhere yet: {why}"),
                ));
            }
            copy => copy?,
        };
        let (mut put, mut remarks) = (0, Vec::new());
        for change in missing(&item.configuration, &copy, &ours) {
            let words = change.words();
            match apply(self, target, arn, &change).await {
                Ok(Applied::Done) => put += 1,
                Ok(Applied::Scaled(scaled)) => {
                    put += scaled.put;
                    remarks.extend(scaled.refused);
                }
                Ok(Applied::Updating) => {
                    return Ok(waiting(
                        Some(change.stage()),
                        format!("table {target} is being given {words}"),
                    ));
                }
                Err(Error::NotReady(_)) => {
                    return Ok(waiting(None, format!("table {target} is busy; {words} comes next")));
                }
                Err(error) if error.class() == Class::Final && !matches!(change, TableChange::Tags(_)) => {
                    remarks.push(format!("{words} could not be put back: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        if put > 0 {
            return Ok(waiting(
                Some("settings"),
                format!("table {target} was given its settings; they are checked once more"),
            ));
        }
        remarks.splice(0..0, remarks_on(&item.configuration, target));
        Ok(RestoreProgress::Restored { made: created, remarks })
    }
}

/// Applies one change to the table `table`, with ARN `arn`.
///
/// # Errors
/// `NotReady` while DynamoDB applies another change to the table.
async fn apply(dynamodb: &DynamoDb, table: &str, arn: &str, change: &TableChange) -> Result<Applied> {
    let client = &dynamodb.dynamodb;
    let doing = format!("putting back {} of table", change.words());
    match change {
        TableChange::Tags(wanted) => tag(dynamodb, arn, wanted).await?,
        TableChange::Stream(view) => {
            let stream = StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::from(view.as_str()))
                .build()
                .map_err(|error| unreadable(change, error))?;
            let call = client.update_table().table_name(table).stream_specification(stream);
            call.send().await.map_err(|error| failure(&doing, table, error))?;
            return Ok(Applied::Updating);
        }
        TableChange::TableClass(class) => {
            let class = TableClass::from(class.as_str());
            let call = client.update_table().table_name(table).table_class(class);
            call.send().await.map_err(|error| failure(&doing, table, error))?;
            return Ok(Applied::Updating);
        }
        TableChange::DeletionProtection => {
            let call = client
                .update_table()
                .table_name(table)
                .deletion_protection_enabled(true);
            call.send().await.map_err(|error| failure(&doing, table, error))?;
            return Ok(Applied::Updating);
        }
        TableChange::TimeToLive(attribute) => {
            let specification = TimeToLiveSpecification::builder()
                .enabled(true)
                .attribute_name(attribute)
                .build()
                .map_err(|error| unreadable(change, error))?;
            let call = client.update_time_to_live().table_name(table);
            let call = call.time_to_live_specification(specification);
            call.send().await.map_err(|error| failure(&doing, table, error))?;
        }
        TableChange::PointInTimeRecovery(days) => {
            let specification = PointInTimeRecoverySpecification::builder()
                .point_in_time_recovery_enabled(true)
                .set_recovery_period_in_days(*days)
                .build()
                .map_err(|error| unreadable(change, error))?;
            let call = client.update_continuous_backups().table_name(table);
            let call = call.point_in_time_recovery_specification(specification);
            call.send().await.map_err(|error| failure(&doing, table, error))?;
        }
        TableChange::Policy(policy) => {
            let call = client.put_resource_policy().resource_arn(arn).policy(policy);
            call.send().await.map_err(|error| failure(&doing, table, error))?;
        }
        TableChange::Scaling(changes) => {
            return put_back(&dynamodb.autoscaling, changes, table)
                .await
                .map(Applied::Scaled);
        }
        TableChange::Insights(index, mode) => {
            let call = client
                .update_contributor_insights()
                .table_name(table)
                .set_index_name(index.clone())
                .contributor_insights_action(ContributorInsightsAction::Enable)
                .set_contributor_insights_mode(mode.as_deref().map(ContributorInsightsMode::from));
            call.send().await.map_err(|error| failure(&doing, table, error))?;
        }
        TableChange::KinesisStream(stream, precision) => {
            let precision = precision.as_deref().map(ApproximateCreationDateTimePrecision::from);
            let configuration = EnableKinesisStreamingConfiguration::builder()
                .set_approximate_creation_date_time_precision(precision)
                .build();
            let call = client
                .enable_kinesis_streaming_destination()
                .table_name(table)
                .stream_arn(stream)
                .enable_kinesis_streaming_configuration(configuration);
            call.send().await.map_err(|error| failure(&doing, table, error))?;
        }
    }
    Ok(Applied::Done)
}

/// Tags a table with tags as DynamoDB describes them.
async fn tag(dynamodb: &DynamoDb, arn: &str, tags: &[Value]) -> Result<()> {
    let mut call = dynamodb.dynamodb.tag_resource().resource_arn(arn);
    for tag in tags {
        let text = |name: &str| tag[name].as_str().unwrap_or_default();
        let tag = Tag::builder().key(text("Key")).value(text("Value")).build();
        let tag = tag.map_err(|error| Error::invalid("Tags", tag_words(&error), "tags with key and value"))?;
        call = call.tags(tag);
    }
    call.send()
        .await
        .map(|_| ())
        .map_err(|error| failure("tagging table", arn, error))
}

fn tag_words(error: &dyn std::error::Error) -> String {
    error.to_string()
}

fn unreadable(change: &TableChange, error: impl std::error::Error) -> Error {
    Error::invalid(
        "configuration",
        format!("{change:?}: {error}"),
        "what DynamoDB describes",
    )
}
