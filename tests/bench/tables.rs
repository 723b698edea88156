//! Tables as files: how fast a table is exported and imported, compared in one run with what its engine gives to any number of clients and
//! with the loop that one would write with the same SDK; what the digest costs; memory against the size of the table; and, in memory,
//! segments on many machines below DynamoDB's limit for a partition.

mod engine;
mod items;
mod limits;
mod loops;
mod partitions;
mod program;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use holdfast_transfer::table::{Digester, Format};

use crate::report::{Figure, Report};
use engine::Engine;

/// Of what the engine gives to any number of clients.
const SHARE_OF_LIMIT: f64 = 0.8;
/// Of the single loop, where the engine's limit allows it.
const TIMES_LOOP: f64 = 5.0;
/// Of an export's time.
const DIGEST_PERCENT: f64 = 10.0;
/// Peak memory for a million items, compared with that for ten thousand.
const MEMORY_GROWTH_MIB: f64 = 64.0;

/// Measures both engines. What can't be measured is missed, and the rest continues.
pub async fn measure(report: &mut Report) {
    let engines = [
        ("MiniStack", Engine::ministack().await, 20_000),
        ("dynoxide", Engine::dynoxide().await, 100_000),
    ];
    for (name, engine, count) in &engines {
        let title = format!("{name}: a table of {count} items, each figure of the same run");
        report.table(&title, &["items/s", "MB/s", "of its limit", "times the loop"]);
        let measured = match engine {
            Ok(engine) => speeds(engine, *count).await,
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        match measured {
            Ok(rows) => rows.iter().for_each(|row| row.print(report)),
            Err(error) => report.broken(name, &error),
        }
    }
    report.table("the digest of all items", &["ns an item", "% of an export"]);
    match &engines[1].1 {
        Ok(engine) => match digest(engine).await {
            Ok(figures) => report.row("on dynoxide", &figures),
            Err(error) => report.broken("on dynoxide", &error),
        },
        Err(error) => report.broken("on dynoxide", &anyhow::anyhow!("{error:#}")),
    }
    partitions::measure(report).await;
    report.table("peak memory by the size of the table, in MiB", &["export", "import"]);
    if let Ok(engine) = &engines[1].1 {
        memory(engine, report).await;
    }
}

/// One direction of one engine, in items a second.
struct Speed {
    name: &'static str,
    ours: f64,
    megabytes: f64,
    /// The most that any number of clients gets, and how many that were.
    limit: (f64, usize),
    single: f64,
}

impl Speed {
    fn print(&self, report: &mut Report) {
        let (limit, clients) = self.limit;
        let possible = (SHARE_OF_LIMIT * limit / self.single).min(TIMES_LOOP);
        let figures = [
            Figure::plain(self.ours, 0),
            Figure::plain(self.megabytes, 1),
            Figure::at_least(self.ours / limit, 2, SHARE_OF_LIMIT),
            Figure::at_least(self.ours / self.single, 2, possible),
        ];
        let note = format!(
            "limit {limit:.0} items/s, with {clients} clients; the loop {:.0}",
            self.single
        );
        report.row_with_note(self.name, &figures, &note);
    }
}

async fn speeds(engine: &Engine, count: usize) -> Result<[Speed; 2]> {
    let megabytes = items::bytes(count) as f64 / 1e6;
    let rate = |seconds: f64| count as f64 / seconds;
    // Each writes a table of its own; the second half of the limits reads the last one.
    let limit = limits::writing(engine, count).await?;
    engine.create("looped").await?;
    let single = rate(loops::write(engine, "looped", count).await?);
    let file = engine.path("items.json");
    items::write_file(&file, count)?;
    let mut import = None;
    for table in ["rooms", "rooms-again", "rooms-once-more"] {
        engine.create(table).await?;
        import = faster(
            import,
            program::run(engine, &["import", &file, "--table", table]).await?,
        );
    }
    let import = import.context("no run")?;
    let imported = Speed {
        name: "import",
        ours: rate(import.seconds),
        megabytes: megabytes / import.seconds,
        limit,
        single,
    };

    let limit = limits::reading(engine, "rooms", count).await?;
    let single = rate(loops::read(engine, "rooms", &engine.path("looped.json")).await?);
    let mut export = None;
    for file in ["rooms.json", "rooms-again.json", "rooms-once-more.json"] {
        let run = program::run(engine, &["export", "rooms", "--to", &engine.path(file)]).await?;
        ensure!(
            run.output.contains(&format!("({count} items")),
            "exported: {}",
            run.output
        );
        export = faster(export, run);
    }
    let export = export.context("no run")?;
    let exported = Speed {
        name: "export",
        ours: rate(export.seconds),
        megabytes: megabytes / export.seconds,
        limit,
        single,
    };
    Ok([exported, imported])
}

/// The best of several runs counts, as for the limit: others use the machine, too.
fn faster(best: Option<program::Measured>, run: program::Measured) -> Option<program::Measured> {
    match best {
        Some(best) if best.seconds <= run.seconds => Some(best),
        _ => Some(run),
    }
}

/// What the digest of a file's items takes, on one core, compared with the export that wrote the file.
async fn digest(engine: &Engine) -> Result<[Figure; 2]> {
    let file = engine.path("digested.json");
    let export = program::run(engine, &["export", "rooms", "--to", &file]).await?;
    let text = std::fs::read(&file).context("reading the export")?;
    let items: Vec<_> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| Format::DynamodbJson.read_line(line).map_err(anyhow::Error::msg))
        .collect::<Result<_>>()?;
    let start = Instant::now();
    let mut digester = Digester::default();
    items.iter().for_each(|item| digester.add(item));
    let seconds = start.elapsed().as_secs_f64();
    ensure!(
        export.output.contains(&digester.digest().to_string()),
        "another digest than the export's"
    );
    Ok([
        Figure::plain(seconds * 1e9 / items.len() as f64, 0),
        Figure::at_most(seconds * 100.0 / export.seconds, 1, DIGEST_PERCENT),
    ])
}

async fn memory(engine: &Engine, report: &mut Report) {
    let mut smallest: Option<(f64, f64)> = None;
    for count in [10_000, 100_000, 1_000_000] {
        let name = format!("{count} items");
        let measured = async {
            let (file, back) = (
                engine.path(&format!("{count}.json")),
                engine.path(&format!("{count}.back.json")),
            );
            items::write_file(&file, count)?;
            let table = format!("rooms-{count}");
            engine.create(&table).await?;
            let import = program::run(engine, &["import", &file, "--table", &table]).await?;
            let export = program::run(engine, &["export", &table, "--to", &back]).await?;
            ensure!(
                export.output.contains(&format!("({count} items")),
                "exported: {}",
                export.output
            );
            std::fs::remove_file(&file)?;
            std::fs::remove_file(&back)?;
            Ok((export.peak_mib, import.peak_mib))
        };
        match measured.await {
            Ok((export, import)) => {
                let (first_export, first_import) = *smallest.get_or_insert((export, import));
                let figures = match count {
                    10_000 => [export, import].map(|peak| Figure::plain(peak, 1)),
                    _ => [
                        Figure::at_most(export, 1, first_export + MEMORY_GROWTH_MIB),
                        Figure::at_most(import, 1, first_import + MEMORY_GROWTH_MIB),
                    ],
                };
                report.row(&name, &figures);
            }
            Err(error) => report.broken(&name, &error),
        }
    }
}
