//! The parts in which a file comes.

use std::future::Future;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::error::{Error, Result};
use crate::store;

/// Read at once from a local file.
const PART_BYTES: usize = 128 << 10;

/// A file that is read from its start.
pub trait Parts: Send {
    /// The next part, of any size but 0; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>>> + Send;
}

/// A local file, or what is read like one.
#[derive(Debug)]
pub struct FileParts<R> {
    name: String,
    file: R,
}

impl<R> FileParts<R> {
    /// `name` is for messages.
    pub fn new(name: impl Into<String>, file: R) -> Self {
        Self {
            name: name.into(),
            file,
        }
    }
}

impl<R: AsyncRead + Unpin + Send> Parts for FileParts<R> {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let mut part = vec![0; PART_BYTES];
        let read = self.file.read(&mut part).await;
        let length = read.map_err(|error| Error::file("reading", &self.name, &error))?;
        part.truncate(length);
        Ok((length > 0).then(|| part.into()))
    }
}

/// An object in a store, such as S3.
pub struct ObjectParts(pub Box<dyn store::Source>);

impl Parts for ObjectParts {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        Ok(self.0.next().await?)
    }
}
