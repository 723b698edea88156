//! From a table to a file and back, with generated items, faults and interruptions.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::testing::items::{attributes, items, value};
use super::testing::{FakeTable, Faults, import_into};
use super::*;

const LINES: Content = Content::Lines {
    format: Format::DynamodbJson,
    compression: Compression::None,
    inexact: Inexact::LeaveOut,
};

fn reading(content: Content, segments: u32) -> Reading {
    Reading {
        content,
        segments: Some(segments),
        most_requests: 8,
        rate: None,
        consistent: true,
    }
}

async fn export_to(file: &Path, table: &Arc<FakeTable>, content: Content, segments: u32) -> Result<Exported> {
    let description = table.describe().await.unwrap();
    let sink = FileSink::create(file).await?;
    export(
        Arc::clone(table),
        &description,
        &reading(content, segments),
        sink,
        Arc::default(),
    )
    .await
}

pub(super) async fn digest_of(table: &Arc<FakeTable>) -> TableDigest {
    let description = table.describe().await.unwrap();
    let exported = export(
        Arc::clone(table),
        &description,
        &reading(Content::Digest, 3),
        NoSink,
        Arc::default(),
    )
    .await;
    exported.unwrap().digest
}

async fn import_from(file: &Path, table: &Arc<FakeTable>) -> Result<Imported> {
    let name = file.file_name().unwrap().to_str().unwrap();
    let manifest = std::fs::read(with_suffix(file, MANIFEST_SUFFIX)).ok();
    let source = Source {
        name: name.to_owned(),
        bytes: std::fs::metadata(file).unwrap().len(),
        version: "1".into(),
        file: FileParts::new(name, tokio::fs::File::open(file).await.unwrap()),
        manifest: manifest.map(|json| Manifest::parse(&json, name).unwrap()),
    };
    let files = SideFiles {
        rejected: with_suffix(file, ".rejected"),
        checkpoint: with_suffix(file, ".checkpoint"),
    };
    let description = table.describe().await.unwrap();
    import_into(table, &description, None, source, &files).await
}

