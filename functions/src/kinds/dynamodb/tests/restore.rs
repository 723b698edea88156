//! The restore of a table, call by call.

use serde_json::json;

use super::*;
use crate::domain::restore::item::{CreatedResource, ItemStatus, RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::plan::{Destination, Source};
use crate::kinds::Restore;
use crate::testing::samples::restoring;

pub const TARGET: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms-r1";
const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

/// A value for every setting that can be captured.
pub fn captured() -> Value {
    json!({
        "Table": {
            "TableName": "rooms",
            "TableArn": TABLE,
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "owner", "AttributeType": "S"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3},
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-owner",
                "IndexStatus": "ACTIVE",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
                "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 1},
            }],
            "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
            "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            "DeletionProtectionEnabled": true,
        },
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"},
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 14},
        },
        "Tags": [{"Key": "team", "Value": "hubs"}, {"Key": "aws:cloudformation:stack-name", "Value": "x"}],
        "Policy": format!(r#"{{"Statement":[{{"Resource":["{TABLE}","{TABLE}/index/*","{TABLE}-old"]}}]}}"#),
        "KinesisDataStreamDestinations": [{
            "StreamArn": "arn:stream", "DestinationStatus": "ACTIVE", "ApproximateCreationDateTimePrecision": "MILLISECOND",
        }],
        "ContributorInsights": {"TableName": "rooms", "ContributorInsightsStatus": "ENABLED"},
        "IndexContributorInsights": [{
            "TableName": "rooms", "IndexName": "by-owner", "ContributorInsightsStatus": "ENABLED",
            "ContributorInsightsMode": "THROTTLED_KEYS",
        }],
        "ScalableTargets": [{
            "ServiceNamespace": "dynamodb", "ResourceId": "table/rooms",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits", "MinCapacity": 1, "MaxCapacity": 9,
            "RoleARN": "arn:aws:iam::1:role/aws-service-role/dynamodb/x", "CreationTime": 1.7e9,
        }],
        "ScalingPolicies": [{
            "PolicyARN": "arn:p", "PolicyName": "reads", "ServiceNamespace": "dynamodb", "ResourceId": "table/rooms",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits", "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 70, "ScaleInCooldown": 60,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            },
            "CreationTime": 1.7e9,
        }],
        "ScheduledActions": [{
            "ScheduledActionName": "evening", "ScheduledActionARN": "arn:s", "ServiceNamespace": "dynamodb",
            "Schedule": "cron(0 18 * * ? *)", "Timezone": "Europe/Berlin", "ResourceId": "table/rooms",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits", "CreationTime": 1.7e9,
            "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 2},
        }],
    })
}

