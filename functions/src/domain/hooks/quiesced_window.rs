//! For how long a backup keeps an application quiesced, and whether that was long enough.

use jiff::{SignedDuration, Timestamp};

use super::record::HookPhase;
use crate::domain::duration::friendly;
use crate::domain::set::{Point, Reason, RunRecord};

/// When an application that has been quiesced since `since` has to resume.
pub fn end(since: Timestamp, max_seconds: u64) -> Timestamp {
    let longest = SignedDuration::from_secs(i64::try_from(max_seconds).unwrap_or(i64::MAX));
    since.saturating_add(longest).unwrap_or(Timestamp::MAX)
}

/// Whether the application was quiesced until the last of these backups, each of which reads it until its end, had ended; `None` if it
/// was not quiesced.
pub fn was_quiesced_throughout<'a>(run: &RunRecord, reading: impl Iterator<Item = &'a Point>) -> Option<bool> {
    run.rested_at()?;
    // One that failed, and was passed over, has quiesced nothing.
    let mut quiescing = run
        .hooks
        .iter()
        .flatten()
        .filter(|hook| hook.phase == HookPhase::Quiesce);
    if quiescing
        .any(|hook| hook.did_nothing || hook.done_at.is_none() || hook.error.is_some() && hook.undo_begun_at.is_none())
    {
        return Some(false);
    }
    // The application may write from when it begins to resume.
    let begun = run.hooks.iter().flatten().filter_map(|hook| match hook.phase {
        HookPhase::Resume => Some(hook.begun_at),
        HookPhase::Quiesce => hook.undo_begun_at,
        HookPhase::AfterRestore => None,
    });
    let Some(resumed_at) = begun.chain(run.resumed_at).min() else {
        return Some(true);
    };
    let mut ends = reading.filter_map(|point| point.finished_at);
    Some(ends.all(|end| end <= resumed_at))
}

/// The warning for on-call when the application resumed before these resources were backed up.
pub fn exceeded(max_seconds: u64, reading: &[&str]) -> Reason {
    Reason {
        subject: "Quiesce".to_owned(),
        error: "DeadlineExceeded".to_owned(),
        message: format!(
            "the application was resumed after `max_quiesced` of {}, while the backup of {} still read it: the set was not quiesced \
             throughout, and may hold files of two moments. Give `max_quiesced` more time in the descriptor, or accept that",
            friendly(max_seconds),
            reading.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::domain::set::Purpose;
    use crate::testing::{later, now, resource, run};

    fn quiesced(resumed_at: Option<Timestamp>) -> RunRecord {
        RunRecord {
            quiesced_at: Some(now()),
            resumed_at,
            ..RunRecord::begun(&run(), Purpose::Backup)
        }
    }

    #[test]
    fn the_application_has_to_rest_until_the_last_of_them_has_ended() {
        let ended = |at| Point {
            finished_at: Some(at),
            ..Point::begun(&run().id, resource("rooms"))
        };
        let points = [ended(later(30)), ended(later(60))];
        for (resumed, throughout) in [(Some(later(60)), true), (Some(later(59)), false), (None, true)] {
            assert_eq!(
                was_quiesced_throughout(&quiesced(resumed), points.iter()),
                Some(throughout)
            );
        }
        let never = RunRecord::begun(&run(), Purpose::Backup);
        assert_eq!(was_quiesced_throughout(&never, points.iter()), None);
    }

    #[test]
    fn the_window_ends_after_its_length() {
        assert_eq!(end(now(), 900), later(900));
        assert_eq!(end(now(), u64::MAX), Timestamp::MAX);
        assert!(json!(exceeded(900, &["storage"])).to_string().contains("15 minutes"));
    }
}
