//! Writes one object as a stream. An object smaller than a part is a single `PutObject`; a larger one a multipart upload.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedPart};
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::checksum::{base64, composite, hex};
use super::completion::{self, Expected};
use super::failure::failure;
use super::folder::{Folder, patient};
use super::parts::PartSizes;
use crate::error::{Result, TransferError};
use crate::store::{Sink, StoredObject};

/// Parts that are uploaded at once. One more is being filled: three parts are in memory.
const IN_FLIGHT: usize = 2;

/// An object that is being written.
pub struct S3Sink {
    folder: Folder,
    name: String,
    metadata: BTreeMap<String, String>,
    sizes: PartSizes,
    buffer: BytesMut,
    size: u64,
    whole: JoinHandle<Sha256>,
    upload: Option<Upload>,
}

/// A multipart upload that has begun.
struct Upload {
    guard: AbortOnDrop,
    started: u32,
    digests: Vec<oneshot::Receiver<[u8; 32]>>,
    sending: JoinSet<Result<CompletedPart>>,
    sent: Vec<CompletedPart>,
}

impl S3Sink {
    pub fn new(folder: Folder, name: &str, metadata: &BTreeMap<String, String>, estimate: u64) -> Self {
        Self {
            folder,
            name: name.to_owned(),
            metadata: metadata.clone(),
            sizes: PartSizes::for_object_of(estimate),
            buffer: BytesMut::new(),
            size: 0,
            whole: tokio::spawn(async { Sha256::new() }),
            upload: None,
        }
    }

    fn next_part(&self) -> u32 {
        self.upload.as_ref().map_or(0, |upload| upload.started) + 1
    }

    async fn begin(&mut self) -> Result<()> {
        let key = self.folder.key(&self.name);
        let answer = self
            .folder
            .client
            .create_multipart_upload()
            .bucket(&self.folder.bucket)
            .key(&key)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_metadata(Some(self.metadata.clone().into_iter().collect()))
            .send()
            .await;
        let doing = format!("starting the upload of {}", self.folder.address_of(&self.name));
        let answer = answer.map_err(|error| failure(&doing, &error))?;
        let id = answer
            .upload_id
            .ok_or_else(|| TransferError::Unavailable(format!("{doing}: S3 returned no upload id. Try again")))?;
        self.upload = Some(Upload {
            guard: AbortOnDrop(Some(Abort {
                folder: self.folder.clone(),
                key,
                id,
            })),
            started: 0,
            digests: Vec::new(),
            sending: JoinSet::new(),
            sent: Vec::new(),
        });
        Ok(())
    }

    /// Hashes the buffer and sends it as the next part; waits while too many are being sent.
    async fn send_part(&mut self) -> Result<()> {
        if self.upload.is_none() {
            self.begin().await?;
        }
        let bytes = std::mem::take(&mut self.buffer).freeze();
        // The previous part has usually been hashed while this one was filled.
        let (whole, digest) = hash(take(&mut self.whole).await?, bytes.clone());
        self.whole = whole;
        let Some(upload) = &mut self.upload else {
            return Err(TransferError::JobFailed("an upload that has not begun".to_owned()));
        };
        while upload.sending.len() >= IN_FLIGHT {
            upload.collect_one().await?;
        }
        upload.send(&self.folder, bytes, digest)
    }

    /// Sends the last part, and makes the object of all of them.
    async fn complete(&mut self) -> Result<StoredObject> {
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        let sha256 = hex(&take(&mut self.whole).await?.finalize());
        let Some(upload) = &mut self.upload else {
            return Err(TransferError::JobFailed("an upload that has not begun".to_owned()));
        };
        while !upload.sending.is_empty() {
            upload.collect_one().await?;
        }
        let mut digests = Vec::with_capacity(upload.digests.len());
        for digest in std::mem::take(&mut upload.digests) {
            let digest = digest.await;
            digests.push(digest.map_err(|_| TransferError::JobFailed("a part without a digest".to_owned()))?);
        }
        upload.sent.sort_by_key(|part| part.part_number);
        let expected = Expected {
            name: self.name.clone(),
            size: self.size,
            sha256,
            checksum: composite(&digests),
        };
        let Some(abort) = &upload.guard.0 else {
            return Err(TransferError::JobFailed("an upload that was aborted".to_owned()));
        };
        let parts = std::mem::take(&mut upload.sent);
        let completed = completion::complete(&self.folder, &abort.id, parts, &expected).await;
        completion::confirm(&self.folder, expected, completed).await
    }

    async fn put(self) -> Result<StoredObject> {
        let digest: [u8; 32] = Sha256::digest(&self.buffer).into();
        let checksum = base64(&digest);
        let sent = self
            .folder
            .client
            .put_object()
            .bucket(&self.folder.bucket)
            .key(self.folder.key(&self.name))
            .if_none_match("*")
            .checksum_sha256(&checksum)
            .set_metadata(Some(self.metadata.into_iter().collect()))
            .body(ByteStream::from(self.buffer.freeze()))
            .send()
            .await;
        let doing = format!("writing {}", self.folder.address_of(&self.name));
        let expected = Expected {
            name: self.name,
            size: self.size,
            sha256: hex(&digest),
            checksum,
        };
        let sent = sent.map(drop).map_err(|error| failure(&doing, &error));
        completion::confirm(&self.folder, expected, sent).await
    }
}

