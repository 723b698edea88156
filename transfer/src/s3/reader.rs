//! Reads one version of an object as a stream, and resumes where it was cut.

use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::failure::failure;
use super::folder::Folder;
use crate::error::{Result, TransferError, causes};
use crate::store::Source;

/// How often in a row a stream may be cut without a new byte in between.
const ATTEMPTS: u32 = 5;

/// An object that is being read.
pub struct S3Source {
    folder: Folder,
    name: String,
    version: Option<String>,
    etag: Option<String>,
    size: u64,
    read: u64,
    cuts: u32,
    body: ByteStream,
}

impl S3Source {
    /// Opens the object. Its size, ETag and version are those of this first response; ranges of any other object are refused.
    ///
    /// # Errors
    /// `NotFound` if there is no such object or version; `VerificationFailed` if S3 does not say how large it is.
    pub async fn open(folder: Folder, name: &str, version: Option<&str>) -> Result<Self> {
        let answer = folder
            .client
            .get_object()
            .bucket(&folder.bucket)
            .key(folder.key(name))
            .set_version_id(version.map(str::to_owned))
            .send()
            .await;
        let doing = format!("reading {}", folder.address_of(name));
        let answer = answer.map_err(|error| failure(&doing, &error))?;
        let size = answer.content_length.and_then(|size| u64::try_from(size).ok());
        Ok(Self {
            folder,
            name: name.to_owned(),
            version: answer.version_id.or(version.map(str::to_owned)),
            etag: answer.e_tag,
            size: size.ok_or_else(|| TransferError::VerificationFailed(format!("{doing}: S3 gave no length")))?,
            read: 0,
            cuts: 0,
            body: answer.body,
        })
    }

    async fn resume(&mut self) -> Result<()> {
        let answer = self
            .folder
            .client
            .get_object()
            .bucket(&self.folder.bucket)
            .key(self.folder.key(&self.name))
            .set_version_id(self.version.clone())
            .set_if_match(self.etag.clone())
            .range(format!("bytes={}-", self.read))
            .send()
            .await;
        let doing = format!("reading {} from byte {}", self.folder.address_of(&self.name), self.read);
        let answer = answer.map_err(|error| failure(&doing, &error))?;
        self.ensure_same(&answer, &doing)?;
        self.body = answer.body;
        Ok(())
    }

    /// Checks that a range is the rest of what was opened, whatever is between this program and S3.
    fn ensure_same(&self, range: &GetObjectOutput, doing: &str) -> Result<()> {
        let expected = format!("bytes {}-{}/{}", self.read, self.size.saturating_sub(1), self.size);
        let version = range.version_id.is_none() || range.version_id == self.version;
        if range.content_range.as_deref() == Some(&expected) && range.e_tag == self.etag && version {
            return Ok(());
        }
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        Err(TransferError::VerificationFailed(format!(
            "{doing}: the response has the range {}, the ETag {} and the version {}; expected are {expected}, {} and {}. Nothing of it was \
             used; start again from the beginning",
            shown(&range.content_range),
            shown(&range.e_tag),
            shown(&range.version_id),
            shown(&self.etag),
            shown(&self.version)
        )))
    }
}

#[async_trait]
impl Source for S3Source {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let why = match self.body.next().await {
                Some(Ok(bytes)) if bytes.is_empty() => continue,
                Some(Ok(bytes)) => {
                    self.read += bytes.len() as u64;
                    self.cuts = 0;
                    return Ok(Some(bytes));
                }
                None if self.read >= self.size => return Ok(None),
                None => "the stream ended".to_owned(),
                Some(Err(error)) => causes(&error),
            };
            self.cuts += 1;
            if self.cuts >= ATTEMPTS {
                return Err(TransferError::Unavailable(format!(
                    "reading {}: cut {ATTEMPTS} times after {} of {} bytes: {why}. Trying again may help",
                    self.folder.address_of(&self.name),
                    self.read,
                    self.size
                )));
            }
            self.resume().await?;
        }
    }
}

#[cfg(test)]
mod tests;
