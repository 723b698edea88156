#![allow(clippy::unwrap_used)]

pub mod conformance;

use serde_json::{Value, json};

use super::*;
use crate::domain::job::Progress;
use crate::domain::names::suffix;
use crate::domain::resource::{RecoveryPoint, Target};
use crate::domain::restore::item::{CreatedResource, UndoProgress};
use crate::domain::set::ProbeResult;
use crate::domain::transfers::{Placement, dump_folder, execution_name};
use crate::kinds::{Backup, Deletion, Discovery, Restore};
use crate::testing::replay::{Exchange, Replay, answers, refuses};
use crate::testing::samples::{reason, resource, restoring, run};

const MACHINE: &str = "arn:aws:states:eu-west-1:111122223333:execution:holdfast-transfer";
const COPY: &str = "sportfin_r1";

fn postgres(script: impl IntoIterator<Item = Exchange>) -> (Postgres, Replay) {
    let replay = Replay::new(script);
    (Postgres::from_config(&replay.config(), &Defaults::of_tests()), replay)
}

fn users() -> Resource {
    forced(None)
}

fn forced(run_in: Option<Placement>) -> Resource {
    resource(Target::Postgres {
        database: "sportfin".into(),
        host: "db.internal".into(),
        port: 5432,
        login_secret: "sportfin/database".into(),
        maintenance_database: None,
        jobs: None,
        run_in,
    })
}

fn folder() -> String {
    dump_folder(&run().deployment, "thing", &run().id)
}

fn job(step: &str) -> String {
    format!("{MACHINE}:{}", execution_name(&run().id, "thing", step))
}

fn point() -> RecoveryPoint {
    RecoveryPoint::DatabaseDump {
        arn: format!("arn:aws:s3:::archive/{}/manifest.json", folder()),
        folder: folder(),
        execution: job(DUMP),
    }
}

fn item() -> RestoreItem {
    let source = Source::DatabaseDump {
        arn: format!("arn:aws:s3:::archive/{}/manifest.json", folder()),
        folder: folder(),
    };
    let destination = Destination::Database {
        database: COPY.into(),
        host: "db.internal".into(),
        port: 5432,
    };
    RestoreItem {
        configuration: description(&["subscription feed"], 9),
        ..restoring(users(), source, destination)
    }
}

fn created() -> RestoreItem {
    RestoreItem {
        created: Some(CreatedResource::Database {
            database: COPY.into(),
            host: "db.internal".into(),
            port: 5432,
            execution: job(LOAD),
        }),
        ..item()
    }
}

fn from(step: &str, answer: &Value) -> Exchange {
    answers(
        &format!("POST /2015-03-31/functions/holdfast-{step}/invocations"),
        answer.to_string(),
    )
}

fn database(answer: &Value) -> Exchange {
    from("database-access", answer)
}

fn archive(answer: &Value) -> Exchange {
    from("archive-access", answer)
}

/// The function failed with one of our errors.
fn failed(step: &str, error: &str, message: &str) -> Exchange {
    from(step, &json!({"errorType": error, "errorMessage": message})).with_header("x-amz-function-error", "Unhandled")
}

fn description(attached: &[&str], tables: usize) -> Value {
    json!({
        "server_version": "17.10", "size_bytes": 9_000_000, "tables": tables, "owner": "app", "encoding": "UTF8", "collate": "C",
        "ctype": "C", "locale_provider": "libc", "connection_limit": -1, "extensions": {"citext": "1.6"}, "settings": [],
        "roles": ["app"], "attached": attached,
    })
}

fn described() -> Exchange {
    database(&description(&[], 9))
}

fn facts() -> Value {
    json!({"captured_at": "2026-11-20T02:15:04Z", "seconds": 38, "size_bytes": 1_000, "database_bytes": 9_000_000, "counts": {"users": 562},
        "uncounted": {"broken": "the query returned something else"}})
}

fn verified() -> Exchange {
    archive(&facts())
}

fn listed(dumps: &[(&str, &str)]) -> Exchange {
    let dump = |(deployment, database): &(&str, &str)| {
        json!({
            "folder": dump_folder(deployment, "thing", &run().id), "deployment": deployment, "set": run().id, "resource": "thing",
            "database": database, "host": "db.internal", "port": 5432, "facts": facts(), "finished_at": "2026-11-20T02:15:40Z",
            "sealed": 3,
        })
    };
    archive(&json!({"dumps": dumps.iter().map(dump).collect::<Vec<_>>()}))
}

