//! Executions of `restore`, and of the machines that undo one, that ended before their Notify.

use serde_json::{Value, json};

use super::*;
use crate::domain::restore::{About, Question, RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;
use crate::testing::memory::Memory;
use crate::testing::restored::{EXECUTION as RESTORE, items, record, restoring, run_by};

fn event_of(execution: &str, status: &str, error: Option<&str>, input: Value) -> Input {
    let mut input = event("arn", status, error, &input.to_string());
    input.detail.execution_arn = execution.into();
    input
}

fn aborted_restore() -> Input {
    event_of(RESTORE, "ABORTED", None, json!({"deployment": "hubs-prod"}))
}

struct Stage {
    needs: Needs,
    hooks: Arc<RecordedHooks>,
    inbox: Arc<Inbox>,
    machines: Arc<RecordedMachines>,
    run: Run,
    memory: Arc<Memory>,
}

async fn stage_with(record: &RestoreRecord, item: &str, machines: Arc<RecordedMachines>) -> Stage {
    let run = run_by(RESTORE);
    let (catalog, memory, run) = restoring(record, &items(&run, item), &["offline"]).await;
    catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Quiesced, now())
        .await
        .unwrap();
    let (hooks, inbox) = (RecordedHooks::all_well(), Inbox::open());
    let needs = Needs {
        catalog,
        hooks: Hooks::all(hooks.clone()),
        topic: inbox.clone(),
        stacks_topic: "arn:stack".into(),
        nightly: NIGHTLY.into(),
        machines: machines.clone(),
        undo_machines: undo_machines(),
    };
    Stage {
        needs,
        hooks,
        inbox,
        machines,
        run,
        memory,
    }
}

async fn stage(record: &RestoreRecord, item: &str) -> Stage {
    stage_with(record, item, RecordedMachines::all_well()).await
}

async fn restore_of(stage: &Stage) -> RestoreRecord {
    stage
        .needs
        .catalog
        .known_restore("hubs-prod", &stage.run.id)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_lost_restore_is_resumed_released_undone_and_told_of_once() {
    let run = run_by(RESTORE);
    let stage = stage(&record(&run, RestoreStatus::Running, &json!({})), "in_progress").await;
    assert!(handle(&stage.needs, aborted_restore()).await.unwrap().acted);
    assert!(!handle(&stage.needs, aborted_restore()).await.unwrap().acted);
    assert_eq!(stage.hooks.calls(), ["resume offline"]);
    let input = json!({"deployment": "hubs-prod", "restore": run.id});
    let started = (UNDO_RESTORE.to_owned(), format!("{}-clean-up", run.id), input);
    assert_eq!(stage.machines.executions(), [started]);
    let found = restore_of(&stage).await;
    assert_eq!(
        (found.status, found.reasons[0].error.as_str()),
        (RestoreStatus::Failed, "ABORTED")
    );
    assert_eq!(stage.needs.catalog.lease("hubs-prod").await.unwrap(), None);
    let sent = stage.inbox.messages();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].1.event, sent[0].1.severity),
        (Event::RestoreEnded, Severity::Critical)
    );
    for said in [
        "hubs-db-copy",
        "free for another run",
        "What it created is being removed",
        &now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    ] {
        assert!(sent[0].1.text.contains(said), "{said}: {}", sent[0].1.text);
    }
}

#[tokio::test]
async fn a_cut_over_that_was_cut_off_is_switched_back_after_the_lease_is_free() {
    let run = run_by(RESTORE);
    let stage = stage(&record(&run, RestoreStatus::Switching, &json!({})), "restored").await;
    handle(&stage.needs, aborted_restore()).await.unwrap();
    let machines: Vec<_> = stage
        .machines
        .executions()
        .into_iter()
        .map(|started| started.0)
        .collect();
    assert_eq!(machines, [UNDO_CUT_OVER]);
    // Switching back reads the record, so it must still say that something may be switched.
    assert_eq!(restore_of(&stage).await.status, RestoreStatus::Switching);
    assert_eq!(stage.needs.catalog.lease("hubs-prod").await.unwrap(), None);
    assert!(stage.inbox.messages()[0].1.text.contains("is being switched back"));
}

#[tokio::test]
async fn what_stands_complete_or_is_to_be_kept_or_was_taken_back_is_left_alone() {
    let run = run_by(RESTORE);
    let question = Question {
        about: About::Plan,
        token: "t".into(),
        asked_at: now(),
        until: now(),
        notified_at: None,
    };
    for (status, plan, item, question) in [
        (RestoreStatus::Restored, json!({}), "restored", None),
        (RestoreStatus::CutOver, json!({}), "restored", None),
        (RestoreStatus::SwitchedBack, json!({}), "restored", None),
        (RestoreStatus::Undone, json!({}), "undone", None),
        (
            RestoreStatus::Running,
            json!({"on_failure": "keep"}),
            "in_progress",
            None,
        ),
        (RestoreStatus::Planned, json!({"dry_run": true}), "planned", None),
        (RestoreStatus::Planned, json!({}), "planned", Some(question)),
    ] {
        let mut record = record(&run, status, &plan);
        record.question = question;
        let stage = stage(&record, item).await;
        assert!(handle(&stage.needs, aborted_restore()).await.unwrap().acted);
        assert_eq!(stage.machines.executions(), [], "{status:?} {plan}");
        assert_eq!(stage.inbox.messages().len(), 1, "{status:?}");
        let found = restore_of(&stage).await;
        assert_eq!(found.question, None);
        let open = matches!(status, RestoreStatus::Running | RestoreStatus::Planned) && !record.plan.dry_run;
        assert_eq!(found.status, if open { RestoreStatus::Failed } else { status });
    }
}

