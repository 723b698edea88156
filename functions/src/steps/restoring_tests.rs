#![allow(clippy::unwrap_used)]

use super::*;
use crate::catalog::Mark;
use crate::steps::testing::restores::planned_restore;
use crate::steps::testing::{Backups, later, now, resource};

fn input(run: &Run, now: Timestamp) -> Input {
    Input {
        run: run.clone(),
        resource: resource("database"),
        now,
    }
}

fn creating() -> Advance {
    Advance::InProgress {
        phase: "cluster hubs-db-r1 is creating".into(),
        percent: Some(5.0),
        made: None,
    }
}

#[tokio::test]
async fn each_call_does_what_comes_next_until_the_copy_is_there() {
    let (catalog, _, run) = planned_restore().await;
    let kind = Backups::default();
    kind.advancing("database", Ok(creating()));
    let first = restore(&catalog, &kind, input(&run, now())).await.unwrap();
    assert_eq!((first.status, first.wait_seconds), (JobStatus::InProgress, 10));
    assert_eq!(first.phase.as_deref(), Some("cluster hubs-db-r1 is creating"));
    let record = catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_eq!(record.status, RestoreStatus::Running);
    for _ in 0..2 {
        let ended = restore(&catalog, &kind, input(&run, later(600))).await.unwrap();
        assert_eq!((ended.status, ended.wait_seconds), (JobStatus::Succeeded, 0));
    }
    // Ended is ended: nobody asks AWS again.
    assert_eq!(kind.calls(), ["advance database", "advance database"]);
    let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
    assert_eq!((item.started_at, item.finished_at), (Some(now()), Some(later(600))));
    assert!(matches!(
        item.made,
        Some(crate::domain::restore::item::Made::Cluster { .. })
    ));
}

#[tokio::test]
async fn each_phase_is_watched_as_a_job_of_its_own() {
    let (catalog, _, run) = planned_restore().await;
    let phase = |phase: &str| {
        Ok(Advance::InProgress {
            phase: phase.into(),
            percent: None,
            made: None,
        })
    };
    for (at, what, wait) in [
        (0, "cluster is creating", 10),
        (1_800, "cluster is creating", 90),
        (1_890, "its instances are created", 10),
        (3_690, "its instances are created", 90),
        (3_780, "deletion protection is turned on", 10),
    ] {
        let kind = Backups::default();
        kind.advancing("database", phase(what));
        let job = restore(&catalog, &kind, input(&run, later(at))).await.unwrap();
        assert_eq!(job.wait_seconds, wait, "{at}");
    }
}

#[tokio::test]
async fn a_step_that_dies_at_any_write_leaves_an_item_that_undo_will_look_for() {
    for nth in 1..=3 {
        let (catalog, memory, run) = planned_restore().await;
        let kind = Backups::default();
        memory.lose_write(nth);
        restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
        let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
        let asked = kind.calls().len();
        assert!(asked == 0 || item.status != ItemStatus::Planned, "{nth}: {item:?}");
        let again = restore(&catalog, &kind, input(&run, now())).await.unwrap();
        assert_eq!(again.status, JobStatus::Succeeded, "{nth}");
    }
}

#[tokio::test]
async fn what_never_will_be_is_an_answer_and_is_recorded() {
    for (advance, error) in [
        (
            Ok(Advance::Failed {
                reason: "its status is restore-failed".into(),
            }),
            "JobFailed",
        ),
        (Err(Error::Conflict("the name is taken".into())), "Conflict"),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let kind = Backups::default();
        kind.advancing("database", advance);
        let job = restore(&catalog, &kind, input(&run, now())).await.unwrap();
        assert_eq!(job.status, JobStatus::Failed);
        assert_eq!(job.failure.unwrap().error, error);
        let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
        assert_eq!(
            (item.status, item.failure.unwrap().error.as_str()),
            (ItemStatus::Failed, error)
        );
    }
}

#[tokio::test]
async fn an_error_that_passes_is_no_answer() {
    for error in [
        Error::Throttled("slow down".into()),
        Error::NotReady("modifying".into()),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let kind = Backups::default();
        kind.advancing("database", Err(error.clone()));
        let told = restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
        assert_eq!(told.name(), error.name());
        let job = restore(&catalog, &kind, input(&run, now())).await.unwrap();
        assert_eq!(job.status, JobStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_restore_past_its_deadline_has_failed_and_says_what_it_waited_for() {
    let (catalog, _, run) = planned_restore().await;
    let kind = Backups::default();
    kind.advancing("database", Ok(creating()));
    kind.advancing("database", Ok(creating()));
    restore(&catalog, &kind, input(&run, now())).await.unwrap();
    let late = i64::try_from(resource("database").deadline_seconds).unwrap();
    let job = restore(&catalog, &kind, input(&run, later(late))).await.unwrap();
    let failure = job.failure.unwrap();
    assert_eq!(failure.error, "DeadlineExceeded");
    assert!(
        failure.cause.contains("cluster hubs-db-r1 is creating"),
        "{}",
        failure.cause
    );
}

#[tokio::test]
async fn nothing_is_begun_for_a_run_that_has_ended_or_was_undone() {
    let (catalog, _, run) = planned_restore().await;
    let kind = Backups::default();
    let undone = |record: &mut RestoreRecord| record.status = RestoreStatus::Undone;
    catalog.change_restore("hubs-prod", &run.id, undone).await.unwrap();
    let error = restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    let (catalog, _, run) = planned_restore().await;
    catalog
        .mark_run("hubs-prod", &run.id, Mark::Ended, now())
        .await
        .unwrap();
    let error = restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(kind.calls().is_empty());
}

/// A kind during whose advance the restore is undone.
struct Overtaken {
    catalog: Catalog,
    kind: Backups,
}

#[async_trait::async_trait]
impl Restore for Overtaken {
    async fn foresee(&self, run: &Run, item: &Item) -> Result<crate::kinds::restoring::Foreseen> {
        self.kind.foresee(run, item).await
    }
    async fn advance(&self, run: &Run, item: &Item) -> Result<Advance> {
        let undone = Item {
            status: ItemStatus::Undone,
            ..item.clone()
        };
        self.catalog.put_item(&run.deployment, &undone).await?;
        self.kind.advance(run, item).await
    }
    async fn undo(&self, run: &Run, item: &Item) -> Result<Undoing> {
        self.kind.undo(run, item).await
    }
    async fn compare(
        &self,
        run: &Run,
        item: &Item,
        at_rest: bool,
    ) -> Result<Vec<crate::domain::restore::verdict::Check>> {
        self.kind.compare(run, item, at_rest).await
    }
    async fn sample(&self, resource: &Resource) -> Result<Option<crate::domain::set::Sample>> {
        self.kind.sample(resource).await
    }
}

#[tokio::test]
async fn what_was_made_after_the_undo_had_looked_is_removed_or_told_of() {
    for (undoing, left) in [
        (Undoing::Gone, 0),
        (Undoing::Underway("cluster hubs-db-r1 is deleting".into()), 1),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let overtaken = Overtaken {
            catalog: catalog.clone(),
            kind: Backups::default(),
        };
        overtaken.kind.undoing("database", Ok(undoing));
        let error = restore(&catalog, &overtaken, input(&run, now())).await.unwrap_err();
        assert_eq!(error.name(), "Conflict");
        assert_eq!(overtaken.kind.calls(), ["advance database", "undo database"]);
        let record = catalog.known_restore("hubs-prod", &run.id).await.unwrap();
        assert_eq!(record.left.len(), left);
    }
}
