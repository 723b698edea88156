//! What protects a table itself: it is looked at first, and only what is off is changed.

use serde_json::json;

use super::*;
use crate::domain::kinds::Safeguard::{self, DeletionProtection, PointInTimeRecovery};

/// How DynamoDB describes a table's settings: two responses.
fn settings(recovery: &str, protected: bool) -> Vec<Exchange> {
    let backups = json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery},
    }});
    let table = json!({"Table": {"TableName": "rooms", "DeletionProtectionEnabled": protected}});
    vec![
        answers("DescribeContinuousBackups", backups.to_string()),
        answers("DescribeTable", table.to_string()),
    ]
}

#[tokio::test]
async fn what_is_off_is_described() {
    for (recovery, protected, off) in [
        ("DISABLED", false, vec![PointInTimeRecovery, DeletionProtection]),
        ("ENABLED", false, vec![DeletionProtection]),
        ("ENABLED", true, vec![]),
    ] {
        let (kind, replay) = dynamodb(settings(recovery, protected));
        assert_eq!(kind.safeguards_off(&rooms().target).await.unwrap(), off);
        replay.played();
    }
}

/// Turning recovery on again would set its period to 35 days.
#[tokio::test]
async fn only_what_is_off_is_turned_on() {
    let change = |safeguard: Safeguard| match safeguard {
        PointInTimeRecovery => "UpdateContinuousBackups",
        DeletionProtection => "UpdateTable",
    };
    for safeguard in [PointInTimeRecovery, DeletionProtection] {
        let script = [
            settings("DISABLED", false),
            vec![answers(change(safeguard), "{}")],
            settings("ENABLED", true),
        ];
        let (kind, replay) = dynamodb(script.concat());
        for _ in 0..2 {
            kind.turn_on(safeguard, &rooms().target).await.unwrap();
        }
        let asked = match safeguard {
            PointInTimeRecovery => {
                json!({"TableName": "rooms", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}})
            }
            DeletionProtection => json!({"TableName": "rooms", "DeletionProtectionEnabled": true}),
        };
        assert_eq!(replay.played()[2].json(), asked);
    }
}

#[tokio::test]
async fn a_change_that_dynamodb_refuses_has_its_name() {
    for (code, name) in [
        ("AccessDeniedException", "AccessDenied"),
        ("ContinuousBackupsUnavailableException", "NotReady"),
    ] {
        let script = [
            settings("DISABLED", true),
            vec![refuses("UpdateContinuousBackups", 400, code)],
        ];
        let (kind, replay) = dynamodb(script.concat());
        let error = kind.turn_on(PointInTimeRecovery, &rooms().target).await.unwrap_err();
        assert_eq!(error.name(), name);
        replay.played();
    }
    let script = [
        settings("ENABLED", false),
        vec![refuses("UpdateTable", 400, "ResourceInUseException")],
    ];
    let (kind, _) = dynamodb(script.concat());
    let error = kind.turn_on(DeletionProtection, &rooms().target).await.unwrap_err();
    assert_eq!(error.name(), "NotReady");
}
