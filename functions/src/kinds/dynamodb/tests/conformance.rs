//! DynamoDB's responses for the conformance suite.

use std::sync::Arc;

use serde_json::json;

use super::recovery::{LATEST, backup as system_backup, continuous, page, there};
use super::restore::{
    bare, captured, captures, done, key, made, no_table, table_is, table_with, tags, tags_are, whole,
};
use super::undo::{no_targets, recovery as recovery_is};
use super::*;
use crate::domain::restore::item::RestoreItem;
use crate::testing::conformance::{BackupAnswers, PlanningAnswers, RecoveryAnswers, RestoreAnswers};

/// A list with the one backup in [`point`].
fn lists_ours() -> Exchange {
    answers(
        "ListBackups",
        format!(r#"{{"BackupSummaries":[{}]}}"#, details(&name(), "CREATING", 0)),
    )
}

fn lists_others() -> Exchange {
    listed(&[("another", "AVAILABLE", 1795140900)], false)
}

pub fn backup() -> BackupAnswers {
    BackupAnswers {
        kind: |aws| Arc::new(DynamoDb::from_config(aws, &Defaults::of_tests())),
        resource: rooms(),
        point: point(),
        capture: || {
            vec![
                answers(
                    "DescribeTable",
                    r#"{"Table":{"TableName":"rooms","TableArn":"arn:aws:dynamodb:eu-west-1:1:table/rooms"}}"#,
                ),
                answers("DescribeTimeToLive", "{}"),
                answers("DescribeContinuousBackups", "{}"),
                answers("DescribeKinesisStreamingDestination", "{}"),
                answers("DescribeContributorInsights", "{}"),
                answers("DescribeScalableTargets", r#"{"ScalableTargets":[]}"#),
                answers("ListTagsOfResource", r#"{"Tags":[]}"#),
                refuses("GetResourcePolicy", 400, "PolicyNotFoundException"),
            ]
        },
        back_up: || vec![lists_others(), created()],
        create: Some("CreateBackup"),
        adopt: || vec![lists_ours()],
        // Several backups may have one name.
        conflict: None,
        find: || vec![lists_ours()],
        find_foreign: || vec![lists_others()],
        find_unclear: None,
        poll: || vec![described(&name(), "AVAILABLE", 500, 5)],
        poll_running: || vec![described(&name(), "CREATING", 0, 5)],
        poll_failed: || vec![described(&name(), "DELETED", 5, 5)],
        poll_gone: || vec![gone()],
        blocked: None,
        abandon: Vec::new,
        abandon_again: Vec::new,
        mark_sealed: Vec::new,
        tagged: || vec![all_backups()],
        delete: || {
            let whole = described(&name(), "AVAILABLE", 5, 5);
            vec![lists_ours(), whole, answers("DeleteBackup", "{}"), gone()]
        },
        remove: Some("DeleteBackup"),
        delete_again: || vec![lists_others(), gone()],
    }
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers {
        kind: |aws| Arc::new(DynamoDb::from_config(aws, &Defaults::of_tests())),
        resource: rooms(),
        exists: || vec![there()],
        gone: Some(|| vec![no_table()]),
        continuous: Some((|| vec![continuous("ENABLED")], || vec![continuous("DISABLED")])),
        kept: Some((
            || vec![page(&[system_backup("rooms", "AVAILABLE", LATEST)], "")],
            || vec![page(&[], ""), no_table()],
        )),
        destination: [Vec::new, Vec::new],
        configuration: captured(),
        instance_classes: &[],
        ca_certificates: &[],
    }
}

pub fn planning() -> PlanningAnswers {
    PlanningAnswers {
        pattern: Some((
            Target::DynamodbPrefix {
                prefix: "room".into(),
                archive: None,
            },
            || vec![answers("ListTables", r#"{"TableNames":["other","rooms","rooms-r1"]}"#)],
            || {
                let arn = "arn:aws:dynamodb:eu-west-1:000000000000:table/rooms-r1";
                let page = json!({"ResourceTagMappingList": [{ "ResourceARN": arn }], "PaginationToken": ""});
                vec![answers("GetResources", page.to_string())]
            },
        )),
        ..PlanningAnswers::of_none(backup(), restore())
    }
}

pub fn restore() -> RestoreAnswers {
    let item = compare::sampled(&["a"]);
    RestoreAnswers {
        kind: |aws| Arc::new(DynamoDb::from_config(aws, &Defaults::of_tests())),
        run: run(),
        item: item.clone(),
        preflight: || preflight(vec![no_table()]),
        preflight_taken: Some(|| preflight(another_table())),
        begin: || vec![no_table(), key("CUSTOMER"), done("RestoreTableFromBackup")],
        create: Some("RestoreTableFromBackup"),
        in_progress: || {
            let creating = table_with(bare(), "TableStatus", json!("CREATING"));
            vec![creating, our_tags(), our_tags()]
        },
        later_looks: restore::looks,
        conflict: Some(another_table),
        created: RestoreItem {
            created: Some(made()),
            ..item
        },
        compare: || compared(r#"{"id":{"S":"a"}}"#),
        compare_different: (
            || compared(r#"{"id":{"S":"a"},"text":{"S":"changed"}}"#),
            r#"item {"id":{"S":"a"}}"#,
        ),
        sample: || vec![sample::described(), sample::expiring("ENABLED"), sample::items()],
        undo_nothing: || vec![no_table()],
        undo: || {
            vec![
                table_is(&bare()),
                our_tags(),
                no_targets(),
                recovery_is("DISABLED"),
                done("DeleteTable"),
                no_table(),
            ]
        },
        remove: Some("DeleteTable"),
        undo_again: || vec![no_table()],
        undo_foreign: Some(another_table),
    }
}

/// A preflight that finds this under the copy's name.
fn preflight(target: Vec<Exchange>) -> Vec<Exchange> {
    let mut script = vec![preflight::backup("AVAILABLE", "USER"), preflight::key("Enabled")];
    script.extend(target);
    script
}

/// A comparison of a copy with everything put back, with this sampled item.
fn compared(item: &str) -> Vec<Exchange> {
    let mut script = captures(&whole());
    script.push(compare::reads(item));
    script
}

fn our_tags() -> Exchange {
    tags_are(&json!({ "Tags": tags() }))
}

/// A table that was restored from something else.
fn another_table() -> Vec<Exchange> {
    let summary = json!({"SourceBackupArn": "arn:other", "RestoreDateTime": 1795140000.0, "RestoreInProgress": false});
    vec![table_with(bare(), "RestoreSummary", summary), tags_are(&json!({}))]
}
