//! What a run costs, at list prices of us-east-1. Free tiers, storage of backups, DynamoDB and SNS are not counted.

use super::history::Count;

/// US dollars per state transition of Standard workflows.
const TRANSITION: f64 = 0.025 / 1000.0;
/// US dollars per GB-second of x86 Lambda, and per request.
const GB_SECOND: f64 = 0.000_016_666_7;
const REQUEST: f64 = 0.20 / 1_000_000.0;
/// The assumed need of a step: 128 MB for half a second, a generous figure for a few AWS calls.
const STEP_GB_SECONDS: f64 = 0.125 * 0.5;

/// US cents.
pub fn cents(count: Count) -> f64 {
    let dollars =
        count.transitions as f64 * TRANSITION + count.invocations as f64 * (REQUEST + STEP_GB_SECONDS * GB_SECOND);
    dollars * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_transitions_and_a_million_requests_cost_what_aws_lists() {
        let of = |transitions, invocations| {
            cents(Count {
                transitions,
                invocations,
            })
        };
        assert!((of(1000, 0) - 2.5).abs() < 1e-9);
        assert!((of(0, 1_000_000) - (20.0 + 104.166_875)).abs() < 1e-6);
    }
}
