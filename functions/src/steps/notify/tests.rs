#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::catalog::RunMilestone;
use crate::domain::message::{Event, Severity};
use crate::domain::restore::RestoreStatus;
use crate::domain::restore::item::ItemStatus;
use crate::domain::set::{Reason, SetStatus};
use crate::error::Error;
use crate::testing::{EXECUTION, Inbox, document, later, now, planned, running_set};

const STACKS: &str = "arn:aws:sns:us-east-1:000000000000:holdfast-on-call";
const OWN: &str = "arn:aws:sns:us-east-1:000000000000:hubs";

fn needs(catalog: Catalog, inbox: &Arc<Inbox>) -> Needs {
    Needs {
        catalog,
        topic: inbox.clone(),
        stacks_topic: STACKS.into(),
        objects: Arc::new(Written(Ok(json!([])))),
    }
}

/// A bucket with a manifest of one file, which contains these entries.
struct Written(Result<Value>);

#[async_trait::async_trait]
impl Objects for Written {
    async fn read(&self, bucket: &str, key: &str) -> Result<Value> {
        assert_eq!(bucket, "results");
        Ok(match key {
            "night/manifest.json" => json!({"ResultFiles": {
                "FAILED": [], "PENDING": [], "SUCCEEDED": [{"Key": "night/SUCCEEDED_0.json", "Size": 1}],
            }}),
            "night/SUCCEEDED_0.json" => return self.0.clone(),
            other => panic!("{other}"),
        })
    }
}

fn backup(request: Value, failure: Value) -> Input {
    let input = json!({
        "event": "backup", "request": request, "execution": EXECUTION, "started_at": "2026-11-20T02:15:00Z",
        "failure": failure, "now": now(),
    });
    serde_json::from_value(input).unwrap()
}

async fn sealed() -> (Catalog, String) {
    let (catalog, _, run) = planned(&[]).await;
    let mut set = running_set(&run, &["rooms"]);
    set.status = SetStatus::Sealed;
    set.captured_to = Some(now());
    catalog.close_set(&set).await.unwrap();
    (catalog, run.id)
}

#[tokio::test]
async fn a_sealed_set_is_told_of_once() {
    let (catalog, set) = sealed().await;
    let inbox = Inbox::open();
    let needs = needs(catalog, &inbox);
    let mut outputs = Vec::new();
    for _ in 0..2 {
        outputs.push(
            handle(&needs, backup(json!({"deployment": "hubs-prod"}), json!(null)))
                .await
                .unwrap(),
        );
    }
    assert!(outputs[0].sealed);
    assert_eq!(outputs[0], outputs[1]);
    let sent = inbox.messages();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].0.as_str(), sent[0].1.event), (STACKS, Event::BackupSealed));
    assert!(sent[0].1.text.contains(&set));
    let record = needs.catalog.run("hubs-prod", &set).await.unwrap().unwrap();
    assert_eq!(record.notified_at, Some(now()));
}

#[tokio::test]
async fn a_failed_set_is_told_of_with_its_reasons() {
    let (catalog, _, run) = planned(&[]).await;
    let reason = Reason {
        subject: "rooms".into(),
        error: "JobFailed".into(),
        message: "the table is gone".into(),
    };
    catalog.fail_set("hubs-prod", &run.id, &[reason], now()).await.unwrap();
    let inbox = Inbox::open();
    let output = handle(
        &needs(catalog, &inbox),
        backup(json!({"deployment": "hubs-prod"}), json!(null)),
    )
    .await
    .unwrap();
    assert!(!output.sealed && output.summary.contains("FAILED"), "{output:?}");
    let (_, message) = inbox.messages().remove(0);
    assert_eq!(
        (message.event, message.severity),
        (Event::BackupFailed, Severity::Critical)
    );
    assert!(message.text.contains("the table is gone"));
}

#[tokio::test]
async fn a_backup_that_could_not_start_is_told_of_whatever_its_input() {
    let (catalog, _) = crate::testing::catalog();
    let inbox = Inbox::open();
    let needs = needs(catalog, &inbox);
    let failure = json!({"state": "PlanBackup", "error": "InvalidInput", "cause": "{\"errorMessage\": \"no name\"}"});
    for request in [json!(null), json!({"deployment": "nobody"}), json!({"deployment": 7})] {
        let output = handle(&needs, backup(request, failure.clone())).await.unwrap();
        assert!(!output.sealed && output.summary.contains("NOT STARTED"), "{output:?}");
    }
    assert_eq!(inbox.messages().len(), 3);
}

