#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::hooks::of;
use crate::testing::hooks::{self, lists};
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};

const UUID: &str = "a1b2c3d4-5678-90ab-cdef-111111111111";
const GET: &str = "GET /2015-03-31/event-source-mappings/a1b2c3d4-5678-90ab-cdef-111111111111";
const PUT: &str = "PUT /2015-03-31/event-source-mappings/a1b2c3d4-5678-90ab-cdef-111111111111";

fn hook() -> Hook {
    let hook = json!({"name": "ingest", "kind": "event_source", "rules": ["nightly", "hourly"], "mappings": [UUID]});
    lists(json!([hook])).quiesce[0].clone()
}

fn rule(state: &str) -> Exchange {
    answers("DescribeRule", json!({ "Name": "r", "State": state }).to_string())
}

fn mapping(state: &str) -> Exchange {
    answers(GET, json!({ "UUID": UUID, "State": state }).to_string())
}

async fn called(undo: bool, before: Value, script: Vec<Exchange>) -> (Result<HookProgress>, Replay) {
    let replay = Replay::new(script);
    let driver = EventSourceHook::from_config(&replay.config());
    let progress = hooks::called(&driver, &hook(), undo, &before).await;
    (progress, replay)
}

fn before() -> Value {
    json!({"rules": ["nightly"], "mappings": [UUID]})
}

#[tokio::test]
async fn only_what_is_enabled_is_recorded() {
    let replay = Replay::new([rule("ENABLED"), rule("DISABLED"), mapping("Enabled")]);
    let seen = EventSourceHook::from_config(&replay.config())
        .observe(&hook())
        .await
        .unwrap();
    assert_eq!(seen, before());
    let by_hand = of(&hook().action).undo_by_hand(&hook().action, &seen);
    assert!(by_hand.contains("nightly") && !by_hand.contains("hourly"), "{by_hand}");
}

#[tokio::test]
async fn what_was_enabled_is_disabled_and_waited_for() {
    let script = vec![
        rule("ENABLED"),
        answers("DisableRule", ""),
        rule("DISABLED"),
        mapping("Enabled"),
        answers(PUT, json!({ "State": "Disabling" }).to_string()),
    ];
    let (progress, replay) = called(false, before(), script).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(what) if what.contains(UUID)));
    let played = replay.played();
    assert_eq!(played[1].json()["Name"], "nightly");
    assert_eq!(played[4].json(), json!({ "Enabled": false }));
    let (progress, _) = called(false, before(), vec![rule("DISABLED"), mapping("Disabling")]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    let (progress, _) = called(false, before(), vec![rule("DISABLED"), mapping("Disabled")]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}

#[tokio::test]
async fn it_is_on_again_only_once_that_was_seen() {
    let script = vec![
        rule("DISABLED"),
        answers("EnableRule", ""),
        rule("DISABLED"),
        mapping("Enabled"),
    ];
    let (progress, _) = called(true, before(), script).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(what) if what.contains("rule nightly")));
    let (progress, _) = called(true, before(), vec![rule("ENABLED"), mapping("Enabled")]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    let script = vec![
        rule("DISABLED"),
        cut("EnableRule"),
        mapping("Disabled"),
        answers(PUT, json!({ "State": "Enabling" }).to_string()),
    ];
    let (progress, replay) = called(true, before(), script).await;
    assert_eq!(progress.unwrap_err().name(), "Unavailable");
    assert_eq!(
        replay.played()[3].json(),
        json!({ "Enabled": true }),
        "one failure keeps nothing else off"
    );
}

#[tokio::test]
async fn a_mapping_that_is_being_updated_is_tried_again_later() {
    let script = vec![
        rule("DISABLED"),
        mapping("Updating"),
        refuses(PUT, 400, "ResourceInUseException"),
    ];
    let (progress, _) = called(false, before(), script).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
}

#[tokio::test]
async fn what_does_not_exist_or_could_not_be_enabled_again_is_a_fault() {
    let gone = || refuses("DescribeRule", 400, "ResourceNotFoundException");
    for (script, said) in [
        (vec![gone()], "nightly, which does not exist"),
        (
            vec![rule("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")],
            "which is ENABLED_WITH",
        ),
        (
            vec![
                rule("ENABLED"),
                rule("DISABLED"),
                refuses(GET, 404, "ResourceNotFoundException"),
            ],
            "which does not exist",
        ),
    ] {
        let replay = Replay::new(script);
        let fault = EventSourceHook::from_config(&replay.config())
            .check(&hook())
            .await
            .unwrap()
            .unwrap();
        assert!(fault.value.contains(said), "{fault:?}");
        replay.played();
    }
}
