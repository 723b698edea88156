//! Which counts of a set are compared with which counts in the copies, and what is said of the others.

use super::check::{Check, Finding, PROBE, in_words};
use crate::domain::restore::matching::{Matching, Of, Pair, Standing};
use crate::domain::set::ProbeResult;

/// The counts on both sides, by today's names, and the checks of those that are no comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    pub expected: Vec<ProbeResult>,
    pub actual: Vec<ProbeResult>,
    pub checks: Vec<Check>,
}

/// Sorts the counts by the plan: each of the set is compared, or is named with the reason why not. All that the plan found
/// without a counterpart, resources and switches too, is a check that proves nothing.
pub fn counted(matching: &Matching, expected: Vec<ProbeResult>, actual: Vec<ProbeResult>) -> Counted {
    let mut counted = Counted::default();
    let mut left_out = Vec::new();
    let find = |name: &str| actual.iter().find(|result| result.name == name);
    for result in expected {
        let pair = matching.probes.iter().find(|pair| pair.in_set == result.name);
        match pair.map(|pair| (pair, &pair.standing)) {
            Some((pair, Standing::Same)) => counted.expected.push(ProbeResult {
                name: pair.name.clone(),
                ..result
            }),
            Some((pair, Standing::LeftOut(why))) => left_out.push(format!("{PROBE}{} ({why})", pair.name)),
            Some((Pair { name, .. }, Standing::Changed(why))) => {
                let now = find(name).map_or("not counted".to_owned(), in_words);
                let detail = format!("{} at backup, {now} in the copy: {why}", in_words(&result));
                counted.checks.push(unproven(format!("{PROBE}{name}"), detail));
            }
            Some((Pair { name, .. }, Standing::Removed)) => {
                let detail = format!(
                    "{} at backup; the descriptor has no such probe any more",
                    in_words(&result)
                );
                counted.checks.push(unproven(format!("{PROBE}{name}"), detail));
            }
            None => {
                let detail = format!(
                    "{} at backup; the plan does not say how to compare it",
                    in_words(&result)
                );
                counted.checks.push(unproven(format!("{PROBE}{}", result.name), detail));
            }
        }
    }
    let changed: Vec<String> = counted.checks.iter().map(|check| check.name.clone()).collect();
    let is_said = |name: &str| changed.iter().any(|said| said.strip_prefix(PROBE) == Some(name));
    counted.actual = actual.into_iter().filter(|result| !is_said(&result.name)).collect();
    for gap in &matching.gaps {
        let counted_now = counted.actual.iter().any(|result| result.name == gap.name);
        let said = gap.of == Of::Probe && (is_said(&gap.name) || counted_now);
        if !said {
            counted.checks.push(unproven(gap.subject(), gap.why.clone()));
        }
    }
    let none = counted.expected.is_empty() && counted.actual.is_empty() && changed.is_empty();
    if none && matching.gaps.iter().all(|gap| gap.of != Of::Probe) {
        let detail = match left_out.is_empty() {
            true => {
                "the deployment has no probes, so that nothing was counted: look at the copies yourself, and add probes"
                    .to_owned()
            }
            false => format!(
                "nothing was counted in the copies: {}. Look at them yourself",
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