/// The copy as DynamoDB restores it.
pub fn bare() -> Value {
    let mut table = captured()["Table"].clone();
    for lost in ["StreamSpecification", "TableClassSummary", "DeletionProtectionEnabled"] {
        table.as_object_mut().unwrap().remove(lost);
    }
    json!({"Table": named(table), "ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}})
}

/// A captured table, as the copy.
fn named(mut table: Value) -> Value {
    table["TableName"] = json!("rooms-r1");
    table["TableArn"] = json!(TARGET);
    table["CreationDateTime"] = json!(1795140960.0);
    table["RestoreSummary"] = json!({
        "SourceBackupArn": ARN, "SourceTableArn": TABLE, "RestoreDateTime": 1795140000.0, "RestoreInProgress": false,
    });
    table
}

/// The copy with everything put back.
pub fn whole() -> Value {
    let text = captured().to_string();
    let text = text.replace(&format!("{TABLE}-old"), "OLD").replace(TABLE, TARGET);
    let text = text
        .replace("OLD", &format!("{TABLE}-old"))
        .replace("table/rooms\"", "table/rooms-r1\"");
    let mut all: Value = serde_json::from_str(&text).unwrap();
    all["Table"] = named(all["Table"].take());
    all["Tags"] = tags();
    all
}

/// The restore's tags, and the table's own.
pub fn tags() -> Value {
    json!([
        {"Key": "holdfast:deployment", "Value": "hubs-prod"},
        {"Key": "holdfast:restore", "Value": run().id},
        {"Key": "holdfast:resource", "Value": "thing"},
        {"Key": "team", "Value": "hubs"},
    ])
}

pub fn item() -> RestoreItem {
    let destination = Destination::Table {
        table: "rooms-r1".into(),
    };
    RestoreItem {
        status: ItemStatus::InProgress,
        configuration: captured(),
        ..restoring(rooms(), Source::TableBackup { arn: ARN.into() }, destination)
    }
}

/// A restore to a point in time.
pub fn item_at(at: &str) -> RestoreItem {
    let mut item = item();
    item.planned.source = Source::TableAt {
        table: "rooms".into(),
        at: at.parse().unwrap(),
    };
    item
}

pub fn table_is(all: &Value) -> Exchange {
    answers("DescribeTable", json!({"Table": all["Table"]}).to_string())
}

/// The copy with one attribute changed.
pub fn table_with(mut all: Value, name: &str, value: Value) -> Exchange {
    all["Table"][name] = value;
    table_is(&all)
}

pub fn no_table() -> Exchange {
    refuses("DescribeTable", 400, "ResourceNotFoundException")
}

pub fn tags_are(all: &Value) -> Exchange {
    answers("ListTagsOfResource", json!({"Tags": list(&all["Tags"])}).to_string())
}

fn list(value: &Value) -> Value {
    if value.is_null() { json!([]) } else { value.clone() }
}

/// The calls of a capture of a table with this configuration.
pub fn captures(all: &Value) -> Vec<Exchange> {
    let mut asked = vec![
        table_is(all),
        answers(
            "DescribeTimeToLive",
            json!({"TimeToLiveDescription": all["TimeToLiveDescription"]}).to_string(),
        ),
        answers(
            "DescribeContinuousBackups",
            json!({"ContinuousBackupsDescription": all["ContinuousBackupsDescription"]}).to_string(),
        ),
        answers(
            "DescribeKinesisStreamingDestination",
            json!({"KinesisDataStreamDestinations": list(&all["KinesisDataStreamDestinations"])}).to_string(),
        ),
        answers(
            "DescribeContributorInsights",
            all["ContributorInsights"].to_string().replace("null", "{}"),
        ),
    ];
    for index in all["Table"]["GlobalSecondaryIndexes"].as_array().into_iter().flatten() {
        let of_index = all["IndexContributorInsights"].as_array().into_iter().flatten();
        let mut found = of_index.filter(|insights| insights["IndexName"] == index["IndexName"]);
        let off = json!({"ContributorInsightsStatus": "DISABLED"});
        asked.push(answers(
            "DescribeContributorInsights",
            found.next_back().unwrap_or(&off).to_string(),
        ));
    }
    asked.push(answers(
        "DescribeScalableTargets",
        json!({"ScalableTargets": list(&all["ScalableTargets"])}).to_string(),
    ));
    if !all["ScalableTargets"].is_null() {
        asked.push(answers(
            "DescribeScalingPolicies",
            json!({"ScalingPolicies": list(&all["ScalingPolicies"])}).to_string(),
        ));
        asked.push(answers(
            "DescribeScheduledActions",
            json!({"ScheduledActions": list(&all["ScheduledActions"])}).to_string(),
        ));
    }
    asked.push(tags_are(all));
    asked.push(match &all["Policy"] {
        Value::Null => refuses("GetResourcePolicy", 400, "PolicyNotFoundException"),
        policy => answers("GetResourcePolicy", json!({"Policy": policy}).to_string()),
    });
    asked
}

/// A call for a copy that is ready: it is described, identified as this restore's, and captured.
fn look(all: &Value) -> Vec<Exchange> {
    let mut asked = vec![table_is(all), tags_are(all)];
    asked.extend(captures(all));
    asked
}

pub fn done(action: &str) -> Exchange {
    answers(action, "{}")
}

pub fn key(manager: &str) -> Exchange {
    answers(
        "DescribeKey",
        format!(r#"{{"KeyMetadata":{{"KeyId":"1","KeyState":"Enabled","KeyManager":"{manager}"}}}}"#),
    )
}

pub fn made() -> CreatedResource {
    CreatedResource::Table {
        table: "rooms-r1".into(),
        arn: TARGET.into(),
    }
}

#[track_caller]
fn phase(advance: RestoreProgress) -> String {
    match advance {
        RestoreProgress::InProgress { phase, .. } => phase,
        other => panic!("not in progress: {other:?}"),
    }
}

#[tokio::test]
async fn a_copy_is_asked_for_with_everything_that_was_captured() {
    let (kind, replay) = dynamodb([no_table(), key("CUSTOMER"), done("RestoreTableFromBackup")]);
    let advance = kind.advance(&run(), &item()).await.unwrap();
    assert!(phase(advance).contains("rooms-r1"));
    let asked = replay.played()[2].json();
    assert_eq!(
        asked,
        json!({
            "TargetTableName": "rooms-r1",
            "BackupArn": ARN,
            "BillingModeOverride": "PROVISIONED",
            "ProvisionedThroughputOverride": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3},
            "GlobalSecondaryIndexOverride": [{
                "IndexName": "by-owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
                "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 1},
            }],
            "SSESpecificationOverride": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": KEY},
        })
    );
}

#[tokio::test]
async fn on_demand_tables_local_indexes_and_other_encryptions_are_asked_for_as_captured() {
    let mut item = item_at("2026-11-20T02:00:00.5Z");
    let table = &mut item.configuration["Table"];
    table["BillingModeSummary"] = json!({"BillingMode": "PAY_PER_REQUEST"});
    table["OnDemandThroughput"] = json!({"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": -1});
    table["LocalSecondaryIndexes"] = json!([{
        "IndexName": "by-age", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "age", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "ALL"},
    }]);
    let (kind, replay) = dynamodb([no_table(), key("AWS"), done("RestoreTableToPointInTime")]);
    kind.advance(&run(), &item).await.unwrap();
    let asked = replay.played()[2].json();
    assert_eq!(
        (&asked["SourceTableName"], asked["RestoreDateTime"].as_f64()),
        (&json!("rooms"), Some(1_795_140_000.5))
    );
    assert_eq!(asked["BillingModeOverride"], "PAY_PER_REQUEST");
    assert_eq!(asked["OnDemandThroughputOverride"], json!({"MaxReadRequestUnits": 100}));
    assert!(asked.get("ProvisionedThroughputOverride").is_none());
    assert!(
        asked
            .pointer("/GlobalSecondaryIndexOverride/0/ProvisionedThroughput")
            .is_none()
    );
    assert_eq!(
        asked["LocalSecondaryIndexOverride"],
        item.configuration["Table"]["LocalSecondaryIndexes"]
    );
    // DynamoDB's own KMS key must not be named.
    assert_eq!(
        asked["SSESpecificationOverride"],
        json!({"Enabled": true, "SSEType": "KMS"})
    );

    let table = item.configuration["Table"].as_object_mut().unwrap();
    table.remove("SSEDescription");
    let (kind, replay) = dynamodb([no_table(), done("RestoreTableToPointInTime")]);
    kind.advance(&run(), &item).await.unwrap();
    assert_eq!(
        replay.played()[1].json()["SSESpecificationOverride"],
        json!({"Enabled": false})
    );

    item.configuration = Value::Null;
    let (kind, replay) = dynamodb([no_table(), done("RestoreTableToPointInTime")]);
    kind.advance(&run(), &item).await.unwrap();
    let names: Vec<String> = replay.played()[1].json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["RestoreDateTime", "SourceTableName", "TargetTableName"]);
}

