#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::job::Run;
use crate::domain::set::{Point, PointStatus, Reason, SetStatus};
use crate::testing::{self, catalog, now, planned, record, run, running_set};

fn reason() -> Reason {
    Reason {
        subject: "database".into(),
        error: "JobFailed".into(),
        message: "no".into(),
    }
}

fn point(run: &Run, status: PointStatus, percent: f64) -> Point {
    Point {
        status,
        configuration: serde_json::json!({"empty": "", "list": [1, 2.5]}),
        started_at: Some(run.started_at),
        size_bytes: Some(7),
        percent: Some(percent),
        ..Point::begun(&run.id, testing::resource("rooms"))
    }
}

#[tokio::test]
async fn the_same_execution_gets_its_lease_again_and_another_does_not() {
    let (catalog, _) = catalog();
    let first = run();
    let second = Run {
        execution: first.execution.replace("20261120", "20261121"),
        ..run()
    };
    for _ in 0..2 {
        catalog
            .acquire_lease(&first, |_| async { panic!("nobody else holds it") })
            .await
            .unwrap();
    }
    let error = catalog
        .acquire_lease(&second, |_| async { Ok(true) })
        .await
        .unwrap_err();
    assert_eq!(error.name(), "DeploymentBusy");
    assert!(
        error.to_string().contains(&first.execution) && error.to_string().contains("https://"),
        "{error}"
    );
    catalog.release_lease("hubs-prod", &second.execution).await.unwrap();
    assert_eq!(
        catalog.lease("hubs-prod").await.unwrap().unwrap().execution,
        first.execution
    );
    catalog.release_lease("hubs-prod", &first.execution).await.unwrap();
    catalog.release_lease("hubs-prod", &first.execution).await.unwrap();
    assert_eq!(catalog.lease("hubs-prod").await.unwrap(), None);
}

#[tokio::test]
async fn a_lease_of_an_ended_execution_is_taken_over_from_that_execution_alone() {
    let (catalog, _) = catalog();
    let (first, third) = (
        run(),
        Run {
            execution: "third".into(),
            ..run()
        },
    );
    let second = Run {
        execution: "second".into(),
        ..run()
    };
    catalog.acquire_lease(&first, |_| async { Ok(true) }).await.unwrap();
    // While the second checks the first, the third takes over: the second must not take the lease from the third.
    let asked = AtomicUsize::new(0);
    let error = catalog
        .acquire_lease(&second, |holder| {
            let (catalog, third, asked) = (catalog.clone(), third.clone(), &asked);
            async move {
                if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                    catalog.acquire_lease(&third, |_| async { Ok(false) }).await?;
                }
                Ok(holder == "third")
            }
        })
        .await
        .unwrap_err();
    assert_eq!(error.name(), "DeploymentBusy");
    assert_eq!(catalog.lease("hubs-prod").await.unwrap().unwrap().execution, "third");
}

