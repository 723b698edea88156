//! Starts: from the start of a function's process to its first response, after one AWS call that is refused. Each is
//! measured in turn with the bare runtime, a function that does nothing.

mod endpoint;
mod events;
mod process;
mod transfers;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use holdfast::steps::{NAMES, TRANSFERS};
use holdfast_tests::lab::repository;
use serde_json::{Value, json};

use crate::report::{Figure, Report};
use process::{Start, start};

/// How often each function is started.
const RUNS: usize = 20;
/// A function's first response takes at most so many times as long as the bare runtime's.
const TIMES_BARE: f64 = 2.0;
/// The limit of the function's memory.
const PEAK_MIB: f64 = 10.0;
/// Steps that make no call before they respond, and why.
const WITHOUT_CALL: [(&str, &str); 1] = [(
    "efs-access",
    "no AWS call: it only reads the file system that is mounted into it",
)];

/// The steps of a program, one of which `_HANDLER` chooses.
struct Program<'a> {
    path: &'a Path,
    event: fn(&str) -> Result<Value>,
}

/// The programs that are started.
pub struct Shipped {
    pub functions: PathBuf,
    /// The steps that move data.
    pub transfers: PathBuf,
    /// The yardstick.
    pub bare: PathBuf,
}

impl Shipped {
    /// The output of `make build` and `make bench`.
    pub fn here() -> Self {
        let made = repository().join("target/lambda");
        Self {
            functions: made.join("functions/bootstrap"),
            transfers: made.join("transfers/bootstrap"),
            bare: made.join("bare/bootstrap"),
        }
    }
}

/// Starts every step.
pub async fn measure(report: &mut Report, shipped: &Shipped) {
    report.table(
        &format!("starts: from the start of the process to its first answer, over HTTP without TLS; medians of {RUNS}"),
        &["ms", "times bare", "peak MiB", "AWS calls"],
    );
    let functions = Program {
        path: &shipped.functions,
        event: events::event,
    };
    let transfers = Program {
        path: &shipped.transfers,
        event: transfers::event,
    };
    for (program, steps) in [(functions, NAMES), (transfers, TRANSFERS)] {
        for step in steps {
            if let Err(error) = row(report, &shipped.bare, &program, step).await {
                report.broken(step, &error);
            }
        }
    }
}

async fn row(report: &mut Report, bare_runtime: &Path, program: &Program<'_>, step: &str) -> Result<()> {
    let event = (program.event)(step)?;
    let (mut bare, mut starts) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let yardstick = start(bare_runtime, "bare", &json!({})).await;
        bare.push(yardstick.context("the bare runtime, with which it is compared")?);
        starts.push(start(program.path, step, &event).await?);
    }
    let ratio = median(&starts, |start| start.milliseconds) / median(&bare, |start| start.milliseconds);
    let calls = starts.iter().map(|start| start.calls).fold(f64::INFINITY, f64::min);
    let without = WITHOUT_CALL.iter().find(|(name, _)| *name == step);
    let figures = [
        Figure::plain(median(&starts, |start| start.milliseconds), 1),
        Figure::at_most(ratio, 2, TIMES_BARE),
        Figure::at_most(median(&starts, |start| start.peak_mib), 1, PEAK_MIB),
        match without {
            None => Figure::at_least(calls, 0, 1.0),
            Some(_) => Figure::plain(calls, 0),
        },
    ];
    let note = match without {
        Some((_, why)) => (*why).to_owned(),
        None if calls < 1.0 => answer(&starts),
        None => String::new(),
    };
    report.row_with_note(step, &figures, &note);
    Ok(())
}

/// The response of a function that made no call.
fn answer(starts: &[Start]) -> String {
    let last = starts.last().map(|start| &start.answer);
    let said = last.and_then(|answer| answer["errorMessage"].as_str().map(str::to_owned));
    let said = said.or_else(|| last.map(Value::to_string)).unwrap_or_default();
    format!("it answered: {said}")
}

fn median(starts: &[Start], figure: impl Fn(&Start) -> f64) -> f64 {
    let mut figures: Vec<f64> = starts.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_function_that_dies_is_a_missed_row_and_the_rest_goes_on() {
        let shipped = Shipped {
            functions: "/bin/false".into(),
            transfers: "/bin/false".into(),
            bare: "/bin/false".into(),
        };
        let mut report = Report::default();
        measure(&mut report, &shipped).await;
        assert_eq!(
            report.last_line(),
            format!("bench: 0 met, {} MISSED", NAMES.len() + TRANSFERS.len())
        );
        assert!(!report.finish());
    }
}
