//! Which counts of a set are compared with which counts in the copies, and the checks for the others.

use super::check::{Check, Finding, PROBE, count_text};
use crate::domain::restore::matching::{GapKind, Matching, ProbeComparability, ProbePair};
use crate::domain::set::ProbeResult;

/// The counts on both sides, by today's names, and checks for those that cannot be compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProbeCounts {
    pub expected: Vec<ProbeResult>,
    pub actual: Vec<ProbeResult>,
    pub checks: Vec<Check>,
}

/// Sorts the counts according to the plan: each count of the set is compared, or gets a check with the reason why not. Each gap of
/// the plan, including resources and switches, is an unproven check.
pub fn counted(matching: &Matching, expected: Vec<ProbeResult>, actual: Vec<ProbeResult>) -> ProbeCounts {
    let mut counted = ProbeCounts::default();
    let mut left_out = Vec::new();
    let find = |name: &str| actual.iter().find(|result| result.name == name);
    for result in expected {
        let pair = matching.probes.iter().find(|pair| pair.in_set == result.name);
        match pair.map(|pair| (pair, &pair.standing)) {
            Some((pair, ProbeComparability::Same)) => counted.expected.push(ProbeResult {
                name: pair.name.clone(),
                ..result
            }),
            Some((pair, ProbeComparability::LeftOut(why))) => left_out.push(format!("{PROBE}{} ({why})", pair.name)),
            Some((ProbePair { name, .. }, ProbeComparability::Changed(why))) => {
                let now = find(name).map_or("not counted".to_owned(), count_text);
                let detail = format!("{} at backup, {now} in the copy: {why}", count_text(&result));
                counted.checks.push(unproven(format!("{PROBE}{name}"), detail));
            }
            Some((ProbePair { name, .. }, ProbeComparability::Removed)) => {
                let detail = format!(
                    "{} at backup; the descriptor no longer has such a probe",
                    count_text(&result)
                );
                counted.checks.push(unproven(format!("{PROBE}{name}"), detail));
            }
            None => {
                let detail = format!(
                    "{} at backup; the plan does not say how to compare it",
                    count_text(&result)
                );
                counted.checks.push(unproven(format!("{PROBE}{}", result.name), detail));
            }
        }
    }
    let changed: Vec<String> = counted.checks.iter().map(|check| check.name.clone()).collect();
    let has_check = |name: &str| changed.iter().any(|check| check.strip_prefix(PROBE) == Some(name));
    counted.actual = actual.into_iter().filter(|result| !has_check(&result.name)).collect();
    for gap in &matching.gaps {
        let counted_now = counted.actual.iter().any(|result| result.name == gap.name);
        let covered = gap.of == GapKind::Probe && (has_check(&gap.name) || counted_now);
        if !covered {
            counted.checks.push(unproven(gap.subject(), gap.why.clone()));
        }
    }
    let none = counted.expected.is_empty() && counted.actual.is_empty() && changed.is_empty();
    if none && matching.gaps.iter().all(|gap| gap.of != GapKind::Probe) {
        let detail = match left_out.is_empty() {
            true => {
                "the deployment has no probes, so that nothing was counted: check the copies yourself, and add probes"
                    .to_owned()
            }
            false => format!(
                "nothing was counted in the copies: {}. Check them yourself",
                left_out.join(", ")
            ),
        };
        counted.checks.push(unproven("probes".to_owned(), detail));
    }
    counted
}

fn unproven(name: String, detail: String) -> Check {
    Check::new(name, Finding::Unproven, detail)
}
