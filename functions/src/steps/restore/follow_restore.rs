//! `follow-restore`: runs the hooks that follow a restore, in order, once the application uses what was restored and has resumed: they
//! may need it, and it need not wait for them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::hooks::HookPhase;
use crate::domain::job::{JobStatus, Run};
use crate::error::Result;
use crate::runs::closing::ensure_not_ended;
use crate::runs::hooks::{Advance, HookLog, follow_cut_over};
pub use crate::runs::needs::HookNeeds as Needs;

#[derive(Debug, Deserialize)]
pub struct Input {
    pub run: Run,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// In progress until every hook has ended.
    pub status: JobStatus,
    /// Seconds until the next call; only while in progress.
    pub wait_seconds: Option<u64>,
    /// Names of the hooks that have ended so far.
    pub ended: Vec<String>,
}

/// Called until its status is `succeeded`.
///
/// # Errors
/// `Conflict` for a run that has ended; a hook's own.
pub async fn handle(needs: &Needs, Input { run, now }: Input) -> Result<Output> {
    let catalog = &needs.catalog;
    let mut descriptor = catalog.planned_by(&run).await?;
    follow_cut_over(catalog, &run, &mut descriptor.hooks).await?;
    let mut log = HookLog::of(catalog, &needs.hooks, &run, now).await?;
    let mut ended = Vec::new();
    for hook in &descriptor.hooks.after_restore {
        // Before each: an execution that is stopped does not stop a function in flight.
        ensure_not_ended(catalog, &run, "following the restore").await?;
        if !log.is_settled(hook) {
            log.begin(hook, HookPhase::AfterRestore).await?;
            if let Advance::InProgress(wait_seconds) = log.act(hook).await? {
                return Ok(Output {
                    status: JobStatus::InProgress,
                    wait_seconds: Some(wait_seconds),
                    ended,
                });
            }
            tracing::info!(deployment = %run.deployment, restore = %run.id, hook = %hook.name, "followed the restore");
        }
        ended.push(hook.name.clone());
    }
    Ok(Output {
        status: JobStatus::Succeeded,
        wait_seconds: None,
        ended,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domain::descriptor::Descriptor;
    use crate::domain::hooks::HookRecord;
    use crate::hooks::Hooks;
    use crate::testing::restores::planned_restore_of;
    use crate::testing::{RecordedHooks, document, later, now};

    async fn restored(hooks: &Arc<RecordedHooks>, index: serde_json::Value) -> (Needs, Run) {
        let mut document = document("hubs-prod", &[]);
        let smoke = json!({"name": "smoke", "kind": "lambda", "function": "smoke"});
        document["hooks"] = json!({ "after_restore": [index, smoke] });
        let (catalog, _, run) = planned_restore_of(&Descriptor::parse(&document).unwrap()).await;
        let hooks = Hooks::all(hooks.clone());
        (Needs { catalog, hooks }, run)
    }

    fn index() -> serde_json::Value {
        json!({"name": "index", "kind": "lambda", "function": "index"})
    }

    async fn handled(needs: &Needs, run: &Run, seconds: i64) -> Result<Output> {
        let input = Input {
            run: run.clone(),
            now: later(seconds),
        };
        handle(needs, input).await
    }

    async fn recorded(needs: &Needs, run: &Run) -> HookRecord {
        let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
        record.hooks.unwrap().remove(0)
    }

    #[tokio::test]
    async fn hooks_follow_in_order_each_once_it_is_done() {
        let hooks = RecordedHooks::busy("after_restore index", 1);
        let (needs, run) = restored(&hooks, index()).await;
        let first = handled(&needs, &run, 0).await.unwrap();
        assert_eq!((first.status, first.wait_seconds), (JobStatus::InProgress, Some(1)));
        assert_eq!(hooks.calls(), ["after_restore index"]);
        let second = handled(&needs, &run, 5).await.unwrap();
        assert_eq!((second.status, second.ended.len()), (JobStatus::Succeeded, 2));
        handled(&needs, &run, 6).await.unwrap();
        let calls = ["after_restore index", "after_restore index", "after_restore smoke"];
        assert_eq!(hooks.calls(), calls, "what has ended is not begun again");
    }

    #[tokio::test]
    async fn a_failure_is_tried_again_as_often_as_the_descriptor_says() {
        for (retries, succeeds) in [(0, false), (1, true)] {
            let hooks = RecordedHooks::failing("index", 1);
            let mut index = index();
            index["retries"] = json!(retries);
            let (needs, run) = restored(&hooks, index).await;
            let first = handled(&needs, &run, 0).await;
            if !succeeds {
                assert_eq!(first.unwrap_err().name(), "JobFailed");
                continue;
            }
            assert_eq!(first.unwrap().wait_seconds, Some(10));
            let failed = recorded(&needs, &run).await;
            assert!(failed.error.as_deref().unwrap().contains("said no"));
            assert_eq!(handled(&needs, &run, 10).await.unwrap().status, JobStatus::Succeeded);
            let done = recorded(&needs, &run).await;
            assert_eq!((done.failures, done.done_at, done.error), (1, Some(later(10)), None));
        }
    }

    #[tokio::test]
    async fn a_failure_that_is_to_be_passed_over_is_a_warning() {
        let hooks = RecordedHooks::failing("index", 1);
        let mut index = index();
        index["on_failure"] = json!("continue");
        let (needs, run) = restored(&hooks, index).await;
        assert_eq!(handled(&needs, &run, 0).await.unwrap().status, JobStatus::Succeeded);
        let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
        assert_eq!(record.warnings[0].subject, "hook index");
        assert_eq!(hooks.calls(), ["after_restore index", "after_restore smoke"]);
    }

    #[tokio::test]
    async fn a_hook_that_does_not_end_in_time_has_failed() {
        let hooks = RecordedHooks::busy("after_restore index", 9);
        let (needs, run) = restored(&hooks, index()).await;
        handled(&needs, &run, 0).await.unwrap();
        let error = handled(&needs, &run, 60).await.unwrap_err();
        assert_eq!(error.name(), "DeadlineExceeded");
        assert!(error.to_string().contains("the last room to close"), "{error}");
    }

    #[tokio::test]
    async fn a_run_that_has_ended_begins_no_hook() {
        let hooks = RecordedHooks::all_well();
        let (needs, run) = restored(&hooks, index()).await;
        needs
            .catalog
            .mark_run(&run.deployment, &run.id, crate::catalog::RunMilestone::Ended, now())
            .await
            .unwrap();
        assert_eq!(handled(&needs, &run, 0).await.unwrap_err().name(), "Conflict");
        assert!(hooks.calls().is_empty());
    }
}
