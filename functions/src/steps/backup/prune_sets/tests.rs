#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::domain::descriptor::Descriptor;
use crate::domain::names;
use crate::domain::restore::RestoreRecord;
use crate::domain::set::{PointStatus, Purpose, RunRecord};
use crate::runs::starting;
use crate::testing::memory::Memory;
use crate::testing::{RecordedKind, document, kinds, now, planned, record, resource, running_set, table_backup};

/// Four sets, a day apart, the newest from this run; `keep` covers the newest two.
async fn four_sealed_sets() -> (Needs, Arc<RecordedKind>, Input) {
    let (needs, _, kind, input) = four_sets().await;
    (needs, kind, input)
}

async fn four_sets() -> (Needs, Arc<Memory>, Arc<RecordedKind>, Input) {
    let (catalog, memory, run) = planned(&[]).await;
    let mut document = document(&run.deployment, &[]);
    document["keep"] = serde_json::json!({"last": 2, "daily": 0, "weekly": 0, "monthly": 0});
    let descriptor = Descriptor::parse(&document).unwrap();
    catalog.put_descriptor(&descriptor).await.unwrap();
    for days in 0..4 {
        let mut made = run.clone();
        made.started_at = run.started_at - SignedDuration::from_hours(24 * days);
        if days > 0 {
            made.id = format!("set-{days}");
            made.execution = format!("execution-{days}");
            catalog.put_run(&record(&made), &descriptor).await.unwrap();
            catalog.begin_set(&running_set(&made, &["rooms"])).await.unwrap();
        }
        catalog.put_point("hubs-prod", &point(&made)).await.unwrap();
        let mut sealed = running_set(&made, &["rooms"]);
        sealed.status = SetStatus::Sealed;
        catalog.close_set(&sealed).await.unwrap();
    }
    let kind = Arc::new(RecordedKind::default());
    (
        Needs {
            catalog,
            kinds: kinds(&kind),
        },
        memory,
        kind,
        Input { run, now: now() },
    )
}

fn point(run: &Run) -> Point {
    Point {
        status: PointStatus::Available,
        recovery_point: Some(table_backup(&format!("of-{}", run.id))),
        captured_at: Some(run.started_at),
        ..Point::begun(&run.id, resource("rooms"))
    }
}

async fn ids(needs: &Needs) -> Vec<String> {
    needs
        .catalog
        .sets("hubs-prod")
        .await
        .unwrap()
        .into_iter()
        .map(|set| set.id)
        .collect()
}

#[tokio::test]
async fn what_the_policy_does_not_keep_goes_with_its_points_and_its_run() {
    let (needs, kind, input) = four_sealed_sets().await;
    let run = input.run.clone();
    let output = handle(&needs, input.clone()).await.unwrap();
    assert_eq!(
        (output.kept, output.deleted.as_slice()),
        (2, ["set-3".to_owned(), "set-2".to_owned()].as_slice())
    );
    assert_eq!(kind.calls(), ["delete set-3 of-set-3", "delete set-2 of-set-2"]);
    assert_eq!(ids(&needs).await, ["set-1", run.id.as_str()]);
    assert!(needs.catalog.points("hubs-prod", "set-3").await.unwrap().is_empty());
    assert_eq!(needs.catalog.run("hubs-prod", "set-3").await.unwrap(), None);
    let again = handle(&needs, input).await.unwrap();
    assert_eq!((again.kept, again.deleted.len(), kind.calls().len()), (2, 0, 2));
}

#[tokio::test]
async fn a_protected_point_stays_with_its_set_and_is_reported() {
    let (needs, kind, input) = four_sealed_sets().await;
    let run = input.run.clone();
    kind.deleting("of-set-3", Ok(Deletion::Protected("the vault is locked".into())));
    let output = handle(&needs, input).await.unwrap();
    assert_eq!(
        (output.deleted, output.unfinished),
        (vec!["set-2".to_owned()], vec!["set-3".to_owned()])
    );
    let set = needs.catalog.set("hubs-prod", "set-3").await.unwrap().unwrap();
    assert_eq!(set.status, SetStatus::Expiring);
    let warnings = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap().warnings;
    assert!(warnings[0].message.contains("the vault is locked"), "{warnings:?}");
}