/// Fails at 8e363f8: a restore that waited for an approval kept the nightly backup from running.
#[tokio::test]
async fn a_backup_borrows_the_lease_of_a_run_that_waits_and_holds_it_when_that_ends_first() {
    let (catalog, _) = catalog();
    let of = |execution: &str| Run {
        id: format!("id-of-{execution}"),
        execution: execution.into(),
        ..run()
    };
    let (restore, backup, other) = (of("restore"), of("backup"), of("other"));
    let all_run = |_: String| async { Ok(true) };
    let none_runs = |_: String| async { Ok(false) };
    let holder = async || {
        catalog
            .lease("hubs-prod")
            .await
            .unwrap()
            .map(|lease| (lease.execution, lease.lent_to))
    };
    catalog.acquire_lease(&restore, all_run).await.unwrap();
    let busy = catalog.acquire_or_borrow_lease(&backup, all_run).await.unwrap_err();
    assert_eq!(busy.name(), "DeploymentBusy");
    catalog.lend_lease(&restore, now()).await.unwrap();
    for _ in 0..2 {
        catalog.acquire_or_borrow_lease(&backup, all_run).await.unwrap();
    }
    let lent = ("restore".to_owned(), Some("backup".to_owned()));
    assert_eq!(holder().await, Some(lent.clone()));
    for run in [&other, &backup] {
        let busy = catalog.acquire_lease(run, all_run).await.unwrap_err();
        assert_eq!(busy.name(), "DeploymentBusy", "only a backup borrows");
    }
    assert!(
        catalog.acquire_or_borrow_lease(&other, all_run).await.is_err(),
        "one borrows it"
    );
    catalog.release_lease("hubs-prod", "other").await.unwrap();
    assert_eq!(holder().await, Some(lent));
    catalog.release_lease("hubs-prod", "restore").await.unwrap();
    assert_eq!(holder().await, Some(("backup".to_owned(), None)));
    catalog.release_lease("hubs-prod", "backup").await.unwrap();
    assert_eq!(holder().await, None);
    // The reverse, and with a lender that ended early.
    catalog.acquire_lease(&restore, all_run).await.unwrap();
    catalog.lend_lease(&restore, now()).await.unwrap();
    catalog.acquire_or_borrow_lease(&backup, all_run).await.unwrap();
    let only_backup_runs = |execution: String| async move { Ok(execution == "backup") };
    let busy = catalog.acquire_lease(&other, only_backup_runs).await.unwrap_err();
    assert!(busy.to_string().contains("execution backup"), "{busy}");
    catalog.release_lease("hubs-prod", "backup").await.unwrap();
    assert_eq!(holder().await, Some(("restore".to_owned(), None)));
    catalog.reclaim_lease(&restore, none_runs).await.unwrap();
    catalog.acquire_lease(&other, none_runs).await.unwrap();
    assert_eq!(
        catalog.reclaim_lease(&restore, all_run).await.unwrap_err().name(),
        "Conflict"
    );
}

#[tokio::test]
async fn a_lost_answer_to_a_lease_is_no_second_run() {
    let (catalog, memory) = catalog();
    memory.lose_answer(1);
    assert!(catalog.acquire_lease(&run(), |_| async { Ok(true) }).await.is_err());
    catalog.acquire_lease(&run(), |_| async { Ok(true) }).await.unwrap();
}

#[tokio::test]
async fn a_set_is_closed_once() {
    let (catalog, _, run) = planned(&[]).await;
    let mut sealed = running_set(&run, &["rooms"]);
    sealed.status = SetStatus::Sealed;
    assert_eq!(catalog.close_set(&sealed).await.unwrap(), SetStatus::Sealed);
    assert_eq!(catalog.close_set(&sealed).await.unwrap(), SetStatus::Sealed);
    let after = catalog
        .fail_set("hubs-prod", &run.id, &[reason()], now())
        .await
        .unwrap();
    assert_eq!(after, Some(SetStatus::Sealed));
    assert_eq!(catalog.set("hubs-prod", &run.id).await.unwrap().unwrap(), sealed);
    assert_eq!(
        catalog
            .begin_set(&running_set(&run, &["rooms"]))
            .await
            .unwrap_err()
            .name(),
        "Conflict"
    );
}

#[tokio::test]
async fn a_set_of_another_execution_is_not_closed() {
    let (catalog, _, run) = planned(&[]).await;
    let mut other = running_set(&run, &["rooms"]);
    other.status = SetStatus::Sealed;
    other.execution = "another".into();
    assert_eq!(catalog.close_set(&other).await.unwrap_err().name(), "Conflict");
    other.id = "gone".into();
    assert_eq!(catalog.close_set(&other).await.unwrap_err().name(), "Conflict");
}

