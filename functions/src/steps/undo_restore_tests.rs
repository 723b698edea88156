#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::*;
use crate::catalog::Catalog;
use crate::domain::restore::{About, Question};
use crate::steps::testing::restores::planned_restore;
use crate::steps::testing::{Backups, later, now, restores};

/// Notes what it is told, by token.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

#[async_trait]
impl Answers for Told {
    async fn reject(&self, question: &Question, _: &str) -> Result<()> {
        self.0.lock().unwrap().push(question.token.clone());
        Ok(())
    }
}

async fn begun() -> (Needs, Arc<Backups>, Run) {
    let (catalog, _, run) = planned_restore().await;
    let kind = Arc::new(Backups::default());
    let needs = Needs {
        catalog,
        restores: restores(&kind),
        answers: Arc::new(Told::default()),
    };
    (needs, kind, run)
}

fn input(run: &Run, now: Timestamp) -> Input {
    Input {
        deployment: run.deployment.clone(),
        restore: run.id.clone(),
        now,
    }
}

async fn statuses(catalog: &Catalog, run: &Run) -> Vec<ItemStatus> {
    let items = catalog.items(&run.deployment, &run.id).await.unwrap();
    items.iter().map(|item| item.status).collect()
}

#[tokio::test]
async fn every_item_is_looked_for_whatever_is_known_of_it() {
    let (needs, kind, run) = begun().await;
    for _ in 0..2 {
        let output = handle(&needs, input(&run, now())).await.unwrap();
        assert_eq!((output.status, output.failure), (JobStatus::Succeeded, None));
    }
    assert_eq!(
        kind.calls(),
        ["undo database", "undo rooms", "undo database", "undo rooms"]
    );
    assert_eq!(statuses(&needs.catalog, &run).await, [ItemStatus::Undone; 2]);
    let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_eq!(record.status, RestoreStatus::Undone);
}

#[tokio::test]
async fn what_is_being_deleted_is_waited_for() {
    let (needs, kind, run) = begun().await;
    kind.undoing(
        "database",
        Ok(Undoing::Underway("cluster hubs-db-r1 is deleting".into())),
    );
    let first = handle(&needs, input(&run, now())).await.unwrap();
    assert_eq!((first.status, first.wait_seconds), (JobStatus::InProgress, 10));
    assert_eq!(first.underway, ["database: cluster hubs-db-r1 is deleting"]);
    assert_eq!(
        statuses(&needs.catalog, &run).await,
        [ItemStatus::Planned, ItemStatus::Undone]
    );
    let second = handle(&needs, input(&run, later(10))).await.unwrap();
    assert_eq!(second.status, JobStatus::Succeeded);
}

#[tokio::test]
async fn what_stays_is_told_and_keeps_nothing_else() {
    for undoing in [
        Ok(Undoing::Left("cluster hubs-db-r1: protected".into())),
        Err(Error::AccessDenied("cluster hubs-db-r1: protected".into())),
    ] {
        let (needs, kind, run) = begun().await;
        kind.undoing("database", undoing);
        let output = handle(&needs, input(&run, now())).await.unwrap();
        assert_eq!(output.status, JobStatus::Failed);
        assert!(output.failure.unwrap().cause.contains("hubs-db-r1: protected"));
        assert_eq!(
            statuses(&needs.catalog, &run).await,
            [ItemStatus::Planned, ItemStatus::Undone]
        );
        let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
        assert_eq!(record.left[0].subject, "database");
    }
}

#[tokio::test]
async fn a_deletion_that_never_ends_is_left_to_a_person() {
    let (needs, kind, run) = begun().await;
    for _ in 0..2 {
        kind.undoing("database", Ok(Undoing::Underway("restore job j is running".into())));
    }
    handle(&needs, input(&run, now())).await.unwrap();
    let late = handle(&needs, input(&run, later(36 * 3600))).await.unwrap();
    assert_eq!(late.status, JobStatus::Failed);
    assert!(late.failure.unwrap().cause.contains("restore job j is running"));
}

#[tokio::test]
async fn what_the_application_uses_is_never_removed() {
    for status in [RestoreStatus::Switching, RestoreStatus::CutOver] {
        let (needs, kind, run) = begun().await;
        needs
            .catalog
            .change_restore("hubs-prod", &run.id, |record| record.status = status)
            .await
            .unwrap();
        let error = handle(&needs, input(&run, now())).await.unwrap_err();
        assert_eq!(error.name(), "Conflict");
        assert!(error.to_string().contains("holdfast undo-cut-over"), "{error}");
        assert!(kind.calls().is_empty());
    }
}

#[tokio::test]
async fn an_error_that_passes_is_tried_again() {
    let (needs, kind, run) = begun().await;
    kind.undoing("database", Err(Error::Throttled("slow down".into())));
    assert_eq!(
        handle(&needs, input(&run, now())).await.unwrap_err().name(),
        "Throttled"
    );
    let output = handle(&needs, input(&run, now())).await.unwrap();
    assert_eq!(output.status, JobStatus::Succeeded);
}

/// Fails at 8e363f8: the execution went on waiting for a day, and no backup ran.
#[tokio::test]
async fn what_the_restore_asks_is_answered_with_no() {
    let (mut needs, _, run) = begun().await;
    let told = Arc::new(Told::default());
    needs.answers = told.clone();
    handle(&needs, input(&run, now())).await.unwrap();
    assert!(told.0.lock().unwrap().is_empty());
    let asked = needs.catalog.change_restore(&run.deployment, &run.id, |record| {
        record.question = Some(Question {
            about: About::CutOver,
            token: "token".to_owned(),
            asked_at: now(),
            until: later(3600),
            told_at: None,
        });
    });
    asked.await.unwrap();
    handle(&needs, input(&run, now())).await.unwrap();
    assert_eq!(*told.0.lock().unwrap(), ["token"]);
}
