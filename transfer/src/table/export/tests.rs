//! Exports that are interrupted, stopped and continued.
#![allow(clippy::unwrap_used)]

use std::future::{Future, poll_fn};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use super::super::compression::Decompressor;
use super::super::testing::items::items;
use super::super::testing::{FakeTable, Faults};
use super::super::tests::digest_of;
use super::super::{Digester, FileSink, MANIFEST_SUFFIX, PARTIAL, PARTIAL_PROGRESS, TableDigest, with_suffix};
use super::*;

fn reading(segments: Option<u32>, compression: Compression) -> Reading {
    Reading {
        content: Content::Lines {
            format: Format::DynamodbJson,
            compression,
            inexact: Inexact::LeaveOut,
        },
        segments,
        most_requests: 8,
        rate: None,
        consistent: true,
    }
}

async fn export_to(file: &Path, table: &Arc<FakeTable>, reading: &Reading) -> Result<Exported> {
    export_with(file, table, reading, Arc::default()).await
}

async fn export_with(
    file: &Path,
    table: &Arc<FakeTable>,
    reading: &Reading,
    progress: Arc<Progress>,
) -> Result<Exported> {
    let description = table.describe().await.unwrap();
    let sink = FileSink::create(file).await?.with_checkpoints_every(Duration::ZERO);
    export(Arc::clone(table), &description, reading, sink, progress).await
}

/// Drops an export after so many polls, as if its process were killed; `None` if it had not ended. One that has all items gets its
/// name: unlike a process, a dropped future does not end a system call that is under way.
async fn killed_after<F: Future>(mut polls: u32, progress: &Progress, all: u64, export: F) -> Option<F::Output> {
    let mut export = Box::pin(export);
    poll_fn(|context| {
        if polls == 0 && progress.counts().items < all {
            return Poll::Ready(None);
        }
        polls = polls.saturating_sub(1);
        export.as_mut().poll(context).map(Some)
    })
    .await
}

/// As a write that was under way when its process was killed.
fn tear(file: &Path, random: &mut fastrand::Rng) {
    let mut file = std::fs::File::options().append(true).open(file).unwrap();
    let torn: Vec<u8> = (0..random.usize(0..5_000)).map(|_| random.u8(..)).collect();
    file.write_all(&torn).unwrap();
}

/// Of the lines that are in a file.
fn digest_of_file(file: &Path, compression: Compression) -> TableDigest {
    let mut decompressor = Decompressor::new(compression).unwrap();
    let mut text = decompressor.feed(&std::fs::read(file).unwrap()).unwrap();
    text.extend(decompressor.finish().unwrap());
    let mut digester = Digester::default();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        digester.add(&Format::DynamodbJson.read_line(line).unwrap());
    }
    digester.digest()
}

#[tokio::test]
async fn an_export_that_is_interrupted_at_a_hundred_points_is_the_same_as_one_that_was_not() {
    let all = items(2_000, 9);
    let source = Arc::new(FakeTable::with(all.clone(), Faults::default()));
    let expected = digest_of(&source).await;
    // Thousands of checkpoints are stored: in memory, where there is a file system in it.
    let memory = Path::new("/dev/shm");
    let root = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let directory = tempfile::tempdir_in(root).unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    let (mut interrupted, mut continued) = (0, 0);
    while interrupted < 100 {
        let compression = [Compression::None, Compression::Gzip, Compression::Zstd][random.usize(..3)];
        let reading = reading(Some(random.u32(1..6)), compression);
        let file = directory.path().join(format!("{interrupted}.json"));
        let exported = loop {
            let faults = Faults {
                dies_after: random.bool().then(|| random.u64(0..6)),
                throttled: 5,
                ..Faults::default()
            };
            let table = Arc::new(FakeTable::with(all.clone(), faults));
            let progress = Arc::new(Progress::default());
            let exporting = export_with(&file, &table, &reading, Arc::clone(&progress));
            match killed_after(random.u32(1..12), &progress, 2_000, exporting).await {
                Some(Ok(exported)) => break exported,
                ended => {
                    interrupted += 1;
                    let manifest = with_suffix(&file, MANIFEST_SUFFIX);
                    assert!(!file.exists() && !manifest.exists(), "{ended:?}");
                }
            }
            if with_suffix(&file, PARTIAL_PROGRESS).exists() {
                tear(&with_suffix(&file, PARTIAL), &mut random);
            }
        };
        assert_eq!(exported.digest, expected);
        assert_eq!(exported.file_bytes, std::fs::metadata(&file).unwrap().len());
        continued += u32::from(exported.continued_after > 0);
        assert_eq!(digest_of_file(&file, compression), expected);
        for left in [PARTIAL, PARTIAL_PROGRESS] {
            assert!(!with_suffix(&file, left).exists(), "{left} is left");
        }
        std::fs::remove_file(with_suffix(&file, MANIFEST_SUFFIX)).unwrap();
        std::fs::remove_file(&file).unwrap();
    }
    assert!(
        continued > 5,
        "only {continued} exports continued where an earlier try was interrupted"
    );
}

