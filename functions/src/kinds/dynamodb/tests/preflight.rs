//! What is found before anything is changed.

use serde_json::json;

use super::restore::{item, item_at, no_table, table_is, tags_are, whole};
use super::*;
use crate::kinds::{Preflight, Restore};

pub fn backup(status: &str, kind: &str) -> Exchange {
    let details =
        details(&name(), status, 5).replace("\"USER\"", &format!("\"{kind}\",\"BackupExpiryDateTime\":1798000000"));
    answers(
        "DescribeBackup",
        format!(r#"{{"BackupDescription":{{"BackupDetails":{details}}}}}"#),
    )
}

pub fn key(state: &str) -> Exchange {
    answers(
        "DescribeKey",
        format!(r#"{{"KeyMetadata":{{"KeyId":"1","KeyState":"{state}"}}}}"#),
    )
}

fn window(status: &str) -> Exchange {
    let description = json!({"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {
        "PointInTimeRecoveryStatus": status,
        "EarliestRestorableDateTime": 1795130000.0, "LatestRestorableDateTime": 1795140600.0,
    }});
    answers(
        "DescribeContinuousBackups",
        json!({"ContinuousBackupsDescription": description}).to_string(),
    )
}

#[track_caller]
fn only_fault(preflight: &Preflight) -> String {
    assert_eq!(preflight.faults.len(), 1, "{preflight:?}");
    preflight.faults[0].to_string()
}

#[tokio::test]
async fn nothing_is_wrong_with_a_backup_that_is_available() {
    let (kind, replay) = dynamodb([backup("AVAILABLE", "USER"), key("Enabled"), no_table()]);
    let preflight = kind.preflight(&run(), &item()).await.unwrap();
    assert_eq!(preflight.faults, []);
    replay.played();
    // This restore's copy, from an earlier attempt.
    let (kind, _) = dynamodb([
        backup("AVAILABLE", "SYSTEM"),
        key("Enabled"),
        table_is(&whole()),
        tags_are(&whole()),
    ]);
    let preflight = kind.preflight(&run(), &item()).await.unwrap();
    assert_eq!(preflight.faults, []);
    assert!(
        preflight
            .remarks
            .iter()
            .any(|remark| remark.contains("when the table was deleted, and keeps until 2026-"))
    );
}

#[tokio::test]
async fn a_backup_that_cannot_be_restored_is_a_fault() {
    for (answer, words) in [
        (gone(), "not there any more"),
        (backup("DELETED", "USER"), "not there any more"),
        (backup("CREATING", "USER"), "still being made"),
    ] {
        let (kind, _) = dynamodb([answer, key("Enabled"), no_table()]);
        let fault = only_fault(&kind.preflight(&run(), &item()).await.unwrap());
        assert!(
            fault.contains(words) && fault.contains("resources.thing.source"),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_moment_outside_the_window_is_a_fault_that_names_it() {
    for (at, inside) in [
        ("2026-11-20T02:00:00Z", true),
        ("2026-11-20T02:30:00Z", false),
        ("2026-11-19T02:00:00Z", false),
    ] {
        let (kind, _) = dynamodb([window("ENABLED"), key("Enabled"), no_table()]);
        let preflight = kind.preflight(&run(), &item_at(at)).await.unwrap();
        if inside {
            assert_eq!(preflight.faults, []);
        } else {
            let fault = only_fault(&preflight);
            assert!(
                fault.contains("from 2026-11-19T23:13:20Z to 2026-11-20T02:10:00Z"),
                "{fault}"
            );
            assert!(fault.contains("resources.thing.at"), "{fault}");
        }
    }
    let missing = refuses("DescribeContinuousBackups", 400, "TableNotFoundException");
    for (answer, words) in [
        (window("DISABLED"), "no point-in-time recovery"),
        (missing, "rooms does not exist"),
    ] {
        let (kind, _) = dynamodb([answer, key("Enabled"), no_table()]);
        let preflight = kind.preflight(&run(), &item_at("2026-11-20T02:00:00Z")).await.unwrap();
        assert!(only_fault(&preflight).contains(words), "{preflight:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_disabled_and_a_name_that_is_taken_or_wrong_are_faults() {
    let (kind, _) = dynamodb([backup("AVAILABLE", "USER"), key("Disabled"), no_table()]);
    let fault = only_fault(&kind.preflight(&run(), &item()).await.unwrap());
    assert!(
        fault.contains("resources.thing.kms_key") && fault.contains("Disabled"),
        "{fault}"
    );

    let mut taken = whole();
    taken["Tags"] = json!([]);
    taken["Table"].as_object_mut().unwrap().remove("RestoreSummary");
    let (kind, _) = dynamodb([
        backup("AVAILABLE", "USER"),
        key("Enabled"),
        table_is(&taken),
        tags_are(&taken),
    ]);
    let fault = only_fault(&kind.preflight(&run(), &item()).await.unwrap());
    assert!(fault.contains("resources.thing.target: rooms-r1"), "{fault}");

    let mut wrong = item();
    wrong.planned.destination = crate::domain::restore::plan::Destination::Table {
        table: "rooms r1".into(),
    };
    let (kind, _) = dynamodb([backup("AVAILABLE", "USER"), key("Enabled")]);
    let fault = only_fault(&kind.preflight(&run(), &wrong).await.unwrap());
    assert!(fault.contains("3 to 255"), "{fault}");
}

#[tokio::test]
async fn what_cannot_be_put_back_is_said() {
    let mut item = item();
    item.configuration["Table"]["Replicas"] = json!([{"RegionName": "eu-central-1"}]);
    item.configuration["Table"]["WarmThroughput"] = json!({"ReadUnitsPerSecond": 50000, "WriteUnitsPerSecond": 4000});
    item.configuration["ContributorInsights"]["ContributorInsightsStatus"] = json!("FAILED");
    let (kind, _) = dynamodb([backup("AVAILABLE", "USER"), key("Enabled"), no_table()]);
    let remarks = kind.preflight(&run(), &item).await.unwrap().remarks;
    for words in [
        "eu-central-1",
        "warmed up",
        "insights had failed",
        "stream of its own",
        "arn:stream",
    ] {
        assert!(
            remarks.iter().any(|remark| remark.contains(words)),
            "{words}: {remarks:?}"
        );
    }
    item.configuration = Value::Null;
    let (kind, _) = dynamodb([backup("AVAILABLE", "USER"), no_table()]);
    let remarks = kind.preflight(&run(), &item).await.unwrap().remarks;
    assert!(remarks[0].contains("no configuration was captured"), "{remarks:?}");
}

#[tokio::test]
async fn aws_that_cannot_be_asked_is_an_error() {
    let (kind, _) = dynamodb([refuses("DescribeBackup", 400, "ThrottlingException")]);
    assert_eq!(kind.preflight(&run(), &item()).await.unwrap_err().name(), "Throttled");
}
