//! An archive that is written by scanning the table: a file for each part.

use std::sync::Arc;

use jiff::Timestamp;

use super::manifest::{ArchiveManifest, ArchiveMethod};
use super::read_back::read_back;
use super::results::{self, PartResult};
use crate::store::Store;
use crate::table::compression::Compression;
use crate::table::encode::{Content, Inexact};
use crate::table::error::{Error, Result};
use crate::table::export::{Reading, Segment, export, export_segment};
use crate::table::format::Format;
use crate::table::object::{ObjectSink, manifest_of};
use crate::table::port::{Description, Table};

const FORMAT: Format = Format::DynamodbJson;
const COMPRESSION: Compression = Compression::Zstd;

/// An archive in a folder of its own.
pub struct ScanArchive {
    pub store: Arc<dyn Store>,
    pub description: Description,
    /// When its scan began.
    pub as_of: Timestamp,
    /// Of the scan: with one part, the whole table is read in many segments at once.
    pub parts: u32,
}

impl ScanArchive {
    /// The parts that are not read back yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn missing(&self) -> Result<Vec<u32>> {
        results::missing(&*self.store, self.parts).await
    }

    /// Writes a part and reads it back. What an earlier attempt finished is not written again.
    ///
    /// # Errors
    /// If the table cannot be read or the part not written; `Unverified` if what is read back is not what was written.
    pub async fn write_part<T: Table>(&self, table: Arc<T>, part: u32, rate: Option<f64>) -> Result<()> {
        let store = &*self.store;
        if part >= self.parts {
            return Err(Error::Invalid(format!(
                "archiving part {part}: allowed are 0 to {}",
                self.parts.saturating_sub(1)
            )));
        }
        if results::load(store, part).await?.is_some() {
            return Ok(());
        }
        let name = format!("items-{part:04}.json.zst");
        if store.state(&name, None).await?.is_none()
            && let Err(error) = self.scan(table, part, &name, rate).await
            // Another attempt may have completed it meanwhile.
            && store.state(&name, None).await?.is_none()
        {
            return Err(error);
        }
        let address = format!("{}{name}", store.address());
        let manifest = manifest_of(store, &name).await?;
        let manifest = manifest.ok_or_else(|| {
            Error::Aws(format!(
                "reading back {address}: it has no manifest yet. If this stays so, the attempt that wrote it was killed: back up again"
            ))
        })?;
        let (digest, bytes) = read_back(store, &name, FORMAT).await?;
        manifest.verify(&digest, &address)?;
        let mut result = PartResult::default();
        result.add(&name, &digest, bytes);
        results::save(store, part, &result).await
    }

    async fn scan<T: Table>(&self, table: Arc<T>, part: u32, name: &str, rate: Option<f64>) -> Result<()> {
        let reading = Reading {
            content: Content::Lines {
                format: FORMAT,
                compression: COMPRESSION,
                inexact: Inexact::LeaveOut,
            },
            segments: None,
            most_requests: 16,
            rate,
            consistent: true,
        };
        let estimate = self.description.bytes / u64::from(self.parts);
        let sink = ObjectSink::create(Arc::clone(&self.store), name, estimate).await?;
        let progress = Arc::default();
        match self.parts {
            1 => export(table, &self.description, &reading, sink, progress).await?,
            total => {
                let segment = Segment { number: part, total };
                export_segment(table, &self.description, &reading, segment, sink, progress).await?
            }
        };
        Ok(())
    }

    /// Completes the archive once no part is missing.
    ///
    /// # Errors
    /// `Unverified` if one is.
    pub async fn finish(&self) -> Result<ArchiveManifest> {
        let all = results::all(&*self.store, self.parts).await?;
        let archive = ArchiveManifest {
            version: ArchiveManifest::VERSION,
            table: self.description.arn.clone(),
            key: self.description.key.clone(),
            method: ArchiveMethod::Scan,
            as_of: self.as_of,
            format: FORMAT,
            compression: COMPRESSION,
            digest: all.digest,
            file_bytes: all.file_bytes,
            files: all.files,
        };
        archive.store(&*self.store).await
    }
}
