//! The results of an archive's parts, which are read back on many machines: a small object for each in the archive's folder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::manifest::ArchivedFile;
use crate::error::TransferError;
use crate::store::{Store, read_small};
use crate::table::digest::TableDigest;
use crate::table::error::{Error, Result};

/// Some 100 bytes for each file.
const MOST_BYTES: usize = 16 << 20;

/// What was read back of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartResult {
    #[serde(flatten)]
    pub digest: TableDigest,
    /// As they are stored.
    pub file_bytes: u64,
    pub files: Vec<ArchivedFile>,
}

impl PartResult {
    /// Adds a file that was read back.
    pub fn add(&mut self, name: &str, digest: &TableDigest, bytes: u64) {
        self.digest.merge(digest);
        self.file_bytes += bytes;
        self.files.push(ArchivedFile {
            name: name.to_owned(),
            items: digest.items,
            bytes,
        });
    }

    /// Adds another part.
    pub fn merge(&mut self, other: PartResult) {
        self.digest.merge(&other.digest);
        self.file_bytes += other.file_bytes;
        self.files.extend(other.files);
    }
}

/// The object with the result of a part.
fn name(part: u32) -> String {
    format!("verified-{part:04}.json")
}

/// The parts of which there is no result yet.
pub async fn missing(store: &dyn Store, parts: u32) -> Result<Vec<u32>> {
    let mut missing = Vec::new();
    for part in 0..parts {
        if store.state(&name(part), None).await?.is_none() {
            missing.push(part);
        }
    }
    Ok(missing)
}

/// The result of a part; `None` until it was stored.
pub async fn load(store: &dyn Store, part: u32) -> Result<Option<PartResult>> {
    let name = name(part);
    if store.state(&name, None).await?.is_none() {
        return Ok(None);
    }
    let mut source = store.open(&name, None).await?;
    let json = read_small(&mut *source, MOST_BYTES).await?;
    let read = serde_json::from_slice(&json);
    read.map(Some).map_err(|error| {
        Error::Unverified(format!(
            "reading {}{name}: it is no part's result: {error}",
            store.address()
        ))
    })
}

/// Stores the result of a part. One that another attempt stored meanwhile stays: it is of the same files.
pub async fn save(store: &dyn Store, part: u32, result: &PartResult) -> Result<()> {
    let name = name(part);
    let json = serde_json::to_vec(result)
        .map_err(|error| Error::File(format!("writing {}{name}: {error}", store.address())))?;
    let stored = async {
        let mut object = store.create(&name, &BTreeMap::new(), json.len() as u64).await?;
        object.write(json.into()).await?;
        object.finish().await
    };
    match stored.await {
        Ok(_) | Err(TransferError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// All parts together.
///
/// # Errors
/// `Unverified` if the result of one is missing.
pub async fn all(store: &dyn Store, parts: u32) -> Result<PartResult> {
    let mut all = PartResult::default();
    for part in 0..parts {
        let result = load(store, part).await?.ok_or_else(|| {
            Error::Unverified(format!(
                "archiving to {}: part {part} of {parts} was not read back. Start a new run.",
                store.address()
            ))
        })?;
        all.merge(result);
    }
    Ok(all)
}
