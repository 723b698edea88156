#![allow(clippy::unwrap_used)]

use std::path::Path;

use holdfast_transfer::store::DirectoryStore;
use serde_json::{Value, json};

use super::*;
use crate::domain::names;
use crate::domain::table_archive::TableArchive;
use crate::domain::table_export::MOST_SCANNED_AT_ONCE;
use crate::testing::replay::{Exchange, Replay, answers, refuses};
use crate::testing::samples::run;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms";
const EXPORT: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms/export/01795140961000-abcdef01";

fn described(bytes: u64) -> Exchange {
    answers(
        "DescribeTable",
        json!({"Table": {
            "TableName": "rooms", "TableArn": TABLE, "TableId": "id", "TableStatus": "ACTIVE", "ItemCount": 2, "TableSizeBytes": bytes,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        }})
        .to_string(),
    )
}

/// As DynamoDB says it, with one `message`.
fn no_table() -> Exchange {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#;
    answers("DescribeTable", body).with_status(400)
}

fn recovery(status: &str) -> Exchange {
    let description = json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status},
    }});
    answers("DescribeContinuousBackups", description.to_string())
}

fn page(ids: &[&str]) -> Exchange {
    let items: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": {"S": id}, "n": {"N": "1.50"}}))
        .collect();
    let page = json!({
        "Items": items, "Count": ids.len(), "ScannedCount": ids.len(), "ConsumedCapacity": {"TableName": "rooms", "CapacityUnits": 1.0},
    });
    answers("Scan", page.to_string())
}

fn exported(action: &str, status: &str) -> Exchange {
    let mut description = json!({"ExportArn": EXPORT, "ExportStatus": status, "TableArn": TABLE});
    if status == "FAILED" {
        description["FailureCode"] = "S3AccessDenied".into();
        description["FailureMessage"] = "denied by the bucket's policy".into();
    }
    answers(action, json!({ "ExportDescription": description }).to_string())
}

const NOW: &str = "2026-11-20T02:16:00Z";

fn scan(parts: u32) -> ExportPlan {
    ExportPlan::Scan {
        began_at: NOW.parse().unwrap(),
        parts,
    }
}

fn input(plan: Option<ExportPlan>, part: Option<u32>) -> Input {
    Input {
        request: ExportRequest {
            run: run(),
            resource: "rooms".into(),
            table: "rooms".into(),
            archive: TableArchive::default(),
            prefix: "tables/hubs-prod/rooms/set/".into(),
            at: "2026-11-20T02:15:00.734Z".parse().unwrap(),
        },
        plan,
        part,
        now: NOW.parse().unwrap(),
    }
}

/// Calls the step on a folder, with these responses of AWS.
async fn called(folder: &Path, script: Vec<Exchange>, input: Input) -> (Result<ExportProgress>, Replay) {
    let replay = Replay::new(script);
    let (aws, folder) = (replay.config(), folder.to_owned());
    let needs = Needs {
        tables: Client::new(&aws),
        aws,
        bucket: "archive".into(),
        folder: Box::new(move |_| Arc::new(DirectoryStore::new(&folder))),
    };
    (handle(&needs, input).await, replay)
}

async fn progress_of(folder: &Path, script: Vec<Exchange>, input: Input) -> ExportProgress {
    let (progress, replay) = called(folder, script, input).await;
    replay.played();
    progress.unwrap()
}

#[tokio::test]
async fn a_small_table_is_archived_by_one_call_and_again_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = vec![described(4_096), recovery("ENABLED"), page(&["a", "b"])];
    let done = progress_of(folder.path(), script, input(None, None)).await;
    assert_eq!((done.status, done.plan.clone()), (ExportStatus::Succeeded, scan(1)));
    let archived = done.archived.clone().unwrap();
    assert_eq!(archived.items, 2);
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.path().join("archive.json")).unwrap()).unwrap();
    assert_eq!(
        (&manifest["sum"], &manifest["items"]),
        (&json!(archived.sum), &json!(2))
    );
    let again = vec![described(4_096), recovery("ENABLED")];
    assert_eq!(progress_of(folder.path(), again, input(None, None)).await, done);
}

