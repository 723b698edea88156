//! `resume`: runs the hooks that resume the application, whether or not the backups succeed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::job::{JobStatus, Run};
use crate::error::Result;
pub use crate::runs::needs::HookNeeds as Needs;
use crate::runs::resuming::{Resumed, resume};

#[derive(Debug, Deserialize)]
pub struct Input {
    pub run: Run,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// In progress until the application has resumed.
    pub status: JobStatus,
    /// Seconds until the next call; only while in progress.
    pub wait_seconds: Option<u64>,
    /// Names of the hooks that resumed it; none if the run never quiesced, or has already resumed.
    pub resumed: Vec<String>,
}

/// Called until its status is `succeeded`.
///
/// # Errors
/// `Unavailable` with every hook that failed, and what to do by hand.
pub async fn handle(needs: &Needs, Input { run, now }: Input) -> Result<Output> {
    let (status, wait_seconds, resumed) = match resume(&needs.catalog, &needs.hooks, &run, now).await? {
        Resumed::Nothing => (JobStatus::Succeeded, None, Vec::new()),
        Resumed::Done(hooks) => (JobStatus::Succeeded, None, hooks),
        Resumed::InProgress { wait_seconds, .. } => (JobStatus::InProgress, Some(wait_seconds), Vec::new()),
    };
    Ok(Output {
        status,
        wait_seconds,
        resumed,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::catalog::{Catalog, RunMilestone};
    use crate::domain::descriptor::Hook;
    use crate::domain::hooks::HookPhase;
    use crate::error::Fault;
    use crate::hooks::{Call, HookDriver, HookProgress, Hooks};
    use crate::runs::hooks::HookLog;
    use crate::testing::{RecordedHooks, now, planned};

    async fn quiesced(hooks: Arc<RecordedHooks>) -> (Needs, Run) {
        let (catalog, _, run) = planned(&["offline", "drain"]).await;
        catalog
            .mark_run(&run.deployment, &run.id, RunMilestone::Quiesced, now())
            .await
            .unwrap();
        (
            Needs {
                catalog,
                hooks: Hooks::all(hooks),
            },
            run,
        )
    }

    #[tokio::test]
    async fn hooks_resume_in_reverse_and_only_once() {
        let hooks = RecordedHooks::all_well();
        let (needs, run) = quiesced(hooks.clone()).await;
        let output = handle(
            &needs,
            Input {
                run: run.clone(),
                now: now(),
            },
        )
        .await
        .unwrap();
        assert_eq!(output.resumed, ["drain", "offline"]);
        assert_eq!(
            handle(&needs, Input { run, now: now() }).await.unwrap().resumed,
            [""; 0]
        );
        assert_eq!(hooks.calls(), ["resume drain", "resume offline"]);
    }

    #[tokio::test]
    async fn a_hook_that_fails_stops_no_other_and_is_tried_again() {
        let hooks = RecordedHooks::failing("drain", 1);
        let (needs, run) = quiesced(hooks.clone()).await;
        let error = handle(
            &needs,
            Input {
                run: run.clone(),
                now: now(),
            },
        )
        .await
        .unwrap_err();
        assert_eq!(error.name(), "Unavailable");
        assert!(error.to_string().contains("drain"), "{error}");
        handle(
            &needs,
            Input {
                run: run.clone(),
                now: now(),
            },
        )
        .await
        .unwrap();
        assert_eq!(
            hooks.calls(),
            ["resume drain", "resume offline", "resume drain", "resume offline"]
        );
        let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
        assert_eq!(record.resumed_at, Some(now()));
    }

    #[tokio::test]
    async fn a_run_that_never_quiesced_has_nothing_to_resume() {
        let (catalog, _, run) = planned(&["offline"]).await;
        let hooks = RecordedHooks::all_well();
        let needs = Needs {
            catalog,
            hooks: Hooks::all(hooks.clone()),
        };
        assert_eq!(
            handle(&needs, Input { run, now: now() }).await.unwrap().resumed,
            [""; 0]
        );
        assert!(hooks.calls().is_empty());
    }

    /// Hooks during whose first undo a step that was still quiescing brings another one to rest.
    struct Meanwhile {
        catalog: Catalog,
        hooks: Arc<RecordedHooks>,
        quiesces: Hook,
    }

    #[async_trait::async_trait]
    impl HookDriver for Meanwhile {
        async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
            self.hooks.check(hook).await
        }

        async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
            self.hooks.act(call).await
        }

        async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
            if self.hooks.calls().is_empty() {
                let hooks = Hooks::all(self.hooks.clone());
                let mut log = HookLog::of(&self.catalog, &hooks, call.run, now()).await?;
                log.begin(&self.quiesces, HookPhase::Quiesce).await?;
                log.act(&self.quiesces).await?;
            }
            self.hooks.undo(call).await
        }
    }

    #[tokio::test]
    async fn what_a_step_in_flight_brings_to_rest_meanwhile_resumes_too() {
        let hooks = RecordedHooks::all_well();
        let (mut needs, run) = quiesced(hooks.clone()).await;
        let [offline, drain] = needs
            .catalog
            .planned_by(&run)
            .await
            .unwrap()
            .hooks
            .quiesce
            .try_into()
            .unwrap();
        let mut log = HookLog::of(&needs.catalog, &needs.hooks, &run, now()).await.unwrap();
        log.begin(&offline, HookPhase::Quiesce).await.unwrap();
        needs.hooks = Hooks::all(Arc::new(Meanwhile {
            catalog: needs.catalog.clone(),
            hooks: hooks.clone(),
            quiesces: drain,
        }));
        for (status, resumed) in [(JobStatus::InProgress, 0), (JobStatus::Succeeded, 2)] {
            let output = handle(
                &needs,
                Input {
                    run: run.clone(),
                    now: now(),
                },
            )
            .await
            .unwrap();
            assert_eq!((output.status, output.resumed.len()), (status, resumed));
            let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
            assert_eq!(record.resumed_at.is_some(), resumed > 0, "{record:?}");
        }
        assert_eq!(hooks.calls(), ["quiesce drain", "resume offline", "resume drain"]);
    }
}
