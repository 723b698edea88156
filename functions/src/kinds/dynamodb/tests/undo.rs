//! What is removed of a copy, and what is left in place.

use serde_json::json;

use super::restore::{bare, done, item, no_table, table_is, table_with, tags_are, whole};
use super::*;
use crate::domain::restore::item::UndoProgress;
use crate::kinds::Restore;

pub fn recovery(status: &str) -> Exchange {
    let description = json!({"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}});
    answers(
        "DescribeContinuousBackups",
        json!({"ContinuousBackupsDescription": description}).to_string(),
    )
}

pub fn no_targets() -> Exchange {
    answers("DescribeScalableTargets", r#"{"ScalableTargets":[]}"#)
}

#[tokio::test]
async fn a_copy_goes_with_its_scaling_its_recovery_and_its_protection() {
    let all = whole();
    let (kind, replay) = dynamodb([
        table_is(&all),
        tags_are(&all),
        answers(
            "DescribeScalableTargets",
            json!({"ScalableTargets": all["ScalableTargets"]}).to_string(),
        ),
        done("DeregisterScalableTarget"),
        recovery("ENABLED"),
        done("UpdateContinuousBackups"),
        done("UpdateTable"),
        done("DeleteTable"),
        table_with(whole(), "TableStatus", json!("DELETING")),
        table_with(whole(), "TableStatus", json!("DELETING")),
        no_table(),
    ]);
    let first = kind.undo(&run(), &item()).await.unwrap();
    let second = kind.undo(&run(), &item()).await.unwrap();
    for undoing in [first, second] {
        assert!(
            matches!(&undoing, UndoProgress::Underway(what) if what.contains("rooms-r1")),
            "{undoing:?}"
        );
    }
    assert_eq!(kind.undo(&run(), &item()).await.unwrap(), UndoProgress::Gone);
    let requests = replay.played();
    assert_eq!(requests[3].json()["ResourceId"], "table/rooms-r1");
    assert_eq!(requests[6].json()["DeletionProtectionEnabled"], false);
    assert_eq!(requests[7].json()["TableName"], "rooms-r1");
}

#[tokio::test]
async fn an_untagged_copy_is_waited_for_and_removed() {
    let mut creating = bare();
    creating["Table"]["TableStatus"] = json!("CREATING");
    let mut filling = bare();
    filling["Table"]["RestoreSummary"]["RestoreInProgress"] = json!(true);
    let (kind, replay) = dynamodb([
        table_is(&creating),
        tags_are(&creating),
        table_is(&filling),
        tags_are(&filling),
        table_is(&bare()),
        tags_are(&bare()),
        no_targets(),
        recovery("DISABLED"),
        done("DeleteTable"),
        no_table(),
    ]);
    for _ in 0..2 {
        let undoing = kind.undo(&run(), &item()).await.unwrap();
        assert!(
            matches!(&undoing, UndoProgress::Underway(what) if what.contains("still being restored")),
            "{undoing:?}"
        );
    }
    assert_eq!(kind.undo(&run(), &item()).await.unwrap(), UndoProgress::Gone);
    replay.played();
}

#[tokio::test]
async fn what_this_restore_did_not_make_is_left_alone() {
    let mut foreign = whole();
    foreign["Tags"][1]["Value"] = json!("hubs-prod-20261119-021500-ab12");
    let mut old = bare();
    old["Table"]["CreationDateTime"] = json!(1795140000.0);
    let mut made = bare();
    made["Table"].as_object_mut().unwrap().remove("RestoreSummary");
    for table in [foreign, old, made] {
        let (kind, replay) = dynamodb([table_is(&table), tags_are(&table)]);
        assert_eq!(kind.undo(&run(), &item()).await.unwrap(), UndoProgress::Gone);
        replay.played();
    }
}

#[tokio::test]
async fn a_refused_deletion_says_what_is_left_and_a_busy_one_is_tried_again() {
    for (code, left) in [("AccessDeniedException", true), ("ResourceInUseException", false)] {
        let (kind, _) = dynamodb([
            table_is(&bare()),
            tags_are(&bare()),
            no_targets(),
            recovery("DISABLED"),
            refuses("DeleteTable", 400, code),
        ]);
        let undoing = kind.undo(&run(), &item()).await.unwrap();
        match undoing {
            UndoProgress::Remains(what) => assert!(left && what.contains("rooms-r1"), "{what}"),
            UndoProgress::Underway(what) => assert!(!left, "{what}"),
            UndoProgress::Gone => panic!("not gone"),
        }
    }
    let (kind, _) = dynamodb([
        table_is(&bare()),
        tags_are(&bare()),
        no_targets(),
        recovery("DISABLED"),
        refuses("DeleteTable", 400, "ResourceNotFoundException"),
        no_table(),
    ]);
    assert_eq!(kind.undo(&run(), &item()).await.unwrap(), UndoProgress::Gone);
}
