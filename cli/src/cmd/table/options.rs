//! Options that several commands have.

use holdfast_transfer::table::{self, Content, Reading};

/// A number of capacity units a second.
pub fn rate(text: &str) -> std::result::Result<f64, String> {
    let units: f64 = text
        .parse()
        .map_err(|_| "expected a number of capacity units a second".to_owned())?;
    match units.is_finite() && units >= 1.0 {
        true => Ok(units),
        false => Err("expected at least 1 capacity unit a second".to_owned()),
    }
}

/// Requests at once unless told otherwise: more than a table or a machine of a few cores makes use of.
pub const MOST_REQUESTS: u16 = 64;

/// Names of the formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// DynamoDB's own JSON, which loses nothing
    DynamodbJson,
    /// Plain JSON, for people and other programs
    Jsonl,
}

impl From<Format> for table::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::DynamodbJson => table::Format::DynamodbJson,
            Format::Jsonl => table::Format::Jsonl,
        }
    }
}

/// How a table is read.
#[derive(Debug, clap::Args)]
pub struct ReadOptions {
    /// At most so many read capacity units a second, of the table's own, so that its application is not starved
    #[arg(long, value_name = "UNITS", value_parser = rate)]
    rate: Option<f64>,
    /// Read in so many parallel segments [default: one for each 8 MiB, at most 256]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    segments: Option<u32>,
    /// At most so many requests at once; fewer while the table throttles
    #[arg(long, value_name = "COUNT", default_value_t = MOST_REQUESTS, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Half the read capacity, without what was written in the last moments
    #[arg(long)]
    eventually_consistent: bool,
}

impl ReadOptions {
    pub fn reading(&self, content: Content) -> Reading {
        Reading {
            content,
            segments: self.segments,
            most_requests: self.concurrency.into(),
            rate: self.rate,
            consistent: !self.eventually_consistent,
        }
    }
}
