#![allow(clippy::unwrap_used)]

pub mod conformance;

use super::*;
use crate::domain::job::{Finished, Progress};
use crate::domain::resource::{RecoveryPoint, Version};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::restore::verdict::{Check, Finding};
use crate::kinds::{Backup, Preflight, Recovery, Restore};
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::samples::{resource, restoring, run};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hubs-login-AbCdEf";

fn secrets(script: impl IntoIterator<Item = Exchange>) -> (super::Secret, Replay) {
    let replay = Replay::new(script);
    (super::Secret::from_config(&replay.config()), replay)
}

fn login() -> Resource {
    resource(Target::Secret {
        secret: "hubs-login".into(),
    })
}

fn described(more: &str) -> Exchange {
    answers(
        "DescribeSecret",
        format!(
            r#"{{"ARN":"{ARN}","Name":"hubs-login","VersionIdsToStages":{{"v-1":["AWSPREVIOUS"],"v-2":["AWSCURRENT","x"]}},"Tags":[{{"Key":"team","Value":"hubs"}}]{more}}}"#
        ),
    )
}

fn key(state: &str) -> Exchange {
    answers(
        "DescribeKey",
        format!(r#"{{"KeyMetadata":{{"KeyId":"k","KeyState":"{state}"}}}}"#),
    )
}

fn seen() -> RecoveryPoint {
    RecoveryPoint::Versions {
        versions: vec![Version {
            name: ARN.into(),
            version: "v-2".into(),
        }],
        seen_at: "2026-11-20T02:16:40Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn the_current_version_is_recorded_as_of_awss_answer_and_is_finished_at_once() {
    let (secrets, replay) = secrets([described(""), described("")]);
    for _ in 0..2 {
        let started = secrets.back_up(&run(), &login()).await.unwrap();
        assert_eq!(started.recovery_point, seen());
        let at = "2026-11-20T02:16:40Z".parse().unwrap();
        assert_eq!(started.started_at, at);
        let progress = secrets.poll(&login(), &started.recovery_point).await.unwrap();
        assert_eq!(
            progress,
            Progress::Succeeded(Finished {
                captured_at: at,
                finished_at: Some(at),
                size_bytes: None,
                probes: Vec::new(),
            })
        );
    }
    replay.played();
}

#[tokio::test]
async fn the_description_is_captured_without_any_value() {
    let (secrets, replay) = secrets([described(r#","RotationEnabled":true"#)]);
    let captured = secrets.capture(&login()).await.unwrap();
    assert_eq!(
        (captured["ARN"].as_str(), captured["RotationEnabled"].as_bool()),
        (Some(ARN), Some(true))
    );
    assert_eq!(captured["Tags"][0]["Value"], "hubs");
    assert!(replay.played().iter().all(|asked| asked.action == "DescribeSecret"));
}

#[tokio::test]
async fn a_secret_that_is_missing_deleted_or_without_a_current_version_is_a_fault() {
    for (answer, name, words) in [
        (
            refuses("DescribeSecret", 400, "ResourceNotFoundException"),
            "NotFound",
            "hubs-login",
        ),
        (
            described(r#","DeletedDate":1.79e9"#),
            "JobFailed",
            "aws secretsmanager restore-secret --secret-id hubs-login",
        ),
        (
            answers("DescribeSecret", r#"{"VersionIdsToStages":{"v-1":["AWSPENDING"]}}"#),
            "JobFailed",
            "AWSCURRENT",
        ),
        (
            refuses("DescribeSecret", 400, "ThrottlingException"),
            "Throttled",
            "hubs-login",
        ),
        (
            refuses("DescribeSecret", 500, "InternalServiceError"),
            "Unavailable",
            "hubs-login",
        ),
        (
            refuses("DescribeSecret", 400, "AccessDeniedException"),
            "AccessDenied",
            "hubs-login",
        ),
        (cut("DescribeSecret"), "Unavailable", "hubs-login"),
    ] {
        let (secrets, replay) = secrets([answer]);
        let error = secrets.back_up(&run(), &login()).await.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        replay.played();
    }
}

#[tokio::test]
async fn a_key_of_its_own_has_to_be_enabled() {
    let own = || described(r#","KmsKeyId":"arn:aws:kms:eu-west-1:111122223333:key/k""#);
    let (kind, replay) = secrets([own(), key("Enabled")]);
    assert_eq!(kind.back_up(&run(), &login()).await.unwrap().recovery_point, seen());
    replay.played();
    for (answer, name, words) in [
        (key("Disabled"), "JobFailed", "aws kms enable-key --key-id arn:aws:kms"),
        (key("PendingDeletion"), "JobFailed", "aws kms cancel-key-deletion"),
        (key("PendingReplicaDeletion"), "JobFailed", "PendingReplicaDeletion"),
        (key("PendingImport"), "JobFailed", "PendingImport"),
        (key("Unavailable"), "JobFailed", "Unavailable"),
        (key("Updating"), "NotReady", "checked again"),
        (
            refuses("DescribeKey", 400, "NotFoundException"),
            "NotFound",
            "secret hubs-login",
        ),
        (
            refuses("DescribeKey", 400, "AccessDeniedException"),
            "AccessDenied",
            "secret hubs-login",
        ),
    ] {
        let (kind, _) = secrets([own(), answer]);
        let error = kind.back_up(&run(), &login()).await.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_key_of_another_account_may_stay_unseen_and_is_recorded_as_such() {
    const THEIRS: &str = "arn:aws:kms:eu-west-1:444455556666:key/k";
    let their = || described(&format!(r#","KmsKeyId":"{THEIRS}""#));
    let denied = || refuses("DescribeKey", 400, "AccessDeniedException");
    let (kind, replay) = secrets([their(), denied(), their(), denied()]);
    let captured = kind.capture(&login()).await.unwrap();
    assert_eq!(captured["UnseenKmsKeys"][0]["KeyId"], THEIRS);
    let reason = captured["UnseenKmsKeys"][0]["Reason"].as_str().unwrap();
    assert!(
        reason.contains("secret hubs-login") && reason.contains("AccessDenied"),
        "{reason}"
    );
    assert_eq!(kind.back_up(&run(), &login()).await.unwrap().recovery_point, seen());
    replay.played();
    // If it can be described, its state counts.
    let (kind, _) = secrets([their(), key("Enabled"), their(), key("Disabled")]);
    assert!(kind.capture(&login()).await.unwrap().get("UnseenKmsKeys").is_none());
    assert_eq!(kind.back_up(&run(), &login()).await.unwrap_err().name(), "JobFailed");
    // Whether it can be described is only known from AWS's response.
    let (kind, _) = secrets([their(), refuses("DescribeKey", 400, "ThrottlingException")]);
    assert_eq!(kind.back_up(&run(), &login()).await.unwrap_err().name(), "Throttled");
}

#[tokio::test]
async fn a_key_that_aws_manages_is_not_asked_about() {
    for alias in [
        "alias/aws/secretsmanager",
        "arn:aws:kms:eu-west-1:111122223333:alias/aws/secretsmanager",
    ] {
        let (secrets, replay) = secrets([described(&format!(r#","KmsKeyId":"{alias}""#))]);
        secrets.back_up(&run(), &login()).await.unwrap();
        replay.played();
    }
}

#[tokio::test]
async fn a_restore_sees_that_the_secret_is_there_and_says_what_changed() {
    let item = |name: &str, version: &str| {
        let version = Version {
            name: name.into(),
            version: version.into(),
        };
        restoring(
            login(),
            Source::Versions {
                versions: vec![version],
            },
            Destination::Nothing,
        )
    };
    let (kind, _) = secrets([
        described(""),
        described(""),
        described(""),
        described(""),
        described(""),
    ]);
    assert_eq!(
        kind.preflight(&run(), &item(ARN, "v-2")).await.unwrap(),
        Preflight::default()
    );
    let changed = kind.preflight(&run(), &item(ARN, "v-1")).await.unwrap();
    assert!(
        changed.remarks[0].contains("version v-1 at backup, now v-2"),
        "{changed:?}"
    );
    // Deleted and created again: another ARN.
    let recreated = kind.preflight(&run(), &item("arn:old", "v-0")).await.unwrap();
    assert_eq!((recreated.faults.len(), recreated.remarks.len()), (0, 1));
    let finding = |checks: Vec<Check>| checks[0].finding;
    let same = kind.compare(&run(), &item(ARN, "v-2"), true).await.unwrap();
    assert_eq!(finding(same), Finding::Same);
    let other = kind.compare(&run(), &item(ARN, "v-1"), true).await.unwrap();
    assert_eq!(finding(other), Finding::Changed);

    let scheduled = || described(r#","DeletedDate":1.7e9"#);
    let missing = || refuses("DescribeSecret", 400, "ResourceNotFoundException");
    for (answers, words) in [
        ([scheduled(), scheduled()], "scheduled for deletion"),
        ([missing(), missing()], "ResourceNotFoundException"),
    ] {
        let (kind, _) = secrets(answers);
        let preflight = kind.preflight(&run(), &item(ARN, "v-2")).await.unwrap();
        let fault = preflight.faults[0].to_string();
        assert!(
            fault.contains("resources.thing.secret") && fault.contains(words),
            "{fault}"
        );
        let checks = kind.compare(&run(), &item(ARN, "v-2"), true).await.unwrap();
        assert_eq!(finding(checks), Finding::Different);
    }
}

#[tokio::test]
async fn a_secret_that_no_stack_could_read_is_lost() {
    for (answer, words) in [
        (described(""), None),
        (
            described(r#","DeletedDate":1.7e9"#),
            Some("aws secretsmanager restore-secret --secret-id arn:aws"),
        ),
        (
            refuses("DescribeSecret", 400, "ResourceNotFoundException"),
            Some("is not there any more"),
        ),
    ] {
        let (kind, replay) = secrets([answer]);
        let lost = kind.lost(&seen()).await.unwrap();
        assert_eq!(lost.is_some(), words.is_some(), "{lost:?}");
        assert!(lost.unwrap_or_default().contains(words.unwrap_or_default()));
        // By its ARN: one of the same name may be another.
        assert_eq!(replay.played()[0].json()["SecretId"], ARN);
    }
    let (kind, _) = secrets([refuses("DescribeSecret", 400, "AccessDeniedException")]);
    assert_eq!(kind.lost(&seen()).await.unwrap_err().name(), "AccessDenied");
}
