#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::domain::job::JobStatus;
use crate::testing::switchboard::{Switchboard, needs, needs_on_memory, record, verified};
use crate::testing::{later, now};

async fn call(needs: &Needs, run: &Run, at: Timestamp) -> Result<Output> {
    let input = Input {
        run: run.clone(),
        restore: run.id.clone(),
        now: at,
    };
    handle(needs, input).await
}

#[tokio::test]
async fn nothing_is_switched_while_one_of_the_switches_could_not_be() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    board.not_ready("two", Error::Unavailable("later".into()));
    assert_eq!(call(&needs, &run, now()).await.unwrap_err().name(), "Unavailable");
    board.not_ready("two", Error::NotFound("the copy has no such directory".into()));
    let refused = call(&needs, &run, now()).await.unwrap();
    assert_eq!(refused.status, JobStatus::Failed);
    assert_eq!(board.calls(), Vec::<String>::new());
    let stored = record(&needs.catalog, &run).await;
    assert!(
        stored.switched.is_empty() && stored.reasons[0].message.contains("no such directory"),
        "{stored:?}"
    );
    assert_ne!(stored.status, RestoreStatus::Switching);
}

#[tokio::test]
async fn each_switch_is_recorded_before_it_is_carried_out() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    board.applying(
        "two",
        SwitchProgress::Underway {
            phase: "deploying".into(),
            noted: json!("asked"),
        },
    );
    let first = call(&needs, &run, now()).await.unwrap();
    assert_eq!((first.status, first.wait_seconds), (JobStatus::InProgress, 5));
    assert_eq!(first.phase.as_deref(), Some("deploying"));
    let halfway = record(&needs.catalog, &run).await;
    assert_eq!(halfway.status, RestoreStatus::Switching);
    let states: Vec<_> = halfway
        .switched
        .iter()
        .map(|s| (s.switch.name.as_str(), s.state, &s.before, &s.after))
        .collect();
    assert_eq!(
        states,
        [
            ("one", SwitchState::Done, &json!("before one"), &json!("after one")),
            ("two", SwitchState::Begun, &json!("before two"), &json!("asked")),
        ]
    );
    assert_eq!(call(&needs, &run, later(5)).await.unwrap(), Output::succeeded());
    assert_eq!(record(&needs.catalog, &run).await.status, RestoreStatus::CutOver);
    assert_eq!(
        board.calls(),
        [
            "observe one",
            "apply one null",
            "observe two",
            "apply two null",
            "apply two \"asked\""
        ]
    );
    assert_eq!(call(&needs, &run, later(10)).await.unwrap(), Output::succeeded());
    assert_eq!(board.calls().len(), 5);
}

#[tokio::test]
async fn what_was_observed_first_counts_however_often_it_is_tried() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    board.failing("one", Error::Throttled("slow down".into()));
    assert_eq!(call(&needs, &run, now()).await.unwrap_err().name(), "Throttled");
    assert_eq!(record(&needs.catalog, &run).await.switched[0].state, SwitchState::Begun);
    assert_eq!(call(&needs, &run, now()).await.unwrap().status, JobStatus::Succeeded);
    assert_eq!(board.calls()[..3], ["observe one", "apply one null", "apply one null"]);
}

#[tokio::test]
async fn a_switch_that_fails_is_an_answer_with_its_reason() {
    for (answer, error) in [
        (Ok(SwitchProgress::Failed("rolled back".into())), "JobFailed"),
        (Err(Error::Conflict("somebody rotated".into())), "Conflict"),
    ] {
        let board = Switchboard::new();
        let (needs, run) = needs(&board, verified()).await;
        match answer {
            Ok(switching) => board.applying("one", switching),
            Err(error) => board.failing("one", error),
        }
        let failed = call(&needs, &run, now()).await.unwrap();
        assert_eq!(failed.status, JobStatus::Failed);
        assert_eq!(failed.failure.unwrap().error, error);
        let record = record(&needs.catalog, &run).await;
        assert_eq!(record.reasons[0].subject, "switch one");
        assert_eq!((record.status, record.switched.len()), (RestoreStatus::Switching, 1));
    }
}

