//! `make bench`: measures the shipped functions and a lab, each figure with its target. `bench` measures everything;
//! `bench short` measures what needs only the lab, for `make test`; `bench starts`, for example, a single part. It exits non-zero
//! if a target is missed, after it has measured the rest.
#![allow(clippy::disallowed_methods)]

/// The figures of the commit that some targets are based on.
mod before;
/// Postgres databases, dumped and restored.
mod dumps;
/// How often jobs are polled, and how late their end is noticed, by the rule alone.
mod pacing;
/// Figures, targets, verdicts.
mod report;
/// Nights and restores in a lab: polls, transitions, costs, overhead.
mod runs;
/// Sizes of the shipped files.
mod sizes;
/// Time to a function's first response, and its peak memory.
mod starts;
/// Tables as files: speed, the digest's cost, memory.
mod tables;

use std::process::ExitCode;

use report::Report;

/// The parts, in the order in which `bench` measures them.
const PARTS: [&str; 6] = ["sizes", "starts", "pacing", "runs", "dumps", "tables"];
/// The parts that need no shipped functions.
const SHORT: [&str; 2] = ["pacing", "runs"];

#[tokio::main]
async fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let Some(parts) = parts(&asked) else {
        eprintln!("usage: bench [short | {}]...", PARTS.join(" | "));
        return ExitCode::from(2);
    };
    let mut report = Report::default();
    for part in parts {
        match part {
            "sizes" => sizes::measure(&mut report),
            "starts" => starts::measure(&mut report, &starts::Shipped::here()).await,
            "pacing" => pacing::measure(&mut report),
            "dumps" => dumps::measure(&mut report).await,
            "tables" => tables::measure(&mut report).await,
            _ => runs::measure(&mut report).await,
        }
    }
    if report.finish() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The requested parts; `None` if there is no such part.
fn parts(asked: &[String]) -> Option<Vec<&'static str>> {
    if asked
        .iter()
        .any(|word| word != "short" && !PARTS.contains(&word.as_str()))
    {
        return None;
    }
    let wanted = |part: &str| {
        asked.is_empty()
            || asked.iter().any(|word| word == part)
            || (SHORT.contains(&part) && asked.iter().any(|word| word == "short"))
    };
    Some(PARTS.into_iter().filter(|part| wanted(part)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_measured_unless_parts_are_asked_for() {
        let asked = |words: &[&str]| parts(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(asked(&[]), Some(PARTS.to_vec()));
        assert_eq!(asked(&["short"]), Some(vec!["pacing", "runs"]));
        assert_eq!(asked(&["starts", "sizes"]), Some(vec!["sizes", "starts"]));
        assert_eq!(asked(&["everything"]), None);
    }
}
