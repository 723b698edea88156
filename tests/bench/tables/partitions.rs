//! A large table in AWS, simulated: its items are in partitions, each of which gives 3,000 read units a second and throttles what is more.
//! Segments are exported as by many machines, each with a limit of its own, and no machine knows the others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::Result;
use holdfast_transfer::table::{
    Content, Description, Error, Exported, Format, Item, KeySchema, NoSink, Page, Progress, Reading, Refusal,
    ScanRequest, Segment, Table, TableDigest, Value, Written, export_segment,
};
use tokio::task::JoinSet;

use crate::report::{Figure, Report};

/// Read units a second (Developer Guide, "Partitions and data distribution").
const UNITS: f64 = 3_000.0;
const PARTITIONS: usize = 8;
/// A page of 1 MB, eventually consistent.
const PAGE_UNITS: f64 = 128.0;
/// Five seconds of all partitions.
const PAGES: usize = (UNITS * PARTITIONS as f64 * 5.0 / PAGE_UNITS) as usize;
/// Items of a page: few, because it is not the encoding that is measured here.
const PAGE_ITEMS: usize = 4;
/// Of what the partitions give together.
const SHARE: f64 = 0.8;

/// The table: its pages are spread over the partitions in order, as segments are.
struct Partitions {
    budgets: Vec<Mutex<(f64, Instant)>>,
    requests: AtomicU64,
    throttled: AtomicU64,
}

impl Partitions {
    fn new() -> Self {
        let full = || Mutex::new((0.0, Instant::now()));
        Self {
            budgets: (0..PARTITIONS).map(|_| full()).collect(),
            requests: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
        }
    }

    /// Takes a page from a partition's budget, of which a second is kept.
    fn take(&self, partition: usize) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut budget = self.budgets[partition]
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        let earned = (now - budget.1).as_secs_f64() * UNITS;
        *budget = ((budget.0 + earned).min(UNITS), now);
        let enough = budget.0 > 0.0;
        match enough {
            true => budget.0 -= PAGE_UNITS,
            false => drop(self.throttled.fetch_add(1, Ordering::Relaxed)),
        }
        enough
    }
}

impl Table for Partitions {
    async fn describe(&self) -> Result<Description, Refusal> {
        Err(Refusal::Final(Error::Invalid(
            "it is described by the bench".to_owned(),
        )))
    }

    async fn scan(&self, request: &ScanRequest) -> Result<Page, Refusal> {
        let (segment, total) = (request.segment as usize, request.total_segments as usize);
        let (first, end) = (segment * PAGES / total, (segment + 1) * PAGES / total);
        let page = match request.after.as_ref().and_then(|key| key.get("id")) {
            Some(Value::S(after)) => after.parse::<usize>().map_or(end, |after| after / PAGE_ITEMS + 1),
            _ => first,
        };
        if page >= end {
            return Ok(Page {
                items: Vec::new(),
                next: None,
                units: 0.5,
            });
        }
        if !self.take(page * PARTITIONS / PAGES) {
            return Err(Refusal::Throttled("the partition's limit".to_owned()));
        }
        let items: Vec<Item> = (0..PAGE_ITEMS).map(|place| item(page * PAGE_ITEMS + place)).collect();
        let next = items.last().cloned();
        Ok(Page {
            items,
            next,
            units: PAGE_UNITS,
        })
    }

    async fn put(&self, _: &[&Item]) -> Result<Written, Refusal> {
        Err(Refusal::Final(Error::Invalid("it is only read".to_owned())))
    }
}

fn item(number: usize) -> Item {
    Item::from([("id".to_owned(), Value::S(number.to_string()))])
}

pub async fn measure(report: &mut Report) {
    report.table(
        "segments on many machines, on a table of 8 partitions with 3,000 read units a second each",
        &["units/s", "of the limit", "% throttled"],
    );
    for (machines, segments) in [(8, 1), (32, 4), (64, 1)] {
        let name = format!("{machines} machines, {segments} segments each");
        match export(machines, segments).await {
            Ok((rate, throttled)) => report.row(
                &name,
                &[
                    Figure::plain(rate, 0),
                    Figure::at_least(rate / (UNITS * PARTITIONS as f64), 2, SHARE),
                    Figure::plain(throttled * 100.0, 1),
                ],
            ),
            Err(error) => report.broken(&name, &error),
        }
    }
}

/// Units a second, and the share of requests that were throttled.
async fn export(machines: u32, segments_each: u32) -> Result<(f64, f64)> {
    let table = Arc::new(Partitions::new());
    let total = machines * segments_each;
    let start = Instant::now();
    let mut running = JoinSet::new();
    for machine in 0..machines {
        let table = Arc::clone(&table);
        running.spawn(async move {
            let mut all = Exported::default();
            for segment in 0..segments_each {
                let segment = Segment {
                    number: machine * segments_each + segment,
                    total,
                };
                let exported = export_segment(
                    Arc::clone(&table),
                    &description(),
                    &reading(),
                    segment,
                    NoSink,
                    Arc::new(Progress::default()),
                )
                .await?;
                all.merge(exported);
            }
            Ok::<_, Error>(all)
        });
    }
    let mut digest = TableDigest::default();
    while let Some(done) = running.join_next().await {
        digest.merge(&done??.digest);
    }
    let seconds = start.elapsed().as_secs_f64();
    anyhow::ensure!(
        digest.items as usize == PAGES * PAGE_ITEMS,
        "{} items of {}",
        digest.items,
        PAGES * PAGE_ITEMS
    );
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    Ok((
        PAGES as f64 * PAGE_UNITS / seconds,
        of(&table.throttled) / of(&table.requests),
    ))
}

fn description() -> Description {
    Description {
        arn: "arn:aws:dynamodb:us-east-1:000000000000:table/simulated".to_owned(),
        id: "table-1".into(),
        key: KeySchema { attributes: Vec::new() },
        items: 0,
        bytes: 0,
    }
}

fn reading() -> Reading {
    Reading {
        content: Content::Lines {
            format: Format::DynamodbJson,
            compression: Default::default(),
            inexact: Default::default(),
        },
        segments: None,
        most_requests: 16,
        rate: None,
        consistent: false,
    }
}
