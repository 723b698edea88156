//! A cluster with a value in every attribute, a faithful copy of it, and RDS's responses that describe them.

use serde_json::{Value, json};

use super::*;
use crate::domain::restore::item::{CreatedResource, RestoreItem, RestoreProgress};
use crate::domain::restore::plan::{Destination, Source};
use crate::kinds::Restore;
use crate::testing::samples::restoring;

pub const SNAPSHOT: &str = "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:hf-snap";
pub const GROUP: &str = "arn:aws:rds:eu-west-1:111122223333:cluster-pg:tuned";
pub const INSTANCE_GROUP: &str = "arn:aws:rds:eu-west-1:111122223333:pg:one";
pub const TARGET: &str = "hubs-db-r1";

pub fn restore() -> Run {
    Run {
        id: "hubs-prod-restore-1".into(),
        ..run()
    }
}

pub fn from_snapshot() -> Source {
    Source::ClusterSnapshot {
        id: "hf-snap".into(),
        arn: SNAPSHOT.into(),
    }
}

pub fn at(resource_id: Option<&str>, at: Option<&str>) -> Source {
    Source::ClusterAt {
        cluster: "hubs-db".into(),
        resource_id: resource_id.map(str::to_owned),
        at: at.map(|at| at.parse().unwrap()),
    }
}

pub fn item(source: Source, configuration: Value) -> RestoreItem {
    let destination = Destination::Cluster { cluster: TARGET.into() };
    RestoreItem {
        restore: restore().id,
        configuration,
        ..restoring(database(), source, destination)
    }
}