/// 10,000 items of every type, up to 400 KB and nested 32 deep, through every compression and with every fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_the_same_after_its_export_and_import() {
    let faults = Faults {
        throttled: 5,
        unavailable: 2,
        lost: 2,
        unprocessed: 5,
        ..Faults::default()
    };
    let source = Arc::new(FakeTable::with(items(10_000, 7), faults));
    let directory = tempfile::tempdir().unwrap();
    for (compression, name) in [
        (Compression::None, "a.json"),
        (Compression::Gzip, "a.json.gz"),
        (Compression::Zstd, "a.json.zst"),
    ] {
        let file = directory.path().join(name);
        let content = Content::Lines {
            format: Format::DynamodbJson,
            compression,
            inexact: Inexact::LeaveOut,
        };
        let exported = export_to(&file, &source, content, 5).await.unwrap();
        let copy = Arc::new(FakeTable::new(faults, 2));
        let imported = import_from(&file, &copy).await.unwrap();
        assert_eq!((imported.rejected, imported.verified), (0, true));
        assert_eq!(imported.digest, exported.digest);
        assert_eq!(digest_of(&copy).await, exported.digest);
        assert_eq!(exported.digest.items, 10_000);
        let (there, here) = (source.items(), copy.items());
        assert!(there.keys().eq(here.keys()));
        for (one, other) in there.values().zip(here.values()) {
            assert_eq!(digest_of_item(one), digest_of_item(other));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_interrupted_at_a_hundred_points_ends_with_the_same_table() {
    let source = Arc::new(FakeTable::with(items(2_500, 9), Faults::default()));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.json.zst");
    let content = Content::Lines {
        format: Format::DynamodbJson,
        compression: Compression::Zstd,
        inexact: Inexact::LeaveOut,
    };
    let exported = export_to(&file, &source, content, 2).await.unwrap();
    let (mut interrupted, mut continued, mut seed) = (0, 0, 0);
    while interrupted < 100 {
        let mut kept = Vec::new();
        loop {
            seed += 1;
            let dies_after = Some(fastrand::Rng::with_seed(seed).u64(1..40));
            let table = FakeTable::with(
                kept,
                Faults {
                    dies_after,
                    unprocessed: 3,
                    ..Faults::default()
                },
            );
            let table = Arc::new(table);
            let ended = import_from(&file, &table).await;
            kept = table.items().into_values().collect();
            match ended {
                Ok(imported) => {
                    continued += u64::from(imported.continued_after.is_some());
                    assert_eq!(imported.digest, exported.digest);
                    break;
                }
                Err(_) => interrupted += 1,
            }
        }
        assert_eq!(
            digest_of(&Arc::new(FakeTable::with(kept, Faults::default()))).await,
            exported.digest
        );
    }
    assert!(
        continued > 0,
        "no import continued where an earlier one was interrupted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_leaves_no_file_with_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let all = items(3_000, 3);
    for dies_after in 0..6 {
        let source = Arc::new(FakeTable::with(
            all.clone(),
            Faults {
                dies_after: Some(dies_after),
                ..Faults::default()
            },
        ));
        let file = directory.path().join(format!("{dies_after}.json"));
        export_to(&file, &source, LINES, 4).await.unwrap_err();
        assert!(!file.exists() && !with_suffix(&file, MANIFEST_SUFFIX).exists());
    }
}

#[tokio::test]
async fn an_export_replaces_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.json");
    std::fs::write(&file, "precious").unwrap();
    let source = Arc::new(FakeTable::with(items(3, 3), Faults::default()));
    assert!(matches!(export_to(&file, &source, LINES, 1).await, Err(Error::Invalid(why)) if why.contains("exists")));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[tokio::test]
async fn a_file_that_appears_during_an_export_keeps_its_manifest() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.json");
    let source = Arc::new(FakeTable::with(items(3, 3), Faults::default()));
    let description = source.describe().await.unwrap();
    let sink = FileSink::create(&file).await.unwrap();
    let manifest = with_suffix(&file, MANIFEST_SUFFIX);
    std::fs::write(&file, "precious").unwrap();
    std::fs::write(&manifest, "its manifest").unwrap();
    let ended = export(source, &description, &reading(LINES, 1), sink, Arc::default()).await;
    assert!(matches!(ended, Err(Error::Invalid(why)) if why.contains("exists")));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), "its manifest");
}

#[tokio::test]
async fn segments_on_many_machines_have_the_digest_of_the_table() {
    let source = Arc::new(FakeTable::with(items(1_000, 5), Faults::default()));
    let description = source.describe().await.unwrap();
    let mut merged = Exported::default();
    for number in 0..7 {
        let segment = Segment { number, total: 7 };
        let table = Arc::clone(&source);
        let part = export_segment(table, &description, &reading(LINES, 7), segment, NoSink, Arc::default()).await;
        let json = serde_json::to_string(&part.unwrap()).unwrap();
        merged.merge(serde_json::from_str(&json).unwrap());
    }
    assert_eq!(merged.digest, digest_of(&source).await);
}

