//! `holdfast table digest`: one line that is the same for two tables with the same items.

use std::sync::Arc;

use holdfast_transfer::table::{self, Content, NoSink, Progress, Sum};

use super::opened::Opened;
use super::options::ReadOptions;
use super::watching::{Whole, done, follow};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::{aws, clock, format, output};

/// Compute a digest of all items of a table, to compare a copy with its source
///
/// It reads every item, and does not depend on their order: two tables have one digest exactly if they have the same items. It is also
/// in the manifest of an export. Compare a table with a copy only while nobody writes to it.
#[derive(Debug, clap::Args)]
pub struct Digest {
    /// Name or ARN of the table
    #[arg(value_name = "TABLE")]
    table: String,
    /// Exit with 1 unless the digest is this one, such as v1:6ab9…
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Sum>,
    #[command(flatten)]
    options: ReadOptions,
}

impl Digest {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let Opened { table, description } = Opened::open(&aws::sdk_config(global).await?, &self.table).await?;
        let reading = self.options.reading(Content::Digest);
        let whole = Whole {
            total: description.items,
            done: |counts| counts.items,
        };
        let (progress, start) = (Arc::new(Progress::default()), clock::now());
        let work = table::export(table, &description, &reading, NoSink, Arc::clone(&progress));
        let read = follow(
            work,
            &progress,
            whole,
            "stopped: there is no digest of a part of a table.",
        )
        .await?;
        eprintln!(
            "Read {}.",
            done(&progress.counts(), format::seconds_between(start, clock::now()))
        );
        match global.json {
            true => output::json(&read.digest)?,
            false => output::text(&format!("{}\n", read.digest))?,
        }
        match self.expect {
            Some(expected) if expected != read.digest.sum => Err(Failure::NotDone(format!(
                "comparing table {}: its digest is {}, not {expected}: its items differ.",
                self.table, read.digest.sum
            ))),
            _ => Ok(()),
        }
    }
}
