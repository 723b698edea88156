//! `holdfast table`: tables as files.

mod digest;
mod export;
mod import;
mod location;
mod opened;
mod options;
mod watching;

use crate::failure::Result;
use crate::global::Global;

/// Write a table's items to a file, write a file's items to a table, or compute a digest of all items
#[derive(Debug, clap::Args)]
pub struct Table {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Export(export::Export),
    Import(import::Import),
    Digest(digest::Digest),
}

impl Table {
    pub async fn run(&self, global: &Global) -> Result<()> {
        match &self.command {
            Command::Export(export) => export.run(global).await,
            Command::Import(import) => import.run(global).await,
            Command::Digest(digest) => digest.run(global).await,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use crate::args::Cli;

    #[test]
    fn wrong_usage_has_exit_code_2() {
        for line in [
            "holdfast table",
            "holdfast table export",
            "holdfast table export rooms --format csv",
            "holdfast table export rooms --rate 0",
            "holdfast table export rooms --rate fast",
            "holdfast table export rooms --segments 0",
            "holdfast table import rooms.json",
            "holdfast table import s3://bucket --table rooms",
            "holdfast table import --table rooms",
            "holdfast table digest",
            "holdfast table digest rooms --expect abc",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert_eq!(parsed.map(|_| ()).unwrap_err().exit_code(), 2, "{line}");
        }
        for line in [
            "holdfast table export rooms --to - --format jsonl --approximate",
            "holdfast table export rooms --to rooms.json.zst --rate 100 --segments 4",
            "holdfast table import rooms.json --table rooms --rate 1.5",
            "holdfast table import s3://bucket/tables/hubs/rooms/hubs-1/ --table rooms",
            "holdfast table digest arn:aws:dynamodb:eu-west-1:111122223333:table/rooms",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }
}
