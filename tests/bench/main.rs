//! `make bench`: what the shipped functions and a lab show, each figure beside its target. `bench` measures everything;
//! `bench short` what needs nothing but the lab, for `make test`; `bench starts`, for one, a part of it. It ends non-zero when a
//! target is missed, after it has measured the rest.
#![allow(clippy::disallowed_methods)]

/// The figures of the commit that some targets are set by.
mod before;
/// How often jobs are looked at, and how late their end is seen, by the rule alone.
mod pacing;
/// Figures, targets, verdicts.
mod report;
/// Nights and restores in a lab: looks, transitions, costs, overhead.
mod runs;
/// Sizes of what is shipped.
mod sizes;
/// Time to a function's first answer, and its peak memory.
mod starts;

use std::process::ExitCode;

use report::Report;

/// What can be measured by itself, in the order in which `bench` does.
const PARTS: [&str; 4] = ["sizes", "starts", "pacing", "runs"];
/// What needs no shipped functions.
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
            _ => runs::measure(&mut report).await,
        }
    }
    if report.finish() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The parts that are asked for; `None` when there is no such part.
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
