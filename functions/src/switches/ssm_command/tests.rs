#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::switches::{RESTORE, cluster, db_cluster, db_clusters, run, switch, table};

const OLD: &str = "hubs-db.cluster-x";
const NEW: &str = "hubs-db-r1.cluster-x";

fn of_cluster() -> Switch {
    switch(json!({
        "name": "app", "resource": "database", "kind": "ssm_command", "tags": {"role": "hub"},
        "commands": ["configure \"$DB_HOST\"", "systemctl restart hub"], "undo": ["systemctl restart hub-old"],
        "values": {"DB_HOST": "host"},
    }))
}

fn script(exchanges: impl IntoIterator<Item = Exchange>) -> (Replay, SsmCommandSwitch) {
    let replay = Replay::new(exchanges);
    let switch = SsmCommandSwitch::from_config(&replay.config());
    (replay, switch)
}

fn copy() -> Exchange {
    db_clusters(&[db_cluster("hubs-db-r1", "cluster-R1", "available", Some(RESTORE))])
}

fn listed(commands: &[Value]) -> Exchange {
    answers("ListCommands", json!({ "Commands": commands }).to_string())
}

fn command(id: &str, comment: &str, status: &str) -> Value {
    let errors = i64::from(status == "Failed");
    json!({
        "CommandId": id, "Comment": comment, "Status": status, "StatusDetails": status, "TargetCount": 2, "CompletedCount": 2,
        "ErrorCount": errors,
    })
}

fn applied(status: &str) -> Value {
    command("c-1", &comment("app", &cluster(), APPLY, RESTORE), status)
}

fn undone(status: &str) -> Value {
    command("c-2", &comment("app", &cluster(), REVERT, &undo().id), status)
}

fn accepted(id: &str) -> Exchange {
    answers("SendCommand", json!({"Command": {"CommandId": id}}).to_string())
}

/// The run that switches back, long after the restore.
fn undo() -> Run {
    Run {
        id: "hubs-prod-20261121-080000-beef".to_owned(),
        started_at: "2026-11-21T08:00:00Z".parse().unwrap(),
        ..run()
    }
}

fn before() -> Value {
    json!({"values": {"DB_HOST": OLD}})
}

fn noted(id: &str) -> Value {
    json!({ "command": id })
}

async fn apply(driver: &SsmCommandSwitch, noted: Value) -> Result<SwitchProgress> {
    driver.apply(&run(), &of_cluster(), &cluster(), &before(), &noted).await
}

async fn revert(driver: &SsmCommandSwitch, before: Value, after: Value, noted: Value) -> Result<SwitchProgress> {
    let mut item = cluster();
    item.started_at = Some(run().started_at);
    driver
        .revert(&undo(), &of_cluster(), &item, &before, &after, &noted)
        .await
}

