//! The responses of AWS Backup and of EFS for the conformance suite.

use std::sync::Arc;

use super::recovery::no_file_system;
use super::recovery_points::{a_job, all_points, jobs, makes_ours, points, tagged};
use super::*;
use crate::testing::conformance::{BackupAnswers, PlanningAnswers, RecoveryAnswers, RestoreAnswers};

pub fn backup() -> BackupAnswers {
    BackupAnswers {
        kind: |aws| Arc::new(Efs::from_config(aws, &defaults())),
        resource: storage(),
        point: point(),
        capture: || {
            let at = |path: &str, body: &str| answers(&format!("GET /2015-02-01/{path}"), body);
            vec![
                file_system("available"),
                at("mount-targets", r#"{"MountTargets":[]}"#),
                at("access-points", r#"{"AccessPoints":[]}"#),
                refuses("GET /2015-02-01/file-systems/fs-01234567/policy", 404, "PolicyNotFound"),
                at(
                    "file-systems/fs-01234567/lifecycle-configuration",
                    r#"{"LifecyclePolicies":[]}"#,
                ),
                at(
                    "file-systems/fs-01234567/backup-policy",
                    r#"{"BackupPolicy":{"Status":"DISABLED"}}"#,
                ),
                refuses(
                    "GET /2015-02-01/file-systems/replication-configurations",
                    404,
                    "ReplicationNotFound",
                ),
            ]
        },
        back_up: || vec![file_system("available"), started(), job("CREATED", "")],
        create: Some(START),
        // AWS Backup returns the same job for the same token.
        adopt: || vec![file_system("available"), started(), job("RUNNING", "")],
        conflict: Some(|| {
            let other = r#"{"BackupJobId":"job-1","State":"CREATED","ResourceArn":"arn:other"}"#;
            vec![file_system("available"), started(), answers(JOB, other)]
        }),
        find: || found(&run().id),
        find_foreign: || found("another-set"),
        find_unclear: None,
        poll: || vec![completed(), recovery_point("COMPLETED", 4096)],
        poll_running: || vec![job("RUNNING", r#","PercentDone":"12.5""#)],
        poll_failed: || vec![job("FAILED", "")],
        poll_gone: || vec![completed(), no_point()],
        blocked: Some((
            || vec![blocked(), with_another("COMPLETED")],
            || {
                let second = r#"{"BackupJobId":"job-2","RecoveryPointArn":"arn:second"}"#;
                let created = r#"{"BackupJobId":"job-2","State":"CREATED","RecoveryPointArn":"arn:second"}"#;
                let job = answers("GET /backup-jobs/job-2", created);
                vec![file_system("available"), answers(START, second), job]
            },
        )),
        abandon: || vec![answers(STOP, "")],
        abandon_again: || vec![refuses(STOP, 400, "InvalidRequestException")],
        mark_sealed: || vec![answers(&TAGS.replace("GET", "POST"), "")],
        tagged: all_points,
        delete: || {
            vec![
                recovery_point("COMPLETED", 5),
                tags("hubs-prod"),
                answers(DELETE, ""),
                no_point(),
            ]
        },
        remove: Some(DELETE),
        delete_again: || vec![no_point()],
    }
}

/// A finished recovery point of that set.
fn found(set: &str) -> Vec<Exchange> {
    let ended = a_job("COMPLETED", &makes_ours());
    vec![jobs(&[ended]), points(&[(ARN, 1_795_140_961)]), tagged(set, "thing")]
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers {
        kind: |aws| Arc::new(Efs::from_config(aws, &defaults())),
        resource: storage(),
        exists: || vec![file_system("available")],
        gone: Some(|| vec![no_file_system()]),
        continuous: None,
        kept: None,
        destination: [|| vec![file_system("available")], || vec![no_file_system()]],
        configuration: serde_json::json!({ "FileSystem": { "FileSystemId": "fs-01234567" } }),
        instance_classes: &[],
        ca_certificates: &[],
    }
}

pub fn planning() -> PlanningAnswers {
    PlanningAnswers::of_none(backup(), restore())
}

pub fn restore() -> RestoreAnswers {
    super::restore::conformance()
}