/// DynamoDB's responses to each call, from a copy that is being created to a finished one.
pub fn looks() -> Vec<Vec<Exchange>> {
    let full = whole();
    let mut seen = bare();
    let mut looks = vec![vec![
        table_with(bare(), "TableStatus", json!("CREATING")),
        tags_are(&seen),
        tags_are(&seen),
        // It is tagged as soon as DynamoDB allows.
        refuses("TagResource", 400, "ResourceInUseException"),
    ]];
    let mut filling = bare();
    filling["Table"]["RestoreSummary"]["RestoreInProgress"] = json!(true);
    looks.push(vec![
        table_is(&filling),
        tags_are(&seen),
        tags_are(&seen),
        done("TagResource"),
    ]);
    seen["Tags"] = json!(full["Tags"].as_array().unwrap()[..3]);
    // Its own tags, then its stream: nothing else is possible while the table is UPDATING.
    looks.push(look_and(&seen, [done("TagResource"), done("UpdateTable")]));
    seen["Tags"] = full["Tags"].clone();
    seen["Table"]["StreamSpecification"] = full["Table"]["StreamSpecification"].clone();
    looks.push(vec![
        table_with(seen.clone(), "TableStatus", json!("UPDATING")),
        tags_are(&seen),
        tags_are(&seen),
    ]);
    looks.push(look_and(&seen, [refuses("UpdateTable", 400, "ResourceInUseException")]));
    looks.push(look_and(&seen, [done("UpdateTable")]));
    seen["Table"]["TableClassSummary"] = full["Table"]["TableClassSummary"].clone();
    let settings = [
        "UpdateTimeToLive",
        "UpdateContinuousBackups",
        "PutResourcePolicy",
        "RegisterScalableTarget",
        "PutScalingPolicy",
        "PutScheduledAction",
        "UpdateContributorInsights",
        "UpdateContributorInsights",
        "EnableKinesisStreamingDestination",
        "UpdateTable",
    ];
    looks.push(look_and(&seen, settings.map(done)));
    looks.push(look(&full));
    looks
}

