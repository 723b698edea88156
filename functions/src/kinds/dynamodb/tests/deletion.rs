//! What is deleted, and what is left alone.

use super::super::deletion::is_ours;
use super::*;

fn deleted() -> Exchange {
    answers("DeleteBackup", "{}")
}

fn whole() -> Exchange {
    described(&name(), "AVAILABLE", 5, 5)
}

/// The list lags: it does not show the recorded backup.
fn lagging() -> Exchange {
    listed(&[("another", "AVAILABLE", 1795140900)], false)
}

#[tokio::test]
async fn what_is_ours_is_deleted_and_seen_gone_twice() {
    let ours = name();
    let (kind, replay) = dynamodb([
        lagging(),
        whole(),
        deleted(),
        gone(),
        lagging(),
        gone(),
        lagging(),
        whole(),
        deleted(),
        described(&ours, "DELETED", 5, 5),
        listed(&[(&ours, "DELETED", 1795140961)], false),
        described(&ours, "DELETED", 5, 5),
        lagging(),
        whole(),
        refuses("DeleteBackup", 400, "BackupNotFoundException"),
    ]);
    for _ in 0..5 {
        assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Gone);
    }
    let requests = replay.played();
    assert_eq!(
        (
            requests[0].json()["TableName"].as_str(),
            requests[0].json()["TimeRangeLowerBound"].as_f64()
        ),
        (Some("rooms"), Some(1_795_140_780.0))
    );
    kind.abandon(&point()).await.unwrap();
}

#[tokio::test]
async fn what_a_lost_answer_left_under_the_same_name_is_deleted_too() {
    let ours = name();
    let (kind, replay) = dynamodb([
        listed(
            &[(&ours, "AVAILABLE", 1795140961), ("another", "AVAILABLE", 1795140970)],
            true,
        ),
        listed(&[(&ours, "AVAILABLE", 1795140999)], false),
        whole(),
        deleted(),
        gone(),
        whole(),
        deleted(),
        gone(),
    ]);
    let first = RecoveryPoint::TableBackup {
        arn: format!("{ARN}-1795140961"),
        name: name(),
        archive: None,
    };
    assert_eq!(kind.delete(&run(), &first).await.unwrap(), Deletion::Gone);
    let requests = replay.played();
    let mut gone = requests.iter().filter(|request| request.action == "DeleteBackup");
    for second in ["1795140961", "1795140999"] {
        assert_eq!(gone.next().unwrap().json()["BackupArn"], format!("{ARN}-{second}"));
    }
}

#[tokio::test]
async fn all_of_a_name_have_to_be_gone() {
    let ours = name();
    let second = || listed(&[(&ours, "AVAILABLE", 1795140999)], false);
    let (kind, replay) = dynamodb([
        // The second is still being created.
        second(),
        gone(),
        described(&ours, "CREATING", 5, 5),
        // The first is protected, and the second is deleted nevertheless.
        second(),
        whole(),
        refuses("DeleteBackup", 400, "AccessDeniedException"),
        whole(),
        deleted(),
        gone(),
    ]);
    assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Underway);
    assert!(matches!(
        kind.delete(&run(), &point()).await.unwrap(),
        Deletion::Protected(_)
    ));
    replay.played();
}

#[tokio::test]
async fn a_deletion_may_be_under_way_or_refused() {
    let (kind, replay) = dynamodb([
        lagging(),
        described(&name(), "CREATING", 5, 5),
        lagging(),
        whole(),
        refuses("DeleteBackup", 400, "BackupInUseException"),
        lagging(),
        whole(),
        deleted(),
        whole(),
    ]);
    for _ in 0..3 {
        assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Underway);
    }
    replay.played();
    let denied = refuses("DeleteBackup", 400, "AccessDeniedException");
    let (kind, _) = dynamodb([lagging(), whole(), denied]);
    assert!(matches!(
        kind.delete(&run(), &point()).await.unwrap(),
        Deletion::Protected(_)
    ));
    let too_many = refuses("DeleteBackup", 400, "LimitExceededException");
    let (kind, _) = dynamodb([lagging(), whole(), too_many]);
    assert_eq!(kind.delete(&run(), &point()).await.unwrap_err().name(), "QuotaExceeded");
}

#[tokio::test]
async fn what_another_deployment_made_is_never_deleted() {
    let (kind, replay) = dynamodb([
        lagging(),
        described("nightly-export", "AVAILABLE", 5, 5),
        lagging(),
        whole(),
    ]);
    assert_eq!(kind.delete(&run(), &point()).await.unwrap_err().name(), "Conflict");
    let other = Run {
        deployment: "hubs".into(),
        ..run()
    };
    assert_eq!(kind.delete(&other, &point()).await.unwrap_err().name(), "Conflict");
    replay.played();
}

#[test]
fn a_name_is_ours_to_its_end() {
    assert!(is_ours("hubs-prod", &name()));
    for (deployment, other) in [
        ("hubs", name()),
        ("hubs-pro", name()),
        ("hubs-prod", format!("{}-x", name())),
        ("hubs-prod", format!("x{}", name())),
        ("hubs-prod", "hf-hubs-prod-20261120-021500-ab12".into()),
        ("hubs-prod", "hf-hubs-prod-2026112x-021500-ab12-0fa8e7".into()),
        ("hubs-prod", "hf-hubs-prod".into()),
        ("", String::new()),
    ] {
        assert!(!is_ours(deployment, &other), "{deployment} {other}");
    }
}
