//! What an earlier run quiesced and did not resume.

use super::record::{HookPhase, HookRecord};
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
