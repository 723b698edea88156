//! Dumps and restores of a Postgres database, compared with `pg_dump` and `pg_restore` by themselves: the same server, verified TLS for
//! both, one after the other. Dumps are compared with `pg_dump -Fc`, which compresses by gzip; and, without a target, with the same zstd
//! that ours have, where one `pg_dump` and the server already use most of two cores. For restores, what `pg_restore` itself gains by two
//! jobs is shown: it is the limit of the machine.

/// An S3 that takes parts as fast as they come.
mod bucket;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use holdfast_tests::postgres::{PostgresServer, Tls, clients};
use holdfast_transfer::postgres::{DumpRequest, Manifest, RestoreRequest, drop_restored, dump, read_dump, restore};
use holdfast_transfer::s3::S3Store;

use crate::report::{Figure, Report};
use bucket::Bucket;
use tokio::process::Command;

/// Mebibytes of the database, unless `DUMP_MIB` says otherwise.
const SIZE: u64 = 1_024;
/// Each is measured so often, alternately, and the fastest counts.
const ROUNDS: usize = 2;

/// Measures both directions.
pub async fn measure(report: &mut Report) {
    report.table(
        "Postgres dumps, as ratios of throughput to pg_dump and pg_restore by themselves",
        &["one job", "two jobs", "plain seconds", "peak MiB"],
    );
    let scene = match Scene::prepare().await {
        Ok(scene) => scene,
        Err(error) => return report.broken("a database to dump", &error),
    };
    match scene.dumps().await {
        Ok([gzip, zstd]) => {
            gzip.report(
                report,
                "dump, against pg_dump -Fc | wc -c",
                Some([0.95, 1.5]),
                &scene.note(),
            );
            zstd.report(report, "dump, against the same with zstd", None, &scene.note());
        }
        Err(error) => report.broken("dump", &error),
    }
    match scene.restores().await {
        Ok((times, by_itself)) => {
            let note = format!("rows, indexes, constraints; pg_restore by itself with two jobs: {by_itself:.2}");
            times.report(report, "restore, against pg_restore", Some([0.95, 1.5]), &note);
        }
        Err(error) => report.broken("restore", &error),
    }
    report.table("A restored database", &["same text"]);
    match scene.compare().await {
        Ok(same) => report.row(
            "its pg_dump, compared with the original's",
            &[Figure::at_least(f64::from(u8::from(same)), 0, 1.0)],
        ),
        Err(error) => report.broken("its pg_dump", &error),
    }
}

struct Scene {
    server: PostgresServer,
    bucket: Bucket,
    size: u64,
}

/// The fastest of each.
struct Times {
    plain: Duration,
    one: Duration,
    two: Duration,
    /// Of this process, with the bucket in it.
    peak: f64,
}

impl Times {
    /// `least`: the targets for one job and for two.
    fn report(&self, report: &mut Report, name: &str, least: Option<[f64; 2]>, note: &str) {
        let ratio = |time: Duration| self.plain.as_secs_f64() / time.as_secs_f64();
        let figure = |job: usize, time: Duration| match least {
            Some(least) => Figure::at_least(ratio(time), 2, least[job]),
            None => Figure::plain(ratio(time), 2),
        };
        let figures = [
            figure(0, self.one),
            figure(1, self.two),
            Figure::plain(self.plain.as_secs_f64(), 1),
            Figure::at_most(self.peak, 0, 128.0),
        ];
        report.row_with_note(name, &figures, note);
    }
}

impl Scene {
    async fn prepare() -> Result<Self> {
        let size = std::env::var("DUMP_MIB")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(SIZE);
        let server = PostgresServer::start(17, Tls::Own).await?;
        server.execute("postgres", "CREATE DATABASE app").await?;
        // Four tables of the same size; a row has about a KiB, and compresses to a third.
        let rows = size * 1_024 / 4;
        for table in 1..=4 {
            let create = format!(
                "CREATE TABLE t{table} (id bigint, owner integer, at timestamptz, body text); INSERT INTO t{table} SELECT n, n % 562, \
                 '2026-01-01'::timestamptz + n * interval '1 second', (SELECT string_agg(md5((n * 31 + m / 2)::text) || ' the same words ', \
                 '') FROM generate_series(1, 19) m) FROM generate_series(1, {rows}) n; ALTER TABLE t{table} ADD PRIMARY KEY (id); \
                 CREATE INDEX ON t{table} (owner, at); ANALYZE t{table}"
            );
            server.execute("app", &create).await?;
        }
        server.execute("postgres", "CHECKPOINT").await?;
        Ok(Self {
            server,
            bucket: Bucket::open().await?,
            size,
        })
    }

    fn note(&self) -> String {
        format!("{} MiB of rows, zstd, 17", self.size)
    }

    /// Against gzip, then against zstd.
    async fn dumps(&self) -> Result<[Times; 2]> {
        let (mut gzip, mut zstd) = (Fastest::default(), Fastest::default());
        for round in 0..ROUNDS {
            gzip.plain(timed(self.plain_dump("gzip")).await?);
            zstd.plain(timed(self.plain_dump("zstd:3")).await?);
            clear_peak();
            for jobs in [1, 2] {
                let time = timed(self.dump(&format!("{jobs}-jobs-{round}"), jobs)).await?;
                gzip.ours(jobs, time);
                zstd.ours(jobs, time);
            }
        }
        Ok([gzip.times()?, zstd.times()?])
    }

