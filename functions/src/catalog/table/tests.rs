#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::testing::replay::{Asked, Exchange, Replay, answers, refuses};

fn table(script: impl IntoIterator<Item = Exchange>) -> (Table, Replay) {
    let replay = Replay::new(script);
    let table = Table {
        client: Client::new(&replay.config()),
        name: "catalog".into(),
    };
    (table, replay)
}

fn key() -> Key {
    Key {
        pk: "DEPLOYMENT#hubs-prod".into(),
        sk: "LEASE".into(),
    }
}

/// A request's expression, with each placeholder replaced by its name or value.
fn spelled(asked: &Asked, expression: &str) -> String {
    let body = asked.json();
    let mut text = body[expression].as_str().unwrap_or_default().to_owned();
    for kind in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        for (placeholder, meaning) in body[kind].as_object().into_iter().flatten() {
            let meaning = match meaning.get("S").unwrap_or(meaning) {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            text = text.replace(placeholder, &meaning);
        }
    }
    text
}

#[tokio::test]
async fn a_put_carries_its_key_its_attributes_and_its_condition() {
    let (table, replay) = table([answers("PutItem", "{}")]);
    let condition = Condition::Any(vec![
        Condition::Absent("pk"),
        Condition::Equals("execution", json!("arn")),
    ]);
    let item = json!({"percent": 12.5}).as_object().unwrap().clone();
    assert!(table.put(&key(), item, &condition).await.unwrap());
    let asked = &replay.played()[0];
    assert_eq!(asked.json()["TableName"], "catalog");
    assert_eq!(
        asked.json()["Item"],
        json!({"pk": {"S": "DEPLOYMENT#hubs-prod"}, "sk": {"S": "LEASE"}, "percent": {"N": "12.5"}})
    );
    assert_eq!(
        spelled(asked, "ConditionExpression"),
        "(attribute_not_exists(pk) OR execution = arn)"
    );
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_an_answer_and_any_other_refusal_an_error() {
    let (table, replay) = table([
        refuses("PutItem", 400, "ConditionalCheckFailedException"),
        refuses("PutItem", 400, "AccessDeniedException"),
    ]);
    let absent = Condition::Absent("pk");
    assert!(!table.put(&key(), Item::new(), &absent).await.unwrap());
    let error = table.put(&key(), Item::new(), &Condition::Always).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    replay.played();
}

#[tokio::test]
async fn an_update_sets_only_what_it_names() {
    let (table, replay) = table([answers("UpdateItem", "{}")]);
    let set = json!({"status": "expiring"}).as_object().unwrap().clone();
    let condition = Condition::All(vec![Condition::Present("pk"), Condition::Absent("ended_at")]);
    assert!(table.update(&key(), set, &condition).await.unwrap());
    let asked = &replay.played()[0];
    assert_eq!(spelled(asked, "UpdateExpression"), "SET status = expiring");
    assert_eq!(
        spelled(asked, "ConditionExpression"),
        "(attribute_exists(pk) AND attribute_not_exists(ended_at))"
    );
    assert_eq!(
        asked.json()["Key"],
        json!({"pk": {"S": "DEPLOYMENT#hubs-prod"}, "sk": {"S": "LEASE"}})
    );
}

#[tokio::test]
async fn reads_are_consistent_and_whole() {
    let (table, replay) = table([
        answers("GetItem", r#"{"Item":{"seconds":{"N":"3600"}}}"#),
        answers(
            "Query",
            r#"{"Items":[{"id":{"S":"a"}}],"LastEvaluatedKey":{"sk":{"S":"SET#a"}}}"#,
        ),
        answers("Query", r#"{"Items":[{"id":{"S":"b"}}]}"#),
    ]);
    let item = table.get(&key()).await.unwrap().unwrap();
    assert_eq!(item["seconds"], json!(3600));
    let found = table
        .query("DEPLOYMENT#x", "SET#", &Condition::Present("id"))
        .await
        .unwrap();
    let ids: Vec<_> = found.iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, [json!("a"), json!("b")]);
    let requests = replay.played();
    for read in &requests {
        assert_eq!(read.json()["ConsistentRead"], true, "{}", read.body);
    }
    assert_eq!(
        spelled(&requests[1], "KeyConditionExpression"),
        "pk = DEPLOYMENT#x AND begins_with(sk, SET#)"
    );
    assert_eq!(spelled(&requests[1], "FilterExpression"), "attribute_exists(id)");
    assert_eq!(requests[2].json()["ExclusiveStartKey"], json!({"sk": {"S": "SET#a"}}));
}
