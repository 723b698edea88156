#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::domain::descriptor::Hook;
use crate::domain::hooks::HookPhase;
use crate::domain::message::{Event, Severity};
use crate::domain::set::SetStatus;
use crate::error::Fault;
use crate::hooks::{Call, HookDriver, HookProgress};
use crate::runs::hooks::HookLog;
use crate::testing::restored::{RecordedMachines, UNDO_CUT_OVER, UNDO_RESTORE};
use crate::testing::{EXECUTION, Inbox, RecordedHooks, catalog, descriptor, now, planned, started_at};

mod of_restores;

const NIGHTLY: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-nightly";

fn undo_machines() -> BTreeMap<Machine, String> {
    BTreeMap::from([
        (Machine::UndoRestore, UNDO_RESTORE.to_owned()),
        (Machine::UndoCutOver, UNDO_CUT_OVER.to_owned()),
    ])
}

fn event(machine: &str, status: &str, error: Option<&str>, input: &str) -> Input {
    let event = json!({
        "detail-type": "Step Functions Execution Status Change", "source": "aws.states", "time": now(),
        "detail": {
            "executionArn": EXECUTION, "stateMachineArn": machine, "status": status, "name": "x",
            "startDate": started_at().as_millisecond(), "stopDate": now().as_millisecond(), "input": input,
            "inputDetails": {"included": true}, "output": null, "error": error, "cause": null,
        },
    });
    serde_json::from_value(event).unwrap()
}

fn aborted() -> Input {
    event("arn:backup", "ABORTED", None, r#"{"deployment": "hubs-prod"}"#)
}

struct Fixture {
    needs: Needs,
    hooks: Arc<RecordedHooks>,
    inbox: Arc<Inbox>,
    run: Run,
}

/// A run that quiesced and then ended without reporting.
async fn lost(hooks: Arc<RecordedHooks>) -> Fixture {
    let (catalog, _, run) = planned(&["offline"]).await;
    catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Quiesced, now())
        .await
        .unwrap();
    let inbox = Inbox::open();
    let needs = Needs {
        catalog,
        hooks: Hooks::all(hooks.clone()),
        topic: inbox.clone(),
        stacks_topic: "arn:stack".into(),
        nightly: NIGHTLY.into(),
        machines: RecordedMachines::all_well(),
        undo_machines: undo_machines(),
    };
    Fixture {
        needs,
        hooks,
        inbox,
        run,
    }
}

#[tokio::test]
async fn a_lost_run_is_resumed_failed_released_and_told_of_once() {
    let Fixture {
        needs,
        hooks,
        inbox,
        run,
    } = lost(RecordedHooks::all_well()).await;
    assert!(handle(&needs, aborted()).await.unwrap().acted);
    assert!(!handle(&needs, aborted()).await.unwrap().acted);
    assert_eq!(hooks.calls(), ["resume offline"]);
    let set = needs.catalog.set("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(
        (set.status, set.reasons[0].error.as_str()),
        (SetStatus::Failed, "ABORTED")
    );
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert!(record.ended_at.is_some() && record.resumed_at.is_some() && record.notified_at.is_some());
    let sent = inbox.messages();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1.event, Event::BackupEnded);
    assert!(sent[0].1.text.contains("free for another run"), "{}", sent[0].1.text);
}

#[tokio::test]
async fn a_run_that_told_on_call_itself_is_ended_without_a_word() {
    let Fixture {
        needs,
        hooks,
        inbox,
        run,
    } = lost(RecordedHooks::all_well()).await;
    needs
        .catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Resumed, now())
        .await
        .unwrap();
    needs
        .catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Notified, now())
        .await
        .unwrap();
    let failed = event(
        "arn:backup",
        "FAILED",
        Some("BackupFailed"),
        r#"{"deployment": "hubs-prod"}"#,
    );
    // It is closed all the same.
    assert!(handle(&needs, failed.clone()).await.unwrap().acted);
    assert!(!handle(&needs, failed).await.unwrap().acted);
    assert!(hooks.calls().is_empty() && inbox.messages().is_empty());
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
    let set = needs.catalog.set("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(set.status, SetStatus::Failed);
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert!(record.ended_at.is_some());
}

