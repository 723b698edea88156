#![allow(clippy::unwrap_used)]

use aws_sdk_dynamodb::Config;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use serde_json::json;

use super::*;

fn table(rules: &[&Rule]) -> Table {
    let mut answers = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential);
    for rule in rules {
        answers = answers.with_rule(rule);
    }
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "key", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers);
    Table {
        client: Client::from_conf(config.build()),
        name: "catalog".into(),
    }
}

fn key() -> Key {
    Key {
        pk: "DEPLOYMENT#hubs-prod".into(),
        sk: "LEASE".into(),
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.into())
}

#[tokio::test]
async fn a_put_carries_its_key_its_attributes_and_its_condition() {
    let put = mock!(Client::put_item)
        .match_requests(|request| {
            let item = request.item().unwrap();
            request.table_name() == Some("catalog")
                && item["pk"] == text("DEPLOYMENT#hubs-prod")
                && item["sk"] == text("LEASE")
                && item["percent"] == AttributeValue::N("12.5".into())
                && request.condition_expression()
                    == Some("(attribute_not_exists(#pk) OR #execution = :v0)")
                && request.expression_attribute_values().unwrap()[":v0"] == text("arn")
        })
        .then_output(|| PutItemOutput::builder().build());
    let condition = Condition::Any(vec![
        Condition::Absent("pk"),
        Condition::Equals("execution", json!("arn")),
    ]);
    let item = json!({"percent": 12.5}).as_object().unwrap().clone();
    assert!(table(&[&put]).put(&key(), item, &condition).await.unwrap());
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_an_answer_and_any_other_refusal_an_error() {
    let failed = mock!(Client::put_item).then_error(|| {
        PutItemError::ConditionalCheckFailedException(
            ConditionalCheckFailedException::builder().build(),
        )
    });
    assert!(
        !table(&[&failed])
            .put(&key(), Item::new(), &Condition::Absent("pk"))
            .await
            .unwrap()
    );
    let denied = mock!(Client::put_item).then_error(|| {
        let denied = aws_sdk_dynamodb::error::ErrorMetadata::builder()
            .code("AccessDeniedException")
            .message("no");
        PutItemError::generic(denied.build())
    });
    let error = table(&[&denied])
        .put(&key(), Item::new(), &Condition::Always)
        .await
        .unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
}

#[tokio::test]
async fn an_update_sets_only_what_it_names() {
    let update = mock!(Client::update_item)
        .match_requests(|request| {
            request.update_expression() == Some("SET #status = :v0")
                && request.condition_expression()
                    == Some("(attribute_exists(#pk) AND attribute_not_exists(#ended_at))")
                && request.key().unwrap().len() == 2
        })
        .then_output(|| UpdateItemOutput::builder().build());
    let set = json!({"status": "expiring"}).as_object().unwrap().clone();
    let condition = Condition::All(vec![
        Condition::Present("pk"),
        Condition::Absent("ended_at"),
    ]);
    assert!(
        table(&[&update])
            .update(&key(), set, &condition)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn reads_are_consistent_and_whole() {
    let get = mock!(Client::get_item)
        .match_requests(|request| request.consistent_read() == Some(true))
        .then_output(|| {
            GetItemOutput::builder()
                .item("seconds", AttributeValue::N("3600".into()))
                .build()
        });
    let item = table(&[&get]).get(&key()).await.unwrap().unwrap();
    assert_eq!(item["seconds"], json!(3600));
    let first = mock!(Client::query)
        .match_requests(|request| {
            request.consistent_read() == Some(true)
                && request.key_condition_expression() == Some("#pk = :v0 AND begins_with(#sk, :v1)")
                && request.filter_expression() == Some("attribute_exists(#id)")
        })
        .then_output(|| {
            let page = QueryOutput::builder().items([("id".to_owned(), text("a"))].into());
            page.last_evaluated_key("sk", text("SET#a")).build()
        });
    let second = mock!(Client::query)
        .match_requests(|request| {
            request
                .exclusive_start_key()
                .is_some_and(|key| key.contains_key("sk"))
        })
        .then_output(|| {
            QueryOutput::builder()
                .items([("id".to_owned(), text("b"))].into())
                .build()
        });
    let found = table(&[&first, &second])
        .query("DEPLOYMENT#x", "SET#", &Condition::Present("id"))
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .map(|item| item["id"].clone())
            .collect::<Vec<_>>(),
        [json!("a"), json!("b")]
    );
}