#[tokio::test]
async fn a_deletion_that_failed_stops_no_other_and_ends_in_a_later_run() {
    let (needs, kind, input) = four_sealed_sets().await;
    kind.deleting("of-set-3", Err(Error::Unavailable("cut".into())));
    assert_eq!(handle(&needs, input.clone()).await.unwrap_err().name(), "Unavailable");
    assert_eq!(ids(&needs).await.len(), 3);
    kind.deleting("of-set-3", Ok(Deletion::Gone));
    assert_eq!(handle(&needs, input).await.unwrap().deleted, ["set-3"]);
}

#[tokio::test]
async fn a_point_that_is_not_ours_is_never_forgotten() {
    let (needs, kind, input) = four_sealed_sets().await;
    kind.deleting("of-set-3", Err(Error::Conflict("it does not carry our tags".into())));
    assert_eq!(handle(&needs, input).await.unwrap().unfinished, ["set-3"]);
    assert_eq!(needs.catalog.points("hubs-prod", "set-3").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_set_whose_run_was_lost_has_failed() {
    let (needs, _, input) = four_sealed_sets().await;
    let mut lost = input.run.clone();
    lost.id = "lost".into();
    lost.execution = "lost".into();
    needs.catalog.begin_set(&running_set(&lost, &["rooms"])).await.unwrap();
    handle(&needs, input).await.unwrap();
    let set = needs.catalog.set("hubs-prod", "lost").await.unwrap().unwrap();
    assert_eq!(set.status, SetStatus::Failed);
    assert!(set.reasons[0].message.contains("without closing"), "{:?}", set.reasons);
}

/// Starts the backup of `rooms` in the set that expires first, and dies at the write that records it.
async fn killed_while_starting(needs: &Needs, memory: &Memory, kind: &RecordedKind, run: &Run) -> Run {
    let mut lost = run.clone();
    lost.id = "set-3".into();
    lost.execution = "execution-3".into();
    let catalog = &needs.catalog;
    for point in catalog.points("hubs-prod", "set-3").await.unwrap() {
        catalog.delete_point("hubs-prod", &point).await.unwrap();
    }
    memory.lose_write(2);
    let input = starting::Input {
        run: lost.clone(),
        resource: resource("rooms"),
        now: now(),
    };
    starting::start(catalog, kind, input).await.unwrap_err();
    lost
}

#[tokio::test]
async fn what_a_killed_start_left_in_aws_is_found_and_deleted() {
    let (needs, memory, kind, input) = four_sets().await;
    let lost = killed_while_starting(&needs, &memory, &kind, &input.run).await;
    let orphan = names::recovery_point(&lost.id, "rooms");
    assert_eq!(kind.made(), [orphan.as_str()]);
    kind.deleting(&orphan, Ok(Deletion::Underway));
    let output = handle(&needs, input.clone()).await.unwrap();
    assert_eq!(output.unfinished, ["set-3"]);
    assert_eq!(kind.made(), [orphan.as_str()]);
    kind.deleting(&orphan, Ok(Deletion::Gone));
    let output = handle(&needs, input.clone()).await.unwrap();
    assert_eq!(output.deleted, ["set-3"]);
    assert!(kind.made().is_empty());
    let calls = kind.calls();
    let found = "find set-3 rooms".to_owned();
    assert_eq!(calls.iter().filter(|call| **call == found).count(), 2);
    handle(&needs, input).await.unwrap();
    assert_eq!(kind.calls(), calls);
}

#[tokio::test]
async fn a_start_that_was_killed_before_anything_was_made_leaves_nothing_to_delete() {
    let (needs, _, kind, input) = four_sets().await;
    let catalog = &needs.catalog;
    let mut intent = catalog.points("hubs-prod", "set-3").await.unwrap().remove(0);
    intent.recovery_point = None;
    intent.status = PointStatus::InProgress;
    catalog.finalize_point("hubs-prod", &intent).await.unwrap();
    let output = handle(&needs, input).await.unwrap();
    assert_eq!(output.deleted, ["set-3", "set-2"]);
    assert_eq!(kind.calls(), ["find set-3 rooms", "delete set-2 of-set-2"]);
}

#[tokio::test]
async fn runs_without_a_set_are_forgotten_when_a_failed_set_would_be() {
    let (needs, memory, _, input) = four_sets().await;
    let catalog = &needs.catalog;
    let descriptor = catalog.descriptor("hubs-prod").await.unwrap();
    let hours = |hours| now() - SignedDuration::from_hours(hours);
    // By default a failed set is kept for 7 days after its end.
    for (id, started_at, ended_at) in [
        ("old", hours(200), Some(hours(168))),
        ("lost", hours(168), None),
        ("recent", hours(200), Some(hours(167))),
        ("young", hours(167), None),
        ("unreadable", hours(999), Some(hours(999))),
    ] {
        let mut made = input.run.clone();
        made.id = id.into();
        made.started_at = started_at;
        made.execution = format!("execution-{id}");
        let mut run = record(&made);
        run.ended_at = ended_at;
        catalog.put_run(&run, &descriptor).await.unwrap();
        if id == "unreadable" {
            catalog.begin_set(&running_set(&made, &["rooms"])).await.unwrap();
        }
    }
    memory.spoil(|key| key.sk == "SET#unreadable");
    handle(&needs, input.clone()).await.unwrap();
    let left = catalog.runs("hubs-prod").await.unwrap();
    let mut left: Vec<&str> = left.iter().map(|run| run.id.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, [input.run.id.as_str(), "recent", "set-1", "unreadable", "young"]);
    let spoilt = memory.items().into_keys().any(|key| key.sk == "SET#unreadable");
    assert!(spoilt, "what cannot be read is left alone");
}

/// A restore of the third newest set that has begun, in an execution of its own; `reads` is what its plan names.
async fn restoring(catalog: &Catalog, reads: impl Fn(&mut Plan)) -> Run {
    let restore = Run {
        id: "restore".into(),
        execution: "execution-of-the-restore".into(),
        ..crate::testing::run()
    };
    let descriptor = catalog.descriptor("hubs-prod").await.unwrap();
    let begun = RunRecord::begun(&restore, Purpose::Restore);
    catalog.put_run(&begun, &descriptor).await.unwrap();
    let mut plan: Plan = serde_json::from_value(serde_json::json!({
        "at_rest": true, "made_at": now(), "resources": [], "cut_over": "no", "approval": false, "safety_backup": true,
        "dry_run": false, "on_failure": "undo",
    }))
    .unwrap();
    reads(&mut plan);
    catalog
        .begin_restore(&RestoreRecord::planned(&restore, plan), &[])
        .await
        .unwrap();
    restore
}

fn reads_a_point_of(set: &str) -> impl Fn(&mut Plan) {
    let source = serde_json::json!({
        "resource": resource("rooms"), "beside": {"into": "nothing"},
        "source": kinds::of(&resource("rooms").target).source(&table_backup(&format!("of-{set}"))).unwrap(),
    });
    move |plan| plan.resources = vec![serde_json::from_value(source.clone()).unwrap()]
}

#[tokio::test]
async fn what_a_restore_reads_stays_until_the_restore_has_ended() {
    let by_set: Box<dyn Fn(&mut Plan)> = Box::new(|plan| plan.set = Some("set-2".into()));
    for reads in [by_set, Box::new(reads_a_point_of("set-2"))] {
        let (needs, kind, input) = four_sealed_sets().await;
        let restore = restoring(&needs.catalog, reads).await;
        let output = handle(&needs, input.clone()).await.unwrap();
        assert_eq!((output.kept, output.deleted.as_slice()), (3, &["set-3".to_owned()][..]));
        assert!(
            !kind.calls().iter().any(|call| call.contains("set-2")),
            "{:?}",
            kind.calls()
        );
        needs
            .catalog
            .mark_run("hubs-prod", &restore.id, crate::catalog::RunMilestone::Ended, now())
            .await
            .unwrap();
        let output = handle(&needs, input).await.unwrap();
        assert_eq!(output.deleted, ["set-2"]);
    }
}