/// A directory with an export that was interrupted after some pages.
struct Interrupted {
    directory: tempfile::TempDir,
    table: Arc<FakeTable>,
}

impl Interrupted {
    async fn create() -> Self {
        let all = items(4_000, 9);
        let directory = tempfile::tempdir().unwrap();
        let faults = Faults {
            dies_after: Some(4),
            ..Faults::default()
        };
        let dying = Arc::new(FakeTable::with(all.clone(), faults));
        let interrupted = Self {
            directory,
            table: Arc::new(FakeTable::with(all, Faults::default())),
        };
        let ended = export_to(&interrupted.file(), &dying, &reading(None, Compression::None)).await;
        assert!(matches!(ended, Err(Error::Aws(_))));
        assert!(with_suffix(&interrupted.file(), PARTIAL_PROGRESS).exists());
        interrupted
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("a.json")
    }
}

#[tokio::test]
async fn only_the_same_export_is_continued() {
    let begun = Interrupted::create().await;
    let content = |name: &str| std::fs::read(with_suffix(&begun.file(), name)).unwrap();
    let before = (content(PARTIAL), content(PARTIAL_PROGRESS));
    let description = begun.table.describe().await.unwrap();
    let created_again = Description {
        id: "table-2".into(),
        ..description.clone()
    };
    let same = reading(None, Compression::None);
    let eventually = Reading {
        consistent: false,
        ..same.clone()
    };
    for (description, reading, why) in [
        (&created_again, &same, "created again"),
        (&description, &reading(None, Compression::Zstd), "with other options"),
        (&description, &eventually, "with other options"),
        (
            &description,
            &reading(Some(77), Compression::None),
            "leave their number out",
        ),
    ] {
        let sink = FileSink::create(begun.file()).await.unwrap();
        let ended = export(Arc::clone(&begun.table), description, reading, sink, Arc::default()).await;
        assert!(
            matches!(&ended, Err(Error::Invalid(said)) if said.contains(why)),
            "{why}: {ended:?}"
        );
    }
    assert_eq!(
        before,
        (content(PARTIAL), content(PARTIAL_PROGRESS)),
        "what was refused lost the place of the export"
    );
    let exported = export_to(&begun.file(), &begun.table, &same).await.unwrap();
    assert!(exported.continued_after > 0 && exported.digest == digest_of(&begun.table).await);
}

#[tokio::test]
async fn a_partial_file_that_lost_its_end_is_begun_again() {
    let begun = Interrupted::create().await;
    let partial = std::fs::File::options()
        .write(true)
        .open(with_suffix(&begun.file(), PARTIAL))
        .unwrap();
    partial.set_len(partial.metadata().unwrap().len() - 1).unwrap();
    drop(partial);
    let exported = export_to(&begun.file(), &begun.table, &reading(None, Compression::None))
        .await
        .unwrap();
    assert_eq!(
        (exported.continued_after, exported.digest),
        (0, digest_of(&begun.table).await)
    );
}

/// A sink that says when it has been discarded.
struct Discarded(Arc<Mutex<Vec<&'static str>>>);

impl Sink for Discarded {
    async fn write(&mut self, _: Vec<u8>) -> Result<()> {
        self.0.lock().unwrap().push("written");
        std::future::pending().await
    }

    async fn finish(self, _: &Manifest) -> Result<()> {
        self.0.lock().unwrap().push("finished");
        Ok(())
    }

    async fn discard(self) -> Result<()> {
        tokio::task::yield_now().await;
        self.0.lock().unwrap().push("discarded");
        Ok(())
    }
}

#[tokio::test]
async fn an_export_that_fails_or_is_stopped_returns_when_its_sink_is_discarded() {
    let description = FakeTable::new(Faults::default(), 1).describe().await.unwrap();
    for dies in [true, false] {
        let faults = Faults {
            dies_after: dies.then_some(0),
            ..Faults::default()
        };
        let table = Arc::new(FakeTable::with(items(100, 1), faults));
        let (seen, progress) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(Progress::default()));
        let (sink, reading) = (Discarded(Arc::clone(&seen)), reading(Some(2), Compression::None));
        let exporting = export(table, &description, &reading, sink, Arc::clone(&progress));
        let stopping = async {
            while !dies && seen.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            if !dies {
                progress.stop();
            }
        };
        let (ended, ()) = tokio::join!(exporting, stopping);
        let error = ended.unwrap_err();
        assert_eq!(matches!(error, Error::Stopped), !dies, "{error}");
        assert_eq!(seen.lock().unwrap().last(), Some(&"discarded"));
    }
}