#[tokio::test]
async fn plain_json_leaves_out_what_it_cannot_represent_unless_it_may_approximate() {
    let source = Arc::new(FakeTable::with(items(1_000, 11), Faults::default()));
    let inexact = source
        .items()
        .values()
        .filter(|item| !Format::Jsonl.inexact(item).is_empty())
        .count() as u64;
    assert!(inexact > 100 && inexact < 1_000, "{inexact}");
    let directory = tempfile::tempdir().unwrap();
    for (how, items) in [(Inexact::LeaveOut, 1_000 - inexact), (Inexact::Approximate, 1_000)] {
        let file = directory.path().join(format!("{how:?}.jsonl"));
        let content = Content::Lines {
            format: Format::Jsonl,
            compression: Compression::None,
            inexact: how,
        };
        let exported = export_to(&file, &source, content, 1).await.unwrap();
        assert_eq!((exported.inexact_items, exported.digest.items), (inexact, items));
        assert!(exported.inexact[0].key.contains("item-") && !exported.inexact[0].reasons.is_empty());
        let copy = Arc::new(FakeTable::new(Faults::default(), 1));
        let imported = import_from(&file, &copy).await.unwrap();
        // In base64, the two items with 380 KB of binary are too large.
        let too_large = if how == Inexact::Approximate { 2 } else { 0 };
        assert_eq!(imported.rejected, too_large);
        assert_eq!(copy.items().len() as u64, items - too_large);
        if how == Inexact::LeaveOut {
            assert_eq!(digest_of(&copy).await, exported.digest, "what is in the file is exact");
        }
    }
}

fn digest_of_item(item: &Item) -> TableDigest {
    let mut digester = Digester::default();
    digester.add(item);
    digester.digest()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_item_is_the_same_after_its_line(item in attributes()) {
        let mut line = Vec::new();
        Format::DynamodbJson.write_line(&item, &mut line).unwrap();
        prop_assert_eq!(&Format::DynamodbJson.read_line(line.trim_ascii_end()).unwrap(), &item);
        if Format::Jsonl.inexact(&item).is_empty() {
            let mut line = Vec::new();
            Format::Jsonl.write_line(&item, &mut line).unwrap();
            let read = Format::Jsonl.read_line(line.trim_ascii_end()).unwrap();
            prop_assert_eq!(digest_of_item(&read), digest_of_item(&item));
        }
    }

    /// Of a line that is an item after the change.
    #[test]
    fn one_changed_byte_changes_the_digest_or_the_value_is_the_same(item in attributes(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut line = Vec::new();
        Format::DynamodbJson.write_line(&item, &mut line).unwrap();
        let place = at.index(line.len() - 1);
        prop_assume!(line[place] != to);
        line[place] = to;
        if let Ok(changed) = Format::DynamodbJson.read_line(&line) {
            let same_value = digest_of_item(&changed).sum == digest_of_item(&item).sum;
            let rewritten = |item: &Item| format!("{:?}", canonical(item));
            prop_assert_eq!(same_value, rewritten(&changed) == rewritten(&item));
        }
    }

    #[test]
    fn different_values_have_different_digests(one in value(), other in value()) {
        let of = |value: &Value| Item::from([("a".to_owned(), value.clone())]);
        let equal = format!("{:?}", canonical(&of(&one))) == format!("{:?}", canonical(&of(&other)));
        prop_assert_eq!(digest_of_item(&of(&one)).sum == digest_of_item(&of(&other)).sum, equal);
    }
}

/// An independent canonical form: texts, with numbers by value and sets in order.
fn canonical(item: &Item) -> Vec<(String, String)> {
    fn number(number: &Number) -> String {
        format!("{:?}", number.decimal())
    }
    fn sorted(mut members: Vec<String>) -> String {
        members.sort();
        format!("{members:?}")
    }
    fn of(value: &Value) -> String {
        let content = match value {
            Value::N(n) => number(n),
            Value::Ns(ns) => sorted(ns.iter().map(number).collect()),
            Value::Ss(texts) => sorted(texts.clone()),
            Value::Bs(blobs) => sorted(blobs.iter().map(|blob| format!("{blob:?}")).collect()),
            Value::L(elements) => format!("{:?}", elements.iter().map(of).collect::<Vec<_>>()),
            Value::M(members) => format!("{:?}", canonical(members)),
            other => format!("{other:?}"),
        };
        format!("{} {content}", value.type_name())
    }
    item.iter().map(|(name, value)| (name.clone(), of(value))).collect()
}