/// A call for a copy that is ready, with the changes that it then requests.
fn look_and(all: &Value, changes: impl IntoIterator<Item = Exchange>) -> Vec<Exchange> {
    let mut asked = look(all);
    asked.extend(changes);
    asked
}

#[tokio::test]
async fn what_a_restore_does_not_bring_back_is_put_back_in_an_order_that_dynamodb_takes() {
    let full = whole();
    let (kind, replay) = dynamodb(looks().into_iter().flatten());
    let (run, item) = (run(), item());
    for expected in [
        "CREATING",
        "being filled",
        "stream",
        "UPDATING",
        "busy",
        "STANDARD_INFREQUENT_ACCESS",
        "deletion protection",
    ] {
        let advance = kind.advance(&run, &item).await.unwrap();
        assert!(
            matches!(&advance, RestoreProgress::InProgress { made: Some(table), .. } if *table == made()),
            "{advance:?}"
        );
        let phase = phase(advance);
        assert!(phase.contains(expected), "{phase} for {expected}");
    }
    let RestoreProgress::Restored { made: table, remarks } = kind.advance(&run, &item).await.unwrap() else {
        panic!("not restored")
    };
    assert_eq!(table, made());
    for said in ["stream of its own", "arn:stream"] {
        assert!(remarks.iter().any(|remark| remark.contains(said)), "{remarks:?}");
    }
    let requests = replay.played();
    let bodies = |action: &str| {
        let of = requests.iter().filter(|request| request.action == action);
        of.map(crate::testing::replay::Asked::json).collect::<Vec<_>>()
    };
    let tagged = bodies("TagResource");
    assert_eq!(tagged[0]["Tags"], json!(full["Tags"].as_array().unwrap()[..3]));
    assert_eq!(tagged[2]["Tags"], json!([{"Key": "team", "Value": "hubs"}]));
    let updates = bodies("UpdateTable");
    assert_eq!(
        updates[0]["StreamSpecification"],
        json!({"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"})
    );
    assert_eq!(updates[2]["TableClass"], "STANDARD_INFREQUENT_ACCESS");
    assert_eq!(
        updates[3],
        json!({"TableName": "rooms-r1", "DeletionProtectionEnabled": true})
    );
    assert_eq!(
        bodies("UpdateTimeToLive")[0]["TimeToLiveSpecification"],
        json!({"Enabled": true, "AttributeName": "expires"})
    );
    assert_eq!(
        bodies("UpdateContinuousBackups")[0]["PointInTimeRecoverySpecification"],
        json!({"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 14})
    );
    let policy = bodies("PutResourcePolicy")[0]["Policy"].as_str().unwrap().to_owned();
    assert_eq!(
        serde_json::from_str::<Value>(&policy).unwrap()["Statement"][0]["Resource"],
        json!([TARGET, format!("{TARGET}/index/*"), format!("{TABLE}-old")])
    );
    let target = &bodies("RegisterScalableTarget")[0];
    assert_eq!(
        (&target["ResourceId"], &target["MaxCapacity"], target.get("RoleARN")),
        (&json!("table/rooms-r1"), &json!(9), None)
    );
    let policy = &bodies("PutScalingPolicy")[0];
    assert_eq!(
        (&policy["ResourceId"], &policy["PolicyName"]),
        (&json!("table/rooms-r1"), &json!("reads"))
    );
    assert_eq!(
        policy["TargetTrackingScalingPolicyConfiguration"],
        json!({
            "TargetValue": 70, "ScaleInCooldown": 60,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
        })
    );
    let scheduled = &bodies("PutScheduledAction")[0];
    assert_eq!(
        (&scheduled["ResourceId"], &scheduled["Schedule"], &scheduled["Timezone"]),
        (
            &json!("table/rooms-r1"),
            &json!("cron(0 18 * * ? *)"),
            &json!("Europe/Berlin")
        )
    );
    assert_eq!(
        scheduled["ScalableTargetAction"],
        json!({"MinCapacity": 1, "MaxCapacity": 2})
    );
    let insights = bodies("UpdateContributorInsights");
    assert_eq!(insights[0].get("IndexName"), None);
    assert_eq!(
        (&insights[1]["IndexName"], &insights[1]["ContributorInsightsMode"]),
        (&json!("by-owner"), &json!("THROTTLED_KEYS"))
    );
}

#[tokio::test]
async fn a_setting_that_dynamodb_refuses_for_good_is_said_and_the_rest_is_put_back() {
    let mut seen = whole();
    seen["KinesisDataStreamDestinations"] = Value::Null;
    let mut script = look(&seen);
    script.push(refuses(
        "EnableKinesisStreamingDestination",
        400,
        "ResourceNotFoundException",
    ));
    let (kind, _) = dynamodb(script);
    let RestoreProgress::Restored { remarks, .. } = kind.advance(&run(), &item()).await.unwrap() else {
        panic!("not restored")
    };
    assert!(
        remarks
            .iter()
            .any(|remark| remark.contains("arn:stream could not be put back")),
        "{remarks:?}"
    );
    for (code, name) in [
        ("ThrottlingException", "Throttled"),
        ("LimitExceededException", "QuotaExceeded"),
    ] {
        let mut script = look(&seen);
        script.push(refuses("EnableKinesisStreamingDestination", 400, code));
        let (kind, _) = dynamodb(script);
        assert_eq!(kind.advance(&run(), &item()).await.unwrap_err().name(), name);
    }
}

#[tokio::test]
async fn a_lost_answer_and_a_table_that_is_not_yet_described_are_waited_for() {
    let taken = || refuses("RestoreTableFromBackup", 400, "TableAlreadyExistsException");
    let (kind, _) = dynamodb([no_table(), key("CUSTOMER"), taken()]);
    let advance = kind.advance(&run(), &item()).await.unwrap();
    assert!(phase(advance).contains("not yet described"));
    let (kind, _) = dynamodb([no_table(), key("CUSTOMER"), cut("RestoreTableFromBackup")]);
    assert_eq!(kind.advance(&run(), &item()).await.unwrap_err().name(), "Unavailable");
}

#[tokio::test]
async fn a_copy_that_is_untagged_is_ours_by_its_source_and_its_age() {
    let restored = |name: &str, value: Value| {
        let mut all = bare();
        all["Table"]["TableStatus"] = json!("CREATING");
        all["Table"]["RestoreSummary"][name] = value;
        all
    };
    let mut old = restored("RestoreInProgress", json!(true));
    old["Table"]["CreationDateTime"] = json!(1795140000.0);
    let mut foreign = bare();
    foreign["Tags"] = tags();
    foreign["Tags"][1]["Value"] = json!("hubs-prod-20261119-021500-ab12");
    let mut made = bare();
    made["Table"].as_object_mut().unwrap().remove("RestoreSummary");
    let at = "2026-11-20T02:00:00Z";
    for (item, table, ours) in [
        (item(), restored("RestoreInProgress", json!(true)), true),
        (item(), restored("SourceBackupArn", json!("arn:another")), false),
        (item(), old, false),
        (item(), foreign, false),
        (item(), made, false),
        (item_at(at), restored("RestoreInProgress", json!(true)), true),
        (
            item_at("2026-11-20T02:00:05Z"),
            restored("RestoreInProgress", json!(true)),
            false,
        ),
        (
            item_at(at),
            restored("SourceTableArn", json!(format!("{TABLE}-old"))),
            false,
        ),
    ] {
        let mut script = vec![table_is(&table), tags_are(&table)];
        if ours {
            script.extend([tags_are(&table), done("TagResource")]);
        }
        let (kind, replay) = dynamodb(script);
        let advance = kind.advance(&run(), &item).await;
        replay.played();
        match advance {
            Ok(_) => assert!(ours, "{table:#}"),
            Err(error) => assert_eq!((error.name(), ours), ("Conflict", false), "{error}"),
        }
    }
}

/// DynamoDB may describe a table that is being created before it reports the source.
#[tokio::test]
async fn a_copy_that_does_not_say_yet_what_it_is_restored_from_is_waited_for() {
    let mut creating = bare();
    creating["Table"]["TableStatus"] = json!("CREATING");
    creating["Table"].as_object_mut().unwrap().remove("RestoreSummary");
    let (kind, replay) = dynamodb([table_is(&creating), tags_are(&creating)]);
    let advance = kind.advance(&run(), &item()).await.unwrap();
    assert!(phase(advance).contains("does not show yet what it is restored from"));
    replay.played();
    let (kind, replay) = dynamodb([table_is(&creating), tags_are(&creating)]);
    let undoing = kind.undo(&run(), &item()).await.unwrap();
    assert!(matches!(undoing, UndoProgress::Underway(_)), "{undoing:?}");
    replay.played();
}

/// DynamoDB's tags and policies are eventually consistent.
#[tokio::test]
async fn a_copy_that_its_tags_do_not_know_yet_is_waited_for() {
    let unknown = |action: &str| refuses(action, 400, "ResourceNotFoundException");
    let mut creating = bare();
    creating["Table"]["TableStatus"] = json!("CREATING");
    let script = [
        table_is(&creating),
        unknown("ListTagsOfResource"),
        unknown("ListTagsOfResource"),
    ];
    let (kind, replay) = dynamodb(script);
    let advance = kind.advance(&run(), &item()).await.unwrap();
    assert!(matches!(advance, RestoreProgress::InProgress { .. }), "{advance:?}");
    replay.played();
}

#[tokio::test]
async fn an_index_is_waited_for_and_a_table_without_its_key_has_failed() {
    let mut seen = whole();
    seen["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = json!("CREATING");
    let (kind, _) = dynamodb([table_is(&seen), tags_are(&seen), tags_are(&seen)]);
    let advance = kind.advance(&run(), &item()).await.unwrap();
    assert!(phase(advance).contains("by-owner"));
    let lost = table_with(whole(), "TableStatus", json!("INACCESSIBLE_ENCRYPTION_CREDENTIALS"));
    let (kind, _) = dynamodb([lost, tags_are(&whole())]);
    let advance = kind.advance(&run(), &item()).await.unwrap();
    assert!(
        matches!(&advance, RestoreProgress::Failed { reason } if reason.contains("KMS key")),
        "{advance:?}"
    );
}

#[tokio::test]
async fn failures_of_a_restore_have_their_names() {
    for (code, name) in [
        ("BackupNotFoundException", "NotFound"),
        ("BackupInUseException", "NotReady"),
        ("LimitExceededException", "QuotaExceeded"),
        ("AccessDeniedException", "AccessDenied"),
        ("ValidationException", "JobFailed"),
    ] {
        let (kind, _) = dynamodb([
            no_table(),
            key("CUSTOMER"),
            refuses("RestoreTableFromBackup", 400, code),
        ]);
        assert_eq!(kind.advance(&run(), &item()).await.unwrap_err().name(), name, "{code}");
    }
}
