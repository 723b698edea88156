//! Settings that few clusters have, and policies of every type.

use serde_json::{Value, json};

use super::copies::*;
use super::*;
use crate::domain::restore::item::RestoreProgress;
use crate::domain::restore::verdict::Finding;
use crate::kinds::Restore;

const INSIGHTS_KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/insights";

#[tokio::test]
async fn what_only_some_clusters_have_is_asked_for_too() {
    let mut captured = configuration();
    let cluster = &mut captured["DBCluster"];
    cluster["BacktrackWindow"] = 3600.into();
    cluster["VPCNetworkingEnabled"] = false.into();
    cluster["InternetAccessGatewayEnabled"] = true.into();
    cluster["PerformanceInsightsEnabled"] = true.into();
    cluster["PerformanceInsightsKMSKeyId"] = INSIGHTS_KEY.into();
    captured["DBInstances"][1]["PerformanceInsightsKMSKeyId"] = INSIGHTS_KEY.into();
    captured["DBClusterEndpoints"][0] = json!({
        "DBClusterEndpointIdentifier": "reports", "CustomEndpointType": "ANY", "ExcludedMembers": ["hubs-db-2"],
    });
    let item = item(from_snapshot(), captured);
    let field = |asked: &crate::testing::replay::Asked, name: &str| asked.field(name).unwrap_or_default();

    let mut script = vec![
        no_cluster(),
        snapshot_is("available", "16.4"),
        versions(&[("16.4", "available")]),
    ];
    script.extend(groups_are_there());
    script.push(restored("RestoreDBClusterFromSnapshot"));
    let (_, asked) = advanced(script, &item).await;
    let made = asked.last().unwrap();
    assert_eq!(field(made, "BacktrackWindow"), "3600");
    assert_eq!(field(made, "EnableVPCNetworking"), "false");
    assert_eq!(field(made, "EnableInternetAccessGateway"), "true");

    let script = vec![cluster_answer(&fresh(), "available"), restored("ModifyDBCluster")];
    let (_, asked) = advanced(script, &item).await;
    assert_eq!(field(&asked[1], "PerformanceInsightsKMSKeyId"), INSIGHTS_KEY);

    let mut ready = faithful()["DBCluster"].clone();
    ready["PerformanceInsightsEnabled"] = true.into();
    ready["PerformanceInsightsKMSKeyId"] = INSIGHTS_KEY.into();
    let one = json!([faithful()["DBInstances"][0]]);
    let script = vec![
        cluster_answer(&ready, "available"),
        instances_answer(&one),
        xml("CreateDBInstance", ""),
    ];
    let (_, asked) = advanced(script, &item).await;
    assert_eq!(field(&asked[2], "PerformanceInsightsKMSKeyId"), INSIGHTS_KEY);

    let mut script = vec![
        cluster_answer(&ready, "available"),
        instances_answer(&faithful()["DBInstances"]),
        endpoints_answer(&json!([])),
        xml("CreateDBClusterEndpoint", ""),
    ];
    script.extend(scaling_answers(&faithful()));
    let (_, asked) = advanced(script, &item).await;
    assert_eq!(field(&asked[3], "ExcludedMembers.member.1"), "hubs-db-2-r1");
}

/// A step scaling or metric math policy, and a custom metric of the cluster: put back for the copy, and compared as such.
#[tokio::test]
async fn policies_of_every_type_come_back_about_the_copy() {
    let of = |name: &str, kind: &str, cluster: &str, configuration: Value| {
        let mut policy = json!({
            "PolicyName": name, "ServiceNamespace": "rds", "ResourceId": format!("cluster:{cluster}"),
            "ScalableDimension": "rds:cluster:ReadReplicaCount", "PolicyType": kind, "PolicyARN": format!("arn:{cluster}"),
        });
        policy[format!("{kind}PolicyConfiguration")] = configuration;
        policy
    };
    let policies = |cluster: &str| {
        let math = json!({ "TargetValue": 5.0, "CustomizedMetricSpecification": { "Metrics": [
            { "Id": "all", "Expression": format!("SUM(SEARCH('DBClusterIdentifier=\"{cluster}\"', 'Average'))") },
        ] } });
        let own = json!({ "TargetValue": 7.0, "CustomizedMetricSpecification": {
            "MetricName": "Queue", "Namespace": "hubs", "Statistic": "Average",
            "Dimensions": [{ "Name": "DBClusterIdentifier", "Value": cluster }],
        } });
        json!([
            of("math", "TargetTrackingScaling", cluster, math),
            of("own", "TargetTrackingScaling", cluster, own),
            of(
                "steps",
                "StepScaling",
                cluster,
                json!({ "AdjustmentType": "ChangeInCapacity", "Cooldown": 60 })
            ),
        ])
    };
    let mut captured_source = configuration();
    captured_source["ScalingPolicies"] = policies("hubs-db");
    let item = item(from_snapshot(), captured_source);
    let mut unscaled = faithful();
    unscaled["ScalingPolicies"] = json!([]);
    let mut script = vec![
        cluster_answer(&faithful()["DBCluster"], "available"),
        instances_answer(&faithful()["DBInstances"]),
        endpoints_answer(&faithful()["DBClusterEndpoints"]),
    ];
    script.extend(scaling_answers(&unscaled));
    script.extend((0..3).map(|_| answers("PutScalingPolicy", "{}")));
    let (advance, asked) = advanced(script, &item).await;
    assert!(matches!(advance, RestoreProgress::Restored { .. }), "{advance:?}");
    for (asked, mut wanted) in asked[6..].iter().zip(policies(TARGET).as_array().unwrap().clone()) {
        wanted.as_object_mut().unwrap().remove("PolicyARN");
        assert_eq!(asked.json(), wanted);
    }

    let mut copy = faithful();
    copy["ScalingPolicies"] = policies(TARGET);
    let (kind, _) = aurora(captured(&copy));
    let checks = kind.compare(&restore(), &item, true).await.unwrap();
    assert_eq!((checks.len(), checks[0].finding), (1, Finding::Same), "{checks:?}");
    // Policies that still name the source do not pass.
    let mut stale = copy.clone();
    for (at, policy) in stale["ScalingPolicies"].as_array_mut().unwrap().iter_mut().enumerate() {
        *policy = policies("hubs-db")[at].clone();
        policy["ResourceId"] = format!("cluster:{TARGET}").into();
    }
    let (kind, _) = aurora(captured(&stale));
    let checks = kind.compare(&restore(), &item, true).await.unwrap();
    assert_eq!(checks.len(), 2, "{checks:?}");
    assert!(
        checks.iter().all(|check| check.finding == Finding::Different),
        "{checks:?}"
    );
}
