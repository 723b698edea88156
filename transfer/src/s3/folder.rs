//! A folder of a bucket, and the calls that the store, its writers and its readers share.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::types::{ChecksumMode, ObjectLockLegalHoldStatus};

use super::failure::failure;
use crate::error::{Result, TransferError};
use crate::store::ObjectState;

/// The folder itself: what every call needs.
#[derive(Debug, Clone)]
pub struct Folder {
    pub client: Client,
    pub bucket: String,
    /// Empty, or with a slash at its end.
    pub prefix: String,
}

/// Attempts for a call whose failure would waste a dump of hours; the SDK makes them with increasing delays.
const ATTEMPTS: u32 = 8;
/// S3 may take minutes to complete a large upload, and a slow network to take a part.
const ATTEMPT: Duration = Duration::from_secs(5 * 60);

/// The settings of such a call, in place of the client's.
pub fn patient() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build();
    aws_sdk_s3::Config::builder()
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
}

impl Folder {
    pub fn new(client: Client, bucket: &str, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        Self {
            client,
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
        }
    }

    /// The key of an object of this folder.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// For messages.
    pub fn address_of(&self, name: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(name))
    }

    /// What is there under a name; `None` if nothing is.
    pub async fn head(&self, name: &str, version: Option<&str>) -> Result<Option<ObjectState>> {
        let answer = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(self.key(name))
            .set_version_id(version.map(str::to_owned))
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        let answer = match answer.map_err(|error| failure(&format!("looking for {}", self.address_of(name)), &error)) {
            Ok(answer) => answer,
            Err(TransferError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(ObjectState {
            size: answer
                .content_length
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or(0),
            checksum: answer.checksum_sha256.unwrap_or_default(),
            etag: answer.e_tag.unwrap_or_default(),
            version: answer.version_id,
            held: answer.object_lock_legal_hold_status == Some(ObjectLockLegalHoldStatus::On),
        }))
    }

    /// Ends an upload without an object. One that does not exist is no error.
    pub async fn abort(&self, key: &str, id: &str) -> Result<()> {
        let call = self.client.abort_multipart_upload().bucket(&self.bucket).key(key);
        let answer = call.upload_id(id).send().await;
        let doing = format!("aborting the upload of s3://{}/{key}", self.bucket);
        match answer.map_err(|error| failure(&doing, &error)) {
            Ok(_) | Err(TransferError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object, or one version of it. One that does not exist is no error.
    pub async fn delete(&self, key: &str, version: Option<&str>) -> Result<()> {
        let call = self.client.delete_object().bucket(&self.bucket).key(key);
        let answer = call.set_version_id(version.map(str::to_owned)).send().await;
        let doing = format!("deleting s3://{}/{key}", self.bucket);
        match answer.map_err(|error| failure(&doing, &error)) {
            Ok(_) | Err(TransferError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes what is there now under a key: in a bucket with versions this version, so that it is not only hidden.
    pub async fn delete_newest(&self, key: &str) -> Result<()> {
        let name = key.strip_prefix(&self.prefix).unwrap_or(key);
        match self.head(name, None).await? {
            Some(found) => self.delete(key, found.version.as_deref()).await,
            None => Ok(()),
        }
    }

    /// Aborts every upload below the prefix.
    pub async fn abort_all(&self) -> Result<()> {
        let doing = format!("listing uploads below {}", self.address_of(""));
        let (mut key, mut id) = (None, None);
        loop {
            let call = self
                .client
                .list_multipart_uploads()
                .bucket(&self.bucket)
                .prefix(&self.prefix);
            let answer = call.set_key_marker(key).set_upload_id_marker(id).send().await;
            let answer = answer.map_err(|error| failure(&doing, &error))?;
            for upload in answer.uploads() {
                if let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) {
                    self.abort(key, id).await?;
                }
            }
            if answer.is_truncated != Some(true) {
                return Ok(());
            }
            (key, id) = (answer.next_key_marker, answer.next_upload_id_marker);
        }
    }
}
