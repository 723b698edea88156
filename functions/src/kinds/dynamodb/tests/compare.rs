//! A copy that differs from the capture is detected, and the check names the difference.

use serde_json::json;

use super::restore::{captures, item, no_table, whole};
use super::*;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::verdict::{Check, Finding};
use crate::domain::set::{Sample, SampledItem};
use crate::kinds::Restore;

/// The restore of a table with these sampled items, which contain only their keys.
pub fn sampled(ids: &[&str]) -> RestoreItem {
    let sampled = ids.iter().map(|id| SampledItem {
        key: json!({"id": {"S": id}}),
        sha256: "749b5c1af783257792b1d09113f0f74675b8152acbb10024a848f8029f898d87".into(),
    });
    RestoreItem {
        sample: Some(Sample::Items {
            items: sampled.collect(),
        }),
        ..item()
    }
}

/// The copy's version of a sampled item.
pub fn reads(item: &str) -> Exchange {
    answers("GetItem", format!(r#"{{"Item":{item}}}"#))
}

async fn compared(all: &Value) -> Vec<Check> {
    let (kind, replay) = dynamodb(captures(all));
    let checks = kind.compare(&run(), &item(), true).await.unwrap();
    replay.played();
    checks
}

#[tokio::test]
async fn a_copy_with_everything_put_back_is_the_same() {
    let checks = compared(&whole()).await;
    assert_eq!(checks.len(), 1, "{checks:?}");
    assert_eq!(
        (checks[0].name.as_str(), checks[0].finding),
        ("thing: configuration", Finding::Same)
    );
}

#[tokio::test]
async fn what_a_table_describes_of_itself_alone_is_no_difference() {
    let mut all = whole();
    for (name, value) in [
        ("TableId", json!("x")),
        ("ItemCount", json!(0)),
        ("LatestStreamArn", json!("arn:new")),
        ("WarmThroughput", json!({"ReadUnitsPerSecond": 1})),
    ] {
        all["Table"][name] = value;
    }
    // The policy's latest choice.
    all["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] = json!(8);
    all["Table"]["GlobalSecondaryIndexes"][0]["IndexSizeBytes"] = json!(0);
    all["TimeToLiveDescription"]["TimeToLiveStatus"] = json!("ENABLING");
    all["ScalingPolicies"][0]["Alarms"] = json!([{"AlarmName": "x"}]);
    all["ContributorInsights"]["TableName"] = json!("rooms-r1");
    let tags = all["Tags"].as_array_mut().unwrap();
    tags.reverse();
    assert_eq!(compared(&all).await[0].finding, Finding::Same);
}

#[tokio::test]
async fn every_captured_setting_that_is_lost_is_named() {
    for (pointer, value, name) in [
        (
            "/Table/DeletionProtectionEnabled",
            json!(false),
            "Table.DeletionProtectionEnabled",
        ),
        ("/Table/StreamSpecification", Value::Null, "Table.StreamSpecification"),
        (
            "/Table/StreamSpecification/StreamViewType",
            json!("KEYS_ONLY"),
            "Table.StreamSpecification.StreamViewType",
        ),
        ("/Table/TableClassSummary", Value::Null, "Table.TableClassSummary"),
        ("/Table/SSEDescription", Value::Null, "Table.SSEDescription"),
        (
            "/Table/SSEDescription/KMSMasterKeyArn",
            json!("arn:other"),
            "Table.SSEDescription.KMSMasterKeyArn",
        ),
        (
            "/Table/ProvisionedThroughput/WriteCapacityUnits",
            json!(9),
            "Table.ProvisionedThroughput.WriteCapacityUnits",
        ),
        (
            "/Table/GlobalSecondaryIndexes",
            json!([]),
            "Table.GlobalSecondaryIndexes[0]",
        ),
        (
            "/Table/GlobalSecondaryIndexes/0/Projection/ProjectionType",
            json!("ALL"),
            "Table.GlobalSecondaryIndexes[0].Projection.ProjectionType",
        ),
        (
            "/Table/GlobalSecondaryIndexes/0/ProvisionedThroughput/ReadCapacityUnits",
            json!(1),
            "Table.GlobalSecondaryIndexes[0].ProvisionedThroughput.ReadCapacityUnits",
        ),
        (
            "/TimeToLiveDescription",
            json!({"TimeToLiveStatus": "DISABLED"}),
            "TimeToLiveDescription",
        ),
        (
            "/TimeToLiveDescription/AttributeName",
            json!("other"),
            "TimeToLiveDescription.AttributeName",
        ),
        (
            "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus",
            json!("DISABLED"),
            "ContinuousBackupsDescription.PointInTimeRecoveryDescription",
        ),
        (
            "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/RecoveryPeriodInDays",
            json!(35),
            "ContinuousBackupsDescription.PointInTimeRecoveryDescription.RecoveryPeriodInDays",
        ),
        ("/Tags/3/Value", json!("others"), "Tags[0].Value"),
        ("/Policy", Value::Null, "Policy"),
        (
            "/ScalableTargets/0/MaxCapacity",
            json!(10),
            "ScalableTargets[0].MaxCapacity",
        ),
        (
            "/ScalingPolicies/0/TargetTrackingScalingPolicyConfiguration/TargetValue",
            json!(50.0),
            "ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration.TargetValue",
        ),
        ("/ScheduledActions", json!([]), "ScheduledActions"),
        (
            "/ScheduledActions/0/Schedule",
            json!("rate(1 day)"),
            "ScheduledActions[0].Schedule",
        ),
    ] {
        let mut all = whole();
        *all.pointer_mut(pointer).unwrap() = value;
        let checks = compared(&all).await;
        let found = checks.iter().find(|check| check.name == format!("thing: {name}"));
        assert_eq!(
            found.map(|check| check.finding),
            Some(Finding::Different),
            "{pointer}: {checks:?}"
        );
    }
    for (pointer, name) in [
        ("/ContributorInsights/ContributorInsightsStatus", "ContributorInsights"),
        (
            "/IndexContributorInsights/0/ContributorInsightsStatus",
            "IndexContributorInsights",
        ),
        (
            "/KinesisDataStreamDestinations/0/DestinationStatus",
            "KinesisDataStreamDestinations",
        ),
    ] {
        let mut all = whole();
        *all.pointer_mut(pointer).unwrap() = json!("DISABLED");
        let checks = compared(&all).await;
        assert!(
            checks.len() == 1 && checks[0].name.contains(name) && checks[0].finding == Finding::Unproven,
            "{checks:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_copy_is_different() {
    let (kind, _) = dynamodb([no_table()]);
    let checks = kind.compare(&run(), &item(), true).await.unwrap();
    assert_eq!(
        (checks.len(), checks[0].name.as_str(), checks[0].finding),
        (1, "thing: table", Finding::Different)
    );
}

#[tokio::test]
async fn sampled_items_are_read_from_the_copy_and_compared_by_hash() {
    let item = sampled(&["a", "b", "c"]);
    let mut script = captures(&whole());
    script.extend([
        reads(r#"{"id":{"S":"a"}}"#),
        reads(r#"{"id":{"S":"b"},"secret":{"S":"hunter2"}}"#),
        answers("GetItem", "{}"),
    ]);
    let (kind, replay) = dynamodb(script);
    let checks = kind.compare(&run(), &item, true).await.unwrap();
    let names: Vec<_> = checks
        .iter()
        .map(|check| (check.name.as_str(), check.finding))
        .collect();
    assert_eq!(
        names,
        [
            ("thing: configuration", Finding::Same),
            (r#"thing: item {"id":{"S":"b"}}"#, Finding::Different),
            (r#"thing: item {"id":{"S":"c"}}"#, Finding::Different),
        ]
    );
    assert!(!format!("{checks:?}").contains("hunter2"));
    let asked = replay.played().pop().unwrap().json();
    assert_eq!(
        asked,
        json!({"TableName": "rooms-r1", "Key": {"id": {"S": "c"}}, "ConsistentRead": true})
    );
}