#[tokio::test]
async fn a_deployments_own_topic_is_told_and_the_stacks_where_it_refuses() {
    let (catalog, _) = sealed().await;
    let mut document = document("hubs-prod", &[]);
    document["topic"] = json!(OWN);
    let descriptor = crate::domain::descriptor::Descriptor::parse(&document).unwrap();
    catalog.put_descriptor(&descriptor).await.unwrap();
    let inbox = Inbox::refusing(OWN, Error::NotFound("no such topic".into()));
    let needs = needs(catalog, &inbox);
    handle(&needs, backup(json!({"deployment": "hubs-prod"}), json!(null)))
        .await
        .unwrap();
    let topics: Vec<_> = inbox.messages().into_iter().map(|(topic, _)| topic).collect();
    assert_eq!(topics, [STACKS]);
}

#[tokio::test]
async fn a_topic_that_may_answer_later_is_tried_again() {
    let (catalog, set) = sealed().await;
    let inbox = Inbox::refusing(STACKS, Error::Throttled("slow down".into()));
    let needs = needs(catalog, &inbox);
    let error = handle(&needs, backup(json!({"deployment": "hubs-prod"}), json!(null)))
        .await
        .unwrap_err();
    assert_eq!(error.name(), "Throttled");
    assert_eq!(
        needs.catalog.run("hubs-prod", &set).await.unwrap().unwrap().notified_at,
        None
    );
}

async fn night(written: Result<Value>) -> (Result<Output>, Arc<Inbox>, String) {
    let (catalog, set) = sealed().await;
    let inbox = Inbox::open();
    let input = json!({
        "event": "nightly", "execution": EXECUTION, "started_at": "2026-11-20T02:15:00Z", "now": now(), "failure": null,
        "due": [{"deployment": "hubs-prod", "execution_name": "a"}, {"deployment": "shop", "execution_name": "b"},
                {"deployment": "quiet", "execution_name": "c"}],
        "results": {"Bucket": "results", "Key": "night/manifest.json"},
    });
    let needs = Needs {
        objects: Arc::new(Written(written)),
        ..needs(catalog, &inbox)
    };
    let output = handle(&needs, serde_json::from_value(input).unwrap()).await;
    (output, inbox, set)
}

#[tokio::test]
async fn a_night_is_told_in_one_message_that_names_everybody() {
    let child = |output: Value| json!({"Output": output.to_string(), "Status": "SUCCEEDED", "Input": "{}"});
    let (output, inbox, set) = night(Ok(json!([
        child(json!({"deployment": "hubs-prod", "status": "sealed", "execution": "arn"})),
        "garbage",
        child(json!({"deployment": "shop", "status": "failed", "failure": {"error": "JobFailed", "cause": "no room"}})),
    ])))
    .await;
    assert!(!output.unwrap().sealed);
    let (topic, message) = inbox.messages().remove(0);
    assert_eq!(
        (topic.as_str(), message.event, message.severity),
        (STACKS, Event::Nightly, Severity::Critical)
    );
    for named in [
        "2 of 3 deployments FAILED, 1 were backed up",
        "shop: JobFailed: no room",
        "quiet: NotReported",
        "hubs-prod: newest sealed set",
        set.as_str(),
    ] {
        assert!(message.text.contains(named), "{named}: {}", message.text);
    }
}

#[tokio::test]
async fn results_that_cannot_be_read_lose_no_digest_and_those_that_come_later_are_waited_for() {
    let (output, inbox, _) = night(Err(Error::AccessDenied("reading the night's results".into()))).await;
    assert!(!output.unwrap().sealed);
    let (_, message) = inbox.messages().remove(0);
    assert_eq!(message.severity, Severity::Critical);
    for named in [
        "reading the night's results",
        "0 of 3 deployments",
        "hubs-prod: NotReported",
        "shop",
        "quiet",
    ] {
        assert!(message.text.contains(named), "{named}: {}", message.text);
    }
    let (output, inbox, _) = night(Err(Error::Unavailable("later".into()))).await;
    assert_eq!(output.unwrap_err().name(), "Unavailable");
    assert!(inbox.messages().is_empty());
}

