//! Verification: whether the copies are what was backed up.

mod check;
mod counts;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use check::{Check, Finding};
pub use counts::{ProbeCounts, counted};

use check::{PROBE, count_text};

use crate::domain::set::ProbeResult;

/// The outcome of all checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationOutcome {
    /// Nothing differs, and at least one count proves it.
    Verified,
    /// Nothing is wrong, but something could not be determined.
    Unproven,
    Failed,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub outcome: VerificationOutcome,
    /// All checks, worst first.
    pub checks: Vec<Check>,
    pub at: Timestamp,
}

/// One check for each probe: compares the counts of the set with those of the copies.
///
/// `exact`: whether a probe's counts must agree exactly, by its name: the application was quiesced while the set was captured, or the
/// counts are of the recovery point's own data.
/// `comparable`: the copies hold the data of the set; after a restore `at` a moment they do not.
///
/// A count of zero, a failed count, and a count on only one side prove nothing. A copy with a count of zero, where the backup's was
/// not, or without its table, is always different.
pub fn probes(
    expected: &[ProbeResult],
    actual: &[ProbeResult],
    exact: impl Fn(&str) -> bool,
    comparable: bool,
) -> Vec<Check> {
    let counted = expected.iter().map(|before| {
        let after = actual.iter().find(|after| after.name == before.name);
        let (finding, detail) = probe(before, after, exact(&before.name), comparable);
        Check::new(format!("{PROBE}{}", before.name), finding, detail)
    });
    let added = actual
        .iter()
        .filter(|after| !expected.iter().any(|before| before.name == after.name))
        .map(|after| {
            let detail = format!("{} in the copy; it was not counted at backup", count_text(after));
            Check::new(format!("{PROBE}{}", after.name), Finding::Unproven, detail)
        });
    counted.chain(added).collect()
}

fn probe(before: &ProbeResult, after: Option<&ProbeResult>, exact: bool, comparable: bool) -> (Finding, String) {
    let Some(after) = after else {
        let detail = format!("{} at backup; it was not run against the copy", count_text(before));
        return (Finding::Unproven, detail);
    };
    let both = format!("{} at backup, {} in the copy", count_text(before), count_text(after));
    let gone = after
        .failure
        .as_ref()
        .is_some_and(|failure| failure.error == "NotFound");
    match (before.count, after.count) {
        (_, None) if gone => (Finding::Different, both),
        (None, _) | (_, None) => (Finding::Unproven, both),
        (Some(0), Some(0)) => (
            Finding::Unproven,
            format!("{both}: a count of zero does not prove that nothing is missing"),
        ),
        (Some(_), Some(0)) => (Finding::Different, format!("{both}: nothing was found")),
        _ if !comparable => {
            let detail = format!("{both}: they are from different moments, so that they need not agree");
            (Finding::Unproven, detail)
        }
        (before, after) if before == after => (Finding::Same, both),
        _ if exact => (Finding::Different, both),
        _ => {
            let detail = format!(
                "{both}: they may differ, because the application was not quiesced, items expire, or the statement depends on the time"
            );
            (Finding::Unproven, detail)
        }
    }
}

/// The outcome of all checks, worst first. Verified only if nothing differs, nothing is unproven, and at least one count was
/// compared and is the same.
pub fn verify(mut checks: Vec<Check>, at: Timestamp) -> Verification {
    let same_count = |check: &Check| check.name.starts_with(PROBE) && check.finding == Finding::Same;
    let worst = checks.iter().map(|check| check.finding).max();
    if !checks.iter().any(same_count) && worst.unwrap_or(Finding::Same) <= Finding::Changed {
        let detail = "no count was compared: without one, the absence of differences proves nothing";
        checks.push(Check::new("probes", Finding::Unproven, detail));
    }
    checks.sort_by_key(|check| std::cmp::Reverse(check.finding));
    let outcome = match checks.first().map(|check| check.finding) {
        Some(Finding::Same | Finding::Changed) => VerificationOutcome::Verified,
        Some(Finding::Different) => VerificationOutcome::Failed,
        Some(Finding::Unproven) | None => VerificationOutcome::Unproven,
    };
    Verification { outcome, checks, at }
}
