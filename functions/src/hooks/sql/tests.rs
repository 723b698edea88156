#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::descriptor::{Descriptor, HookLists};
use crate::domain::hooks::of;
use crate::testing::document;
use crate::testing::hooks::called;
use crate::testing::replay::{Asked, Exchange, Replay, answers, cut, refuses, xml};
use crate::testing::switches::transfers;

const ACCESS: &str = "POST /2015-03-31/functions/holdfast-database-access/invocations";

fn lists(hook: Value, cluster: &str) -> HookLists {
    let mut document = document("cumulus", &[]);
    document["resources"]["database"] = json!({"kind": "aurora", "cluster": cluster});
    document["resources"]["ledger"] =
        json!({"kind": "postgres", "database": "ledger", "host": "db.internal", "login_secret": "ledger/login"});
    document["probes"] = json!({
        "granules": {"resource": "database", "sql": "select 1", "secret": "cumulus/probes", "database": "cumulus"},
    });
    let mut hook = hook;
    hook["name"] = json!("access");
    hook["kind"] = json!("sql");
    document["hooks"] = json!([hook]);
    Descriptor::parse(&document).unwrap().hooks
}

fn closing() -> Hook {
    let hook = json!({
        "resource": "database", "database": "cumulus", "secret": "cumulus/admin", "close": true, "except": ["dba"],
    });
    lists(hook, "cumulus-db").quiesce.remove(0)
}

fn statements() -> Hook {
    let hook = json!({
        "resource": "ledger", "statements": ["update jobs set paused = true"], "undo": ["update jobs set paused = false"],
    });
    lists(hook, "cumulus-db").quiesce.remove(0)
}

fn cluster(name: &str, engine: &str) -> Exchange {
    let body = format!(
        "<DBClusters><DBCluster><DBClusterIdentifier>{name}</DBClusterIdentifier><Engine>{engine}</Engine><Status>available</Status>\
         <Endpoint>{name}.internal</Endpoint><Port>5432</Port></DBCluster></DBClusters>"
    );
    xml("DescribeDBClusters", &body)
}

fn found() -> Exchange {
    cluster("cumulus-db", "aurora-postgresql")
}

fn gone() -> Exchange {
    refuses("DescribeDBClusters", 404, "DBClusterNotFoundFault")
}

fn answer(value: &Value) -> Exchange {
    answers(ACCESS, value.to_string())
}

fn failed(error: &str, message: &str) -> Exchange {
    answer(&json!({"errorType": error, "errorMessage": message})).with_header("x-amz-function-error", "Unhandled")
}

fn before() -> Value {
    json!({"connect": ["cumulus_app", "public"], "kept": ["admin", "dba", "probes"], "database": "cumulus"})
}

fn driver(script: Vec<Exchange>) -> (SqlHook, Replay) {
    let replay = Replay::new(script);
    (SqlHook::from_config(&replay.config(), &transfers()), replay)
}

async fn acted(hook: &Hook, undo: bool, before: &Value, script: Vec<Exchange>) -> (Result<HookProgress>, Vec<Asked>) {
    let (driver, replay) = driver(script);
    let progress = called(&driver, hook, undo, before).await;
    (progress, replay.played())
}

#[tokio::test]
async fn who_may_connect_is_recorded_by_the_clusters_writer() {
    let access = json!({"connect": ["cumulus_app", "public"], "kept": ["admin", "dba", "probes"]});
    let (driver, replay) = driver(vec![found(), answer(&access)]);
    assert_eq!(driver.observe(&closing()).await.unwrap(), before());
    assert_eq!(
        replay.played()[1].json(),
        json!({
            "server": {
                "host": "cumulus-db.internal", "port": 5432, "login_secret": "cumulus/admin", "maintenance_database": "postgres",
            },
            "action": "observe_access", "database": "cumulus", "kept": {"secrets": ["cumulus/probes"], "roles": ["dba"]},
        })
    );
    let by_hand = of(&closing().action).undo_by_hand(&closing().action, &before());
    assert!(
        by_hand.ends_with("grant CONNECT on it to cumulus_app, public"),
        "{by_hand}"
    );
}

#[tokio::test]
async fn it_is_closed_once_no_session_is_left() {
    let waiting = json!({"sessions": ["3 of cumulus_app"]});
    let (progress, played) = acted(&closing(), false, &before(), vec![found(), answer(&waiting)]).await;
    let HookProgress::InProgress(what) = progress.unwrap() else {
        panic!("sessions are left");
    };
    assert!(what.contains("cumulus to end: 3 of cumulus_app"), "{what}");
    let asked = played[1].json();
    assert_eq!((&asked["action"], &asked["before"]), (&json!("close"), &before()));
    for _ in 0..2 {
        let ended = vec![found(), answer(&json!({"sessions": []}))];
        let (progress, _) = acted(&closing(), false, &before(), ended).await;
        assert_eq!(progress.unwrap(), HookProgress::Done);
    }
}

#[tokio::test]
async fn it_is_opened_as_it_was_twice() {
    for _ in 0..2 {
        let (progress, played) = acted(&closing(), true, &before(), vec![found(), answer(&Value::Null)]).await;
        assert_eq!(progress.unwrap(), HookProgress::Done);
        let asked = played[1].json();
        assert_eq!((&asked["action"], &asked["before"]), (&json!("open"), &before()));
    }
    let (progress, _) = acted(&closing(), true, &Value::Null, vec![]).await;
    let error = progress.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("hook access"), "{error}");
}