#[tokio::test]
async fn a_run_whose_records_cannot_be_read_is_told_of_by_the_stacks_topic() {
    for spoilt in ["RUN#", "SET#", "POINT"] {
        let (catalog, memory, run) = planned(&[]).await;
        let mut document = document("hubs-prod", &[]);
        document["topic"] = json!(OWN);
        let descriptor = crate::domain::descriptor::Descriptor::parse(&document).unwrap();
        catalog.put_descriptor(&descriptor).await.unwrap();
        let input = crate::runs::starting::Input {
            run: run.clone(),
            resource: crate::testing::resource("rooms"),
            now: now(),
        };
        crate::runs::starting::start(&catalog, &crate::testing::RecordedKind::default(), input)
            .await
            .unwrap();
        memory.spoil(|key| match spoilt {
            "SET#" => key.sk == format!("SET#{}", run.id),
            spoilt => key.sk.contains(spoilt),
        });
        let inbox = Inbox::open();
        let failure = json!({"state": "SealSet", "error": "VerificationFailed", "cause": "spoilt"});
        let output = handle(
            &needs(catalog, &inbox),
            backup(json!({"deployment": "hubs-prod"}), failure),
        )
        .await
        .unwrap();
        assert!(!output.sealed);
        let (topic, message) = inbox.messages().remove(0);
        assert_eq!(
            (topic.as_str(), message.event, message.severity),
            (STACKS, Event::BackupFailed, Severity::Critical)
        );
        for said in [spoilt, "SealSet", "cannot be read"] {
            assert!(message.text.contains(said), "{said}: {}", message.text);
        }
        for wrong in ["NOTHING TO RESTORE", "NOT STARTED", "nothing was touched"] {
            assert!(!message.text.contains(wrong), "{wrong}: {}", message.text);
        }
    }
}

fn ended(event: &str, execution: &str, request: Value, failure: Value) -> Input {
    let input = json!({
        "event": event, "request": request, "execution": execution, "started_at": "2026-11-20T02:15:00Z",
        "failure": failure, "now": now(),
    });
    serde_json::from_value(input).unwrap()
}

#[tokio::test]
async fn a_restore_is_told_of_once_as_what_it_came_to() {
    use crate::domain::restore::RestoreStatus;
    use crate::testing::restored;
    for (status, event, result, succeeded) in [
        (RestoreStatus::CutOver, Event::RestoreCutOver, "cut_over", true),
        (RestoreStatus::Restored, Event::RestoreUnproven, "restored", true),
        (RestoreStatus::Undone, Event::RestoreFailed, "failed", false),
        (RestoreStatus::Switching, Event::CutOverFailed, "failed", false),
    ] {
        let run = restored::run();
        let items = restored::items(
            &run,
            if status == RestoreStatus::Undone {
                "undone"
            } else {
                "restored"
            },
        );
        let record = restored::record(&run, status, &json!({}));
        let (catalog, ..) = restored::restoring(&record, &items, &[]).await;
        let inbox = Inbox::open();
        let needs = needs(catalog, &inbox);
        for _ in 0..2 {
            let input = ended(
                "restore",
                &run.execution,
                json!({"deployment": "hubs-prod"}),
                json!(null),
            );
            let output = serde_json::to_value(handle(&needs, input).await.unwrap()).unwrap();
            assert_eq!(
                (&output["result"], &output["succeeded"]),
                (&json!(result), &json!(succeeded))
            );
            assert!(
                output["summary"].as_str().unwrap().starts_with("Holdfast: "),
                "{output}"
            );
        }
        let sent = inbox.messages();
        assert_eq!((sent.len(), sent[0].1.event), (1, event));
        assert!(sent[0].1.text.contains("hubs-db-copy"), "{}", sent[0].1.text);
        let of_run = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
        assert_eq!(of_run.notified_at, Some(now()));
    }
}

/// The run continues; its outcome is reported all the same.
#[tokio::test]
async fn a_restore_that_waits_is_told_of_and_its_end_too() {
    use crate::domain::restore::RestoreStatus;
    use crate::testing::restored;
    let run = restored::run();
    let record = restored::record(&run, RestoreStatus::Running, &json!({}));
    let mut items = restored::items(&run, "in_progress");
    items[0].shortage.record(vec!["hubs-db-1".into()], Vec::new(), now());
    let (catalog, ..) = restored::restoring(&record, &items, &[]).await;
    let inbox = Inbox::open();
    let needs = needs(catalog, &inbox);
    for event in ["restore_waits", "restore_waits", "restore"] {
        let input = ended(event, &run.execution, json!({"deployment": "hubs-prod"}), json!(null));
        handle(&needs, input).await.unwrap();
    }
    let sent: Vec<_> = inbox.messages().iter().map(|(_, message)| message.event).collect();
    assert_eq!(sent, [Event::RestoreWaits, Event::RestoreFailed]);
}

