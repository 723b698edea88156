//! What the operator should know about a copy.

use serde_json::Value;

use super::KIND;
use super::settings::list;
use crate::domain::restore::members::lost;
use crate::kinds::auto_scaling;
use crate::kinds::part;

/// What the operator should know about a copy named `target`, from the captured configuration of its source.
pub fn remarks(captured: &Value, target: &str) -> Vec<String> {
    if !captured.is_object() {
        return vec![format!(
            "no configuration was captured of the source: table {target} gets no tags, time to live, stream, \
             point-in-time recovery, policy or scaling except what DynamoDB restores"
        )];
    }
    let table = part(captured, "Table");
    let mut remarks = lost(
        KIND,
        captured,
        &format!("table {}", table["TableName"].as_str().unwrap_or_default()),
        &format!("table {target}"),
    );
    if table["StreamSpecification"]["StreamEnabled"] == true {
        remarks.push(format!(
            "table {target} has a stream of its own, with another ARN: functions that read the old one have to be changed to \
             read it"
        ));
    }
    for destination in list(captured, "KinesisDataStreamDestinations") {
        if let (Some("ACTIVE" | "ENABLING" | "UPDATING"), Some(stream)) = (
            destination["DestinationStatus"].as_str(),
            destination["StreamArn"].as_str(),
        ) {
            remarks.push(format!("changes of table {target} will go to {stream} too"));
        }
    }
    remarks.extend(auto_scaling::restore::alarms_to_redirect(captured));
    if part(captured, "ContributorInsights")["ContributorInsightsStatus"] == "FAILED" {
        remarks.push(format!(
            "contributor insights had failed on the source, and are not put back on table {target}"
        ));
    }
    remarks
}
