//! DynamoDB's own exports.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{ExportFormat, ExportStatus, PointInTimeRecoveryStatus, S3SseAlgorithm};
use aws_smithy_types::DateTime;

use crate::aws::{code, failure};
use crate::domain::job::Failure;
use crate::domain::names;
use crate::domain::table_export::ExportRequest;
use crate::error::{Error, Result};

/// Distinguishes the token from others of the same run and resource.
const PURPOSE: &str = "export";

pub async fn has_point_in_time_recovery(tables: &Client, table: &str) -> Result<bool> {
    let described = tables.describe_continuous_backups().table_name(table).send().await;
    let described = described.map_err(|error| failure("describing the continuous backups of table", table, error))?;
    let recovery = described
        .continuous_backups_description()
        .and_then(|backups| backups.point_in_time_recovery_description());
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
    Ok(status == Some(&PointInTimeRecoveryStatus::Enabled))
}

/// Starts the export of a run and a resource as of the table's backup, or adopts it: the same token returns the same export for eight
/// hours. Returns its ARN.
///
/// # Errors
/// `NotReady` while the moment of the backup is not in the continuous backup yet, which is up to five minutes behind.
pub async fn start(tables: &Client, bucket: &str, table_arn: &str, request: &ExportRequest) -> Result<String> {
    let ExportRequest {
        run,
        resource,
        prefix,
        at,
        ..
    } = request;
    let started = tables
        .export_table_to_point_in_time()
        .table_arn(table_arn)
        .client_token(names::token(&run.id, resource, PURPOSE))
        .export_time(DateTime::from_secs(at.as_second()))
        .export_format(ExportFormat::DynamodbJson)
        .s3_bucket(bucket)
        .s3_prefix(prefix.trim_end_matches('/'))
        .s3_sse_algorithm(S3SseAlgorithm::Aes256)
        .send()
        .await;
    let doing = "exporting table";
    let started = match started {
        Ok(started) => started,
        Err(error) if code(&error) == Some("InvalidExportTimeException") => {
            return Err(Error::NotReady(failure(doing, table_arn, error).to_string()));
        }
        Err(error) => return Err(failure(doing, table_arn, error)),
    };
    let arn = started.export_description().and_then(|export| export.export_arn());
    arn.map(str::to_owned).ok_or_else(|| {
        Error::Unavailable(format!(
            "{doing} {table_arn}: DynamoDB accepted it but named no ARN. It is asked again"
        ))
    })
}

/// The progress of an export.
#[derive(Debug, PartialEq)]
pub enum Export {
    InProgress,
    Completed,
    Failed(Failure),
}

pub async fn look(tables: &Client, export: &str) -> Result<Export> {
    let described = tables.describe_export().export_arn(export).send().await;
    let described = described.map_err(|error| failure("describing export", export, error))?;
    let Some(description) = described.export_description() else {
        return Ok(Export::InProgress);
    };
    Ok(match description.export_status() {
        Some(ExportStatus::Completed) => Export::Completed,
        Some(ExportStatus::Failed) => Export::Failed(Failure {
            error: "JobFailed".to_owned(),
            cause: format!(
                "exporting table {}: DynamoDB's export {export} failed: {}: {}. Start a new run once that is corrected",
                description.table_arn().unwrap_or_default(),
                description.failure_code().unwrap_or("no code"),
                description.failure_message().unwrap_or("no message")
            ),
        }),
        // An unknown status counts as in progress: the machine's timeout ends it.
        _ => Export::InProgress,
    })
}