#[tokio::test]
async fn a_switch_that_never_ends_has_failed() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    for _ in 0..2 {
        board.applying(
            "one",
            SwitchProgress::Underway {
                phase: "0 of 2 tasks".into(),
                noted: Value::Null,
            },
        );
    }
    assert_eq!(call(&needs, &run, now()).await.unwrap().status, JobStatus::InProgress);
    let late = call(&needs, &run, later(1800)).await.unwrap();
    let failure = late.failure.unwrap();
    assert_eq!(
        (late.status, failure.error.as_str()),
        (JobStatus::Failed, "DeadlineExceeded")
    );
    assert!(failure.cause.contains("0 of 2 tasks"), "{}", failure.cause);
}

#[tokio::test]
async fn nothing_is_switched_to_what_is_not_proven() {
    let mut failed = verified();
    failed.verification.as_mut().unwrap().outcome = VerificationOutcome::Failed;
    let mut unverified = verified();
    unverified.verification = None;
    let mut undone = verified();
    undone.status = RestoreStatus::Undone;
    let mut back = verified();
    back.status = RestoreStatus::SwitchedBack;
    for wrong in [failed, unverified, undone, back] {
        let board = Switchboard::new();
        let (needs, run) = needs(&board, wrong).await;
        assert_eq!(call(&needs, &run, now()).await.unwrap_err().name(), "Conflict");
        assert_eq!(board.calls(), [""; 0]);
    }
    let mut unproven = verified();
    unproven.verification.as_mut().unwrap().outcome = VerificationOutcome::Unproven;
    let board = Switchboard::new();
    let (needs, run) = needs(&board, unproven).await;
    assert_eq!(call(&needs, &run, now()).await.unwrap().status, JobStatus::Succeeded);
}

#[tokio::test]
async fn nothing_is_switched_where_a_secret_was_changed_since_the_copy_was_logged_in_to() {
    let mut record = verified();
    let login = json!({"secret": "hubs/app", "of": "application", "outcome": "accepted", "version": "v1"});
    record.logins = vec![serde_json::from_value(login).unwrap()];
    let board = Switchboard::new();
    let (needs, run) = needs(&board, record).await;
    let failed = call(&needs, &run, now()).await.unwrap();
    let failure = failed.failure.unwrap();
    assert_eq!((failed.status, failure.error.as_str()), (JobStatus::Failed, "Conflict"));
    assert!(failure.cause.contains("was changed since"), "{}", failure.cause);
    assert_eq!(board.calls(), ["observe one"]);
    let record = self::record(&needs.catalog, &run).await;
    assert_eq!((record.status, record.switched.len()), (RestoreStatus::Restored, 0));
}

#[tokio::test]
async fn a_run_that_has_ended_switches_nothing() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    let catalog = &needs.catalog;
    catalog
        .mark_run(&run.deployment, &run.id, crate::catalog::RunMilestone::Ended, now())
        .await
        .unwrap();
    assert_eq!(call(&needs, &run, now()).await.unwrap_err().name(), "Conflict");
    assert_eq!(board.calls(), [""; 0]);
}

/// While `one` is applied, the restore is switched back.
fn switched_back_meanwhile(board: &Switchboard, needs: &Needs, run: &Run) {
    let (catalog, restoring) = (needs.catalog.clone(), run.clone());
    board.meanwhile(
        "one",
        Box::new(move || {
            let (catalog, run) = (catalog.clone(), restoring.clone());
            Box::pin(async move {
                let taken = catalog.change_restore(&run.deployment, &run.id, |record| {
                    record.switched[0].state = SwitchState::Returned;
                });
                taken.await.unwrap();
            })
        }),
    );
}

#[tokio::test]
async fn a_switch_taken_back_while_it_was_carried_out_is_taken_back_again() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    switched_back_meanwhile(&board, &needs, &run);
    let failed = call(&needs, &run, now()).await.unwrap();
    assert_eq!(failed.failure.unwrap().error, "Conflict");
    assert_eq!(
        board.calls(),
        ["observe one", "apply one null", "revert one \"after one\""]
    );
    assert_eq!(
        record(&needs.catalog, &run).await.switched[0].state,
        SwitchState::Returned
    );
}

