//! DynamoDB's answers to the conformance suite.

use std::sync::Arc;

use super::*;
use crate::testing::conformance::BackupAnswers;

/// A list with the one backup of [`point`].
fn lists_ours() -> Exchange {
    super::answers(
        "ListBackups",
        format!(r#"{{"BackupSummaries":[{}]}}"#, details(&name(), "CREATING", 0)),
    )
}

fn lists_others() -> Exchange {
    listed(&[("another", "AVAILABLE", 1795140900)], false)
}

pub fn answers() -> BackupAnswers {
    BackupAnswers {
        kind: |aws| Arc::new(DynamoDb::from_config(aws)),
        resource: rooms(),
        point: point(),
        capture: || {
            let answers = super::answers;
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
        poll: || vec![described(&name(), "AVAILABLE", 500, 5)],
        abandon: Vec::new,
        abandon_again: Vec::new,
        mark_sealed: Vec::new,
        delete: || {
            let whole = described(&name(), "AVAILABLE", 5, 5);
            vec![lists_ours(), whole, super::answers("DeleteBackup", "{}"), gone()]
        },
        remove: Some("DeleteBackup"),
        delete_again: || vec![lists_others(), gone()],
    }
}
