//! The pacing simulated for durations: generated ones within and beyond a tenth of the usual, and example lists of
//! durations as a catalog records them, each watched with the history of its predecessors.

use holdfast::domain::pacing::{simulate, usual};

use crate::report::{Figure, Report};

/// Seconds that the nightly backups of five resources take, night after night: examples in the form in which a
/// catalog records them, with drift and odd nights. They were not recorded in a real account.
const NIGHTS: [(&str, [u64; 14]); 5] = [
    (
        "cluster, 40 GB",
        [231, 228, 240, 236, 229, 244, 238, 233, 241, 247, 239, 236, 243, 240],
    ),
    (
        "cluster, 2 TB",
        [
            1_702, 1_745, 1_698, 1_760, 1_731, 1_777, 1_749, 1_752, 1_790, 1_771, 1_768, 1_795, 1_801, 1_788,
        ],
    ),
    (
        "file system, 90 GB",
        [
            1_905, 1_880, 1_912, 1_990, 1_934, 1_921, 2_040, 1_977, 1_969, 1_985, 2_010, 1_996, 2_031, 2_018,
        ],
    ),
    (
        "file system, small files",
        [
            9_240, 9_310, 9_275, 9_480, 9_420, 9_395, 9_510, 9_560, 9_533, 9_601, 9_588, 9_640, 9_672, 9_655,
        ],
    ),
    ("table", [62, 61, 64, 60, 63, 62, 61, 65, 62, 63, 60, 61, 64, 62]),
];

/// An end is noticed within this share of the job's time.
const LAG_PERCENT: f64 = 5.0;
/// The limits with a history, for a job within a tenth of its usual time, and those without.
const WITH: Rule = Rule { looks: 6.0, seconds: 5 };
const WITHOUT: Rule = Rule {
    looks: 100.0,
    seconds: 60,
};

struct Rule {
    /// At most so many polls.
    looks: f64,
    /// An end noticed within so many seconds counts as noticed immediately.
    seconds: u64,
}

/// A job's duration, and its usual one.
type Job = (u64, Option<u64>);

/// Simulates the polling of all of them.
pub fn measure(report: &mut Report) {
    report.table(
        "pacing, by the rule alone: most polls of a job, and how late its end is noticed (5 s, without history 60 s, count as 0)",
        &["jobs", "looks", "lag %"],
    );
    for (name, durations) in NIGHTS {
        let jobs: Vec<Job> = (1..durations.len())
            .map(|night| (durations[night], usual(&durations[night.saturating_sub(10)..night])))
            .collect();
        row(report, name, &jobs, &WITH);
    }
    for minutes in [1_u64, 5, 30, 120, 720] {
        let typical = minutes * 60;
        let jobs: Vec<Job> = (900..=1100)
            .map(|permille| ((typical * permille).div_ceil(1000), Some(typical)))
            .collect();
        row(
            report,
            &format!("{minutes} min, within a tenth of the usual"),
            &jobs,
            &WITH,
        );
    }
    for minutes in [1, 5, 30, 120] {
        let job = (minutes * 60, None);
        row(report, &format!("{minutes} min, without history"), &[job], &WITHOUT);
    }
}

fn row(report: &mut Report, name: &str, jobs: &[Job], rule: &Rule) {
    let (mut looks, mut lag) = (0, 0.0_f64);
    for (duration, usual) in jobs {
        let watched = simulate(*duration, *usual);
        looks = looks.max(watched.looks);
        if watched.lag_seconds > rule.seconds {
            lag = lag.max(watched.lag_seconds as f64 * 100.0 / *duration as f64);
        }
    }
    let figures = [
        Figure::plain(jobs.len() as f64, 0),
        Figure::at_most(f64::from(looks), 0, rule.looks),
        Figure::at_most(lag, 1, LAG_PERCENT),
    ];
    report.row(name, &figures);
}