    /// `pg_dump -Fc | wc -c`; gzip is its default.
    async fn plain_dump(&self, compression: &str) -> Result<()> {
        let mut dump = self.server.program_over_tls("pg_dump");
        dump.args(["--format=custom", "app", "--compress", compression]);
        piped(dump, "wc", &["-c"]).await.map(drop)
    }

    async fn dump(&self, set: &str, jobs: usize) -> Result<Manifest> {
        let request = DumpRequest {
            server: &self.server.server(),
            database: "app",
            probes: &[],
            labels: &BTreeMap::from([("set".to_owned(), set.to_owned())]),
            jobs,
        };
        Ok(dump(&clients().await?, &request, &self.store(set)).await?)
    }

    fn store(&self, set: &str) -> S3Store {
        S3Store::new(self.bucket.client(), "dumps", set)
    }

    /// And how many times faster `pg_restore` is by itself with two jobs.
    async fn restores(&self) -> Result<(Times, f64)> {
        let file = self.server.home.path().join("plain.dump");
        let mut dump = self.server.program_over_tls("pg_dump");
        dump.args(["--format=custom", "--compress=zstd:3", "app", "--file"])
            .arg(&file);
        ensure!(dump.status().await?.success(), "pg_dump failed");
        let (mut times, mut parallel) = (Fastest::default(), Fastest::default());
        for _ in 0..ROUNDS {
            for (jobs, into) in [(1, &mut times), (2, &mut parallel)] {
                into.plain(timed(self.plain_restore(&file, jobs)).await?);
                self.server.execute("postgres", "DROP DATABASE plain").await?;
            }
            clear_peak();
            for jobs in [1, 2] {
                times.ours(jobs, timed(self.restore(jobs)).await?);
                drop_restored(&self.server.server(), "copy", "bench").await?;
            }
        }
        let (times, parallel) = (times.times()?, parallel.plain.context("not measured")?);
        let gain = times.plain.as_secs_f64() / parallel.as_secs_f64();
        Ok((times, gain))
    }

    /// Whether `pg_dump` makes the same text of a restored copy.
    async fn compare(&self) -> Result<bool> {
        self.restore(2).await?;
        Ok(self.digest("app").await? == self.digest("copy").await?)
    }

    /// The SHA-256 of a database's text. Without the key, each text would have a random one.
    async fn digest(&self, database: &str) -> Result<String> {
        let mut dump = self.server.program("pg_dump");
        dump.args(["--restrict-key=same", database]);
        piped(dump, "sha256sum", &[]).await
    }

    async fn plain_restore(&self, file: &std::path::Path, jobs: usize) -> Result<()> {
        let create = "CREATE DATABASE plain TEMPLATE template0";
        self.server.execute("postgres", create).await?;
        let mut restore = self.server.program_over_tls("pg_restore");
        restore.args(["--dbname=plain", "--exit-on-error"]).arg(file);
        if jobs > 1 {
            restore.arg(format!("--jobs={jobs}"));
        }
        ensure!(restore.status().await?.success(), "pg_restore failed");
        Ok(())
    }

    async fn restore(&self, jobs: usize) -> Result<()> {
        let store = self.store(&format!("{jobs}-jobs-0"));
        let manifest = read_dump(&store).await?;
        let request = RestoreRequest {
            server: &self.server.server(),
            manifest: &manifest,
            database: "copy",
            restore: "bench",
            owner: None,
            jobs,
        };
        Ok(restore(&clients().await?, &request, &store).await?)
    }
}

#[derive(Default)]
struct Fastest {
    plain: Option<Duration>,
    by_jobs: BTreeMap<usize, Duration>,
}

impl Fastest {
    fn plain(&mut self, time: Duration) {
        self.plain = Some(self.plain.map_or(time, |fastest| fastest.min(time)));
    }

    fn ours(&mut self, jobs: usize, time: Duration) {
        let fastest = self.by_jobs.entry(jobs).or_insert(time);
        *fastest = time.min(*fastest);
    }

    fn times(self) -> Result<Times> {
        let of = |jobs: usize| self.by_jobs.get(&jobs).copied().context("not measured");
        Ok(Times {
            plain: self.plain.context("not measured")?,
            one: of(1)?,
            two: of(2)?,
            peak: peak()?,
        })
    }
}

/// What `reader` prints of a program's output.
async fn piped(mut program: Command, reader: &str, arguments: &[&str]) -> Result<String> {
    let mut child = program.stdout(Stdio::piped()).spawn()?;
    let output: Stdio = child.stdout.take().context("no output")?.try_into()?;
    let read = Command::new(reader).args(arguments).stdin(output).output().await?;
    ensure!(
        child.wait().await?.success() && read.status.success(),
        "{reader} or its program failed"
    );
    Ok(String::from_utf8(read.stdout)?)
}

async fn timed<T>(work: impl Future<Output = Result<T>>) -> Result<Duration> {
    let started = Instant::now();
    work.await?;
    Ok(started.elapsed())
}

/// Begins to measure the peak of this process's memory again (`clear_refs`, proc_pid_clear_refs(5)).
fn clear_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The peak since then, in MiB.
fn peak() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}