/// The captured configuration of the source.
pub fn configuration() -> Value {
    let instance = |id: &str, tier: u32, class: &str| {
        json!({
            "DBInstanceIdentifier": id, "DBInstanceArn": format!("arn:db:{id}"), "DBInstanceStatus": "available",
            "DBInstanceClass": class, "Engine": "aurora-postgresql", "EngineVersion": "16.4",
            "AvailabilityZone": "eu-west-1a", "PromotionTier": tier, "PubliclyAccessible": true,
            "DBParameterGroups": [{ "DBParameterGroupName": "one", "ParameterApplyStatus": "in-sync" }],
            "AutoMinorVersionUpgrade": false, "PreferredMaintenanceWindow": "mon:03:00-mon:04:00",
            "MonitoringInterval": 60, "MonitoringRoleArn": "arn:aws:iam::111122223333:role/monitoring",
            "PerformanceInsightsEnabled": true, "PerformanceInsightsRetentionPeriod": 31,
            "CACertificateIdentifier": "rds-ca-ecc384-g1",
            "TagList": [{ "Key": "n", "Value": id }, { "Key": "holdfast:restore", "Value": "an-older-one" }],
        })
    };
    json!({
        "DBCluster": {
            "DBClusterIdentifier": "hubs-db", "DBClusterArn": "arn:aws:rds:eu-west-1:111122223333:cluster:hubs-db",
            "DbClusterResourceId": "cluster-SOURCE", "Engine": "aurora-postgresql", "EngineVersion": "16.4",
            "EngineMode": "provisioned", "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
            "Port": 5433, "Endpoint": "hubs-db.cluster-x", "ReaderEndpoint": "hubs-db.cluster-ro-x",
            "AvailabilityZones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"], "DBSubnetGroup": "private",
            "VpcSecurityGroups": [
                { "VpcSecurityGroupId": "sg-2", "Status": "active" }, { "VpcSecurityGroupId": "sg-1", "Status": "active" },
            ],
            "NetworkType": "IPV4", "DBClusterParameterGroup": "tuned",
            "AssociatedRoles": [{ "RoleArn": "arn:aws:iam::111122223333:role/import", "FeatureName": "s3Import", "Status": "ACTIVE" }],
            "ServerlessV2ScalingConfiguration": { "MinCapacity": 0.5, "MaxCapacity": 8.0 },
            "StorageType": "aurora-iopt1", "StorageEncrypted": true,
            "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k", "IAMDatabaseAuthenticationEnabled": true,
            "HttpEndpointEnabled": true, "EnabledCloudwatchLogsExports": ["postgresql"], "DeletionProtection": true,
            "CopyTagsToSnapshot": true, "BackupRetentionPeriod": 14, "PreferredBackupWindow": "01:00-02:00",
            "PreferredMaintenanceWindow": "tue:03:00-tue:04:00", "AutoMinorVersionUpgrade": false,
            "DatabaseInsightsMode": "standard", "LocalWriteForwardingStatus": "disabled", "MasterUsername": "hubs",
            "MasterUserSecret": {
                "SecretArn": "arn:secret:old", "SecretStatus": "active",
                "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:alias/aws/secretsmanager",
            },
            "DBClusterMembers": [
                { "DBInstanceIdentifier": "hubs-db-1", "IsClusterWriter": false, "PromotionTier": 0 },
                { "DBInstanceIdentifier": "hubs-db-2", "IsClusterWriter": true, "PromotionTier": 3 },
            ],
            "TagList": [{ "Key": "team", "Value": "hubs" }, { "Key": "aws:cloudformation:stack-name", "Value": "x" }],
        },
        "DBInstances": [instance("hubs-db-1", 0, "db.serverless"), instance("hubs-db-2", 3, "db.r6g.large")],
        "DBSubnetGroup": {
            "DBSubnetGroupName": "private", "VpcId": "vpc-1",
            "Subnets": [{ "SubnetIdentifier": "subnet-1" }, { "SubnetIdentifier": "subnet-2" }],
        },
        "DBClusterParameterGroup": {
            "DBClusterParameterGroupName": "tuned", "DBClusterParameterGroupArn": GROUP,
            "DBParameterGroupFamily": "aurora-postgresql16", "Description": "for hubs",
        },
        "DBClusterParameters": [
            { "ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate", "Source": "user" },
            { "ParameterName": "work_mem", "ParameterValue": "65536", "ApplyMethod": "pending-reboot", "Source": "user" },
        ],
        "DBParameterGroups": [{
            "DBParameterGroupName": "one", "DBParameterGroupArn": INSTANCE_GROUP,
            "DBParameterGroupFamily": "aurora-postgresql16", "Description": "of instances",
            "Parameters": [{ "ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "immediate" }],
        }],
        "DBClusterEndpoints": [{
            "DBClusterEndpointIdentifier": "reports", "EndpointType": "CUSTOM", "CustomEndpointType": "READER",
            "StaticMembers": ["hubs-db-1"],
        }],
        "ScalableTargets": [{
            "ServiceNamespace": "rds", "ResourceId": "cluster:hubs-db", "ScalableDimension": "rds:cluster:ReadReplicaCount",
            "MinCapacity": 1, "MaxCapacity": 5, "RoleARN": "arn:r", "CreationTime": 1.7e9,
            "SuspendedState": { "DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false },
        }],
        "ScalingPolicies": [{
            "PolicyARN": "arn:p", "PolicyName": "readers", "ServiceNamespace": "rds", "ResourceId": "cluster:hubs-db",
            "ScalableDimension": "rds:cluster:ReadReplicaCount", "PolicyType": "TargetTrackingScaling", "CreationTime": 1.7e9,
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 60.0, "ScaleInCooldown": 300, "ScaleOutCooldown": 200,
                "PredefinedMetricSpecification": { "PredefinedMetricType": "RDSReaderAverageCPUUtilization" },
            },
            "Alarms": [{ "AlarmName": "a", "AlarmARN": "arn:a" }],
        }],
        "ScheduledActions": [{
            "ScheduledActionName": "morning", "ScheduledActionARN": "arn:s", "ServiceNamespace": "rds",
            "Schedule": "cron(0 6 * * ? *)", "Timezone": "Europe/Berlin", "ResourceId": "cluster:hubs-db",
            "ScalableDimension": "rds:cluster:ReadReplicaCount", "CreationTime": 1.7e9,
            "ScalableTargetAction": { "MinCapacity": 2, "MaxCapacity": 6 },
        }],
    })
}

/// The captured configuration of a faithful copy.
pub fn faithful() -> Value {
    let mut copy = configuration();
    let tags = |own: &[(&str, &str)]| tag_list(own, &restore().id);
    let cluster = &mut copy["DBCluster"];
    cluster["DBClusterIdentifier"] = TARGET.into();
    cluster["DBClusterArn"] = format!("arn:aws:rds:eu-west-1:111122223333:cluster:{TARGET}").into();
    cluster["DbClusterResourceId"] = "cluster-COPY".into();
    cluster["Endpoint"] = "hubs-db-r1.cluster-x".into();
    cluster["ReaderEndpoint"] = "hubs-db-r1.cluster-ro-x".into();
    cluster["MasterUserSecret"]["SecretArn"] = "arn:secret:new".into();
    cluster["TagList"] = tags(&[("team", "hubs")]);
    cluster["VpcSecurityGroups"].as_array_mut().unwrap().reverse();
    for number in [0, 1] {
        let source = format!("hubs-db-{}", number + 1);
        let name = format!("{source}-r1");
        copy["DBCluster"]["DBClusterMembers"][number]["DBInstanceIdentifier"] = name.clone().into();
        let instance = &mut copy["DBInstances"][number];
        instance["TagList"] = tags(&[("n", &source)]);
        instance["DBInstanceIdentifier"] = name.into();
        instance["DBInstanceArn"] = "arn:db:new".into();
    }
    copy["DBClusterEndpoints"][0]["DBClusterEndpointIdentifier"] = "reports-r1".into();
    copy["DBClusterEndpoints"][0]["StaticMembers"] = json!(["hubs-db-1-r1"]);
    copy["ScalableTargets"][0]["ResourceId"] = "cluster:hubs-db-r1".into();
    copy["ScalableTargets"][0]["CreationTime"] = 1.8e9.into();
    copy["ScalingPolicies"][0]["ResourceId"] = "cluster:hubs-db-r1".into();
    copy["ScheduledActions"][0]["ResourceId"] = "cluster:hubs-db-r1".into();
    copy["ScheduledActions"][0]["ScheduledActionARN"] = "arn:s:new".into();
    copy["ScalingPolicies"][0]["PolicyARN"] = "arn:p:new".into();
    copy["ScalingPolicies"][0]["Alarms"] = json!([{ "AlarmName": "b", "AlarmARN": "arn:b" }]);
    copy
}

/// Tags of the restore `id`, after others.
pub fn tag_list(own: &[(&str, &str)], id: &str) -> Value {
    let ours = names::restore_tags("hubs-prod", id, "thing");
    let all = own.iter().map(|(key, value)| (*key, (*value).to_owned())).chain(ours);
    all.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

pub fn made() -> CreatedResource {
    CreatedResource::Cluster {
        cluster: TARGET.into(),
        arn: format!("arn:aws:rds:eu-west-1:111122223333:cluster:{TARGET}"),
        host: "hubs-db-r1.cluster-x".into(),
        reader_host: "hubs-db-r1.cluster-ro-x".into(),
        port: 5433,
        master_secret: Some("arn:secret:new".into()),
        master_username: Some("hubs".into()),
        resource_id: Some("cluster-COPY".into()),
        iam_authentication: true,
    }
}

/// RDS's responses when the copy is captured.
pub fn captured(copy: &Value) -> Vec<Exchange> {
    let mut answers = vec![cluster_answer(&copy["DBCluster"], "available")];
    answers.push(cluster_group_answer(&copy["DBClusterParameterGroup"]));
    answers.push(list(
        "DescribeDBClusterParameters",
        "Parameters",
        &copy["DBClusterParameters"],
    ));
    answers.push(list(
        "DescribeDBSubnetGroups",
        "DBSubnetGroups",
        &json!([copy["DBSubnetGroup"]]),
    ));
    answers.push(instances_answer(&copy["DBInstances"]));
    for group in copy["DBParameterGroups"].as_array().unwrap() {
        answers.push(instance_group_answer(group));
        answers.push(list("DescribeDBParameters", "Parameters", &group["Parameters"]));
    }
    answers.push(endpoints_answer(&copy["DBClusterEndpoints"]));
    answers.extend(scaling_answers(copy));
    answers
}

pub fn cluster_answer(cluster: &Value, status: &str) -> Exchange {
    let mut cluster = cluster.clone();
    cluster["Status"] = status.into();
    list("DescribeDBClusters", "DBClusters", &json!([cluster]))
}

pub fn no_cluster() -> Exchange {
    refuses("DescribeDBClusters", 404, "DBClusterNotFoundFault")
}

pub fn cluster_group_answer(group: &Value) -> Exchange {
    list(
        "DescribeDBClusterParameterGroups",
        "DBClusterParameterGroups",
        &json!([group]),
    )
}

pub fn instance_group_answer(group: &Value) -> Exchange {
    list("DescribeDBParameterGroups", "DBParameterGroups", &json!([group]))
}

pub fn instances_answer(instances: &Value) -> Exchange {
    list("DescribeDBInstances", "DBInstances", instances)
}

pub fn endpoints_answer(endpoints: &Value) -> Exchange {
    list("DescribeDBClusterEndpoints", "DBClusterEndpoints", endpoints)
}

pub fn scaling_answers(of: &Value) -> Vec<Exchange> {
    let targets = json!({ "ScalableTargets": of["ScalableTargets"] });
    let policies = json!({ "ScalingPolicies": of["ScalingPolicies"] });
    let mut answered = vec![answers("DescribeScalableTargets", targets.to_string())];
    if of["ScalableTargets"]
        .as_array()
        .is_some_and(|targets| !targets.is_empty())
    {
        answered.push(answers("DescribeScalingPolicies", policies.to_string()));
        let scheduled = json!({ "ScheduledActions": of["ScheduledActions"] });
        answered.push(answers("DescribeScheduledActions", scheduled.to_string()));
    }
    answered
}

pub fn tags_answer(tags: &Value) -> Exchange {
    list("ListTagsForResource", "TagList", tags)
}

/// RDS's refusal of an action whose name does not identify the service.
pub fn refuses_xml(action: &str, code: &str) -> Exchange {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>words</Message></Error>");
    answers(action, format!("<ErrorResponse>{error}</ErrorResponse>")).with_status(400)
}

pub fn list(action: &str, name: &str, members: &Value) -> Exchange {
    xml(action, &to_xml(name, members))
}

/// JSON under RDS's attribute names, in RDS's wire format.
fn to_xml(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(list) => {
            let member = match (name, list.first()) {
                ("AvailabilityZones", _) => "AvailabilityZone",
                (_, Some(Value::String(_))) => "member",
                ("VpcSecurityGroups", _) => "VpcSecurityGroupMembership",
                ("AssociatedRoles", _) => "DBClusterRole",
                ("TagList", _) => "Tag",
                ("DBClusterEndpoints", _) => "DBClusterEndpointList",
                ("ValidUpgradeTarget", _) => "UpgradeTarget",
                _ => name.trim_end_matches('s'),
            };
            let members: String = list.iter().map(|one| to_xml(member, one)).collect();
            format!("<{name}>{members}</{name}>")
        }
        Value::Object(members) => {
            let members: String = members.iter().map(|(name, value)| to_xml(name, value)).collect();
            format!("<{name}>{members}</{name}>")
        }
        Value::String(text) => format!("<{name}>{text}</{name}>"),
        other => format!("<{name}>{other}</{name}>"),
    }
}

pub fn snapshot_is(status: &str, version: &str) -> Exchange {
    let snapshot = json!([{
        "DBClusterSnapshotIdentifier": "hf-snap", "DBClusterSnapshotArn": SNAPSHOT, "Status": status,
        "Engine": "aurora-postgresql", "EngineVersion": version,
    }]);
    list("DescribeDBClusterSnapshots", "DBClusterSnapshots", &snapshot)
}

pub fn versions(of: &[(&str, &str)]) -> Exchange {
    let versions: Value = of
        .iter()
        .map(|(version, status)| json!({ "EngineVersion": version, "Status": status }))
        .collect();
    list("DescribeDBEngineVersions", "DBEngineVersions", &versions)
}

pub fn groups_are_there() -> Vec<Exchange> {
    let configuration = configuration();
    vec![
        cluster_group_answer(&configuration["DBClusterParameterGroup"]),
        tags_answer(&json!([])),
        instance_group_answer(&configuration["DBParameterGroups"][0]),
        tags_answer(&json!([])),
    ]
}

pub fn restored(action: &str) -> Exchange {
    xml(action, "<DBCluster><Status>creating</Status></DBCluster>")
}

/// As RDS restores it: without the settings that no restore call accepts.
pub fn fresh() -> Value {
    let mut cluster = faithful()["DBCluster"].clone();
    for (name, value) in [
        ("AssociatedRoles", Value::Null),
        ("MasterUserSecret", Value::Null),
        ("HttpEndpointEnabled", false.into()),
        ("DeletionProtection", false.into()),
        ("PreferredBackupWindow", "07:00-07:30".into()),
        ("BackupRetentionPeriod", 1.into()),
        ("PreferredMaintenanceWindow", "sun:05:00-sun:05:30".into()),
        ("AutoMinorVersionUpgrade", true.into()),
        ("DBClusterMembers", Value::Null),
    ] {
        cluster[name] = value;
    }
    cluster
}

pub fn with(mut cluster: Value, changes: &[(&str, Value)]) -> Value {
    for (name, value) in changes {
        cluster[*name] = value.clone();
    }
    cluster
}

/// What it waits for.
#[track_caller]
pub fn phase(advance: RestoreProgress) -> String {
    match advance {
        RestoreProgress::InProgress { phase, .. }
        | RestoreProgress::Requested { phase, .. }
        | RestoreProgress::LacksCapacity { phase, .. } => phase,
        other => panic!("not in progress: {other:?}"),
    }
}

pub async fn advanced(
    script: Vec<Exchange>,
    item: &RestoreItem,
) -> (RestoreProgress, Vec<crate::testing::replay::Asked>) {
    let (aurora, replay) = aurora(script);
    let advance = aurora.advance(&restore(), item).await.unwrap();
    (advance, replay.played())
}
