//! What a complete export contains: a small file beside it, `<file>.manifest.json`.
//!
//! A file's manifest is in its place before the file has its name, an object's after the object exists; either has its name only once it
//! is complete. An import compares what it
//! read with the manifest before it reports success, so a file that was cut off or changed later is noticed, too.

use serde::{Deserialize, Serialize};

use super::compression::Compression;
use super::digest::TableDigest;
use super::error::{Error, Result};
use super::format::Format;
use super::key::KeySchema;

pub const SUFFIX: &str = ".manifest.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub version: u32,
    /// ARN of the exported table.
    pub table: String,
    pub key: KeySchema,
    pub format: Format,
    pub compression: Compression,
    /// Of the items in the file.
    #[serde(flatten)]
    pub digest: TableDigest,
    /// Size of the file as it is stored.
    pub file_bytes: u64,
    /// Items of the table that the format cannot represent exactly, and that are therefore not in the file.
    pub left_out: u64,
    /// Items that are in the file only approximately.
    pub approximated: u64,
}

impl Manifest {
    pub const VERSION: u32 = 1;

    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// # Errors
    /// `Invalid` if it is none, or of a later version.
    pub fn parse(json: &[u8], name: &str) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(json)
            .map_err(|error| Error::Invalid(format!("reading {name}: it is not the manifest of an export: {error}")))?;
        if manifest.version != Self::VERSION {
            return Err(Error::Invalid(format!(
                "reading {name}: version {} of manifests is not known to this version of Holdfast; known is {}",
                manifest.version,
                Self::VERSION
            )));
        }
        Ok(manifest)
    }

    /// Compares what was read with what was written. A digest is of the items as they are in the table, so that an item which the
    /// file has only approximately has another one.
    ///
    /// # Errors
    /// `Unverified` with both.
    pub fn verify(&self, read: &TableDigest, name: &str) -> Result<()> {
        let same = if self.approximated > 0 {
            read.items == self.digest.items
        } else {
            *read == self.digest
        };
        if same {
            return Ok(());
        }
        Err(Error::Unverified(format!(
            "verifying {name}: it is not complete, or was changed after its export. It has {read}; exported were {}. \
             Export the table again, or take another copy of the file.",
            self.digest
        )))
    }
}