/// The old cluster stays closed, and its copy is opened.
#[tokio::test]
async fn after_a_cut_over_the_copy_is_opened() {
    let hook = json!({"resource": "database", "database": "cumulus", "secret": "cumulus/admin", "close": true});
    let mut planned = lists(hook.clone(), "cumulus-db");
    planned.follow(&lists(hook, "cumulus-db-r1"));
    let script = vec![cluster("cumulus-db-r1", "aurora-postgresql"), answer(&Value::Null)];
    let (progress, played) = acted(&planned.quiesce[0], true, &before(), script).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    assert_eq!(played[0].field("DBClusterIdentifier").as_deref(), Some("cumulus-db-r1"));
    assert_eq!(played[1].json()["server"]["host"], "cumulus-db-r1.internal");
    let other = json!({"resource": "ledger", "close": true});
    planned.follow(&lists(other, "elsewhere"));
    assert_eq!(planned.quiesce[0].place.as_ref().unwrap().resource, "database");
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_closed_and_no_obstacle_to_its_restore() {
    let (driver, _) = driver(vec![gone(), gone(), found(), answer(&Value::Null)]);
    assert_eq!(driver.check(&closing()).await.unwrap(), None);
    let seen = json!({"gone": true, "database": "cumulus"});
    assert_eq!(driver.observe(&closing()).await.unwrap(), seen, "no cluster");
    assert_eq!(driver.observe(&closing()).await.unwrap(), seen, "no database in it");
    assert!(of(&closing().action).is_gone(&seen) && !of(&closing().action).is_gone(&before()));
    let (progress, _) = acted(&closing(), false, &seen, vec![]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    let (progress, _) = acted(&closing(), true, &seen, vec![gone()]).await;
    assert_eq!(
        progress.unwrap(),
        HookProgress::Done,
        "nothing was restored in its place"
    );
    let (progress, _) = acted(&closing(), false, &before(), vec![gone()]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done, "it went meanwhile");
    let (progress, _) = acted(&closing(), true, &before(), vec![gone()]).await;
    assert_eq!(progress.unwrap_err().name(), "NotFound", "nobody opened it");
}

#[tokio::test]
async fn what_is_in_the_way_is_a_fault_and_what_is_unknown_an_error() {
    let obstacle = json!({"faults": [["AccessDenied", "db:5432: login admin may not revoke CONNECT"]]});
    let (sql, _) = driver(vec![found(), answer(&obstacle)]);
    let fault = sql.check(&closing()).await.unwrap().unwrap();
    assert_eq!(fault.path, "hooks.access.database");
    assert!(fault.value.contains("may not revoke CONNECT"), "{fault}");
    let (sql, _) = driver(vec![cluster("cumulus-db", "aurora-mysql")]);
    let fault = sql.check(&closing()).await.unwrap().unwrap();
    assert!(
        fault.path.ends_with("resource") && fault.value.contains("aurora-mysql"),
        "{fault}"
    );
    let (sql, _) = driver(vec![answer(&json!({"faults": []}))]);
    assert_eq!(sql.check(&statements()).await.unwrap(), None);
    let (sql, _) = driver(vec![found(), refuses(ACCESS, 403, "AccessDeniedException")]);
    let error = sql.check(&closing()).await.unwrap_err();
    assert!(
        error.name() == "AccessDenied" && error.to_string().contains("SqlHooks"),
        "{error}"
    );
}

#[tokio::test]
async fn statements_are_executed_in_the_resources_own_database() {
    for (undo, wanted) in [(false, "true"), (true, "false")] {
        let (progress, played) = acted(&statements(), undo, &Value::Null, vec![answer(&json!(true))]).await;
        assert_eq!(progress.unwrap(), HookProgress::Done);
        let asked = played[0].json();
        assert_eq!(
            (&asked["action"], &asked["database"]),
            (&json!("execute"), &json!("ledger"))
        );
        assert_eq!(
            asked["statements"],
            json!([format!("update jobs set paused = {wanted}")])
        );
        assert_eq!(asked["server"]["login_secret"], "ledger/login");
    }
    let (progress, _) = acted(&statements(), false, &Value::Null, vec![answer(&json!(false))]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done, "what is gone needs no rest");
    let (progress, _) = acted(&statements(), true, &Value::Null, vec![answer(&json!(false))]).await;
    assert_eq!(progress.unwrap_err().name(), "NotFound");
    let (sql, replay) = driver(vec![]);
    assert_eq!(sql.observe(&statements()).await.unwrap(), Value::Null);
    assert!(replay.played().is_empty());
}

#[tokio::test]
async fn a_failure_keeps_its_name_and_says_which_hook() {
    for (error, message) in [("JobFailed", "42P01"), ("Unavailable", "no response")] {
        let (progress, _) = acted(&statements(), false, &Value::Null, vec![failed(error, message)]).await;
        let failed = progress.unwrap_err();
        assert_eq!(failed.name(), error);
        assert_eq!(failed.to_string(), format!("quiescing: hook access: {message}"));
    }
    let (progress, played) = acted(&closing(), false, &before(), vec![found(), cut(ACCESS)]).await;
    assert_eq!(
        progress.unwrap_err().name(),
        "Unavailable",
        "whether it was closed is looked at again"
    );
    assert_eq!(played.len(), 2);
}