#[tokio::test]
async fn a_machine_that_cannot_be_started_is_told_of_and_tried_again() {
    let run = run_by(RESTORE);
    let planned = record(&run, RestoreStatus::Running, &json!({}));
    let stage = stage_with(&planned, "in_progress", RecordedMachines::refusing(1)).await;
    assert_eq!(
        handle(&stage.needs, aborted_restore()).await.unwrap_err().name(),
        "Throttled"
    );
    let sent = stage.inbox.messages();
    assert!(
        sent[0].1.text.contains("undo-restore COULD NOT BE STARTED: Throttled"),
        "{}",
        sent[0].1.text
    );
    assert_eq!(stage.needs.catalog.lease("hubs-prod").await.unwrap(), None);
    handle(&stage.needs, aborted_restore()).await.unwrap();
    assert_eq!(
        (stage.machines.executions().len(), stage.inbox.messages().len()),
        (1, 1)
    );

    let mut stage = stage_with(&planned, "in_progress", RecordedMachines::all_well()).await;
    stage.needs.undo_machines.clear();
    let error = handle(&stage.needs, aborted_restore()).await.unwrap_err();
    assert!(error.to_string().contains("UNDO_RESTORE_STATE_MACHINE_ARN"), "{error}");
    assert_eq!(stage.inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_restore_that_told_on_call_itself_is_undone_only_where_it_could_not_do_it() {
    let run = run_by(RESTORE);
    let failed = event_of(
        RESTORE,
        "FAILED",
        Some("RestoreFailed"),
        json!({"deployment": "hubs-prod"}),
    );
    let mut remains = record(&run, RestoreStatus::Undone, &json!({}));
    remains.left = vec![Reason {
        subject: "database".into(),
        error: "Conflict".into(),
        message: "not ours".into(),
    }];
    for (record, item, machines) in [
        (record(&run, RestoreStatus::Failed, &json!({})), "planned", 0),
        (record(&run, RestoreStatus::Failed, &json!({})), "in_progress", 1),
        (
            record(&run, RestoreStatus::Failed, &json!({"on_failure": "keep"})),
            "failed",
            0,
        ),
        (record(&run, RestoreStatus::Undone, &json!({})), "undone", 0),
        (remains, "in_progress", 0),
        (record(&run, RestoreStatus::Switching, &json!({})), "restored", 0),
    ] {
        let stage = stage(&record, item).await;
        for mark in [RunMilestone::Resumed, RunMilestone::Notified] {
            stage
                .needs
                .catalog
                .mark_run("hubs-prod", &run.id, mark, now())
                .await
                .unwrap();
        }
        handle(&stage.needs, failed.clone()).await.unwrap();
        assert_eq!(
            stage.machines.executions().len(),
            machines,
            "{:?} {item}",
            record.status
        );
        assert!(stage.inbox.messages().is_empty() && stage.hooks.calls().is_empty());
    }
}

#[tokio::test]
async fn what_takes_a_restore_back_and_ends_without_a_word_is_told_of() {
    let run = run_by(RESTORE);
    let undo = RESTORE.replace("-restore:", "-undo-restore:");
    let back = RESTORE.replace("-restore:", "-undo-cut-over:");
    let input = json!({"deployment": "hubs-prod", "restore": run.id});
    for (execution, status) in [(&undo, RestoreStatus::Failed), (&back, RestoreStatus::Switching)] {
        let stage = stage(&record(&run, status, &json!({})), "in_progress").await;
        let has_notified = event_of(execution, "FAILED", Some("UndoFailed"), input.clone());
        handle(&stage.needs, has_notified).await.unwrap();
        assert!(stage.inbox.messages().is_empty());
        let own = run_by(execution);
        stage.needs.catalog.release_lease("hubs-prod", RESTORE).await.unwrap();
        stage
            .needs
            .catalog
            .acquire_lease(&own, |_| async { Ok(true) })
            .await
            .unwrap();
        let aborted = event_of(execution, "ABORTED", None, input.clone());
        assert!(handle(&stage.needs, aborted).await.unwrap().acted);
        let sent = stage.inbox.messages();
        assert_eq!((sent.len(), sent[0].1.event), (1, Event::RestoreEnded));
        assert!(sent[0].1.text.contains(&run.id), "{}", sent[0].1.text);
        assert_eq!(stage.machines.executions(), []);
        // The restore's own run is not affected by the end of another execution.
        let of_restore = stage.needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
        assert_eq!(of_restore.ended_at, None);
        assert!(stage.hooks.calls().is_empty());
        if execution == &back {
            assert_eq!(stage.needs.catalog.lease("hubs-prod").await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn a_restore_whose_record_cannot_be_read_keeps_no_lease_and_no_application_at_rest() {
    let run = run_by(RESTORE);
    let stage = stage(&record(&run, RestoreStatus::Running, &json!({})), "in_progress").await;
    stage.memory.spoil(|key| key.sk.starts_with("RESTORE#"));
    assert!(handle(&stage.needs, aborted_restore()).await.unwrap().acted);
    assert_eq!(stage.hooks.calls(), ["resume offline"]);
    assert_eq!(stage.needs.catalog.lease("hubs-prod").await.unwrap(), None);
    let sent = stage.inbox.messages();
    assert!(sent[0].1.text.contains("could not be read"), "{}", sent[0].1.text);
}
