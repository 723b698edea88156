//! `archive.json`: what an archive consists of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::store::{Store, read_small};
use crate::table::compression::Compression;
use crate::table::digest::TableDigest;
use crate::table::error::{Error, Result};
use crate::table::format::Format;
use crate::table::key::KeySchema;
use crate::table::manifest::Manifest;

/// The name in the archive's folder.
pub const ARCHIVE_NAME: &str = "archive.json";
/// Of DynamoDB's exports, with a file for each partition and more, some 100 bytes each.
const MOST_BYTES: usize = 64 << 20;

/// How the files were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveMethod {
    /// By a scan: each item as it was at some moment after `as_of`.
    Scan,
    /// By DynamoDB, as of that moment.
    Export,
}

/// A complete archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveManifest {
    pub version: u32,
    /// ARN of the table.
    pub table: String,
    pub key: KeySchema,
    pub method: ArchiveMethod,
    pub as_of: Timestamp,
    pub format: Format,
    pub compression: Compression,
    /// Of all files together.
    #[serde(flatten)]
    pub digest: TableDigest,
    /// As they are stored.
    pub file_bytes: u64,
    pub files: Vec<ArchivedFile>,
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedFile {
    /// In the archive's folder.
    pub name: String,
    pub items: u64,
    pub bytes: u64,
}

impl ArchiveManifest {
    pub const VERSION: u32 = 1;

    /// As the manifest of one file that consists of all files.
    pub fn as_one(&self) -> Manifest {
        Manifest {
            version: Manifest::VERSION,
            table: self.table.clone(),
            key: self.key.clone(),
            format: self.format,
            compression: self.compression,
            digest: self.digest,
            file_bytes: self.file_bytes,
            left_out: 0,
            approximated: 0,
        }
    }

    /// The archive in a folder; `None` if there is none that is complete.
    ///
    /// # Errors
    /// If it cannot be read, or is none of this version.
    pub async fn load(store: &dyn Store) -> Result<Option<Self>> {
        let address = format!("{}{ARCHIVE_NAME}", store.address());
        if store.state(ARCHIVE_NAME, None).await?.is_none() {
            return Ok(None);
        }
        let mut source = store.open(ARCHIVE_NAME, None).await?;
        let json = read_small(&mut *source, MOST_BYTES).await?;
        let archive: Self = serde_json::from_slice(&json)
            .map_err(|error| Error::Invalid(format!("reading {address}: it is no archive's: {error}")))?;
        if archive.version != Self::VERSION {
            return Err(Error::Invalid(format!(
                "reading {address}: version {} of archives is not known to this version of Holdfast; known is {}",
                archive.version,
                Self::VERSION
            )));
        }
        Ok(Some(archive))
    }

    /// Stores it, unless an earlier attempt did. Returns what is stored.
    ///
    /// # Errors
    /// `Unverified` if the folder has another archive.
    pub async fn store(self, store: &dyn Store) -> Result<Self> {
        if let Some(stored) = Self::load(store).await? {
            return self.same_as(stored, store);
        }
        let mut json = serde_json::to_vec_pretty(&self)
            .map_err(|error| Error::File(format!("writing {}{ARCHIVE_NAME}: {error}", store.address())))?;
        json.push(b'\n');
        let mut object = store.create(ARCHIVE_NAME, &BTreeMap::new(), json.len() as u64).await?;
        object.write(json.into()).await?;
        match object.finish().await {
            Ok(_) => Ok(self),
            Err(TransferError::Conflict(why)) => match Self::load(store).await? {
                Some(stored) => self.same_as(stored, store),
                None => Err(Error::Invalid(why)),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn same_as(self, stored: Self, store: &dyn Store) -> Result<Self> {
        if (stored.digest, &stored.files) == (self.digest, &self.files) {
            return Ok(stored);
        }
        Err(Error::Unverified(format!(
            "archiving to {}: the folder has another archive, of {}; this one is of {}. Start a new run.",
            store.address(),
            stored.digest,
            self.digest
        )))
    }
}