#[tokio::test]
async fn only_an_ended_set_expires_and_only_an_expiring_one_is_deleted() {
    let (catalog, _, run) = planned(&[]).await;
    assert_eq!(
        catalog.expire_set("hubs-prod", &run.id).await.unwrap_err().name(),
        "Conflict"
    );
    catalog
        .fail_set("hubs-prod", &run.id, &[reason()], now())
        .await
        .unwrap();
    catalog.delete_set("hubs-prod", &run.id).await.unwrap();
    assert!(catalog.set("hubs-prod", &run.id).await.unwrap().is_some());
    for _ in 0..2 {
        catalog.expire_set("hubs-prod", &run.id).await.unwrap();
    }
    for _ in 0..2 {
        catalog.delete_set("hubs-prod", &run.id).await.unwrap();
    }
    assert_eq!(catalog.set("hubs-prod", &run.id).await.unwrap(), None);
    catalog.expire_set("hubs-prod", &run.id).await.unwrap();
    assert_eq!(catalog.set("hubs-prod", &run.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_point_that_has_ended_never_goes_back() {
    let (catalog, _, run) = planned(&[]).await;
    let under_way = point(&run, PointStatus::InProgress, 10.0);
    let done = point(&run, PointStatus::Available, 100.0);
    assert_eq!(catalog.put_point("hubs-prod", &under_way).await.unwrap(), under_way);
    assert_eq!(catalog.put_point("hubs-prod", &done).await.unwrap(), done);
    for late in [&under_way, &point(&run, PointStatus::Failed, 0.0)] {
        assert_eq!(catalog.put_point("hubs-prod", late).await.unwrap(), done);
    }
    assert_eq!(
        catalog.points("hubs-prod", &run.id).await.unwrap(),
        std::slice::from_ref(&done)
    );
    assert_eq!(catalog.sets("hubs-prod").await.unwrap().len(), 1, "a point is no set");
    catalog.delete_point("hubs-prod", &done).await.unwrap();
    assert!(catalog.points("hubs-prod", &run.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_mark_counts_the_first_time_and_a_warning_once() {
    let (catalog, memory, run) = planned(&[]).await;
    let later = testing::later(60);
    catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Quiesced, now())
        .await
        .unwrap();
    catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Quiesced, later)
        .await
        .unwrap();
    memory.lose_answer(1);
    assert!(catalog.warn_run("hubs-prod", &run.id, reason()).await.is_err());
    catalog.warn_run("hubs-prod", &run.id, reason()).await.unwrap();
    let expected = crate::domain::set::RunRecord {
        quiesced_at: Some(now()),
        warnings: vec![reason()],
        ..record(&run)
    };
    assert_eq!(catalog.run("hubs-prod", &run.id).await.unwrap().unwrap(), expected);
    catalog
        .mark_run("hubs-prod", "nobody", RunMilestone::Ended, now())
        .await
        .unwrap();
    catalog.warn_run("hubs-prod", "nobody", reason()).await.unwrap();
    assert_eq!(catalog.runs("hubs-prod").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_timing_is_added_once_a_set_and_ten_are_kept() {
    let (catalog, memory) = catalog();
    memory.lose_answer(1);
    assert!(catalog.add_timing("hubs-prod", "rooms", "set-0", 100).await.is_err());
    for n in 0..12 {
        for _ in 0..2 {
            catalog
                .add_timing("hubs-prod", "rooms", &format!("set-{n}"), 100 + n)
                .await
                .unwrap();
        }
    }
    let timing = catalog.timing("hubs-prod", "rooms").await.unwrap();
    assert_eq!(timing.durations, (102..112).collect::<Vec<u64>>());
    assert!(
        catalog
            .timing("hubs-prod", "database")
            .await
            .unwrap()
            .durations
            .is_empty()
    );
}

#[tokio::test]
async fn a_descriptor_comes_back_as_it_was_applied() {
    let (catalog, _) = catalog();
    let descriptor = testing::descriptor("hubs-prod");
    catalog.put_descriptor(&descriptor).await.unwrap();
    assert_eq!(catalog.descriptor("hubs-prod").await.unwrap(), descriptor);
    assert_eq!(catalog.deployments().await.unwrap(), [("hubs-prod".to_owned(), true)]);
    let error = catalog.descriptor("shop").await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("holdfast apply"), "{error}");
}
