//! `holdfast table import`: the items of a file into a live table.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use holdfast_transfer::error::TransferError;
use holdfast_transfer::store::Store;
use holdfast_transfer::table::{
    self, ArchiveSource, FileParts, Imported, MANIFEST_SUFFIX, Manifest, ObjectParts, PARTIAL, Parts, Progress,
    SideFiles, Source, Writing, manifest_of, with_suffix,
};
use serde_json::json;
use tokio::fs::File;

use super::location::Location;
use super::opened::{Opened, failure};
use super::options::{self, Format};
use super::watching::{Whole, done, follow};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::{aws, clock, format, output};

const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(1);

/// Write the items of a file to a table: existing ones are replaced, missing ones created
///
/// Reads what `export` writes, what DynamoDB exports to S3, and the files of `cumulus-api backup`; gzip and zstd are recognized. Run it
/// again after an interruption: it continues. Items that the table does not accept are listed in FILE.TABLE.rejected with their line and the
/// reason; the others are written, and the exit code is 1.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file, or s3://BUCKET/KEY, one item a line; or s3://BUCKET/FOLDER/ of an archive that a backup wrote
    #[arg(value_name = "FILE")]
    file: Location,
    /// Name or ARN of the table, which must exist
    #[arg(long, value_name = "TABLE")]
    table: String,
    /// The format of the file [default: that of its manifest, or of its first line]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// At most so many write capacity units a second, so that the table's application is not starved
    #[arg(long, value_name = "UNITS", value_parser = options::rate)]
    rate: Option<f64>,
    /// At most so many requests at once; fewer while the table throttles
    #[arg(long, value_name = "COUNT", default_value_t = options::MOST_REQUESTS, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Where rejected items are listed [default: FILE.TABLE.rejected; for an object, in this directory]
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Where it is stored how far the import is [default: FILE.TABLE.progress; for an object, in this directory]
    #[arg(long, value_name = "FILE")]
    progress: Option<PathBuf>,
}

impl Import {
    pub async fn run(&self, global: &Global) -> Result<()> {
        match &self.file {
            Location::Pipe => Err(Failure::Wrong(
                "importing -: an import continues after an interruption, so it needs a file or an object that it can read again."
                    .to_owned(),
            )),
            Location::File(path) => {
                let source = self.local(path).await?;
                let opened = Opened::open(&aws::sdk_config(global).await?, &self.table).await?;
                self.import(opened, source, path, global).await
            }
            Location::Folder(folder) => {
                let config = aws::sdk_config(global).await?;
                let source = ArchiveSource::open(folder.store(&config)).await.map_err(failure)?;
                let opened = Opened::open(&config, &self.table).await?;
                self.import(opened, source, Path::new(folder.name()), global).await
            }
            Location::Object(object) => {
                let config = aws::sdk_config(global).await?;
                let source = self.stored(&*object.store(&config), &object.name).await?;
                let opened = Opened::open(&config, &self.table).await?;
                self.import(opened, source, Path::new(&object.name), global).await
            }
        }
    }

    /// `beside` is the name to which those of the side files are added.
    async fn import(&self, opened: Opened, source: Source<impl Parts>, beside: &Path, global: &Global) -> Result<()> {
        let Opened { table, description } = opened;
        let writing = Writing {
            format: self.format.map(Into::into),
            most_requests: self.concurrency.into(),
            rate: self.rate,
            between_checkpoints: BETWEEN_CHECKPOINTS,
        };
        let files = self.side_files(beside);
        let whole = Whole {
            total: source.bytes,
            done: |counts| counts.file_bytes,
        };
        let (progress, start) = (Arc::new(Progress::default()), clock::now());
        let work = table::import(table, &description, &writing, source, &files, Arc::clone(&progress));
        let stopped = "stopped: run the command again to continue near where it was.";
        let imported = follow(work, &progress, whole, stopped).await?;
        let seconds = format::seconds_between(start, clock::now());
        eprintln!("Wrote {}.", done(&progress.counts(), seconds));
        self.report(&imported, global.json)?;
        match imported.rejected {
            0 => Ok(()),
            count => Err(Failure::NotDone(format!(
                "importing {}: {} of the file rejected; {} has the line and the reason of each.",
                self.file,
                format::count(count as usize, "line"),
                files.rejected.display()
            ))),
        }
    }

    async fn local(&self, path: &Path) -> Result<Source<FileParts<File>>> {
        let name = path.display().to_string();
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::NotFound(format!("opening {name}: no such file")),
            _ => Failure::NotDone(format!("opening {name}: {error}")),
        };
        if name.ends_with(PARTIAL) {
            return Err(Failure::Wrong(format!(
                "importing {name}: it is what an interrupted export left, and not complete. Export the table again."
            )));
        }
        let file = File::open(path).await.map_err(failed)?;
        let about = file.metadata().await.map_err(failed)?;
        let changed = about.modified().ok();
        let changed = changed
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .unwrap_or_default();
        Ok(Source {
            bytes: about.len(),
            version: changed.as_nanos().to_string(),
            file: FileParts::new(&name, file),
            manifest: manifest(&with_suffix(path, MANIFEST_SUFFIX)).await?,
            name,
        })
    }

    async fn stored(&self, store: &dyn Store, name: &str) -> Result<Source<ObjectParts>> {
        let failed = |error: TransferError| failure(error.into());
        let Some(state) = store.state(name, None).await.map_err(failed)? else {
            return Err(Failure::NotFound(format!("opening {}: no such object", self.file)));
        };
        Ok(Source {
            name: self.file.to_string(),
            bytes: state.size,
            version: [state.etag, state.version.unwrap_or_default()].join(" "),
            manifest: manifest_of(store, name).await.map_err(failure)?,
            file: ObjectParts(store.open(name, None).await.map_err(failed)?),
        })
    }

    fn side_files(&self, file: &Path) -> SideFiles {
        let beside = |suffix: &str| with_suffix(file, suffix);
        // Of an ARN, its last part.
        let table = self.table.rsplit('/').next().unwrap_or(&self.table);
        SideFiles {
            rejected: self
                .rejected
                .clone()
                .unwrap_or_else(|| beside(&format!(".{table}.rejected"))),
            checkpoint: self
                .progress
                .clone()
                .unwrap_or_else(|| beside(&format!(".{table}.progress"))),
        }
    }

    fn report(&self, imported: &Imported, as_json: bool) -> Result<()> {
        if let Some(line) = imported.continued_after {
            eprintln!("It continued after line {line}.");
        }
        if imported.left_out > 0 {
            let items = format::count(imported.left_out as usize, "item");
            eprintln!(
                "The export left out {items} of its table that its format cannot represent: they are not in this table."
            );
        }
        if imported.approximated > 0 {
            let items = format::count(imported.approximated as usize, "item");
            eprintln!(
                "The file has {items} only approximately: its content was compared with its manifest by number only."
            );
        } else if !imported.verified {
            eprintln!("There is no manifest beside the file: whether it is complete is not known.");
        }
        if as_json {
            return output::json(&json!({
                "file": self.file.to_string(), "digest": imported.digest, "rejected": imported.rejected, "verified": imported.verified,
                "left_out": imported.left_out, "approximated": imported.approximated,
            }));
        }
        output::text(&format!("Digest of the file {}\n", imported.digest))
    }
}

async fn manifest(name: &Path) -> Result<Option<Manifest>> {
    match tokio::fs::read(name).await {
        Ok(json) => Manifest::parse(&json, &name.display().to_string())
            .map(Some)
            .map_err(failure),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::NotDone(format!("reading {}: {error}", name.display()))),
    }
}
