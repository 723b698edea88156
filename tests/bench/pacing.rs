//! The pacing played over durations: generated ones within and beyond a tenth of the usual, and example lists of
//! durations as a catalog records them, each watched with the history that its predecessors left.

use holdfast::domain::pacing::{usual, watch};

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

/// Prints polls and end-lag, and whether design.md's targets are met.
pub fn print() {
    println!(
        "pacing: polls and end-lag (targets: at most 6 polls within a tenth of the usual; end noticed within 5 % or 5 s)"
    );
    println!(
        "{:<34} {:>7} {:>10} {:>10} {:>12} {:>8}",
        "durations", "jobs", "polls max", "polls mean", "lag max %", "targets"
    );
    for (name, durations) in NIGHTS {
        let jobs =
            (1..durations.len()).map(|night| (durations[night], usual(&durations[night.saturating_sub(10)..night])));
        row(name, jobs.collect());
    }
    for minutes in [1_u64, 5, 30, 120, 720] {
        let typical = minutes * 60;
        let jobs = (900..=1100).map(|permille| ((typical * permille).div_ceil(1000), Some(typical)));
        row(&format!("generated, {minutes} min ± 10 %"), jobs.collect());
    }
    for minutes in [1, 5, 30, 120] {
        row(
            &format!("generated, {minutes} min, no history"),
            vec![(minutes * 60, None)],
        );
    }
    println!();
}

fn row(name: &str, jobs: Vec<(u64, Option<u64>)>) {
    let (mut most, mut sum, mut worst, mut met) = (0, 0, 0.0_f64, true);
    let count = jobs.len();
    let history = jobs.iter().all(|(_, usual)| usual.is_some());
    for (duration, usual) in jobs {
        let watched = watch(duration, usual);
        most = most.max(watched.looks);
        sum += watched.looks;
        worst = worst.max(watched.lag_seconds as f64 * 100.0 / duration as f64);
        met &= watched.lag_seconds <= 5 || watched.lag_seconds * 20 <= duration;
    }
    met &= most <= 6;
    let verdict = match (history, met) {
        (false, _) => "none set",
        (true, true) => "met",
        (true, false) => "MISSED",
    };
    println!(
        "{name:<34} {count:>7} {most:>10} {:>10.1} {worst:>12.1} {verdict:>8}",
        f64::from(sum) / count as f64
    );
}
