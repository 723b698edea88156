//! `export-table`: writes a table's archive into S3, and reads every file back. The machine `transfer` calls it until the archive is
//! complete: a small table is written by one call; of a large one, each part by a call of its own; what DynamoDB exports itself is
//! only awaited, and read back in parts.
//!
//! Every call may run twice: what is complete in the archive's folder is not written again, and DynamoDB's export has a token.

mod exports;
mod failures;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use holdfast_transfer::s3::S3Store;
use holdfast_transfer::store::Store;
use holdfast_transfer::table::{ArchiveManifest, Description, DynamoTable, NativeArchive, ScanArchive, Table as _};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::timeout;

use self::exports::Export;
use self::failures::{failed, refused};
use crate::domain::table_archive::ArchiveMethod;
use crate::domain::table_export::{
    Archived, ExportPlan, ExportProgress, ExportRequest, ExportStatus, MOST_PARTS, TableFacts, choose_method,
    parts_for, rate_of_part, spread,
};
use crate::error::{Error, Result};
use crate::runtime;

/// A little less than Lambda's limit for a function, so that an error can say what was not finished.
const PATIENCE: Duration = Duration::from_secs(870);
/// Between two looks at an export of DynamoDB's, which takes some minutes at least.
const LOOK_SECONDS: u64 = 60;

/// Opens a folder of the bucket.
pub type Folder = Box<dyn Fn(&str) -> Arc<dyn Store>>;

pub struct Needs {
    pub aws: SdkConfig,
    pub tables: Client,
    pub bucket: String,
    /// The folder of an archive, by its prefix.
    pub folder: Folder,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        let bucket = runtime::setting("ARCHIVE_BUCKET")?;
        let (objects, name) = (aws_sdk_s3::Client::new(aws), bucket.clone());
        Ok(Self {
            aws: aws.clone(),
            tables: Client::new(aws),
            bucket,
            folder: Box::new(move |prefix| Arc::new(S3Store::new(objects.clone(), &name, prefix))),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    pub request: ExportRequest,
    /// What an earlier call decided.
    #[serde(default)]
    pub plan: Option<ExportPlan>,
    /// The part to write or to read back; none to plan, to look and to complete.
    #[serde(default)]
    pub part: Option<u32>,
    pub now: Timestamp,
}

/// # Errors
/// `DeadlineExceeded` for what one call cannot finish; `VerificationFailed` if what is read back is not what was written; else those
/// of the table and the bucket.
pub async fn handle(needs: &Needs, input: Input) -> Result<ExportProgress> {
    let table = input.request.table.clone();
    timeout(PATIENCE, advance(needs, input)).await.map_err(|_| {
        Error::DeadlineExceeded(format!(
            "archiving table {table}: a part was not finished after {} s. If the table throttles, give it more read capacity, or the \
             archive a higher `rate`; or turn on the table's point-in-time recovery and use the method export",
            PATIENCE.as_secs()
        ))
    })?
}

async fn advance(needs: &Needs, input: Input) -> Result<ExportProgress> {
    let job = Job::open(needs, &input).await?;
    let plan = match &input.plan {
        Some(plan) => plan.clone(),
        None => job.plan(input.now).await?,
    };
    match (plan, input.part) {
        (ExportPlan::Scan { began_at, parts }, part) => job.scan(began_at, parts, part).await,
        (ExportPlan::Export { export, parts }, part) => job.export(export, parts, part).await,
    }
}

/// What all calls for one archive need.
struct Job<'a> {
    needs: &'a Needs,
    request: &'a ExportRequest,
    table: Arc<DynamoTable>,
    description: Description,
    store: Arc<dyn Store>,
}

impl<'a> Job<'a> {
    async fn open(needs: &'a Needs, input: &'a Input) -> Result<Self> {
        let request = &input.request;
        let table = DynamoTable::new(&needs.aws, &request.table).await.map_err(failed)?;
        let description = table.describe().await.map_err(refused)?;
        Ok(Self {
            needs,
            request,
            table: Arc::new(table),
            description,
            store: (needs.folder)(&request.prefix),
        })
    }

