#![allow(clippy::unwrap_used)]
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::store::{DirectoryStore, Store};
use crate::table::compression::{Compression, Compressor};
use crate::table::digest::{Digester, TableDigest};
use crate::table::testing::items::items;
use crate::table::testing::{FakeTable, Faults, import_into, key_schema};
use crate::table::*;

const EXPORT: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms/export/01795140961000-abcdef01";
const AS_OF: &str = "2026-11-20T02:15:00Z";

fn folder() -> (TempDir, Arc<dyn Store>) {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(DirectoryStore::new(directory.path()));
    (directory, store)
}

fn table(faults: Faults) -> Arc<FakeTable> {
    Arc::new(FakeTable::with(items(1_200, 13), faults))
}

fn digest_of(table: &FakeTable) -> TableDigest {
    let mut digester = Digester::default();
    table.items().values().for_each(|item| digester.add(item));
    digester.digest()
}

async fn scan_of(store: &Arc<dyn Store>, table: &FakeTable, parts: u32) -> ScanArchive {
    ScanArchive {
        store: Arc::clone(store),
        description: table.describe().await.unwrap(),
        as_of: AS_OF.parse().unwrap(),
        parts,
    }
}

/// Imports an archive into an empty table, which then has this digest.
async fn assert_imports(store: &Arc<dyn Store>, expected: TableDigest) {
    let copy = Arc::new(FakeTable::new(Faults::default(), 1));
    let beside = tempfile::tempdir().unwrap();
    let files = SideFiles {
        rejected: beside.path().join("rejected"),
        checkpoint: beside.path().join("checkpoint"),
    };
    let description = copy.describe().await.unwrap();
    let source = ArchiveSource::open(Arc::clone(store)).await.unwrap();
    let imported = import_into(&copy, &description, None, source, &files).await.unwrap();
    assert_eq!((imported.digest, imported.verified), (expected, true));
    assert_eq!(digest_of(&copy), expected);
}

#[tokio::test]
async fn a_scanned_archive_has_every_item_in_one_part_or_many() {
    for parts in [1, 7] {
        let (_directory, store) = folder();
        let table = table(Faults {
            throttled: 10,
            unavailable: 5,
            ..Faults::default()
        });
        let archive = scan_of(&store, &table, parts).await;
        assert_eq!(archive.missing().await.unwrap(), (0..parts).collect::<Vec<_>>());
        for part in (0..parts).rev() {
            archive.write_part(Arc::clone(&table), part, None).await.unwrap();
        }
        assert!(archive.missing().await.unwrap().is_empty());
        let written = archive.finish().await.unwrap();
        assert_eq!(written.digest, digest_of(&table));
        assert_eq!(written.files.len(), parts as usize);
        assert_eq!(ArchiveManifest::load(&*store).await.unwrap().unwrap(), written);
        // Again: nothing is read or written a second time.
        let requests = table.requests();
        archive.write_part(Arc::clone(&table), 0, None).await.unwrap();
        assert_eq!(archive.finish().await.unwrap(), written);
        assert_eq!(table.requests(), requests);
        assert_imports(&store, written.digest).await;
    }
}

#[tokio::test]
async fn a_part_that_was_written_but_not_read_back_is_read_back_and_not_written_again() {
    let (directory, store) = folder();
    let table = table(Faults::default());
    let archive = scan_of(&store, &table, 2).await;
    archive.write_part(Arc::clone(&table), 1, None).await.unwrap();
    std::fs::remove_file(directory.path().join("verified-0001.json")).unwrap();
    let requests = table.requests();
    archive.write_part(Arc::clone(&table), 1, None).await.unwrap();
    assert_eq!(table.requests(), requests);
    assert_eq!(archive.missing().await.unwrap(), [0]);
    // An incomplete archive is none.
    let error = archive.finish().await.unwrap_err();
    assert!(
        matches!(&error, Error::Unverified(why) if why.contains("part 0")),
        "{error}"
    );
    assert!(matches!(
        ArchiveSource::open(Arc::clone(&store)).await,
        Err(Error::NotFound(_))
    ));
    let error = archive.write_part(table, 2, None).await.unwrap_err();
    assert!(
        matches!(&error, Error::Invalid(why) if why.contains("0 to 1")),
        "{error}"
    );
}

#[tokio::test]
async fn of_two_attempts_at_once_none_fails_for_good() {
    let table = table(Faults::default());
    let (_elsewhere, other) = folder();
    let alone = scan_of(&other, &table, 1).await;
    alone.write_part(Arc::clone(&table), 0, None).await.unwrap();
    let requests = table.requests();
    let (_directory, store) = folder();
    let archive = scan_of(&store, &table, 1).await;
    let attempt = || archive.write_part(Arc::clone(&table), 0, None);
    let (first, second) = tokio::join!(attempt(), attempt());
    assert_eq!(table.requests(), 3 * requests, "both scanned the table");
    for attempt in [first, second] {
        // Its manifest may still be on the way: such an attempt is made again.
        assert!(matches!(attempt, Ok(()) | Err(Error::Aws(_))), "{attempt:?}");
    }
    attempt().await.unwrap();
    assert_eq!(archive.finish().await.unwrap().digest, digest_of(&table));
}

