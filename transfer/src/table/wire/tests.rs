//! Real HTTP, with answers of DynamoDB's.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::region::Region;

use super::*;
use crate::table::dynamodb_json::read_line;

/// What was asked: headers in lower case, and the body.
type Asked = (String, String);

/// A table behind a server that gives these answers, each on a connection of its own; `None` cuts the connection.
async fn table(answers: Vec<Option<(u16, &'static str)>>) -> (DynamoTable, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, received) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let lines = reader
                .by_ref()
                .lines()
                .map_while(|line| line.ok().filter(|line| !line.is_empty()));
            let head = lines.collect::<Vec<_>>().join("\n").to_lowercase();
            let length = head
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.lines().next())
                .unwrap()
                .parse()
                .unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            asked.send((head, String::from_utf8(body).unwrap())).unwrap();
            if let Some((status, body)) = answer {
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        }
    });
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIA", "key", None, None, "test",
        )))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    (DynamoTable::new(&config, "rooms").await.unwrap(), received)
}

#[tokio::test]
async fn a_page_is_asked_for_signed_and_read() {
    let answer = r#"{"Count":1,"Items":[{"id":{"S":"a"},"n":{"N":"1E+2"}}],"ScannedCount":1,"LastEvaluatedKey":{"id":{"S":"a"}},"ConsumedCapacity":{"TableName":"rooms","CapacityUnits":128.5}}"#;
    let last = r#"{"Count":0,"Items":[],"ScannedCount":0}"#;
    let (table, asked) = table(vec![Some((200, answer)), Some((200, last))]).await;
    let mut request = ScanRequest {
        segment: 2,
        total_segments: 7,
        after: None,
        consistent: true,
    };
    let page = table.scan(&request).await.unwrap();
    assert_eq!((page.items.len(), page.units), (1, 128.5));
    let (head, body) = asked.recv().unwrap();
    assert!(head.contains("x-amz-target: dynamodb_20120810.scan"), "{head}");
    assert!(
        head.contains("credential=akia/") && head.contains("/eu-west-1/dynamodb/aws4_request"),
        "{head}"
    );
    assert_eq!(
        body,
        r#"{"TableName":"rooms","ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL","Segment":2,"TotalSegments":7}"#
    );
    request.after = page.next;
    let page = table.scan(&request).await.unwrap();
    assert_eq!(
        page,
        Page {
            items: Vec::new(),
            next: None,
            units: 1.0
        }
    );
    assert!(
        asked
            .recv()
            .unwrap()
            .1
            .ends_with(r#""ExclusiveStartKey":{"id":{"S":"a"}}}"#)
    );
}

#[tokio::test]
async fn what_a_batch_leaves_is_known_by_its_place() {
    let items: Vec<Item> = ["a", "b", "c"]
        .iter()
        .map(|id| read_line(format!(r#"{{"Item":{{"id":{{"S":"{id}"}},"n":{{"N":"1.0"}}}}}}"#).as_bytes()).unwrap())
        .collect();
    let left = r#"{"UnprocessedItems":{"rooms":[{"PutRequest":{"Item":{"n":{"N":"1"},"id":{"S":"c"}}}}]},"ConsumedCapacity":[{"TableName":"rooms","CapacityUnits":2}]}"#;
    let strange = r#"{"UnprocessedItems":{"rooms":[{"PutRequest":{"Item":{"id":{"S":"x"}}}}]}}"#;
    let (table, asked) = table(vec![Some((200, left)), Some((200, "{}")), Some((200, strange))]).await;
    let batch: Vec<&Item> = items.iter().collect();
    assert_eq!(
        table.put(&batch).await,
        Ok(Written {
            unprocessed: vec![2],
            units: 2.0
        })
    );
    let (head, body) = asked.recv().unwrap();
    assert!(head.contains("batchwriteitem"), "{head}");
    assert!(
        body.starts_with(r#"{"RequestItems":{"rooms":[{"PutRequest":{"Item":{"id":{"S":"a"},"n":{"N":"1.0"}}}}"#),
        "{body}"
    );
    assert_eq!(
        table.put(&batch).await,
        Ok(Written {
            unprocessed: vec![],
            units: 3.0
        })
    );
    assert!(
        matches!(table.put(&batch).await, Err(Refusal::Unavailable(why)) if why.contains("was not in the request"))
    );
}

#[tokio::test]
async fn a_table_is_described_with_its_key() {
    let answer = r#"{"Table":{"TableName":"rooms","TableArn":"arn:aws:dynamodb:eu-west-1:1:table/rooms","KeySchema":[{"AttributeName":"at","KeyType":"RANGE"},{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"}],"ItemCount":5,"TableSizeBytes":700}}"#;
    let (table, _asked) = table(vec![Some((200, answer))]).await;
    let described = table.describe().await.unwrap();
    let key: Vec<String> = described
        .key
        .attributes
        .iter()
        .map(|key| format!("{} {}", key.name, key.type_name))
        .collect();
    assert_eq!(key, ["id S", "at N"]);
    assert_eq!((described.items, described.bytes), (5, 700));
}

#[tokio::test]
async fn what_dynamodb_refuses_is_classified() {
    let cases = [
        (
            Some((
                400,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"x"}"#,
            )),
            "throttled",
        ),
        (
            Some((
                400,
                r#"{"__type":"com.amazon.coral.availability#ThrottlingException","Message":"x"}"#,
            )),
            "throttled",
        ),
        (
            Some((
                400,
                r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"Item size"}"#,
            )),
            "invalid",
        ),
        (
            Some((
                400,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"x"}"#,
            )),
            "not found",
        ),
        (
            Some((
                400,
                r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"x"}"#,
            )),
            "final",
        ),
        (
            Some((
                500,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"x"}"#,
            )),
            "unavailable",
        ),
        (Some((503, "<html>")), "unavailable"),
        (Some((200, r#"{"Items":[{"id":{"S":"cut"#)), "unavailable"),
        (None, "unavailable"),
    ];
    for (answer, expected) in cases {
        let (table, _asked) = table(vec![answer]).await;
        let request = ScanRequest {
            segment: 0,
            total_segments: 1,
            after: None,
            consistent: true,
        };
        let refusal = table.scan(&request).await.unwrap_err();
        let found = match &refusal {
            Refusal::Throttled(_) => "throttled",
            Refusal::Unavailable(_) => "unavailable",
            Refusal::Invalid(_) => "invalid",
            Refusal::Final(Error::NotFound(_)) => "not found",
            Refusal::Final(_) => "final",
        };
        assert_eq!(found, expected, "{answer:?}: {refusal:?}");
    }
}

#[tokio::test]
async fn without_credentials_no_request_is_retried() {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://127.0.0.1:1")
        .credentials_provider(SharedCredentialsProvider::new(
            aws_credential_types::credential_fn::provide_credentials_fn(|| async {
                Err(aws_credential_types::provider::error::CredentialsError::not_loaded_no_source())
            }),
        ))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let table = DynamoTable::new(&config, "rooms").await.unwrap();
    assert!(matches!(table.describe().await, Err(Refusal::Final(Error::Aws(why))) if why.contains("Sign in")));
}

#[tokio::test]
async fn the_endpoint_is_that_of_the_region() {
    let config = SdkConfig::builder().region(Region::new("cn-north-1")).build();
    let client = format!("{:?}", DynamoTable::new(&config, "rooms").await.unwrap());
    assert!(
        client.contains("https://dynamodb.cn-north-1.amazonaws.com.cn"),
        "{client}"
    );
    assert!(matches!(
        DynamoTable::new(&SdkConfig::builder().build(), "rooms").await,
        Err(Error::Invalid(_))
    ));
}

/// Two items whose values are the same in the order of their names: only the names tell which one DynamoDB did not write.
#[test]
fn an_unprocessed_item_is_recognized_by_its_names_too() {
    let items = [
        read_line(br#"{"Item":{"id":{"S":"A"},"parent":{"S":"B"}}}"#).unwrap(),
        read_line(br#"{"Item":{"child":{"S":"A"},"id":{"S":"B"}}}"#).unwrap(),
    ];
    let items: Vec<&Item> = items.iter().collect();
    for (place, unprocessed) in [
        (0, r#"{"id":{"S":"A"},"parent":{"S":"B"}}"#),
        (1, r#"{"child":{"S":"A"},"id":{"S":"B"}}"#),
    ] {
        let answer = format!(r#"{{"UnprocessedItems":{{"rooms":[{{"PutRequest":{{"Item":{unprocessed}}}}}]}}}}"#);
        let written = answers::written(answer.as_bytes(), &items).unwrap();
        assert_eq!(written.unprocessed, [place]);
    }
}

#[test]
fn a_response_without_items_is_no_empty_page() {
    assert!(answers::page(b"{}", true).is_err());
    assert!(
        answers::page(br#"{"Items":[],"Count":0}"#, true)
            .unwrap()
            .items
            .is_empty()
    );
}