    async fn plan(&self, now: Timestamp) -> Result<ExportPlan> {
        let ExportRequest { table, archive, .. } = self.request;
        let facts = TableFacts {
            bytes: self.description.bytes,
            point_in_time_recovery: exports::has_point_in_time_recovery(&self.needs.tables, table).await?,
        };
        Ok(match choose_method(table, archive, facts)? {
            ArchiveMethod::Scan => ExportPlan::Scan {
                began_at: now,
                parts: parts_for(facts.bytes),
            },
            ArchiveMethod::Export => ExportPlan::Export {
                export: exports::start(
                    &self.needs.tables,
                    &self.needs.bucket,
                    &self.description.arn,
                    self.request,
                )
                .await?,
                parts: None,
            },
        })
    }

    async fn scan(&self, began_at: Timestamp, parts: u32, part: Option<u32>) -> Result<ExportProgress> {
        let archive = ScanArchive {
            store: Arc::clone(&self.store),
            description: self.description.clone(),
            as_of: began_at,
            parts,
        };
        let plan = ExportPlan::Scan { began_at, parts };
        let rate = rate_of_part(&self.request.archive, parts);
        let write = async |part| archive.write_part(Arc::clone(&self.table), part, rate).await;
        if let Some(part) = part {
            write(part).await.map_err(failed)?;
            return Ok(progress(ExportStatus::InProgress, plan));
        }
        if parts == 1 {
            write(0).await.map_err(failed)?;
        }
        match archive.missing().await.map_err(failed)? {
            missing if missing.is_empty() => Ok(succeeded(plan, &archive.finish().await.map_err(failed)?)),
            missing => Ok(parts_left(plan, parts, &missing)),
        }
    }

    async fn export(&self, export: String, parts: Option<u32>, part: Option<u32>) -> Result<ExportProgress> {
        let plan = |parts| ExportPlan::Export {
            export: export.clone(),
            parts,
        };
        if parts.is_none() {
            match exports::look(&self.needs.tables, &export).await? {
                Export::InProgress => return Ok(progress(ExportStatus::InProgress, plan(None))),
                Export::Failed(failure) => {
                    return Ok(ExportProgress {
                        failure: Some(failure),
                        ..progress(ExportStatus::Failed, plan(None))
                    });
                }
                Export::Completed => {}
            }
        }
        let archive = NativeArchive::open(Arc::clone(&self.store), &export)
            .await
            .map_err(failed)?;
        let most = u32::try_from(archive.files()).unwrap_or(u32::MAX).clamp(1, MOST_PARTS);
        let parts = parts.unwrap_or_else(|| parts_for(archive.bytes()).min(most));
        let plan = plan(Some(parts));
        if let Some(part) = part {
            archive.read_back_part(part, parts).await.map_err(failed)?;
            return Ok(progress(ExportStatus::InProgress, plan));
        }
        if parts == 1 {
            archive.read_back_part(0, 1).await.map_err(failed)?;
        }
        match archive.missing(parts).await.map_err(failed)? {
            missing if missing.is_empty() => {
                let key = self.description.key.clone();
                Ok(succeeded(plan, &archive.finish(key, parts).await.map_err(failed)?))
            }
            missing => Ok(parts_left(plan, parts, &missing)),
        }
    }
}

fn progress(status: ExportStatus, plan: ExportPlan) -> ExportProgress {
    ExportProgress {
        status,
        wait_seconds: LOOK_SECONDS,
        plan,
        parts: Vec::new(),
        archived: None,
        failure: None,
    }
}

/// The parts that are left, in the order in which they are to be begun.
fn parts_left(plan: ExportPlan, parts: u32, missing: &[u32]) -> ExportProgress {
    let mut order = spread(parts);
    order.retain(|part| missing.contains(part));
    ExportProgress {
        wait_seconds: 1,
        parts: order,
        ..progress(ExportStatus::Parts, plan)
    }
}

fn succeeded(plan: ExportPlan, archive: &ArchiveManifest) -> ExportProgress {
    ExportProgress {
        archived: Some(Archived {
            items: archive.digest.items,
            file_bytes: archive.file_bytes,
            sum: archive.digest.sum.to_string(),
        }),
        ..progress(ExportStatus::Succeeded, plan)
    }
}