#[tokio::test]
async fn what_takes_a_restore_back_is_told_of_by_the_restore_that_its_input_names() {
    use crate::domain::restore::RestoreStatus;
    use crate::testing::restored;
    let run = restored::run();
    for (event, status, result) in [
        ("undo_restore", RestoreStatus::Undone, "undone"),
        ("undo_cut_over", RestoreStatus::SwitchedBack, "switched_back"),
    ] {
        let record = restored::record(&run, status, &json!({}));
        let (catalog, ..) = restored::restoring(&record, &restored::items(&run, "undone"), &[]).await;
        let inbox = Inbox::open();
        let needs = needs(catalog, &inbox);
        let machine = format!("-{}:", event.replace('_', "-"));
        let execution = run.execution.replace("-restore:", &machine);
        let input = ended(
            event,
            &execution,
            json!({"deployment": "hubs-prod", "restore": run.id}),
            json!(null),
        );
        let output = serde_json::to_value(handle(&needs, input).await.unwrap()).unwrap();
        assert_eq!(
            (&output["result"], &output["succeeded"]),
            (&json!(result), &json!(true))
        );

        let failure = json!({"state": "Plan", "error": "NotFound", "cause": "no such restore"});
        for request in [
            json!({"deployment": "hubs-prod"}),
            json!({"deployment": "hubs-prod", "restore": "x"}),
            json!(7),
        ] {
            let output = handle(&needs, ended(event, &execution, request, failure.clone()))
                .await
                .unwrap();
            assert!(!output.succeeded && output.summary.contains("NotFound"), "{output:?}");
        }
        assert_eq!(inbox.messages().len(), 4);
    }
}

/// Copies cost money, and nobody looks for them: the catalog alone says so, once a night.
#[tokio::test]
async fn a_night_names_old_copies_of_restores_and_what_removes_them() {
    let (catalog, _, run) = crate::testing::restores::planned_restore().await;
    for mut item in catalog.items("hubs-prod", &run.id).await.unwrap() {
        item.status = ItemStatus::Restored;
        item.finished_at = Some(now());
        catalog.put_item("hubs-prod", &item).await.unwrap();
    }
    let set_status = |record: &mut RestoreRecord| record.status = RestoreStatus::Restored;
    catalog.change_restore("hubs-prod", &run.id, set_status).await.unwrap();
    let inbox = Inbox::open();
    let needs = needs(catalog, &inbox);
    let night = |days: i64| {
        let input = json!({
            "event": "nightly", "execution": EXECUTION, "started_at": now(), "now": later(days * 86_400), "failure": null,
            "due": [{"deployment": "hubs-prod", "execution_name": "a"}], "results": null,
        });
        serde_json::from_value::<Input>(input).unwrap()
    };
    let told = |inbox: &Inbox| {
        inbox
            .messages()
            .pop()
            .unwrap()
            .1
            .text
            .contains("`holdfast tidy hubs-prod")
    };
    handle(&needs, night(30)).await.unwrap();
    assert!(!told(&inbox), "the restore has not ended");
    needs
        .catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Ended, now())
        .await
        .unwrap();
    handle(&needs, night(6)).await.unwrap();
    assert!(!told(&inbox), "they are not old");
    handle(&needs, night(8)).await.unwrap();
    assert!(told(&inbox), "{}", inbox.messages().pop().unwrap().1.text);
}

/// What came since the descriptor was applied is found by each backup, and told once a night.
#[tokio::test]
async fn a_night_names_what_its_backups_found_to_be_in_no_set() {
    let (catalog, set) = sealed().await;
    let told = "table hubs-new begins with hubs- and is in no descriptor, so it is in no set";
    for (error, message) in [("InNoSet", told), ("NotSampled", "another warning")] {
        let warning = Reason {
            subject: "covers".into(),
            error: error.into(),
            message: message.into(),
        };
        catalog.warn_run("hubs-prod", &set, warning).await.unwrap();
    }
    let inbox = Inbox::open();
    let needs = needs(catalog, &inbox);
    for (started_at, is_told) in [("2026-11-20T02:00:00Z", true), ("2026-11-21T02:00:00Z", false)] {
        let input = json!({
            "event": "nightly", "execution": EXECUTION, "started_at": started_at, "now": now(), "failure": null,
            "due": [{"deployment": "hubs-prod", "execution_name": "a"}], "results": null,
        });
        handle(&needs, serde_json::from_value(input).unwrap()).await.unwrap();
        let (_, message) = inbox.messages().pop().unwrap();
        let warnings = message.json.pointer("/in_no_set/0/warnings");
        assert_eq!(
            warnings,
            is_told.then(|| json!([told])).as_ref(),
            "{started_at}: {}",
            message.text
        );
    }
}
