#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::switches::{run, switch, table};

const NAME: &str = "/hubs/prod/table";

fn table_switch() -> Switch {
    switch(json!({
        "name": "rooms-table", "resource": "rooms", "kind": "parameter", "parameter": NAME, "value": "table",
    }))
}

fn at(version: i64, value: &str) -> Exchange {
    answers(
        "GetParameter",
        json!({"Parameter": {"Name": NAME, "Type": "SecureString", "Value": value, "Version": version}}).to_string(),
    )
}

fn described() -> Exchange {
    answers(
        "DescribeParameters",
        json!({"Parameters": [{
            "Name": NAME, "Type": "SecureString", "KeyId": "alias/hubs", "Tier": "Advanced", "DataType": "text",
            "AllowedPattern": "^hubs-", "Description": "the table", "Version": 3,
            "Policies": [{"PolicyText": "{\"Type\":\"NoChangeNotification\"}", "PolicyType": "NoChangeNotification"}],
        }]})
        .to_string(),
    )
}

fn put(version: i64) -> Exchange {
    answers(
        "PutParameter",
        json!({"Version": version, "Tier": "Advanced"}).to_string(),
    )
}

fn script(exchanges: Vec<Exchange>) -> (Replay, Parameter) {
    let replay = Replay::new(exchanges);
    let parameter = Parameter::from_config(&replay.config());
    (replay, parameter)
}

async fn apply(parameter: &Parameter) -> Result<SwitchProgress> {
    let before = json!({"version": 3});
    parameter
        .apply(&run(), &table_switch(), &table(), &before, &Value::Null)
        .await
}

async fn revert(parameter: &Parameter, after: Value) -> Result<SwitchProgress> {
    let before = json!({"version": 3});
    parameter
        .revert(&run(), &table_switch(), &table(), &before, &after, &Value::Null)
        .await
}

#[tokio::test]
async fn the_value_is_overwritten_and_everything_else_is_kept() {
    let (replay, parameter) = script(vec![at(3, "hubs-rooms"), described(), put(4)]);
    assert_eq!(apply(&parameter).await.unwrap(), done(4));
    let asked = replay.played()[2].json();
    assert_eq!(
        asked,
        json!({
            "Name": NAME, "Value": "hubs-rooms-r1", "Overwrite": true, "Type": "SecureString", "KeyId": "alias/hubs",
            "Tier": "Advanced", "DataType": "text", "AllowedPattern": "^hubs-", "Description": "the table",
            "Policies": "[{\"Type\":\"NoChangeNotification\"}]",
        })
    );
}

#[tokio::test]
async fn only_the_version_is_observed() {
    let (replay, parameter) = script(vec![at(3, "a secret")]);
    let seen = parameter.observe(&run(), &table_switch(), &table()).await.unwrap();
    assert_eq!(seen, json!({"version": 3}));
    replay.played();
}

#[tokio::test]
async fn what_was_written_unheard_is_found_done() {
    let (replay, parameter) = script(vec![at(3, "hubs-rooms"), described(), cut("PutParameter")]);
    assert_eq!(apply(&parameter).await.unwrap_err().name(), "Unavailable");
    replay.played();
    let (replay, parameter) = script(vec![at(4, "hubs-rooms-r1")]);
    assert_eq!(apply(&parameter).await.unwrap(), done(4));
    replay.played();
}

#[tokio::test]
async fn what_somebody_wrote_meanwhile_stays() {
    let (replay, parameter) = script(vec![at(4, "hubs-other"), at(3, "hubs-rooms")]);
    assert_eq!(apply(&parameter).await.unwrap_err().name(), "Conflict");
    replay.played();
    let (replay, parameter) = script(vec![at(3, "hubs-rooms"), described(), put(5)]);
    let error = apply(&parameter).await.unwrap_err();
    assert!(error.to_string().contains("at the same time, as version 4"), "{error}");
    replay.played();
}

#[tokio::test]
async fn switching_back_writes_the_value_of_the_version_before() {
    let (replay, parameter) = script(vec![at(4, "hubs-rooms-r1"), at(3, "hubs-rooms"), described(), put(5)]);
    assert_eq!(revert(&parameter, json!({"version": 4})).await.unwrap(), done(5));
    let requests = replay.played();
    assert_eq!(requests[1].json()["Name"], json!(format!("{NAME}:3")));
    assert_eq!(requests[3].json()["Value"], json!("hubs-rooms"));
}