#[track_caller]
fn noted_in(progress: &SwitchProgress) -> Value {
    match progress {
        SwitchProgress::Underway { noted, .. } => noted.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn failed(progress: SwitchProgress) -> String {
    match progress {
        SwitchProgress::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_script_is_sent_once_with_the_copys_facts_and_done_when_it_has_succeeded_everywhere() {
    let (replay, driver) = script([
        listed(&[command("other", "of somebody", "Failed")]),
        copy(),
        accepted("c-1"),
        listed(&[]),
        listed(&[applied("InProgress")]),
        listed(&[applied("Success")]),
    ]);
    let sent = noted_in(&apply(&driver, Value::Null).await.unwrap());
    assert_eq!(sent, noted("c-1"));
    // Systems Manager does not list it at once.
    assert_eq!(noted_in(&apply(&driver, sent.clone()).await.unwrap()), sent);
    assert_eq!(noted_in(&apply(&driver, sent.clone()).await.unwrap()), sent);
    assert_eq!(apply(&driver, sent).await.unwrap(), SwitchProgress::Done(noted("c-1")));
    let request = replay.played()[2].json();
    assert_eq!(request["Targets"], json!([{"Key": "tag:role", "Values": ["hub"]}]));
    assert_eq!(
        request["Parameters"]["commands"],
        json!([
            "set -e",
            format!("export DB_HOST='{NEW}'"),
            "configure \"$DB_HOST\"",
            "systemctl restart hub"
        ])
    );
    assert!(request["Comment"].as_str().unwrap().len() <= 100, "{request}");
}

#[tokio::test]
async fn a_command_whose_response_was_lost_is_found_by_its_comment() {
    let (replay, driver) = script([
        listed(&[]),
        copy(),
        cut("SendCommand"),
        listed(&[applied("InProgress")]),
    ]);
    assert_eq!(apply(&driver, Value::Null).await.unwrap_err().name(), "Unavailable");
    assert_eq!(noted_in(&apply(&driver, Value::Null).await.unwrap()), noted("c-1"));
    replay.played();
}

#[tokio::test]
async fn a_script_that_fails_somewhere_fails_the_cut_over_and_says_where() {
    let invocations = json!({"CommandInvocations": [
        {"InstanceId": "i-0123456789abcdef0", "Status": "Success"},
        {"InstanceId": "i-0123456789abcdef1", "Status": "Failed", "StatusDetails": "Failed",
         "CommandPlugins": [{"ResponseCode": 32, "Output": "a password"}]},
    ]});
    let (replay, driver) = script([
        listed(&[applied("Failed")]),
        answers("ListCommandInvocations", invocations.to_string()),
    ]);
    let why = failed(apply(&driver, noted("c-1")).await.unwrap());
    for part in ["switch app", "i-0123456789abcdef1: Failed, exit code 32", "by hand"] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert!(!why.contains("a password"), "{why}");
    replay.played();
}

#[tokio::test]
async fn instances_that_may_not_be_reached_are_named() {
    let (replay, driver) = script([
        listed(&[]),
        copy(),
        refuses("SendCommand", 400, "AccessDeniedException"),
    ]);
    let error = apply(&driver, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    assert!(error.to_string().contains("HoldfastHooks=allowed"), "{error}");
    replay.played();
}

#[tokio::test]
async fn switching_back_runs_the_undo_with_what_was_there_before() {
    let (replay, driver) = script([
        listed(&[applied("Success")]),
        accepted("c-2"),
        listed(&[applied("Success")]),
        listed(&[undone("Success"), applied("Success")]),
    ]);
    let sent = noted_in(&revert(&driver, before(), noted("c-1"), Value::Null).await.unwrap());
    assert_eq!(sent, noted("c-2"));
    assert_eq!(
        noted_in(&revert(&driver, before(), noted("c-1"), sent.clone()).await.unwrap()),
        sent
    );
    assert_eq!(
        revert(&driver, before(), noted("c-1"), sent).await.unwrap(),
        SwitchProgress::Done(noted("c-2"))
    );
    let asked = replay.played();
    // Since the restore, whose command it follows.
    assert_eq!(asked[0].json()["Filters"][0]["value"], "2026-11-20T02:15:00Z");
    assert_eq!(
        asked[1].json()["Parameters"]["commands"],
        json!(["set -e", format!("export DB_HOST='{OLD}'"), "systemctl restart hub-old"])
    );
}

/// Sent beside its own script, an undo could end first.
#[tokio::test]
async fn switching_back_waits_for_its_own_script() {
    let (replay, driver) = script([listed(&[applied("InProgress")])]);
    let waits = revert(&driver, before(), Value::Null, Value::Null).await.unwrap();
    assert_eq!(noted_in(&waits), Value::Null);
    replay.played();
}

/// A failed script may have changed something; one that was never sent has not.
#[tokio::test]
async fn a_script_that_failed_is_undone_and_one_that_was_never_sent_is_not() {
    let (replay, driver) = script([listed(&[applied("Failed")]), accepted("c-2"), listed(&[])]);
    let sent = revert(&driver, before(), Value::Null, Value::Null).await.unwrap();
    assert_eq!(noted_in(&sent), noted("c-2"));
    let never = revert(&driver, before(), Value::Null, Value::Null).await.unwrap();
    assert_eq!(never, SwitchProgress::Done(json!({})));
    replay.played();
}

/// Systems Manager lists commands for 30 days.
#[tokio::test]
async fn a_script_that_is_no_longer_listed_is_undone() {
    let (replay, driver) = script([listed(&[]), accepted("c-2")]);
    let sent = revert(&driver, before(), noted("c-1"), Value::Null).await.unwrap();
    assert_eq!(noted_in(&sent), noted("c-2"));
    replay.played();
}

/// The undo of an earlier run, which failed, is none of this run's.
#[tokio::test]
async fn each_undo_sends_its_own() {
    let earlier = command("c-9", &comment("app", &cluster(), REVERT, RESTORE), "Failed");
    let (replay, driver) = script([listed(&[earlier, applied("Success")]), accepted("c-2")]);
    let sent = revert(&driver, before(), noted("c-1"), Value::Null).await.unwrap();
    assert_eq!(noted_in(&sent), noted("c-2"));
    replay.played();
}

#[tokio::test]
async fn what_it_was_before_is_observed_and_a_resource_that_is_gone_is_said_to_be() {
    let source = db_clusters(&[db_cluster("hubs-db", "cluster-S", "available", None)]);
    let (replay, driver) = script([source, db_clusters(&[]), listed(&[applied("Success")])]);
    let observed = driver.observe(&run(), &of_cluster(), &cluster()).await.unwrap();
    assert_eq!(observed, before());
    let gone = driver.observe(&run(), &of_cluster(), &cluster()).await.unwrap();
    assert_eq!(gone, json!({"values": {"DB_HOST": null}}));
    let error = revert(&driver, gone, noted("c-1"), Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(
        error
            .to_string()
            .contains("Run its undo by hand on the instances with the tags role=hub"),
        "{error}"
    );
    replay.played();
    let of_table = switch(json!({
        "name": "app", "resource": "rooms", "kind": "ssm_command", "instances": ["i-0123456789abcdef0"], "commands": ["a"],
        "undo": ["b"], "values": {"ROOMS": "table"},
    }));
    let (_, driver) = script([]);
    let observed = driver.observe(&run(), &of_table, &table()).await.unwrap();
    assert_eq!(observed, json!({"values": {"ROOMS": "hubs-rooms"}}));
    driver.ready(&run(), &of_table, &table()).await.unwrap();
}

#[tokio::test]
async fn instances_that_are_missing_are_found_before_anything_is_restored() {
    let nodes = |nodes: Value| {
        answers(
            "DescribeInstanceInformation",
            json!({ "InstanceInformationList": nodes }).to_string(),
        )
    };
    let (replay, driver) = script([
        nodes(json!([])),
        nodes(json!([{"InstanceId": "i-1", "PingStatus": "ConnectionLost"}])),
        nodes(json!([{"InstanceId": "i-1", "PingStatus": "Online"}])),
        nodes(json!([])),
        nodes(json!([{"InstanceId": "i-1", "PingStatus": "Online"}])),
        nodes(json!([{"InstanceId": "i-1", "PingStatus": "Online"}])),
    ]);
    for value in [
        Some("the instances with the tags role=hub, of which Systems Manager knows 0,"),
        Some("i-1, which is ConnectionLost,"),
        Some("i-1, without the tag HoldfastHooks=allowed,"),
        None,
    ] {
        let faults = driver.preflight(&run(), &of_cluster(), &cluster()).await.unwrap();
        let found = faults.first().map(|fault| (fault.path.as_str(), fault.value.as_str()));
        assert_eq!(found, value.map(|value| ("cut_over.app.tags", value)));
    }
    let target = &cluster().planned.resource.target;
    let reference = driver.reference(&of_cluster(), target).await.unwrap();
    assert_eq!(reference, Reference::Unrelated);
    replay.played();
}

/// As a shell reads it.
#[test]
fn a_value_is_one_word_of_the_shell() {
    for text in [
        "plain",
        "two words",
        "it's",
        "$(id)`id`",
        "a\"b\\c;d&e|f",
        "",
        "line\nbreak",
    ] {
        let script = format!("printf %s {}", quoted(text));
        let output = std::process::Command::new("/bin/sh")
            .arg("-c")
            .arg(script)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
    }
}
