//! What is sampled of a table.

use serde_json::json;

use super::*;
use crate::domain::set::Sample;
use crate::kinds::Restore;

pub fn described() -> Exchange {
    answers(
        "DescribeTable",
        r#"{"Table":{"TableName":"rooms","KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}]}}"#,
    )
}

pub fn expiring(status: &str) -> Exchange {
    answers(
        "DescribeTimeToLive",
        format!(r#"{{"TimeToLiveDescription":{{"TimeToLiveStatus":"{status}","AttributeName":"expires"}}}}"#),
    )
}

pub fn items() -> Exchange {
    answers(
        "Scan",
        r#"{"Items":[{"id":{"S":"a"},"n":{"N":"1"},"text":{"S":"hunter2"}},{"id":{"S":"b"},"n":{"N":"2"},"expires":{"N":"1"}}]}"#,
    )
}

#[tokio::test]
async fn the_first_page_is_sampled_by_key_and_hash() {
    let (kind, replay) = dynamodb([described(), expiring("DISABLED"), items()]);
    let Some(Sample::Items { items: sampled }) = kind.sample(&rooms(), &Value::Null).await.unwrap() else {
        panic!("no sample")
    };
    assert_eq!(sampled.len(), 2);
    assert_eq!(sampled[0].key, json!({"id": {"S": "a"}, "n": {"N": "1"}}));
    assert_eq!(sampled[0].sha256.len(), 64);
    assert!(!format!("{sampled:?}").contains("hunter2"));
    let asked = replay.played()[2].json();
    assert_eq!(
        asked,
        json!({"TableName": "rooms", "Limit": 25, "ConsistentRead": true})
    );
}

#[tokio::test]
async fn items_that_expire_are_not_sampled_and_an_empty_table_has_no_sample() {
    let (kind, _) = dynamodb([described(), expiring("ENABLED"), items()]);
    let Some(Sample::Items { items: sampled }) = kind.sample(&rooms(), &Value::Null).await.unwrap() else {
        panic!("no sample")
    };
    assert_eq!((sampled.len(), &sampled[0].key["id"]["S"]), (1, &json!("a")));
    let empty = answers("Scan", r#"{"Items":[]}"#);
    let (kind, _) = dynamodb([described(), expiring("ENABLED"), empty]);
    assert_eq!(kind.sample(&rooms(), &Value::Null).await.unwrap(), None);
}

#[tokio::test]
async fn an_application_that_needs_all_its_reads_is_not_sampled() {
    let busy = refuses("Scan", 400, "ProvisionedThroughputExceededException");
    let (kind, _) = dynamodb([described(), expiring("DISABLED"), busy]);
    assert_eq!(kind.sample(&rooms(), &Value::Null).await.unwrap(), None);
    let (kind, _) = dynamodb([
        described(),
        expiring("DISABLED"),
        refuses("Scan", 400, "ThrottlingException"),
    ]);
    assert_eq!(
        kind.sample(&rooms(), &Value::Null).await.unwrap_err().name(),
        "Throttled"
    );
}
