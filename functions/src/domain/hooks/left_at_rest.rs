//! What an earlier run quiesced and did not resume.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::record::{HookPhase, HookRecord};
use crate::domain::descriptor::Hook;
use crate::domain::set::RunRecord;

/// The record of this hook in the newest run before `run` in which it began to quiesce, unless it was seen undone, or hooks of their own
/// resumed the application. `runs` are all of the deployment, the oldest first.
pub fn left_at_rest<'a>(runs: &'a [RunRecord], run: &str, hook: &str) -> Option<(&'a RunRecord, &'a HookRecord)> {
    let mut earlier = runs.iter().rev().filter(|earlier| earlier.id != run);
    let (run, record) = earlier.find_map(|run| {
        let record = run.quiescing_hooks().find(|record| record.name == hook)?;
        Some((run, record))
    })?;
    let mut hooks = run.hooks.iter().flatten();
    let resumed_by_hooks = run.resumed_at.is_some() && hooks.any(|hook| hook.phase == HookPhase::Resume);
    (record.undone_at.is_none() && !resumed_by_hooks).then_some((run, record))
}

/// For how long a run that has ended is resumed: by the function of `clean-up`, and one that was in flight. A function runs for 15
/// minutes at most.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const RESUMING: SignedDuration = SignedDuration::from_mins(15);

/// Until when an earlier run that has ended may still be resuming the application, which would resume what a run after it brings to
/// rest; `None` if none is. One whose hooks have failed to resume has left it at rest, which on-call knows.
pub fn resumes_until(runs: &[RunRecord], run: &str) -> Option<Timestamp> {
    let earlier = runs
        .iter()
        .filter(|earlier| earlier.id != run && earlier.resumed_at.is_none());
    let resuming = earlier.filter(|earlier| earlier.hooks.iter().flatten().any(HookRecord::is_resuming));
    let until = resuming.filter_map(|earlier| earlier.ended_at?.saturating_add(RESUMING).ok());
    until.max()
}

/// Whether a later run has brought to rest again all that this one left at rest: then that one resumes it, and nothing else may.
pub fn is_taken_over(runs: &[RunRecord], run: &RunRecord) -> bool {
    let left: Vec<&str> = run
        .hooks
        .iter()
        .flatten()
        .filter(|hook| hook.is_at_rest())
        .map(|hook| hook.name.as_str())
        .collect();
    let mut later = runs
        .iter()
        .filter(|later| later.id != run.id && later.started_at > run.started_at);
    let begins = |later: &RunRecord, name: &str| later.quiescing_hooks().any(|hook| hook.name == name);
    !left.is_empty() && later.any(|later| left.iter().all(|name| begins(later, name)))
}

/// What the newest run before `run` recorded of the hook, for one whose target is gone.
pub fn last_seen(runs: &[RunRecord], run: &str, hook: &Hook) -> Option<Value> {
    let mut earlier = runs.iter().rev().filter(|earlier| earlier.id != run);
    let kind = super::of(&hook.action);
    earlier.find_map(|run| {
        let mut records = run.quiescing_hooks();
        let record = records.find(|record| record.name == hook.name && !record.before.is_null())?;
        (!kind.is_gone(&record.before)).then(|| record.before.clone())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn run(id: &str, hook: &str, resumed: bool) -> RunRecord {
        let at = "2026-11-20T02:00:00Z";
        serde_json::from_value(json!({
            "id": id, "deployment": "hubs", "execution": "arn", "started_at": at, "quiesced_at": at,
            "hooks": [{
                "name": hook, "phase": "quiesce", "begun_at": at, "before": id, "undone_at": resumed.then_some(at),
            }],
            "resumed_at": resumed.then_some(at),
        }))
        .unwrap()
    }

    #[test]
    fn a_run_that_has_ended_is_resumed_for_as_long_as_a_function_runs() {
        let until = |runs: &[RunRecord]| resumes_until(runs, "now").map(|until| until.to_string());
        let ended = |id: &str, at: &str, resumed: bool| {
            let mut run = run(id, "web", resumed);
            run.ended_at = Some(at.parse().unwrap());
            run.hooks.as_mut().unwrap()[0].undo_begun_at = run.ended_at;
            run
        };
        let (early, late) = ("2026-11-20T02:05:00Z", "2026-11-20T02:07:00Z");
        let this = ended("now", late, false);
        assert_eq!(
            until(&[ended("fine", late, true), run("runs", "web", false), this.clone()]),
            None
        );
        let mut failed = ended("failed", late, false);
        failed.hooks.as_mut().unwrap()[0].error = Some("denied".to_owned());
        assert!(
            until(std::slice::from_ref(&failed)).is_some(),
            "its work was denied, and is undone"
        );
        failed.hooks.as_mut().unwrap()[0].undo_failed = true;
        assert_eq!(until(&[failed]), None, "it has left the application at rest");
        let both = [ended("late", late, false), ended("early", early, false), this];
        assert_eq!(until(&both).as_deref(), Some("2026-11-20T02:22:00Z"));
    }

    #[test]
    fn what_a_later_run_brings_to_rest_again_is_that_runs_to_resume() {
        let at = |id: &str, hook: &str, hour: &str| RunRecord {
            started_at: format!("2026-11-20T{hour}:00:00Z").parse().unwrap(),
            ..run(id, hook, false)
        };
        let stuck = at("stuck", "web", "02");
        let earlier = at("earlier", "web", "01");
        assert!(!is_taken_over(&[earlier, stuck.clone()], &stuck));
        assert!(!is_taken_over(&[stuck.clone(), at("other", "ingest", "03")], &stuck));
        assert!(is_taken_over(&[stuck.clone(), at("later", "web", "03")], &stuck));
        let mut two = stuck;
        let ingest = HookRecord::begun("ingest", HookPhase::Quiesce, json!(null), two.started_at);
        two.hooks.as_mut().unwrap().push(ingest);
        assert!(
            !is_taken_over(&[two.clone(), at("later", "web", "03")], &two),
            "only one of two"
        );
    }

    #[test]
    fn the_newest_run_with_this_hook_counts() {
        let left = |runs: &[RunRecord]| left_at_rest(runs, "now", "web").map(|(run, _)| run.id.clone());
        let this = run("now", "web", false);
        let other = run("other", "ingest", true);
        let stuck = run("stuck", "web", false);
        let fine = run("fine", "web", true);
        assert_eq!(left(std::slice::from_ref(&this)), None);
        assert_eq!(
            left(&[stuck.clone(), other.clone(), this.clone()]),
            Some("stuck".to_owned())
        );
        assert_eq!(left(&[stuck.clone(), fine, this.clone()]), None, "it was resumed since");
        let mut by_hooks = stuck.clone();
        by_hooks.resumed_at = Some(by_hooks.started_at);
        assert!(left(&[by_hooks.clone()]).is_some(), "it was never seen undone");
        let online = HookRecord::begun("online", HookPhase::Resume, json!(null), by_hooks.started_at);
        by_hooks.hooks.as_mut().unwrap().push(online);
        assert_eq!(left(&[by_hooks]), None);
        let mut undone = stuck;
        undone.hooks.as_mut().unwrap()[0].undone_at = Some(undone.started_at);
        assert_eq!(
            left(&[undone, this]),
            None,
            "of that run's hooks another failed to resume"
        );
    }
}
