//! A folder of a bucket as a store.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Tag, Tagging};

use super::failure::failure;
use super::folder::Folder;
use super::reader::S3Source;
use super::writer::S3Sink;
use crate::error::{Result, TransferError};
use crate::store::{ObjectState, Sink, Source, Store, StoredObject};

/// A folder of a bucket. It needs `s3:PutObject`, `s3:PutObjectTagging`, `s3:GetObject`, `s3:AbortMultipartUpload` and
/// `s3:DeleteObject` on its keys, `s3:ListBucket` and `s3:ListBucketMultipartUploads` on the bucket under its prefix (without
/// `s3:ListBucket`, S3 says of an object that does not exist that it may not be read); with versions, `s3:GetObjectVersion` and
/// `s3:DeleteObjectVersion`. A restore needs the reads alone.
#[derive(Debug, Clone)]
pub struct S3Store(Folder);

impl S3Store {
    /// The objects of `bucket` whose keys begin with `prefix` and a slash.
    #[must_use]
    pub fn new(client: Client, bucket: &str, prefix: &str) -> Self {
        Self(Folder::new(client, bucket, prefix))
    }
}

#[async_trait]
impl Store for S3Store {
    fn address(&self) -> String {
        self.0.address_of("")
    }

    async fn create(&self, name: &str, metadata: &BTreeMap<String, String>, estimate: u64) -> Result<Box<dyn Sink>> {
        if self.0.head(name, None).await?.is_some() {
            return Err(TransferError::Conflict(format!(
                "{} exists, and a dump is never overwritten",
                self.0.address_of(name)
            )));
        }
        Ok(Box::new(S3Sink::new(self.0.clone(), name, metadata, estimate)))
    }

    async fn open(&self, name: &str, version: Option<&str>) -> Result<Box<dyn Source>> {
        Ok(Box::new(S3Source::open(self.0.clone(), name, version).await?))
    }

    async fn state(&self, name: &str, version: Option<&str>) -> Result<Option<ObjectState>> {
        self.0.head(name, version).await
    }

    async fn tag(&self, object: &StoredObject, tags: &BTreeMap<String, String>) -> Result<()> {
        let doing = format!("tagging {}", self.0.address_of(&object.name));
        let invalid = |error| TransferError::JobFailed(format!("{doing}: {error}"));
        let set = tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(invalid)?;
        let tagging = Tagging::builder().set_tag_set(Some(set)).build().map_err(invalid)?;
        let call = self
            .0
            .client
            .put_object_tagging()
            .bucket(&self.0.bucket)
            .tagging(tagging);
        let call = call
            .key(self.0.key(&object.name))
            .set_version_id(object.version.clone());
        let answer = call.send().await;
        answer.map(drop).map_err(|error| failure(&doing, &error))
    }

    async fn remove(&self, objects: &[StoredObject]) -> Result<()> {
        for object in objects {
            let key = self.0.key(&object.name);
            self.0.delete(&key, object.version.as_deref()).await?;
        }
        Ok(())
    }

    async fn remove_others(&self, keep: &[&str]) -> Result<()> {
        if self.0.prefix.is_empty() {
            return Err(TransferError::invalid(
                "prefix",
                "an empty one",
                "a folder: everything else in it is deleted",
            ));
        }
        let keep: Vec<String> = keep.iter().map(|name| self.0.key(name)).collect();
        self.0.abort_all().await?;
        let doing = format!("listing {}", self.0.address_of(""));
        let mut token = None;
        loop {
            let call = self
                .0
                .client
                .list_objects_v2()
                .bucket(&self.0.bucket)
                .prefix(&self.0.prefix);
            let answer = call.set_continuation_token(token).send().await;
            let answer = answer.map_err(|error| failure(&doing, &error))?;
            for key in answer.contents().iter().filter_map(|object| object.key()) {
                if !keep.iter().any(|kept| kept == key) {
                    self.0.delete_newest(key).await?;
                }
            }
            token = answer.next_continuation_token;
            if token.is_none() {
                return Ok(());
            }
        }
    }
}
