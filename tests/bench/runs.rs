//! Nights and restores of a deployment like the demonstration's, run in a lab: state transitions and costs, polls of each job
//! and how late its end is noticed, and a restore's time in addition to AWS's jobs. The first of each runs without a history of
//! such jobs, the second with one, like every later one; the targets are the second's.

mod cost;
mod history;
mod looks;
mod scene;

use anyhow::Result;

use crate::before;
use crate::report::{Figure, Report};
pub use history::Count;
use looks::Watched;
use scene::{JOB, Run, Scene};

/// State transitions of a night.
const NIGHT_TRANSITIONS: usize = 60;
/// Polls of a job of a night, and of a copy of a restore while it is created.
const JOB_LOOKS: f64 = 6.0;
const COPY_LOOKS: f64 = 12.0;
/// An end is noticed within this share of the job's time, or within so many seconds.
const LAG_PERCENT: f64 = 5.0;
const LAG_SECONDS: f64 = 5.0;
/// A restore's time in addition to its longest chain of jobs: a share of it, and seconds.
const OVERHEAD_SHARE: f64 = 0.05;
const OVERHEAD_SECONDS: f64 = 10.0;

/// Runs two nights and two restores. What can't be run is missed, and the rest continues.
pub async fn measure(report: &mut Report) {
    println!(
        "\nin a lab, jobs of AWS of {} minutes of its clock: two nights, two restores",
        JOB.as_mins()
    );
    let scene = match Scene::up().await {
        Ok(scene) => scene,
        Err(error) => return report.broken("the lab in which nights and restores are run", &error),
    };
    let nights = [scene.night().await, scene.night().await];
    let restores = [scene.restore("no").await, scene.restore("yes").await];
    costs(report, &nights, &restores);
    watching(report, "a first night, without history", &nights[0], None);
    watching(report, "a night", &nights[1], Some(JOB_LOOKS));
    watching(report, "a first restore, without history", &restores[0], None);
    watching(report, "a restore", &restores[1], Some(COPY_LOOKS));
    overheads(report, &restores);
}

fn costs(report: &mut Report, nights: &[Result<Run>; 2], restores: &[Result<Run>; 2]) {
    report.table(
        "state transitions and costs: Standard workflows and Lambda, list prices of us-east-1",
        &["transitions", "invocations", "US cents"],
    );
    let night = Count {
        transitions: NIGHT_TRANSITIONS,
        ..before::NIGHT
    };
    let rows = [
        ("a first night, without history", &nights[0], before::FIRST_NIGHT),
        ("a night", &nights[1], night),
        ("a first restore, without cut-over", &restores[0], before::FIRST_RESTORE),
        ("a restore with its cut-over", &restores[1], before::RESTORE),
    ];
    for (name, run, most) in rows {
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                report.broken(name, error);
                continue;
            }
        };
        let count = run.history.count();
        let figures = [
            Figure::at_most(count.transitions as f64, 0, most.transitions as f64),
            Figure::at_most(count.invocations as f64, 0, most.invocations as f64),
            Figure::at_most(cost::cents(count), 3, cost::cents(most)),
        ];
        report.row(name, &figures);
    }
}

/// Polls of each resource; `most` is the target, if there is a history.
fn watching(report: &mut Report, name: &str, run: &Result<Run>, most: Option<f64>) {
    report.table(
        &format!("{name}: polls of each resource, and how late an end is noticed (5 s count as 0)"),
        &["jobs", "looks", "lag %"],
    );
    let watched = match run {
        Ok(run) => &run.watched,
        Err(error) => return report.broken(name, error),
    };
    if watched.is_empty() {
        report.broken(name, &anyhow::anyhow!("no job was seen"));
    }
    for watched in watched {
        let (jobs, looks, lag) = (watched.lags.len() as f64, watched.looks as f64, lag_percent(watched));
        let figures = match most {
            Some(most) => [
                Figure::plain(jobs, 0),
                Figure::at_most(looks, 0, most),
                Figure::at_most(lag, 1, LAG_PERCENT),
            ],
            None => [jobs, looks, lag].map(|figure| Figure::plain(figure, 1)),
        };
        report.row(&watched.resource, &figures);
    }
}

/// The longest of a resource's lags, as a share of a job's time.
fn lag_percent(watched: &Watched) -> f64 {
    let late = watched.lags.iter().copied().filter(|seconds| *seconds > LAG_SECONDS);
    late.fold(0.0, f64::max) * 100.0 / JOB.as_secs_f64()
}

fn overheads(report: &mut Report, restores: &[Result<Run>; 2]) {
    report.table(
        "a restore's overhead: from its start to its verdict, in addition to the longest chain of AWS's jobs",
        &["in all, s", "AWS's jobs, s", "overhead, s"],
    );
    for (name, run) in ["a first restore", "a restore"].into_iter().zip(restores) {
        match run
            .as_ref()
            .map_err(|error| anyhow::anyhow!("{error:#}"))
            .and_then(overhead)
        {
            Ok(figures) => report.row(name, &figures),
            Err(error) => report.broken(name, &error),
        }
    }
}

fn overhead(run: &Run) -> Result<[Figure; 3]> {
    let whole = run.history.left("VerifyRestore")?.duration_since(run.history.began()?);
    let jobs = run
        .watched
        .iter()
        .map(|watched| watched.lags.len())
        .max()
        .unwrap_or_default();
    let chain = jobs as f64 * JOB.as_secs_f64();
    Ok([
        Figure::plain(whole.as_secs_f64(), 0),
        Figure::plain(chain, 0),
        Figure::at_most(
            whole.as_secs_f64() - chain,
            0,
            chain * OVERHEAD_SHARE + OVERHEAD_SECONDS,
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_lag_counts_and_five_seconds_do_not() {
        let watched = |lags: &[f64]| Watched {
            resource: "database".to_owned(),
            looks: 3,
            lags: lags.to_vec(),
        };
        assert!((lag_percent(&watched(&[18.0, 45.0])) - 2.5).abs() < 1e-9);
        assert!(lag_percent(&watched(&[4.9, 1.0])).abs() < 1e-9);
    }
}
