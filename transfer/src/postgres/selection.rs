//! Which dump a restore reads.

use jiff::Timestamp;

/// A dump that exists, by its set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpSummary {
    pub set: String,
    /// When its snapshot was surely taken: no later commit is in it.
    pub captured_at: Timestamp,
}

/// The newest dump, or the newest whose snapshot was taken strictly before a moment. Of two at the same time, the set with the later
/// name.
#[must_use]
pub fn newest_before(dumps: &[DumpSummary], before: Option<Timestamp>) -> Option<&DumpSummary> {
    dumps
        .iter()
        .filter(|dump| before.is_none_or(|moment| dump.captured_at < moment))
        .max_by(|a, b| (a.captured_at, &a.set).cmp(&(b.captured_at, &b.set)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn dumps() -> Vec<DumpSummary> {
        let dump = |set: &str, at: &str| DumpSummary {
            set: set.to_owned(),
            captured_at: at.parse().unwrap(),
        };
        vec![
            dump("tuesday", "2026-11-24T04:00:01Z"),
            dump("monday", "2026-11-23T04:00:01Z"),
            dump("wednesday", "2026-11-25T04:00:01Z"),
        ]
    }

    #[test]
    fn a_dump_after_the_incident_is_never_chosen() {
        let dumps = dumps();
        let chosen = |before: &str| newest_before(&dumps, Some(before.parse().unwrap())).map(|dump| dump.set.as_str());
        assert_eq!(chosen("2026-11-25T04:00:00Z"), Some("tuesday"));
        assert_eq!(chosen("2026-11-24T04:00:01Z"), Some("monday"));
        assert_eq!(chosen("2026-11-24T04:00:01.000001Z"), Some("tuesday"));
        assert_eq!(chosen("2026-11-23T00:00:00Z"), None);
    }

    #[test]
    fn without_a_moment_the_newest_is_chosen() {
        assert_eq!(newest_before(&dumps(), None).unwrap().set, "wednesday");
        assert_eq!(newest_before(&[], None), None);
    }
}
