//! Tables, by what was captured of them.

use serde_json::Value;

/// Whether DynamoDB deletes items whose time to live is past, also from a copy.
pub fn items_expire(configuration: &Value) -> bool {
    configuration["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
}
