#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::domain::descriptor::Descriptor;
use crate::domain::reference::Reference;
use crate::domain::restore::{About, Question};
use crate::domain::usage::RestoredCopy;
use crate::domain::usage::services::{AccessPoint, RunningService};
use crate::testing::restores::planned_restore;
use crate::testing::switchboard::Switchboard;
use crate::testing::{RecordedKind, document, kinds, later, now};

/// The usage that AWS reports.
#[derive(Default)]
struct Account {
    services: Mutex<Vec<RunningService>>,
    refusing: Mutex<Option<Error>>,
    active: Mutex<Vec<String>>,
    unmeasured: Mutex<Option<Error>>,
    /// The times from which writes, and reads, counted.
    since: Mutex<Vec<(Timestamp, Timestamp)>>,
}

#[async_trait]
impl UsageLookup for Account {
    async fn services(&self) -> Result<Vec<RunningService>> {
        match &*self.refusing.lock().unwrap() {
            Some(error) => Err(error.clone()),
            None => Ok(self.services.lock().unwrap().clone()),
        }
    }

    async fn access_points(&self, _: &str) -> Result<Vec<AccessPoint>> {
        Ok(Vec::new())
    }

    async fn activity(
        &self,
        _: &RestoredCopy,
        written_since: Timestamp,
        read_since: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<String>> {
        self.since.lock().unwrap().push((written_since, read_since));
        match &*self.unmeasured.lock().unwrap() {
            Some(error) => Err(error.clone()),
            None => Ok(self.active.lock().unwrap().clone()),
        }
    }
}

/// Records the rejections, by token.
#[derive(Default)]
struct Rejections(Mutex<Vec<String>>);

#[async_trait]
impl Approvals for Rejections {
    async fn reject(&self, question: &Question, _: &str) -> Result<()> {
        self.0.lock().unwrap().push(question.token.clone());
        Ok(())
    }
}

async fn begun() -> (Needs, Arc<RecordedKind>, Run) {
    let (needs, kind, run, _, _) = used().await;
    (needs, kind, run)
}

async fn used() -> (Needs, Arc<RecordedKind>, Run, Arc<Account>, Arc<Switchboard>) {
    let (catalog, _, run) = planned_restore().await;
    let kind = Arc::new(RecordedKind::default());
    let account = Arc::new(Account::default());
    let board = Switchboard::new();
    let needs = Needs {
        catalog,
        kinds: kinds(&kind),
        approvals: Arc::new(Rejections::default()),
        switches: Switches::all(board.clone()),
        usage: account.clone(),
    };
    (needs, kind, run, account, board)
}

/// As [`used`], with the copies `hubs-db-r1` and `hubs-rooms-r1` created.
async fn made() -> (Needs, Arc<RecordedKind>, Run, Arc<Account>, Arc<Switchboard>) {
    let used = used().await;
    let catalog = &used.0.catalog;
    for mut item in catalog.items("hubs-prod", &used.2.id).await.unwrap() {
        item.status = ItemStatus::Restored;
        item.finished_at = Some(later(-1800));
        catalog.put_item("hubs-prod", &item).await.unwrap();
    }
    used
}

async fn refused(needs: &Needs, run: &Run, words: &[&str]) {
    let error = handle(needs, input(run, now())).await.unwrap_err();
    assert_eq!(error.name(), "Conflict", "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_ne!(record.status, RestoreStatus::Undone);
}

fn input(run: &Run, now: Timestamp) -> Input {
    Input {
        deployment: run.deployment.clone(),
        restore: run.id.clone(),
        without: BTreeSet::new(),
        now,
    }
}

/// Nothing has to name a table of a prefix, and a night may pass in which nobody reads it. A probe that names it did so before.
#[tokio::test]
async fn what_got_its_own_name_back_stays_once_it_is_restored() {
    let (needs, kind, run, ..) = made().await;
    let mut by_prefix = document("hubs-prod", &[]);
    by_prefix["resources"] = json!({"tables": {"kind": "dynamodb", "prefix": "hubs-"}});
    by_prefix["probes"] = json!({"rooms": {"resource": "tables", "table": "hubs-rooms"}});
    needs
        .catalog
        .put_descriptor(&Descriptor::parse(&by_prefix).unwrap())
        .await
        .unwrap();
    let mut item = needs
        .catalog
        .item("hubs-prod", &run.id, "rooms")
        .await
        .unwrap()
        .unwrap();
    item.planned.destination = serde_json::from_value(json!({"into": "table", "table": "hubs-rooms"})).unwrap();
    item.created = serde_json::from_value(json!({"made": "table", "table": "hubs-rooms", "arn": "arn"})).unwrap();
    needs.catalog.put_item("hubs-prod", &item).await.unwrap();
    let is = async |status: RestoreStatus| {
        let changed = needs
            .catalog
            .change_restore("hubs-prod", &run.id, |record| record.status = status);
        changed.await.unwrap();
    };
    is(RestoreStatus::Restored).await;
    refused(
        &needs,
        &run,
        &[
            "hubs-rooms got the names of what was gone",
            "holdfast restores hubs-prod",
        ],
    )
    .await;
    assert!(kind.calls().is_empty());
    is(RestoreStatus::Failed).await;
    handle(&needs, input(&run, now())).await.unwrap();
    assert!(!kind.calls().is_empty(), "a restore that failed leaves nothing");
}

#[tokio::test]
async fn what_another_deployments_descriptor_names_is_not_removed() {
    let (needs, kind, run, ..) = made().await;
    let mut other = document("another", &[]);
    other["resources"] = json!({"theirs": {"kind": "dynamodb", "table": "hubs-rooms-r1"}});
    needs
        .catalog
        .put_descriptor(&Descriptor::parse(&other).unwrap())
        .await
        .unwrap();
    refused(
        &needs,
        &run,
        &["table hubs-rooms-r1", "another", "resources.theirs.table"],
    )
    .await;
    assert!(kind.calls().is_empty());
}

#[tokio::test]
async fn what_a_switch_of_any_deployment_holds_is_not_removed() {
    let (needs, kind, run, _, board) = made().await;
    let mut other = document("another", &[]);
    other["cut_over"] = json!([
        {"name": "where", "resource": "database", "kind": "parameter", "parameter": "/another/host", "value": "host"},
    ]);
    needs
        .catalog
        .put_descriptor(&Descriptor::parse(&other).unwrap())
        .await
        .unwrap();
    board.leading("where", Reference::Matches);
    refused(
        &needs,
        &run,
        &[
            "cluster hubs-db-r1",
            "parameter /another/host",
            "switch where of another",
        ],
    )
    .await;
    board.leading("where", Reference::Elsewhere("another cluster".into()));
    assert_eq!(
        handle(&needs, input(&run, now())).await.unwrap().status,
        JobStatus::Succeeded
    );
    assert_eq!(kind.calls(), ["undo database", "undo rooms"]);
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_not_removed_unless_that_is_named() {
    let (needs, kind, run, account, _) = made().await;
    *account.refusing.lock().unwrap() = Some(Error::AccessDenied("looking for services: not allowed".into()));
    refused(&needs, &run, &["not allowed", "skip this check: services"]).await;
    assert!(kind.calls().is_empty());
    let without = Input {
        without: [UsageCheck::Services].into(),
        ..input(&run, now())
    };
    assert_eq!(handle(&needs, without).await.unwrap().status, JobStatus::Succeeded);
    let (needs, _, run, account, _) = made().await;
    *account.refusing.lock().unwrap() = Some(Error::Throttled("slow down".into()));
    assert_eq!(
        handle(&needs, input(&run, now())).await.unwrap_err().name(),
        "Throttled"
    );
}

#[tokio::test]
async fn without_metrics_a_copy_is_not_removed_unless_that_is_named() {
    let (needs, kind, run, account, _) = made().await;
    *account.unmeasured.lock().unwrap() = Some(Error::Throttled("slow down".into()));
    let error = handle(&needs, input(&run, now())).await.unwrap_err();
    assert_eq!(error.name(), "Throttled");
    *account.unmeasured.lock().unwrap() = Some(Error::AccessDenied("reading metrics: not allowed".into()));
    refused(&needs, &run, &["not allowed", "skip this check: activity"]).await;
    assert!(kind.calls().is_empty());
    let without = Input {
        without: [UsageCheck::Activity].into(),
        ..input(&run, now())
    };
    assert_eq!(handle(&needs, without).await.unwrap().status, JobStatus::Succeeded);
}

#[tokio::test]
async fn what_somebody_reads_or_writes_is_not_removed_and_holdfasts_own_reads_do_not_count() {
    let (needs, _, run, account, _) = made().await;
    account.active.lock().unwrap().push("it was written".into());
    refused(&needs, &run, &["it was written", "skip this check: activity"]).await;
    // The restore's own run has not ended: its reads until now are its own.
    let minute = |time: Timestamp| Timestamp::from_second((time.as_second() / 60 + 1) * 60).unwrap();
    assert_eq!(account.since.lock().unwrap()[0], (minute(later(-1800)), minute(now())));
    needs
        .catalog
        .mark_run("hubs-prod", &run.id, crate::catalog::RunMilestone::Ended, later(-600))
        .await
        .unwrap();
    account.active.lock().unwrap().clear();
    handle(&needs, input(&run, now())).await.unwrap();
    let since = account.since.lock().unwrap().last().copied().unwrap();
    assert_eq!(since, (minute(later(-1800)), minute(later(-600))));
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
        Ok(UndoProgress::Underway("cluster hubs-db-r1 is deleting".into())),
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

/// Stopping an execution does not stop a function in flight.
#[tokio::test]
async fn what_a_function_is_at_work_on_is_looked_at_until_that_has_ended() {
    let (needs, _, run) = begun().await;
    let mut item = needs
        .catalog
        .item("hubs-prod", &run.id, "database")
        .await
        .unwrap()
        .unwrap();
    item.busy_since = Some(now());
    needs.catalog.put_item("hubs-prod", &item).await.unwrap();
    for seconds in [0, 899] {
        let output = handle(&needs, input(&run, later(seconds))).await.unwrap();
        assert_eq!(output.status, JobStatus::InProgress);
        assert!(output.underway[0].starts_with("database: the function"), "{output:?}");
    }
    // By then Lambda has stopped it, so that it creates nothing any more.
    let output = handle(&needs, input(&run, later(900))).await.unwrap();
    assert_eq!(output.status, JobStatus::Succeeded);
    assert!(
        statuses(&needs.catalog, &run)
            .await
            .iter()
            .all(|status| *status == ItemStatus::Undone)
    );
}

#[tokio::test]
async fn what_stays_is_told_and_keeps_nothing_else() {
    for undoing in [
        Ok(UndoProgress::Remains("cluster hubs-db-r1: protected".into())),
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
        kind.undoing(
            "database",
            Ok(UndoProgress::Underway("restore job j is running".into())),
        );
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

/// Fails at 8e363f8: the execution waited for another day, and no backup ran.
#[tokio::test]
async fn what_the_restore_asks_is_answered_with_no() {
    let (mut needs, _, run) = begun().await;
    let rejections = Arc::new(Rejections::default());
    needs.approvals = rejections.clone();
    handle(&needs, input(&run, now())).await.unwrap();
    assert!(rejections.0.lock().unwrap().is_empty());
    let changed = needs.catalog.change_restore(&run.deployment, &run.id, |record| {
        record.question = Some(Question {
            about: About::CutOver,
            token: "token".to_owned(),
            asked_at: now(),
            until: later(3600),
            notified_at: None,
        });
    });
    changed.await.unwrap();
    handle(&needs, input(&run, now())).await.unwrap();
    assert_eq!(*rejections.0.lock().unwrap(), ["token"]);
}
