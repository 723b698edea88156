//! Buckets of a lab through the SDK, as functions use it.

use std::time::Duration;

use anyhow::{Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

use crate::lab::Lab;

/// A client of the lab's S3.
pub fn client(lab: &Lab) -> Client {
    let field = |name: &str| lab.environment.get(name).cloned().unwrap_or_default();
    let credentials = Credentials::new(
        field("AWS_ACCESS_KEY_ID"),
        field("AWS_SECRET_ACCESS_KEY"),
        None,
        None,
        "tests",
    );
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(10));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&lab.endpoint)
        .force_path_style(true)
        .credentials_provider(credentials)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}

/// The keys of a bucket.
pub async fn keys(client: &Client, bucket: &str) -> Result<Vec<String>> {
    let listed = client.list_objects_v2().bucket(bucket).send().await?;
    let keys = listed.contents().iter().filter_map(|object| object.key());
    Ok(keys.map(str::to_owned).collect())
}

/// Ensures that a bucket has neither an object nor an unfinished upload.
pub async fn ensure_empty(client: &Client, bucket: &str) -> Result<()> {
    let left = keys(client, bucket).await?;
    ensure!(left.is_empty(), "left in the bucket: {left:?}");
    let uploads = client.list_multipart_uploads().bucket(bucket).send().await?;
    ensure!(uploads.uploads().is_empty(), "unfinished: {:?}", uploads.uploads());
    Ok(())
}