impl Upload {
    fn send(&mut self, folder: &Folder, bytes: Bytes, digest: oneshot::Receiver<[u8; 32]>) -> Result<()> {
        let Some(abort) = self.guard.0.clone() else {
            return Err(TransferError::JobFailed("an upload that was aborted".to_owned()));
        };
        self.started += 1;
        let number = i32::try_from(self.started).unwrap_or(i32::MAX);
        let (forward, forwarded) = oneshot::channel();
        self.digests.push(forwarded);
        let folder = folder.clone();
        self.sending.spawn(async move {
            let doing = format!("uploading part {number} of s3://{}/{}", folder.bucket, abort.key);
            let digest = digest
                .await
                .map_err(|_| TransferError::JobFailed(format!("{doing}: it could not be hashed")))?;
            let checksum = base64(&digest);
            let _ = forward.send(digest);
            let sent = folder
                .client
                .upload_part()
                .bucket(&folder.bucket)
                .key(&abort.key)
                .upload_id(&abort.id)
                .part_number(number)
                .checksum_sha256(&checksum)
                .body(ByteStream::from(bytes))
                .customize()
                .config_override(patient())
                .send()
                .await
                .map_err(|error| failure(&doing, &error))?;
            Ok(CompletedPart::builder()
                .part_number(number)
                .set_e_tag(sent.e_tag)
                .checksum_sha256(checksum)
                .build())
        });
        Ok(())
    }

    async fn collect_one(&mut self) -> Result<()> {
        match self.sending.join_next().await {
            None => Ok(()),
            Some(Ok(part)) => {
                self.sent.push(part?);
                Ok(())
            }
            Some(Err(error)) => Err(TransferError::JobFailed(format!("uploading a part: {error}"))),
        }
    }
}

#[async_trait]
impl Sink for S3Sink {
    async fn write(&mut self, mut bytes: Bytes) -> Result<()> {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let part = self.sizes.of(self.next_part()).ok_or_else(|| {
                TransferError::JobFailed(format!(
                    "{} has more than 10,000 parts of S3: {} bytes are too large for one object",
                    self.folder.address_of(&self.name),
                    self.size
                ))
            })?;
            let part = usize::try_from(part).unwrap_or(usize::MAX);
            if self.buffer.capacity() == 0 {
                self.buffer.reserve(part.min(8 << 20));
            }
            let room = part - self.buffer.len();
            self.buffer.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.buffer.len() == part {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<StoredObject> {
        if self.upload.is_none() {
            return self.put().await;
        }
        match self.complete().await {
            Ok(object) => {
                if let Some(upload) = &mut self.upload {
                    upload.guard.0 = None;
                }
                Ok(object)
            }
            Err(error) => {
                // The error to report is the one that ended the upload.
                if let Err(left) = self.discard().await {
                    tracing::warn!(%left, "the parts of an upload remain, until the bucket's lifecycle rule removes them");
                }
                Err(error)
            }
        }
    }

    async fn discard(mut self: Box<Self>) -> Result<()> {
        let Some(mut upload) = self.upload.take() else {
            return Ok(());
        };
        upload.sending.shutdown().await;
        match upload.guard.0.take() {
            Some(abort) => abort.carry_out().await,
            None => Ok(()),
        }
    }
}

/// Hashes a part, and adds it to the hash of the whole, on a thread for blocking work.
fn hash(mut whole: Sha256, part: Bytes) -> (JoinHandle<Sha256>, oneshot::Receiver<[u8; 32]>) {
    let (send, receive) = oneshot::channel();
    let task = tokio::task::spawn_blocking(move || {
        let _ = send.send(Sha256::digest(&part).into());
        whole.update(&part);
        whole
    });
    (task, receive)
}

async fn take(whole: &mut JoinHandle<Sha256>) -> Result<Sha256> {
    whole
        .await
        .map_err(|error| TransferError::JobFailed(format!("hashing an object: {error}")))
}

/// What aborting an upload takes.
#[derive(Clone)]
struct Abort {
    folder: Folder,
    key: String,
    id: String,
}

impl Abort {
    async fn carry_out(self) -> Result<()> {
        self.folder.abort(&self.key, &self.id).await
    }
}

/// Aborts the upload when it is dropped, in the background. A process that ends before that leaves the upload to the next attempt.
struct AbortOnDrop(Option<Abort>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let (Some(abort), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if let Err(error) = abort.carry_out().await {
                    tracing::warn!(%error, "an upload remains until the next attempt or the bucket's lifecycle rule aborts it");
                }
            });
        }
    }
}
