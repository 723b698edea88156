//! An archive that DynamoDB wrote (`ExportTableToPointInTime`), in `AWSDynamoDB/<export id>/` of the archive's folder:
//! `manifest-summary.json`, `manifest-files.json` with a line for each file, and gzip files of `{"Item": …}` lines
//! (Developer Guide, "DynamoDB table export output format").

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::manifest::{ArchiveManifest, ArchiveMethod};
use super::read_back::read_back;
use super::results::{self, PartResult};
use crate::store::{Store, read_small};
use crate::table::compression::Compression;
use crate::table::error::{Error, Result};
use crate::table::format::Format;
use crate::table::key::KeySchema;

const FORMAT: Format = Format::DynamodbJson;
/// Some 250 bytes for each file.
const MOST_MANIFEST_BYTES: usize = 64 << 20;

/// The folder of an export, by its ARN.
pub fn folder_of_export(arn: &str) -> Option<String> {
    let (_, id) = arn.rsplit_once("/export/")?;
    (!id.is_empty()).then(|| format!("AWSDynamoDB/{id}/"))
}

/// A completed export.
pub struct NativeArchive {
    store: Arc<dyn Store>,
    summary: Summary,
    files: Vec<DataFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    table_arn: String,
    export_time: Timestamp,
    item_count: u64,
    billed_size_bytes: u64,
    output_format: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataFile {
    item_count: u64,
    data_file_s3_key: String,
}

impl NativeArchive {
    /// Reads the manifests of an export, by its ARN. `store` is the archive's folder: the export's `S3Prefix`.
    ///
    /// # Errors
    /// If a manifest is missing or not one of DynamoDB's.
    pub async fn open(store: Arc<dyn Store>, export: &str) -> Result<Self> {
        let folder = folder_of_export(export)
            .ok_or_else(|| Error::Invalid(format!("reading export {export}: it is no ARN of an export")))?;
        let name = format!("{folder}manifest-summary.json");
        let unreadable = |name: &str, error: &serde_json::Error| {
            Error::Unverified(format!(
                "reading {}{name}: it is no manifest of DynamoDB's: {error}",
                store.address()
            ))
        };
        let summary: Summary =
            serde_json::from_slice(&small(&*store, &name).await?).map_err(|error| unreadable(&name, &error))?;
        if summary.output_format != "DYNAMODB_JSON" {
            return Err(Error::Invalid(format!(
                "reading {}{name}: its format is {}; expected DYNAMODB_JSON",
                store.address(),
                summary.output_format
            )));
        }
        let name = format!("{folder}manifest-files.json");
        let lines = small(&*store, &name).await?;
        let mut files = serde_json::Deserializer::from_slice(&lines)
            .into_iter()
            .collect::<std::result::Result<Vec<DataFile>, _>>()
            .map_err(|error| unreadable(&name, &error))?;
        for file in &mut files {
            // The key in the bucket, with or without the prefix.
            let base = file.data_file_s3_key.rsplit_once('/').map_or("", |(_, base)| base);
            file.data_file_s3_key = format!("{folder}data/{base}");
        }
        Ok(Self { store, summary, files })
    }

    /// Of the table, as DynamoDB charges for them.
    pub fn bytes(&self) -> u64 {
        self.summary.billed_size_bytes
    }

    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// The parts that are not read back yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn missing(&self, parts: u32) -> Result<Vec<u32>> {
        results::missing(&*self.store, parts).await
    }

    /// Reads a part's files back, and counts their items.
    ///
    /// # Errors
    /// `Unverified` for a file that is damaged, or has another number of items than DynamoDB says.
    pub async fn read_back_part(&self, part: u32, parts: u32) -> Result<()> {
        if results::load(&*self.store, part).await?.is_some() {
            return Ok(());
        }
        let mut result = PartResult::default();
        for file in self.files.iter().skip(part as usize).step_by(parts.max(1) as usize) {
            let name = &file.data_file_s3_key;
            let (digest, bytes) = read_back(&*self.store, name, FORMAT).await?;
            self.ensure_items(name, digest.items, file.item_count)?;
            result.add(name, &digest, bytes);
        }
        results::save(&*self.store, part, &result).await
    }

    /// Completes the archive once no part is missing. `key` is the table's.
    ///
    /// # Errors
    /// `Unverified` if one is, or if the export has another number of items than DynamoDB says.
    pub async fn finish(&self, key: KeySchema, parts: u32) -> Result<ArchiveManifest> {
        let all = results::all(&*self.store, parts).await?;
        if all.files.len() != self.files.len() {
            return Err(Error::Unverified(format!(
                "reading back the export in {}: {} of its {} files were read. Start a new run.",
                self.store.address(),
                all.files.len(),
                self.files.len()
            )));
        }
        self.ensure_items("the export", all.digest.items, self.summary.item_count)?;
        let archive = ArchiveManifest {
            version: ArchiveManifest::VERSION,
            table: self.summary.table_arn.clone(),
            key,
            method: ArchiveMethod::Export,
            as_of: self.summary.export_time,
            format: FORMAT,
            compression: Compression::Gzip,
            digest: all.digest,
            file_bytes: all.file_bytes,
            files: all.files,
        };
        archive.store(&*self.store).await
    }

    fn ensure_items(&self, what: &str, read: u64, said: u64) -> Result<()> {
        if read == said {
            return Ok(());
        }
        Err(Error::Unverified(format!(
            "reading back {what} in {}: it has {read} items, and DynamoDB's manifest says {said}. Start a new run.",
            self.store.address()
        )))
    }
}

async fn small(store: &dyn Store, name: &str) -> Result<Vec<u8>> {
    let mut source = store.open(name, None).await?;
    Ok(read_small(&mut *source, MOST_MANIFEST_BYTES).await?)
}
