//! What is captured.

use super::*;

#[tokio::test]
async fn all_that_a_restore_does_not_bring_back_is_captured_as_aws_answered_it() {
    let (kind, replay) = dynamodb([
        answers(
            "DescribeTable",
            r#"{"Table":{"TableName":"rooms","TableArn":"arn:aws:dynamodb:eu-west-1:1:table/rooms","TableStatus":"ACTIVE","DeletionProtectionEnabled":true,"TableClassSummary":{"TableClass":"STANDARD"},"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"GlobalSecondaryIndexes":[{"IndexName":"by-owner"}],"SomethingNew":{"Of":2027}}}"#,
        ),
        answers(
            "DescribeTimeToLive",
            r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}"#,
        ),
        answers(
            "DescribeContinuousBackups",
            r#"{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED"}}}"#,
        ),
        answers(
            "DescribeKinesisStreamingDestination",
            r#"{"TableName":"rooms","KinesisDataStreamDestinations":[]}"#,
        ),
        answers(
            "DescribeContributorInsights",
            r#"{"TableName":"rooms","ContributorInsightsStatus":"DISABLED"}"#,
        ),
        answers(
            "DescribeContributorInsights",
            r#"{"TableName":"rooms","IndexName":"by-owner","ContributorInsightsStatus":"ENABLED"}"#,
        ),
        answers(
            "DescribeScalableTargets",
            r#"{"ScalableTargets":[{"ServiceNamespace":"dynamodb","ResourceId":"table/rooms","ScalableDimension":"dynamodb:table:ReadCapacityUnits","MinCapacity":1,"MaxCapacity":9,"RoleARN":"arn:r","CreationTime":1.7e9}],"NextToken":"t"}"#,
        ),
        answers(
            "DescribeScalableTargets",
            r#"{"ScalableTargets":[{"ServiceNamespace":"dynamodb","ResourceId":"table/rooms","ScalableDimension":"dynamodb:table:WriteCapacityUnits","MinCapacity":1,"MaxCapacity":5,"RoleARN":"arn:r","CreationTime":1.7e9}]}"#,
        ),
        answers(
            "DescribeScalingPolicies",
            r#"{"ScalingPolicies":[{"PolicyARN":"arn:p","PolicyName":"reads","ServiceNamespace":"dynamodb","ResourceId":"table/rooms","ScalableDimension":"dynamodb:table:ReadCapacityUnits","PolicyType":"TargetTrackingScaling","CreationTime":1.7e9}]}"#,
        ),
        answers(
            "DescribeScheduledActions",
            r#"{"ScheduledActions":[{"ScheduledActionName":"evening"}],"NextToken":"t"}"#,
        ),
        answers(
            "DescribeScheduledActions",
            r#"{"ScheduledActions":[{"ScheduledActionName":"morning"}]}"#,
        ),
        answers(
            "ListTagsOfResource",
            r#"{"Tags":[{"Key":"team","Value":"hubs"}],"NextToken":"t"}"#,
        ),
        answers("ListTagsOfResource", r#"{"Tags":[{"Key":"cost","Value":"42"}]}"#),
        refuses("GetResourcePolicy", 400, "PolicyNotFoundException"),
    ]);
    let captured = kind.capture(&rooms()).await.unwrap();
    for (pointer, value) in [
        ("/Table/DeletionProtectionEnabled", Value::from(true)),
        ("/Table/SomethingNew/Of", 2027.into()),
        ("/TimeToLiveDescription/AttributeName", "expires".into()),
        (
            "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus",
            "ENABLED".into(),
        ),
        ("/ContributorInsights/ContributorInsightsStatus", "DISABLED".into()),
        ("/ScalableTargets/1/MaxCapacity", 5.into()),
        ("/ScalingPolicies/0/PolicyName", "reads".into()),
        ("/ScheduledActions/1/ScheduledActionName", "morning".into()),
        ("/IndexContributorInsights/0/IndexName", "by-owner".into()),
        ("/Tags/1/Key", "cost".into()),
    ] {
        assert_eq!(captured.pointer(pointer), Some(&value), "{pointer} in {captured:#}");
    }
    assert!(captured.get("Policy").is_none() && captured.get("KinesisDataStreamDestinations").is_none());
    let requests = replay.played();
    assert!(
        requests[6]
            .body
            .contains(r#""ResourceIds":["table/rooms","table/rooms/index/by-owner"]"#),
        "{}",
        requests[6].body
    );
    assert!(
        requests[11].body.contains("arn:aws:dynamodb:eu-west-1:1:table/rooms"),
        "{}",
        requests[11].body
    );
    let (kind, _) = dynamodb([refuses("DescribeTable", 400, "ResourceNotFoundException")]);
    assert_eq!(kind.capture(&rooms()).await.unwrap_err().name(), "NotFound");
}

/// Fails at 8e363f8: the backup failed.
#[tokio::test]
async fn what_the_region_does_not_offer_or_aws_does_not_tell_costs_no_backup() {
    let (kind, replay) = dynamodb([
        answers("DescribeTable", r#"{"Table":{"TableName":"rooms","TableArn":"arn:t"}}"#),
        answers("DescribeTimeToLive", "{}"),
        answers("DescribeContinuousBackups", "{}"),
        refuses("DescribeKinesisStreamingDestination", 400, "UnknownOperationException"),
        refuses("DescribeContributorInsights", 400, "AccessDeniedException"),
        refuses("DescribeScalableTargets", 400, "UnknownOperationException"),
        answers("ListTagsOfResource", "{}"),
        refuses("GetResourcePolicy", 400, "UnknownOperationException"),
    ]);
    let captured = kind.capture(&rooms()).await.unwrap();
    assert_eq!(
        captured["NotOffered"],
        serde_json::json!(["KinesisDataStreamDestinations", "ScalableTargets", "Policy"])
    );
    let left_out = crate::kinds::optional::not_captured(&captured);
    assert_eq!((left_out.len(), left_out[0].0.as_str()), (1, "ContributorInsights"));
    replay.played();
    // Settings that a restore puts back are not only compared.
    let (kind, _) = dynamodb([
        answers("DescribeTable", r#"{"Table":{"TableName":"rooms","TableArn":"arn:t"}}"#),
        refuses("DescribeTimeToLive", 400, "AccessDeniedException"),
    ]);
    assert_eq!(kind.capture(&rooms()).await.unwrap_err().name(), "AccessDenied");
}
