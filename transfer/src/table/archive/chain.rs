//! An archive as one file, for an import: its files one after the other. Both compressions are defined for concatenated files.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::manifest::{ARCHIVE_NAME, ArchiveManifest};
use crate::s3::hex;
use crate::store::{self, Store};
use crate::table::error::{Error, Result};
use crate::table::import::{Parts, Source};

/// The files of an archive that are still to be read.
pub struct ArchiveSource {
    store: Arc<dyn Store>,
    left: VecDeque<String>,
    open: Option<Box<dyn store::Source>>,
}

impl ArchiveSource {
    /// A complete archive as the source of an import.
    ///
    /// # Errors
    /// `NotFound` if the folder has no complete archive; `Unverified` if one of its files is missing or has another size.
    pub async fn open(store: Arc<dyn Store>) -> Result<Source<Self>> {
        let address = store.address();
        let archive = ArchiveManifest::load(&*store).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "opening {address}: it has no {ARCHIVE_NAME}, so it is no archive of a table, or none that is complete"
            ))
        })?;
        let mut version = Sha256::new();
        for file in &archive.files {
            let state = store.state(&file.name, None).await?;
            let state = state.filter(|state| state.size == file.bytes).ok_or_else(|| {
                Error::Unverified(format!(
                    "opening {address}{}: it is missing, or was changed after it was archived",
                    file.name
                ))
            })?;
            version.update(format!("{}\0{}\0", file.name, state.etag));
        }
        Ok(Source {
            name: address,
            bytes: archive.file_bytes,
            version: hex(&version.finalize()),
            manifest: Some(archive.as_one()),
            file: Self {
                store,
                left: archive.files.into_iter().map(|file| file.name).collect(),
                open: None,
            },
        })
    }
}

impl Parts for ArchiveSource {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(part) = open.next().await? {
                    return Ok(Some(part));
                }
                self.open = None;
            }
            let Some(name) = self.left.pop_front() else {
                return Ok(None);
            };
            self.open = Some(self.store.open(&name, None).await?);
        }
    }
}
