//! What a backup asks about tables.

use serde_json::json;

use super::*;
use crate::kinds::Discovery;

#[tokio::test]
async fn copies_are_the_tables_with_the_tag_of_a_restore_on_all_pages() {
    let page = |table: &str, token: &str| {
        let arn = format!("arn:aws:dynamodb:eu-west-1:000000000000:table/{table}");
        let body = json!({"ResourceTagMappingList": [{ "ResourceARN": arn }], "PaginationToken": token});
        answers("GetResources", body.to_string())
    };
    let (kind, replay) = dynamodb([page("hubs-rooms-r1", "more"), page("hubs-users-r1", "")]);
    let found = kind.copies().await.unwrap();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["hubs-rooms-r1", "hubs-users-r1"]
    );
    let requests = replay.played();
    assert_eq!(requests[0].json()["TagFilters"], json!([{ "Key": "holdfast:restore" }]));
    assert_eq!(requests[0].json()["ResourceTypeFilters"], json!(["dynamodb:table"]));
    assert_eq!(requests[1].json()["PaginationToken"], json!("more"));
}

/// The night after: what was gone and was restored under its own name is the table that the application uses.
#[tokio::test]
async fn a_table_that_got_its_own_name_back_is_no_copy() {
    let long = format!("hubs-{}", "x".repeat(250));
    let tagged = |table: &str, resource: &str| {
        let [_, _, (key, value)] = names::restore_tags("hubs", "r1", resource);
        json!({
            "ResourceARN": format!("arn:aws:dynamodb:eu-west-1:000000000000:table/{table}"),
            "Tags": [{ "Key": key, "Value": value }],
        })
    };
    let listed = json!([
        tagged("hubs-rooms", "tables.hubs-rooms"),
        tagged(&long, &format!("tables.{long}")),
        tagged("hubs-rooms-r1", "tables.hubs-rooms"),
        tagged("hubs-users", "users"),
    ]);
    let body = json!({"ResourceTagMappingList": listed, "PaginationToken": ""});
    let (kind, _) = dynamodb([answers("GetResources", body.to_string())]);
    let found = kind.copies().await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["hubs-rooms-r1", "hubs-users"]);
}

#[tokio::test]
async fn a_prefix_matches_the_tables_of_all_pages_that_begin_with_it() {
    let first = answers(
        "ListTables",
        r#"{"TableNames":["a-rooms","rooms"],"LastEvaluatedTableName":"rooms"}"#,
    );
    let (kind, replay) = dynamodb([first, answers("ListTables", r#"{"TableNames":["rooms-old","users"]}"#)]);
    let pattern = Target::DynamodbPrefix {
        prefix: "rooms".into(),
        archive: None,
    };
    assert_eq!(kind.matching(&pattern).await.unwrap(), ["rooms", "rooms-old"]);
    replay.played();
}