/// One that notes what it is about to do sends its request only in the next call, which nobody else makes.
#[tokio::test]
async fn a_switch_that_is_taken_back_in_several_calls_is_taken_back_to_the_end() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    switched_back_meanwhile(&board, &needs, &run);
    let underway = |noted: &str| SwitchProgress::Underway {
        phase: "the record is about to change".to_owned(),
        noted: json!(noted),
    };
    for noted in ["sending", "sent", "sent"] {
        board.reverting("one", underway(noted));
    }
    assert_eq!(
        call(&needs, &run, now()).await.unwrap().failure.unwrap().error,
        "Conflict"
    );
    assert_eq!(
        board.calls()[2..],
        [
            "revert one \"after one\"",
            "revert one \"after one\" \"sending\"",
            "revert one \"after one\" \"sent\""
        ],
        "until a call begins nothing new"
    );
}

#[tokio::test]
async fn where_nothing_is_restored_that_a_switch_leads_to_nothing_is_cut_over() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    let mut input = Input {
        run: run.clone(),
        restore: run.id.clone(),
        now: now(),
    };
    // A restore of other resources only.
    let mut other = verified();
    other.id = "another".to_owned();
    needs.catalog.begin_restore(&other, &[]).await.unwrap();
    input.restore = other.id.clone();
    assert_eq!(handle(&needs, input).await.unwrap(), Output::succeeded());
    let found = needs.catalog.known_restore(&run.deployment, "another").await.unwrap();
    assert_eq!(found.status, RestoreStatus::Restored);
}

async fn cluster_in_the_descriptor(needs: &Needs, run: &Run) -> String {
    let descriptor = needs.catalog.descriptor(&run.deployment).await.unwrap();
    descriptor.resources["database"].target.identifier().to_owned()
}

/// Fails at 8e363f8: the descriptor still named the resources that had been replaced.
#[tokio::test]
async fn the_descriptor_names_the_copies_once_they_are_in_use() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    assert_eq!(cluster_in_the_descriptor(&needs, &run).await, "hubs-db");
    board.failing("two", Error::Unavailable("not now".into()));
    call(&needs, &run, now()).await.unwrap_err();
    assert_eq!(cluster_in_the_descriptor(&needs, &run).await, "hubs-db");
    call(&needs, &run, now()).await.unwrap();
    assert_eq!(cluster_in_the_descriptor(&needs, &run).await, "hubs-db-r1");
    let followed = record(&needs.catalog, &run).await.followed;
    let changes: Vec<_> = followed.iter().map(|of| (of.from.as_str(), of.to.as_str())).collect();
    assert_eq!(changes, [("hubs-db", "hubs-db-r1"), ("hubs-rooms", "hubs-rooms-r1")]);
}

#[tokio::test]
async fn a_descriptor_that_was_not_changed_when_the_call_died_is_changed_by_the_next() {
    for nth in 1..=10 {
        let board = Switchboard::new();
        let (needs, run, memory) = needs_on_memory(&board, verified()).await;
        memory.lose_write(nth);
        if call(&needs, &run, now()).await.is_ok() {
            assert!(nth > 6, "writes were lost unnoticed: {nth}");
            return;
        }
        call(&needs, &run, later(5)).await.unwrap();
        assert_eq!(cluster_in_the_descriptor(&needs, &run).await, "hubs-db-r1", "{nth}");
        assert_eq!(record(&needs.catalog, &run).await.status, RestoreStatus::CutOver);
    }
    panic!("more writes than were lost");
}

#[tokio::test]
async fn a_descriptor_that_somebody_removed_is_a_warning() {
    let board = Switchboard::new();
    let (needs, run, memory) = needs_on_memory(&board, verified()).await;
    memory.meanwhile(1, |items| items.retain(|key, _| key.sk != "DESCRIPTOR"));
    call(&needs, &run, now()).await.unwrap();
    assert_eq!(record(&needs.catalog, &run).await.status, RestoreStatus::CutOver);
    let warnings = needs
        .catalog
        .run(&run.deployment, &run.id)
        .await
        .unwrap()
        .unwrap()
        .warnings;
    assert_eq!(warnings[0].subject, "descriptor");
}
