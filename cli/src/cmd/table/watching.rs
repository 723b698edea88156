//! Progress of an export, an import or a digest on standard error, and Ctrl-C.

use std::future::Future;
use std::io::IsTerminal;
use std::time::Duration;

use holdfast_transfer::table::{Counts, Error, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

use super::opened::failure;
use crate::failure::{Failure, Result};
use crate::{clock, format};

/// How much there is to do: `done` of it can be counted.
#[derive(Clone, Copy)]
pub struct Whole {
    /// 0 if unknown.
    pub total: u64,
    pub done: fn(&Counts) -> u64,
}

const ON_A_TERMINAL: Duration = Duration::from_millis(200);
const IN_A_LOG: Duration = Duration::from_secs(30);

/// Waits for the work, and shows how far it is. Ctrl-C asks it to stop and waits until nothing is left that should not be; `stopped` says
/// what to do then. A second Ctrl-C does not wait.
pub async fn follow<T>(
    work: impl Future<Output = std::result::Result<T, Error>>,
    progress: &Progress,
    whole: Whole,
    stopped: &str,
) -> Result<T> {
    let terminal = std::io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    let start = clock::now();
    let mut interrupts =
        signal(SignalKind::interrupt()).map_err(|error| Failure::NotDone(format!("starting: {error}")))?;
    let mut asked = false;
    tokio::pin!(work);
    let ended = loop {
        tokio::select! {
            ended = &mut work => break ended.map_err(|error| match error {
                Error::Stopped => Failure::Stopped(stopped.to_owned()),
                error => failure(error),
            }),
            Some(()) = interrupts.recv() => {
                if asked {
                    break Err(Failure::Stopped("stopped before everything was put away.".to_owned()));
                }
                asked = true;
                progress.stop();
                eprintln!("Stopping. Ctrl-C again does not wait for its end.");
            }
            () = clock::wait(if terminal { ON_A_TERMINAL } else { IN_A_LOG }) => {
                let line = line(&progress.counts(), whole, start, clock::now());
                match terminal {
                    true => bar.set_message(line),
                    false => eprintln!("{line}"),
                }
            }
        }
    };
    bar.finish_and_clear();
    ended
}

/// `1,200 items, 3.4 MiB, 800 items/s, 2.3 MiB/s, 34 %, 40 s left`
fn line(counts: &Counts, whole: Whole, start: Timestamp, now: Timestamp) -> String {
    let seconds = format::seconds_between(start, now).max(0.001);
    let mut parts = vec![
        format!("{} items", counts.items),
        format::bytes(counts.bytes),
        format!("{:.0} items/s", counts.items as f64 / seconds),
        format!("{}/s", format::bytes((counts.bytes as f64 / seconds) as u64)),
    ];
    let done = (whole.done)(counts).min(whole.total);
    if whole.total > 0 {
        parts.push(format!("{:.0} %", 100.0 * done as f64 / whole.total as f64));
        if done > 0 {
            let left = (whole.total - done) as f64 / done as f64 * seconds;
            parts.push(format!("{} left", format::duration(left)));
        }
    }
    if counts.throttled > 0 {
        parts.push(format!("throttled {} times", counts.throttled));
    }
    if counts.rejected > 0 {
        parts.push(format!("{} rejected", counts.rejected));
    }
    parts.join(", ")
}

/// What was done, for the last line: `12 items (3.4 KiB) in 2 s`.
pub fn done(counts: &Counts, seconds: f64) -> String {
    format!(
        "{} ({}) in {}",
        format::count(counts.items as usize, "item"),
        format::bytes(counts.bytes),
        format::duration(seconds)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn progress_has_its_rate_and_the_time_left() {
        let counts = Counts {
            items: 2_000,
            bytes: 10 << 20,
            file_bytes: 0,
            throttled: 3,
            rejected: 0,
        };
        let (start, now) = (at("2025-02-01T03:00:00Z"), at("2025-02-01T03:00:20Z"));
        let whole = Whole {
            total: 8_000,
            done: |counts| counts.items,
        };
        assert_eq!(
            line(&counts, whole, start, now),
            "2000 items, 10 MiB, 100 items/s, 512 KiB/s, 25 %, 1 min left, throttled 3 times"
        );
        let unknown = Whole { total: 0, ..whole };
        assert!(
            line(&counts, unknown, start, now).starts_with("2000 items, 10 MiB, 100 items/s, 512 KiB/s, throttled")
        );
    }
}
