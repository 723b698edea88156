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
    use crate::catalog::RunMilestone;
    use crate::hooks::Hooks;
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
}