#[tokio::test]
async fn a_large_table_without_point_in_time_recovery_is_archived_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let large = 8 * MOST_SCANNED_AT_ONCE;
    let script = vec![described(large), recovery("DISABLED")];
    let left = progress_of(folder.path(), script, input(None, None)).await;
    assert_eq!((left.status, left.plan.clone()), (ExportStatus::Parts, scan(64)));
    assert_eq!(left.parts, spread(64));
    assert!(left.wait_seconds < LOOK_SECONDS);

    let plan = Some(scan(2));
    let script = vec![described(large), page(&["a"])];
    let part = progress_of(folder.path(), script, input(plan.clone(), Some(1))).await;
    assert_eq!((part.status, part.archived), (ExportStatus::InProgress, None));
    let left = progress_of(folder.path(), vec![described(large)], input(plan.clone(), None)).await;
    assert_eq!((left.status, left.parts), (ExportStatus::Parts, vec![0]));
    let script = vec![described(large), page(&["b", "c"])];
    progress_of(folder.path(), script, input(plan.clone(), Some(0))).await;
    let done = progress_of(folder.path(), vec![described(large)], input(plan, None)).await;
    assert_eq!(
        (done.status, done.archived.unwrap().items),
        (ExportStatus::Succeeded, 3)
    );
}

#[tokio::test]
async fn dynamodb_exports_a_large_table_with_point_in_time_recovery_as_of_its_backup() {
    let folder = tempfile::tempdir().unwrap();
    let script = vec![
        described(MOST_SCANNED_AT_ONCE + 1),
        recovery("ENABLED"),
        exported("ExportTableToPointInTime", "IN_PROGRESS"),
        exported("DescribeExport", "IN_PROGRESS"),
    ];
    let (progress, replay) = called(folder.path(), script, input(None, None)).await;
    let progress = progress.unwrap();
    let plan = ExportPlan::Export {
        export: EXPORT.into(),
        parts: None,
    };
    assert_eq!(
        (progress.status, progress.plan),
        (ExportStatus::InProgress, plan.clone())
    );
    assert_eq!(
        replay.played()[2].json(),
        json!({
            "TableArn": TABLE, "ClientToken": names::token(&run().id, "rooms", "export"), "ExportTime": 1_795_140_900,
            "ExportFormat": "DYNAMODB_JSON", "S3Bucket": "archive", "S3Prefix": "tables/hubs-prod/rooms/set", "S3SseAlgorithm": "AES256",
        })
    );
    let script = vec![described(1), exported("DescribeExport", "FAILED")];
    let failed = progress_of(folder.path(), script, input(Some(plan.clone()), None)).await;
    let failure = failed.failure.unwrap();
    assert_eq!(
        (failed.status, failure.error.as_str()),
        (ExportStatus::Failed, "JobFailed")
    );
    assert!(failure.cause.contains("S3AccessDenied: denied by"), "{}", failure.cause);

    store_export(folder.path());
    let script = vec![described(1), exported("DescribeExport", "COMPLETED")];
    let done = progress_of(folder.path(), script, input(Some(plan), None)).await;
    assert_eq!(
        (done.status, done.archived.unwrap().items),
        (ExportStatus::Succeeded, 1)
    );
}

/// An export of one item, in one file that is not compressed: compression is recognized by content.
fn store_export(folder: &Path) {
    let folder = folder.join("AWSDynamoDB/01795140961000-abcdef01");
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    write("data/f.json.gz", "{\"Item\":{\"id\":{\"S\":\"a\"}}}\n".into());
    let file = json!({"itemCount": 1, "md5Checksum": "", "etag": "", "dataFileS3Key": "p/AWSDynamoDB/01795140961000-abcdef01/data/f.json.gz"});
    write("manifest-files.json", format!("{file}\n"));
    let summary = json!({
        "tableArn": TABLE, "exportTime": "2026-11-20T02:15:00.000Z", "itemCount": 1, "billedSizeBytes": 10, "outputFormat": "DYNAMODB_JSON",
    });
    write("manifest-summary.json", summary.to_string());
}

#[tokio::test]
async fn what_cannot_be_archived_fails_under_a_name_that_says_whether_to_try_again() {
    let folder = tempfile::tempdir().unwrap();
    let large = described(MOST_SCANNED_AT_ONCE + 1);
    let refused = |code: &str| {
        vec![
            large.clone(),
            recovery("ENABLED"),
            refuses("ExportTableToPointInTime", 400, code),
        ]
    };
    for (script, name) in [
        (refused("InvalidExportTimeException"), "NotReady"),
        (refused("LimitExceededException"), "QuotaExceeded"),
        (vec![no_table()], "NotFound"),
    ] {
        let (progress, _) = called(folder.path(), script, input(None, None)).await;
        assert_eq!(progress.unwrap_err().name(), name);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