/// Replaces bytes in the middle of a file.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8].fill(0x55);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_file_that_is_damaged_after_it_was_written_is_noticed_when_it_is_read_back() {
    let (directory, store) = folder();
    let table = table(Faults::default());
    let archive = scan_of(&store, &table, 1).await;
    archive.write_part(Arc::clone(&table), 0, None).await.unwrap();
    std::fs::remove_file(directory.path().join("verified-0000.json")).unwrap();
    damage(&directory.path().join("items-0000.json.zst"));
    let error = archive.write_part(table, 0, None).await.unwrap_err();
    assert!(matches!(error, Error::Unverified(_)), "{error}");
    assert_eq!(archive.missing().await.unwrap(), [0]);
}

/// Writes an export of a table as DynamoDB does, with an empty file for an empty partition. Keys have the archive's prefix, or not.
fn export(directory: &Path, table: &FakeTable, prefix: &str) {
    let folder = directory.join("AWSDynamoDB/01795140961000-abcdef01");
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let all: Vec<Item> = table.items().into_values().collect();
    let mut compressor = Compressor::new(Compression::Gzip).unwrap();
    let mut manifest = String::new();
    for (number, items) in [&all[..500], &[], &all[500..]].iter().enumerate() {
        let mut lines = Vec::new();
        items
            .iter()
            .for_each(|item| Format::DynamodbJson.write_line(item, &mut lines).unwrap());
        let name = format!("data/file{number}.json.gz");
        std::fs::write(folder.join(&name), compressor.compress(lines).unwrap()).unwrap();
        manifest += &format!(
            "{{\"itemCount\":{},\"md5Checksum\":\"sQMSpEILNgoQmarvDFonGQ==\",\"etag\":\"af83d6f217c19b8b0fff8023d8ca4716-1\",\
             \"dataFileS3Key\":\"{prefix}AWSDynamoDB/01795140961000-abcdef01/{name}\"}}\n",
            items.len()
        );
    }
    std::fs::write(folder.join("manifest-files.json"), manifest).unwrap();
    let summary = format!(
        r#"{{"version":"2020-06-30","exportArn":"{EXPORT}","startTime":"{AS_OF}","endTime":"{AS_OF}","tableArn":"arn:aws:dynamodb:eu-west-1:111122223333:table/rooms",
        "tableId":"12345a12-abcd-123a-ab12-1234abc12345","exportTime":"{AS_OF}","s3Bucket":"bucket","s3Prefix":"p","s3SseAlgorithm":"AES256",
        "s3SseKmsKeyId":null,"manifestFilesS3Key":"manifest-files.json","billedSizeBytes":4096,"itemCount":{},"outputFormat":"DYNAMODB_JSON"}}"#,
        all.len()
    );
    std::fs::write(folder.join("manifest-summary.json"), summary).unwrap();
}

#[tokio::test]
async fn an_export_of_dynamodbs_is_read_back_and_can_be_imported_with_the_tables_digest() {
    for (prefix, parts) in [("", 1), ("tables/hubs/rooms/hubs-1/", 2)] {
        let (directory, store) = folder();
        let table = table(Faults::default());
        export(directory.path(), &table, prefix);
        let archive = NativeArchive::open(Arc::clone(&store), EXPORT).await.unwrap();
        assert_eq!((archive.files(), archive.bytes()), (3, 4096));
        for part in archive.missing(parts).await.unwrap() {
            archive.read_back_part(part, parts).await.unwrap();
        }
        let written = archive.finish(key_schema(), parts).await.unwrap();
        assert_eq!(written.digest, digest_of(&table));
        assert_eq!(archive.finish(key_schema(), parts).await.unwrap(), written);
        assert_imports(&store, written.digest).await;
        std::fs::write(directory.path().join(&written.files[0].name), b"").unwrap();
        assert!(matches!(
            ArchiveSource::open(Arc::clone(&store)).await,
            Err(Error::Unverified(_))
        ));
    }
}

#[tokio::test]
async fn an_export_with_another_number_of_items_than_its_manifests_say_is_not_accepted() {
    let (directory, store) = folder();
    let table = table(Faults::default());
    export(directory.path(), &table, "");
    let folder = directory.path().join("AWSDynamoDB/01795140961000-abcdef01");
    let change = |name: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.contains(from));
        std::fs::write(folder.join(name), text.replacen(from, to, 1)).unwrap();
    };
    change("manifest-files.json", "\"itemCount\":500", "\"itemCount\":501");
    let archive = NativeArchive::open(Arc::clone(&store), EXPORT).await.unwrap();
    let error = archive.read_back_part(0, 1).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unverified(why) if why.contains("501")),
        "{error}"
    );
    change("manifest-files.json", "\"itemCount\":501", "\"itemCount\":500");
    change("manifest-summary.json", "\"itemCount\":1200", "\"itemCount\":1201");
    let archive = NativeArchive::open(Arc::clone(&store), EXPORT).await.unwrap();
    archive.read_back_part(0, 1).await.unwrap();
    let error = archive.finish(key_schema(), 1).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unverified(why) if why.contains("1201")),
        "{error}"
    );
    assert!(
        NativeArchive::open(store, "arn:aws:dynamodb:eu-west-1:1:table/rooms")
            .await
            .is_err()
    );
}
