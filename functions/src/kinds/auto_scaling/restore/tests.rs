#![allow(clippy::unwrap_used)]

use super::*;
use crate::kinds::auto_scaling;
use crate::testing::replay::{Replay, answers};

async fn asked_for(changes: Vec<ScalingChange>, actions: &[&str]) -> Vec<Value> {
    let replay = Replay::new(actions.iter().map(|action| answers(action, "{}")));
    let client = auto_scaling::client(&replay.config());
    for change in &changes {
        put(&client, change).await.unwrap();
    }
    replay
        .played()
        .iter()
        .map(crate::testing::replay::Asked::json)
        .collect()
}

#[tokio::test]
async fn policies_of_every_type_are_put_as_they_were() {
    for (kind, configuration) in [
        ("StepScaling", "StepScalingPolicyConfiguration"),
        ("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration"),
        ("PredictiveScaling", "PredictiveScalingPolicyConfiguration"),
    ] {
        let policy = json!({ "PolicyName": "p", "PolicyType": kind, configuration: { "Cooldown": 1 } });
        let mut described = policy.clone();
        described["PolicyARN"] = json!("arn");
        described["Alarms"] = json!([{ "AlarmName": "a" }]);
        assert_eq!(
            asked_for(vec![ScalingChange::Policy(described)], &["PutScalingPolicy"]).await,
            [policy]
        );
    }
}

#[tokio::test]
async fn scheduled_actions_are_put_as_they_were() {
    let action = json!({
        "ScheduledActionName": "night", "Schedule": "cron(0 1 * * ? *)", "Timezone": "Europe/Berlin", "StartTime": 1.7e9,
        "EndTime": 1.9e9, "ScalableTargetAction": { "MinCapacity": 1 },
    });
    let mut described = action.clone();
    described["ScheduledActionARN"] = json!("arn");
    assert_eq!(
        asked_for(vec![ScalingChange::Action(described)], &["PutScheduledAction"]).await,
        [action]
    );
}

#[tokio::test]
async fn a_target_keeps_a_role_of_its_own() {
    let target = |role: &str| ScalingChange::Target(json!({ "ResourceId": "table/rooms", "RoleARN": role }));
    let own = "arn:aws:iam::1:role/own";
    let linked = "arn:aws:iam::1:role/aws-service-role/dynamodb/x";
    let asked = asked_for(vec![target(own), target(linked)], &["RegisterScalableTarget"; 2]).await;
    assert_eq!(
        (asked[0]["RoleARN"].as_str(), asked[1].get("RoleARN")),
        (Some(own), None)
    );
}

#[test]
fn only_what_is_missing_is_put_back() {
    let captured = json!({
        "ScalableTargets": [{ "ResourceId": "table/rooms", "MinCapacity": 1 }],
        "ScalingPolicies": [{ "ResourceId": "table/rooms", "TargetTrackingScalingPolicyConfiguration": { "TargetValue": 70 } }],
        "ScheduledActions": [{ "ResourceId": "table/rooms", "Schedule": "rate(1 day)" }],
    });
    let renaming = NameMap::new([("table/rooms".to_owned(), "table/copy".to_owned())]);
    let mut copy = renaming.applied(&captured);
    copy["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"] =
        json!({ "TargetValue": 70.0, "DisableScaleIn": false });
    assert_eq!(missing(&captured, &copy, &renaming), []);
    assert_eq!(missing(&captured, &Value::Null, &renaming).len(), 3);
    copy["ScheduledActions"][0]["Schedule"] = json!("rate(2 days)");
    let wanted = renaming.applied(&captured["ScheduledActions"][0]);
    assert_eq!(missing(&captured, &copy, &renaming), [ScalingChange::Action(wanted)]);
}
