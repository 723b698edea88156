//! The results of a night's deployments, as Step Functions wrote them to S3: together they would exceed a state's size limit.

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::Value;

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, S3, escaped};
use crate::error::{Error, Result};

/// Where a map's results are: `ResultWriterDetails` of its output.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResultLocation {
    pub bucket: String,
    /// Of the manifest.
    pub key: String,
}

/// Reads JSON objects from S3.
#[async_trait]
pub trait Objects: Send + Sync {
    async fn read(&self, bucket: &str, key: &str) -> Result<Value>;
}

pub struct S3Objects {
    s3: Lazy<Client>,
}

impl S3Objects {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            s3: Lazy::new(aws, |aws| Client::new(aws, S3)),
        }
    }
}

#[async_trait]
impl Objects for S3Objects {
    async fn read(&self, bucket: &str, key: &str) -> Result<Value> {
        let name = format!("{bucket}/{key}");
        let path: Vec<String> = name.split('/').map(escaped).collect();
        let found = self.s3.get("GetObject", &format!("/{}", path.join("/"))).await;
        let found = found.map_err(|error| failure("reading the night's results", &name, error))?;
        serde_json::from_slice(&found.bytes)
            .map_err(|error| Error::JobFailed(format!("reading the night's results {name}: it is not JSON: {error}")))
    }
}

/// The entries of all files that the manifest lists, failed executions first.
pub async fn read_results(objects: &dyn Objects, place: &ResultLocation) -> Result<Vec<Value>> {
    let manifest = objects.read(&place.bucket, &place.key).await?;
    let mut entries = Vec::new();
    for status in ["FAILED", "SUCCEEDED"] {
        for file in manifest["ResultFiles"][status].as_array().into_iter().flatten() {
            let key = file["Key"].as_str().unwrap_or_default();
            if let Value::Array(found) = objects.read(&place.bucket, key).await? {
                entries.extend(found);
            }
        }
    }
    Ok(entries)
}
