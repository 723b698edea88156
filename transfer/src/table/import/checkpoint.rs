//! How far an import is, stored so that it continues there after an interruption.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::digest::TableDigest;
use super::super::error::{Error, Result};
use super::super::format::Format;
use super::super::sink::replace;
use super::lines::Position;

/// Everything before a position is in the table, or in the side file of rejected items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub version: u32,
    /// What is imported into what: a checkpoint of anything else is none.
    pub import: Identity,
    pub format: Format,
    pub position: Position,
    /// Of the items before the position.
    pub digest: TableDigest,
    /// Lines before the position that were rejected.
    pub rejected: u64,
}

/// A file as it was, and a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub file: String,
    pub file_bytes: u64,
    /// What changes with the file: the time of its last change, or an ETag.
    pub file_version: String,
    /// ARN.
    pub table: String,
    /// `TableId`: the items before the position are not in a table that was created again since.
    pub table_id: String,
}

impl Checkpoint {
    pub const VERSION: u32 = 2;

    /// The checkpoint of an earlier run of the same import; `None` if there is none.
    ///
    /// # Errors
    /// `Invalid` if there is one of another import, or of a file that was changed since: to continue would mix two imports.
    pub async fn load(name: &Path, import: &Identity) -> Result<Option<Self>> {
        let json = match tokio::fs::read(name).await {
            Ok(json) => json,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file("reading", name.display(), &error)),
        };
        let found: Option<Self> = serde_json::from_slice(&json).ok();
        match found {
            Some(found) if found.version == Self::VERSION && found.import == *import => Ok(Some(found)),
            _ => Err(Error::Invalid(format!(
                "continuing the import of {}: {} is from an import of another file, into another table, or the file was changed or \
                 the table created again since. Remove it to import the file from its beginning.",
                import.file,
                name.display()
            ))),
        }
    }

    /// # Errors
    /// If it cannot be written.
    pub async fn store(&self, name: &Path) -> Result<()> {
        replace(name, &serde_json::to_vec_pretty(self).unwrap_or_default()).await
    }

    /// # Errors
    /// If it cannot be removed.
    pub async fn remove(name: &Path) -> Result<()> {
        match tokio::fs::remove_file(name).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file("removing", name.display(), &error))
            }
            _ => Ok(()),
        }
    }
}