#[tokio::test]
async fn an_application_that_does_not_come_back_is_told_of_and_tried_again() {
    let Fixture {
        needs,
        hooks,
        inbox,
        run,
    } = lost(RecordedHooks::failing("offline", 1)).await;
    let descriptor = needs.catalog.planned_by(&run).await.unwrap();
    let mut log = HookLog::of(&needs.catalog, &needs.hooks, &run, now()).await.unwrap();
    log.begin(&descriptor.hooks.quiesce[0], HookPhase::Quiesce)
        .await
        .unwrap();
    assert_eq!(handle(&needs, aborted()).await.unwrap_err().name(), "Unavailable");
    let text = inbox.messages()[0]
        .1
        .text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(text.contains("resume it by hand: invoke function"), "{text}");
    assert!(handle(&needs, aborted()).await.unwrap().acted);
    assert!(!handle(&needs, aborted()).await.unwrap().acted);
    let sent = inbox.messages();
    assert_eq!((hooks.calls().len(), sent.len()), (2, 2));
    assert_eq!(
        (sent[1].1.event, sent[1].1.severity),
        (Event::BroughtBack, Severity::Info)
    );
    let resumed_at = now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    assert!(sent[1].1.text.contains(&resumed_at), "{}", sent[1].1.text);
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert!(record.resumed_at.is_some());
}

/// Lambda calls again minutes after a failure: by then on-call may have started another run.
#[tokio::test]
async fn what_a_later_run_has_brought_to_rest_again_is_left_to_it() {
    let Fixture { needs, hooks, run, .. } = lost(RecordedHooks::failing("offline", 1)).await;
    let descriptor = needs.catalog.planned_by(&run).await.unwrap();
    let mut log = HookLog::of(&needs.catalog, &needs.hooks, &run, now()).await.unwrap();
    log.begin(&descriptor.hooks.quiesce[0], HookPhase::Quiesce)
        .await
        .unwrap();
    assert_eq!(handle(&needs, aborted()).await.unwrap_err().name(), "Unavailable");
    let later = Run {
        id: "later".into(),
        started_at: now(),
        ..run
    };
    let record = RunRecord::begun(&later, Purpose::Backup);
    needs.catalog.put_run(&record, &descriptor).await.unwrap();
    let mut log = HookLog::of(&needs.catalog, &needs.hooks, &later, now()).await.unwrap();
    log.begin(&descriptor.hooks.quiesce[0], HookPhase::Quiesce)
        .await
        .unwrap();
    handle(&needs, aborted()).await.unwrap();
    assert_eq!(hooks.calls(), ["resume offline"], "the one that failed");
}

#[tokio::test]
async fn the_lease_of_a_later_run_stays() {
    let Fixture { needs, run, .. } = lost(RecordedHooks::all_well()).await;
    let later = Run {
        execution: "later".into(),
        ..run
    };
    needs
        .catalog
        .acquire_lease(&later, |_| async { Ok(false) })
        .await
        .unwrap();
    handle(&needs, aborted()).await.unwrap();
    assert_eq!(
        needs.catalog.lease("hubs-prod").await.unwrap().unwrap().execution,
        "later"
    );
}

