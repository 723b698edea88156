//! `holdfast table export`: all items of a table into a file.

use std::sync::Arc;

use holdfast_transfer::table::{
    self, Compression, Content, Exported, FileSink, Inexact, MANIFEST_SUFFIX, MOST_INEXACT_SHOWN, ObjectSink, PARTIAL,
    PARTIAL_PROGRESS, Progress, Sink, StreamSink, with_suffix,
};
use serde_json::json;

use super::location::Location;
use super::opened::{Opened, failure};
use super::options::{Format, ReadOptions};
use super::watching::{Whole, done, follow};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::{aws, clock, format, output};

/// Write all items of a table to a file, one a line
///
/// Run it again after an interruption: an export to a file continues. The file has its name only once it is complete; a manifest beside it, FILE.manifest.json, has the number of items, their size and
/// their digest, which `import` compares with what it reads.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// Name or ARN of the table
    #[arg(value_name = "TABLE")]
    table: String,
    /// The file, or s3://BUCKET/KEY; compressed if its name ends in .gz or .zst; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    to: Location,
    /// The format of a line
    #[arg(long, value_enum, default_value_t = Format::DynamodbJson)]
    format: Format,
    /// With jsonl: also write items that it cannot represent exactly: binary as base64, sets as arrays, long numbers as they are.
    /// Otherwise they are left out, and the exit code is 1
    #[arg(long)]
    approximate: bool,
    #[command(flatten)]
    options: ReadOptions,
}

impl Export {
    /// What clap cannot check.
    fn content(&self) -> Result<Content> {
        if self.approximate && self.format == Format::DynamodbJson {
            return Err(Failure::Wrong(
                "exporting: --approximate is only for --format jsonl; dynamodb-json represents every item exactly."
                    .to_owned(),
            ));
        }
        Ok(Content::Lines {
            format: self.format.into(),
            compression: Compression::of_name(&self.to.to_string()),
            inexact: if self.approximate {
                Inexact::Approximate
            } else {
                Inexact::LeaveOut
            },
        })
    }

    pub async fn run(&self, global: &Global) -> Result<()> {
        let content = self.content()?;
        match &self.to {
            Location::Pipe => {
                let config = aws::sdk_config(global).await?;
                let opened = Opened::open(&config, &self.table).await?;
                self.export(opened, content, StreamSink(tokio::io::stdout()), global)
                    .await
            }
            Location::Folder(_) => Err(Failure::Wrong(format!(
                "exporting to {}: an export is one object. Name a key that does not end in a slash.",
                self.to
            ))),
            Location::File(path) => {
                let sink = FileSink::create(path).await.map_err(failure)?;
                let config = aws::sdk_config(global).await?;
                let opened = Opened::open(&config, &self.table).await?;
                self.export(opened, content, sink, global).await
            }
            Location::Object(object) => {
                let config = aws::sdk_config(global).await?;
                let opened = Opened::open(&config, &self.table).await?;
                let estimate = opened.description.bytes.saturating_mul(2);
                let sink = ObjectSink::create(object.store(&config), &object.name, estimate).await;
                self.export(opened, content, sink.map_err(failure)?, global).await
            }
        }
    }

    async fn export(&self, opened: Opened, content: Content, sink: impl Sink, global: &Global) -> Result<()> {
        let Opened { table, description } = opened;
        let whole = Whole {
            total: description.items,
            done: |counts| counts.items,
        };
        let (progress, start) = (Arc::new(Progress::default()), clock::now());
        let reading = self.options.reading(content);
        let work = table::export(table, &description, &reading, sink, Arc::clone(&progress));
        let exported = follow(work, &progress, whole, self.stopped()).await;
        let exported = exported.inspect_err(|failure| self.suggest_to_continue(failure))?;
        let seconds = format::seconds_between(start, clock::now());
        if exported.continued_after > 0 {
            let items = format::count(exported.continued_after as usize, "item");
            eprintln!("It continued after {items}.");
        }
        eprintln!("Exported {}.", done(&progress.counts(), seconds));
        self.report(&exported, global.json)?;
        for item in &exported.inexact {
            eprintln!("not exact: {}: {}", item.key, item.reasons.join("; "));
        }
        self.verdict(&exported)
    }

    fn stopped(&self) -> &'static str {
        match &self.to {
            Location::Pipe => "stopped: what was written is not complete.",
            Location::File(_) => "stopped: the export is not complete.",
            Location::Object(_) | Location::Folder(_) => "stopped: nothing is left of the export.",
        }
    }

    /// After a failure that left something to continue.
    fn suggest_to_continue(&self, failure: &Failure) {
        if let Location::File(path) = &self.to
            && !matches!(failure, Failure::Wrong(_))
            && with_suffix(path, PARTIAL_PROGRESS).exists()
        {
            eprintln!(
                "Run the same command again to continue; {}{PARTIAL} has what was exported.",
                self.to
            );
        }
    }

    /// The digest: on standard output, unless the items are there.
    fn report(&self, exported: &Exported, as_json: bool) -> Result<()> {
        if self.to == Location::Pipe {
            eprintln!("Digest {}", exported.digest);
            return Ok(());
        }
        if as_json {
            return output::json(&json!({ "file": self.to.to_string(), "exported": exported }));
        }
        output::text(&format!(
            "{} ({}), with {}{MANIFEST_SUFFIX}\nDigest {}\n",
            self.to,
            format::bytes(exported.file_bytes),
            self.to,
            exported.digest
        ))
    }

    fn verdict(&self, exported: &Exported) -> Result<()> {
        let count = exported.inexact_items;
        if count == 0 {
            return Ok(());
        }
        let more = match count.saturating_sub(MOST_INEXACT_SHOWN as u64) {
            0 => String::new(),
            more => format!(" ({more} more than are listed)"),
        };
        let items = format::count(count as usize, "item");
        if self.approximate {
            eprintln!("{items} approximated{more}.");
            return Ok(());
        }
        Err(Failure::NotDone(format!(
            "exporting table {}: {items} left out{more}, because plain JSON does not represent them exactly. Export with --format \
             dynamodb-json, or accept approximations with --approximate.",
            self.table
        )))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        export: Export,
        #[command(flatten)]
        global: Global,
    }

    #[tokio::test]
    async fn a_folder_is_no_place_for_an_export() {
        let line = Line::try_parse_from(["export", "rooms", "--to", "s3://bucket/folder/"]).unwrap();
        let refused = line.export.run(&line.global).await.unwrap_err();
        assert!(matches!(&refused, Failure::Wrong(why) if why.contains("s3://bucket/folder/")));
    }
}