fn started(step: &str) -> Exchange {
    answers(
        "StartExecution",
        json!({"executionArn": job(step), "startDate": 1_795_140_900.5}).to_string(),
    )
}

fn exists() -> Exchange {
    refuses("StartExecution", 400, "ExecutionAlreadyExists")
}

fn execution(step: &str, status: &str) -> Exchange {
    let mut described = json!({
        "executionArn": job(step), "stateMachineArn": "machine", "status": status, "startDate": 1_795_140_900.5,
    });
    if status == "SUCCEEDED" {
        described["stopDate"] = json!(1_795_141_000);
    }
    if status == "FAILED" {
        described["error"] = json!("Unavailable");
        described["cause"] = json!(r#"{"errorType":"Unavailable","errorMessage":"db.internal does not respond"}"#);
    }
    answers("DescribeExecution", described.to_string())
}

fn unknown() -> Exchange {
    refuses("DescribeExecution", 400, "ExecutionDoesNotExist")
}

fn stopped() -> Exchange {
    answers("StopExecution", r#"{"stopDate": 1795140999}"#)
}

fn requests(replay: &Replay) -> Vec<Value> {
    replay.played().iter().map(|request| request.json()).collect()
}

#[tokio::test]
async fn a_dump_is_one_job_whose_name_only_the_run_decides() {
    let (kind, replay) = postgres([described(), listed(&[]), started(DUMP)]);
    let backup = kind.back_up(&run(), &users()).await.unwrap();
    assert_eq!(backup.recovery_point, point());
    let requests = requests(&replay);
    assert_eq!(requests[0]["action"], "describe");
    assert_eq!(requests[0]["server"]["login_secret"], "sportfin/database");
    assert_eq!(requests[2]["name"], execution_name(&run().id, "thing", DUMP));
    let input: Value = serde_json::from_str(requests[2]["input"].as_str().unwrap()).unwrap();
    assert_eq!(
        (input["step"].as_str(), input["placement"].as_str()),
        (Some(DUMP), Some("function"))
    );
    assert_eq!(input["input"]["folder"], folder());
}

#[tokio::test]
async fn a_large_database_is_dumped_in_a_task_and_a_descriptor_decides_otherwise() {
    let mut large = description(&[], 9);
    large["size_bytes"] = json!(2_u64 << 40);
    for (run_in, asked, placement) in [
        (None, vec![database(&large), listed(&[])], "task"),
        (Some(Placement::Function), vec![database(&large)], "function"),
        (Some(Placement::Task), vec![described()], "task"),
    ] {
        let (kind, replay) = postgres(asked.into_iter().chain([started(DUMP)]));
        kind.back_up(&run(), &forced(run_in)).await.unwrap();
        let input = requests(&replay).pop().unwrap()["input"].as_str().unwrap().to_owned();
        let input: Value = serde_json::from_str(&input).unwrap();
        assert_eq!(input["placement"], placement, "{run_in:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_too_new_is_refused_before_a_job_is_started() {
    let mut too_new = description(&[], 9);
    too_new["no_client"] = json!("server version: PostgreSQL 19.1 is not allowed; expected at most 18");
    let (kind, replay) = postgres([database(&too_new)]);
    let error = kind.back_up(&run(), &users()).await.unwrap_err();
    assert!(error.to_string().contains("PostgreSQL 19.1"), "{error}");
    replay.played();
}

#[tokio::test]
async fn a_poll_verifies_what_the_archive_has() {
    let (kind, _) = postgres([execution(DUMP, "SUCCEEDED"), verified(), unknown(), verified()]);
    // By AWS's clock, which the server's is behind; and by the server's, where AWS knows the job no more.
    for captured_at in ["2026-11-20T02:16:04Z", "2026-11-20T02:15:04Z"] {
        let Progress::Succeeded(finished) = kind.poll(&users(), &point()).await.unwrap() else {
            panic!("not finished")
        };
        assert_eq!(finished.captured_at, captured_at.parse().unwrap());
        assert_eq!(finished.size_bytes, Some(1_000));
        let [users, broken] = <[ProbeResult; 2]>::try_from(finished.probes).unwrap();
        assert_eq!((users.name.as_str(), users.count), ("users", Some(562)));
        assert!(broken.count.is_none() && broken.failure.is_some());
    }
}

#[tokio::test]
async fn a_failed_job_and_a_changed_dump_have_failed_by_their_reasons() {
    for (script, words) in [
        (
            vec![execution(DUMP, "FAILED")],
            "Unavailable: db.internal does not respond",
        ),
        (vec![execution(DUMP, "ABORTED")], "aborted"),
        (vec![execution(DUMP, "TIMED_OUT")], "DeadlineExceeded"),
        (
            vec![
                execution(DUMP, "SUCCEEDED"),
                failed("archive-access", "VerificationFailed", "whole.dump was changed"),
            ],
            "whole.dump was changed",
        ),
        (
            vec![unknown(), failed("archive-access", "NotFound", "has no complete dump")],
            "no complete dump",
        ),
    ] {
        let (kind, replay) = postgres(script);
        let reason = reason(kind.poll(&users(), &point()).await.unwrap());
        assert!(reason.contains(words), "{reason}");
        replay.played();
    }
}

#[tokio::test]
async fn only_a_dump_of_the_deployment_is_deleted() {
    let (kind, replay) = postgres([
        execution(DUMP, "SUCCEEDED"),
        archive(&json!({"kept": "Object Lock"})),
        execution(DUMP, "FAILED"),
        archive(&json!({"not_ours": "s3://x"})),
    ]);
    assert_eq!(
        kind.delete(&run(), &point()).await.unwrap(),
        Deletion::Protected("Object Lock".into())
    );
    assert_eq!(kind.delete(&run(), &point()).await.unwrap_err().name(), "Conflict");
    assert_eq!(requests(&replay)[1]["deployment"], run().deployment);
}

#[tokio::test]
async fn a_job_that_still_writes_is_stopped_before_its_dump_is_deleted() {
    let running = || execution(DUMP, "RUNNING");
    let (kind, replay) = postgres([running(), running(), stopped(), archive(&json!("gone"))]);
    assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Gone);
    replay.played();
}

#[tokio::test]
async fn a_copy_in_use_is_left_in_place() {
    let (kind, _) = postgres([
        execution(LOAD, "SUCCEEDED"),
        database(&json!({"in_use": "2 sessions, such as of app from 10.0.0.7"})),
    ]);
    let UndoProgress::Remains(what) = kind.undo(&run(), &created()).await.unwrap() else {
        panic!("removed")
    };
    assert!(what.contains(COPY) && what.contains("10.0.0.7"), "{what}");
}

#[tokio::test]
async fn a_copy_is_named_so_that_it_needs_no_quotes() {
    let suffix = suffix(&run());
    let naming = crate::domain::restore::naming::Naming {
        suffix: &suffix,
        given: None,
        into: None,
    };
    let (kind, _) = postgres([]);
    let destination = crate::kinds::Recovery::destination(&kind, &run(), &users(), &naming)
        .await
        .unwrap();
    let Destination::Database { database, .. } = destination else {
        panic!("{destination:?}")
    };
    assert!(database.starts_with("sportfin_r20261120_021500_"), "{database}");
}

#[tokio::test]
async fn what_is_attached_to_the_source_is_said_beforehand() {
    let (kind, _) = postgres([verified(), database(&json!({"faults": []}))]);
    let preflight = kind.preflight(&run(), &item()).await.unwrap();
    assert!(
        preflight
            .remarks
            .iter()
            .any(|remark| remark.contains("subscription feed")),
        "{preflight:?}"
    );
}

#[tokio::test]
async fn what_would_fail_every_dump_is_said_when_the_descriptor_is_applied() {
    let too_new = "server version: PostgreSQL 19.1 is not allowed; expected at most 18";
    let (kind, replay) = postgres([
        database(&json!({"faults": []})),
        database(&json!({"faults": [["InvalidInput", too_new]]})),
        failed("database-access", "Unavailable", "no response"),
    ]);
    assert_eq!(kind.obstacles(&users()).await.unwrap(), []);
    let faults = kind.obstacles(&users()).await.unwrap();
    assert!(
        faults[0].path == "resources.thing.database" && faults[0].value.contains("PostgreSQL 19.1"),
        "{faults:?}"
    );
    assert_eq!(kind.obstacles(&users()).await.unwrap_err().name(), "Unavailable");
    assert_eq!(requests(&replay)[0]["action"], "check_dump");
}
