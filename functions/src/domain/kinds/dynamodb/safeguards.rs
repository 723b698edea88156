//! What could protect a table itself, and is off.

use serde_json::Value;

use crate::domain::kinds::safeguard::Safeguard;

/// Those that are off according to what DynamoDB described; nothing where that is missing.
pub fn off(configuration: &Value) -> Vec<Safeguard> {
    let (backups, table) = (&configuration["ContinuousBackupsDescription"], &configuration["Table"]);
    let recovery = &backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"];
    let off = [
        (
            Safeguard::PointInTimeRecovery,
            backups.is_object() && recovery != "ENABLED",
        ),
        (
            Safeguard::DeletionProtection,
            table.is_object() && table["DeletionProtectionEnabled"] != true,
        ),
    ];
    off.into_iter()
        .filter_map(|(safeguard, off)| off.then_some(safeguard))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_off_is_known_from_what_was_captured_and_no_more() {
        use Safeguard::{DeletionProtection, PointInTimeRecovery};
        let captured = |status: &str, protected: bool| {
            json!({
                "ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}},
                "Table": {"DeletionProtectionEnabled": protected},
            })
        };
        for (captured, wanted) in [
            (
                captured("DISABLED", false),
                vec![PointInTimeRecovery, DeletionProtection],
            ),
            (captured("ENABLED", false), vec![DeletionProtection]),
            (captured("DISABLED", true), vec![PointInTimeRecovery]),
            (captured("ENABLED", true), vec![]),
            (json!({"Table": {}}), vec![DeletionProtection]),
            (Value::Null, vec![]),
        ] {
            assert_eq!(off(&captured), wanted, "{captured}");
        }
    }
}