#[tokio::test]
async fn switching_back_twice_or_what_was_never_switched_changes_nothing() {
    for (exchanges, after) in [
        (vec![at(5, "hubs-rooms"), at(3, "hubs-rooms")], json!({"version": 4})),
        (vec![at(3, "hubs-rooms")], Value::Null),
        (vec![at(9, "hubs-rooms-r1")], json!({"version": 3})),
    ] {
        let (replay, parameter) = script(exchanges);
        assert!(matches!(
            revert(&parameter, after).await.unwrap(),
            SwitchProgress::Done(_)
        ));
        replay.played();
    }
}

#[tokio::test]
async fn a_switch_of_which_nobody_heard_is_taken_back_only_if_it_was_ours() {
    let (replay, parameter) = script(vec![at(4, "hubs-rooms-r1"), at(3, "hubs-rooms"), described(), put(5)]);
    assert_eq!(revert(&parameter, Value::Null).await.unwrap(), done(5));
    replay.played();
    let (replay, parameter) = script(vec![at(4, "hubs-other"), at(3, "hubs-rooms")]);
    assert_eq!(revert(&parameter, Value::Null).await.unwrap_err().name(), "Conflict");
    replay.played();
}

#[tokio::test]
async fn what_a_later_restore_put_back_is_known_by_its_value() {
    // A later restore wrote version 5 and, when it was switched back, version 6: the value of version 4.
    let exchanges = vec![
        at(6, "hubs-rooms-r1"),
        at(3, "hubs-rooms"),
        at(4, "hubs-rooms-r1"),
        described(),
        put(7),
    ];
    let (replay, parameter) = script(exchanges);
    assert_eq!(revert(&parameter, json!({"version": 4})).await.unwrap(), done(7));
    let requests = replay.played();
    assert_eq!(requests[2].json()["Name"], json!(format!("{NAME}:4")));
    assert_eq!(requests[4].json()["Value"], json!("hubs-rooms"));
}

#[tokio::test]
async fn a_parameter_that_was_written_again_as_it_was_is_switched() {
    let (replay, parameter) = script(vec![at(5, "hubs-rooms"), at(3, "hubs-rooms"), described(), put(6)]);
    assert_eq!(apply(&parameter).await.unwrap(), done(6));
    replay.played();
}

#[tokio::test]
async fn what_somebody_wrote_since_stays_when_switching_back() {
    let (replay, parameter) = script(vec![at(6, "hubs-other"), at(3, "hubs-rooms"), at(4, "hubs-rooms-r1")]);
    let error = revert(&parameter, json!({"version": 4})).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(!error.to_string().contains("hubs-other"), "{error}");
    replay.played();
}

#[tokio::test]
async fn a_version_that_is_forgotten_is_said_so() {
    let (replay, parameter) = script(vec![
        at(200, "hubs-rooms-r1"),
        refuses("GetParameter", 400, "ParameterVersionNotFound"),
    ]);
    let error = revert(&parameter, json!({"version": 200})).await.unwrap_err();
    assert!(error.to_string().contains("no longer has version 3"), "{error}");
    replay.played();
}

#[tokio::test]
async fn what_would_fail_is_found_before() {
    let list = json!({"Parameter": {"Type": "StringList", "Value": "a,b", "Version": 1}}).to_string();
    for (exchange, faults) in [
        (refuses("GetParameter", 400, "ParameterNotFound"), 1),
        (answers("GetParameter", list), 1),
        (at(3, "hubs-rooms"), 0),
    ] {
        let (replay, parameter) = script(vec![exchange]);
        let found = parameter.preflight(&run(), &table_switch(), &table()).await.unwrap();
        assert_eq!(found.len(), faults, "{found:?}");
        replay.played();
    }
}

#[tokio::test]
async fn where_it_leads_is_told_by_its_value() {
    let reference = async |value: &str, target: Target| {
        let (_, parameter) = script(vec![at(3, value)]);
        parameter.reference(&table_switch(), &target).await.unwrap()
    };
    let rooms = || Target::DynamoDb {
        table: "hubs-rooms".to_owned(),
        archive: None,
    };
    assert_eq!(reference("hubs-rooms", rooms()).await, Reference::Matches);
    assert_eq!(
        reference("hubs-rooms-r1", rooms()).await,
        Reference::Elsewhere("another table".to_owned())
    );
    let (_, parameter) = script(vec![refuses("GetParameter", 400, "ParameterNotFound")]);
    assert!(matches!(
        parameter.reference(&table_switch(), &rooms()).await.unwrap(),
        Reference::Unknown(_)
    ));
}