#[tokio::test]
async fn an_execution_that_never_came_to_a_run_is_told_of_unless_it_did_so_itself() {
    let Fixture { mut needs, inbox, .. } = lost(RecordedHooks::all_well()).await;
    needs.catalog = catalog().0;
    for input in ["", "not json", "{}", r#"{"deployment": "nobody"}"#] {
        let sent = event("arn:backup", "FAILED", Some("BackupFailed"), input);
        assert!(!handle(&needs, sent).await.unwrap().acted);
        assert!(
            handle(&needs, event("arn:backup", "TIMED_OUT", None, input))
                .await
                .unwrap()
                .acted
        );
    }
    assert_eq!(inbox.messages().len(), 4);
    assert!(needs.catalog.runs("nobody").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_that_was_never_recorded_ends_so_that_a_late_plan_finds_it_ended() {
    let Fixture {
        mut needs, inbox, run, ..
    } = lost(RecordedHooks::all_well()).await;
    needs.catalog = catalog().0;
    needs.catalog.put_descriptor(&descriptor("hubs-prod")).await.unwrap();
    assert!(handle(&needs, aborted()).await.unwrap().acted);
    assert!(!handle(&needs, aborted()).await.unwrap().acted);
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!((record.ended_at, record.started_at), (Some(now()), started_at()));
    assert_eq!(inbox.messages().len(), 1);
}

/// Records whether the run was marked as ended when its hook was resumed.
struct Witness {
    catalog: Catalog,
    ended_first: Mutex<Vec<bool>>,
}

#[async_trait]
impl HookDriver for Witness {
    async fn check(&self, _: &Hook) -> Result<Option<Fault>> {
        Ok(None)
    }

    async fn act(&self, _: Call<'_>) -> Result<HookProgress> {
        Ok(HookProgress::Done)
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        let record = self.catalog.run(&call.run.deployment, &call.run.id).await?.unwrap();
        self.ended_first.lock().unwrap().push(record.ended_at.is_some());
        Ok(HookProgress::Done)
    }
}

#[tokio::test]
async fn a_run_is_ended_before_it_is_resumed() {
    let Fixture { mut needs, .. } = lost(RecordedHooks::all_well()).await;
    let witness = Arc::new(Witness {
        catalog: needs.catalog.clone(),
        ended_first: Mutex::default(),
    });
    needs.hooks = Hooks::all(witness.clone());
    handle(&needs, aborted()).await.unwrap();
    assert_eq!(*witness.ended_first.lock().unwrap(), [true]);
}

/// Fails if the clean-up ends with what it has begun: nobody would see whether the application resumed.
#[tokio::test]
async fn an_application_that_takes_time_to_resume_is_waited_for_and_told_of() {
    let Fixture {
        needs,
        hooks,
        inbox,
        run,
    } = lost(RecordedHooks::busy("resume offline", 1)).await;
    assert!(handle(&needs, aborted()).await.unwrap().acted);
    assert_eq!(hooks.calls(), ["resume offline", "resume offline"]);
    let subjects: Vec<String> = inbox
        .messages()
        .iter()
        .map(|(_, message)| message.subject.clone())
        .collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(
        subjects[0].contains("QUIESCED") && subjects[1].contains("resumed"),
        "{subjects:?}"
    );
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert!(record.resumed_at.is_some());
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_told_of_and_keeps_no_lease() {
    for spoilt in ["RUN", "SET", "LEASE"] {
        let (catalog, memory, run) = planned(&["offline"]).await;
        memory.spoil(|key| key.sk.starts_with(spoilt));
        let inbox = Inbox::open();
        let needs = Needs {
            catalog,
            hooks: Hooks::all(RecordedHooks::all_well()),
            topic: inbox.clone(),
            stacks_topic: "arn:stack".into(),
            nightly: NIGHTLY.into(),
            machines: RecordedMachines::all_well(),
            undo_machines: undo_machines(),
        };
        assert!(handle(&needs, aborted()).await.unwrap().acted, "{spoilt}");
        let sent = inbox.messages();
        assert_eq!(sent.len(), 1, "{spoilt}");
        assert_eq!(sent[0].1.event, Event::BackupEnded);
        let text = &sent[0].1.text;
        let (is_told, misleads) = (text.contains("could not be read"), text.contains("NOTHING TO RESTORE"));
        assert_eq!((is_told, misleads), (spoilt != "LEASE", spoilt == "LEASE"), "{text}");
        let lease = memory.items().into_keys().find(|key| key.sk == "LEASE");
        assert_eq!(lease, None, "{spoilt}");
        let ended = memory.items().into_iter().find(|(key, _)| key.sk.starts_with("RUN"));
        assert!(ended.unwrap().1.contains_key("ended_at"), "{spoilt} {}", run.id);
    }
}

#[tokio::test]
async fn a_lost_night_is_told_of_and_a_failed_one_has_told_itself() {
    let Fixture {
        needs, inbox, hooks, ..
    } = lost(RecordedHooks::all_well()).await;
    assert!(
        !handle(&needs, event(NIGHTLY, "FAILED", Some("NightFailed"), "{}"))
            .await
            .unwrap()
            .acted
    );
    assert!(
        handle(&needs, event(NIGHTLY, "ABORTED", None, "{}"))
            .await
            .unwrap()
            .acted
    );
    assert!(hooks.calls().is_empty());
    assert_eq!(inbox.messages()[0].1.event, Event::Nightly);
}
