//! Why retention keeps each set, as text.

use std::collections::BTreeMap;

use holdfast::domain::descriptor::Keep;
use holdfast::domain::retention::retention;
use holdfast::domain::set::BackupSet;
use jiff::Timestamp;

/// By set id; for a set that the next run deletes, its reason says so.
pub fn reasons(sets: &[BackupSet], keep: &Keep, now: Timestamp) -> BTreeMap<String, Vec<String>> {
    let retention = retention(sets, keep, now);
    let kept = retention
        .keep
        .into_iter()
        .map(|(id, reasons)| (id, reasons.iter().map(ToString::to_string).collect()));
    let expires = retention
        .expire
        .into_iter()
        .map(|(id, reason)| (id, vec![format!("deleted by the next run: {reason}")]));
    kept.chain(expires).collect()
}

#[cfg(test)]
mod tests {
    use holdfast::domain::set::SetStatus;

    use super::*;
    use crate::testing::{at, set};

    #[test]
    fn every_set_has_a_reason_to_stay_or_to_go() {
        let sets = [
            set("old", SetStatus::Sealed, "2025-01-01T00:00:00Z"),
            set("new", SetStatus::Sealed, "2025-01-02T00:00:00Z"),
        ];
        let keep = Keep {
            last: 1,
            daily: 0,
            weekly: 0,
            monthly: 0,
            failed_days: 0,
        };
        let reasons = reasons(&sets, &keep, at("2025-01-03T00:00:00Z"));
        assert!(
            reasons["new"].iter().any(|reason| reason.contains("newest sealed")),
            "{reasons:?}"
        );
        assert!(
            reasons["old"][0].starts_with("deleted by the next run: "),
            "{reasons:?}"
        );
    }
}
