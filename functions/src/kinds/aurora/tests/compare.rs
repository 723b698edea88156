//! Comparing a copy with what was captured.

use serde_json::{Value, json};

use super::copies::*;
use super::*;
use crate::domain::restore::plan::Source;
use crate::domain::restore::verdict::{Check, Finding};
use crate::kinds::Restore;

async fn compared(source: Source, configuration: Value, copy: &Value, more: Vec<Exchange>) -> Vec<Check> {
    let mut script = captured(copy);
    script.extend(more);
    let (aurora, replay) = aurora(script);
    let checks = aurora
        .compare(&restore(), &item(source, configuration), true)
        .await
        .unwrap();
    replay.played();
    checks
}

pub fn broken(change: impl FnOnce(&mut Value)) -> Value {
    let mut copy = faithful();
    change(&mut copy);
    copy
}

#[tokio::test]
async fn a_faithful_copy_is_the_same() {
    let checks = compared(from_snapshot(), configuration(), &faithful(), vec![]).await;
    let same = Check {
        name: "thing: configuration".into(),
        finding: Finding::Same,
        detail: "cluster hubs-db-r1 is configured as hubs-db was".into(),
    };
    assert_eq!(checks, [same]);
}

#[tokio::test]
async fn every_attribute_that_differs_is_caught_by_its_name() {
    let cluster: &[(&str, Value)] = &[
        ("AssociatedRoles", json!([])),
        ("AutoMinorVersionUpgrade", json!(true)),
        ("BackupRetentionPeriod", json!(1)),
        ("CopyTagsToSnapshot", json!(false)),
        ("DatabaseInsightsMode", json!("advanced")),
        ("DeletionProtection", json!(false)),
        ("EnabledCloudwatchLogsExports", json!([])),
        ("Engine", json!("aurora-mysql")),
        ("EngineLifecycleSupport", json!("open-source-rds-extended-support")),
        ("HttpEndpointEnabled", json!(false)),
        ("IAMDatabaseAuthenticationEnabled", json!(false)),
        ("KmsKeyId", json!("arn:another")),
        ("LocalWriteForwardingStatus", json!("enabled")),
        ("MasterUserSecret", Value::Null),
        ("MasterUsername", json!("postgres")),
        ("NetworkType", json!("DUAL")),
        ("Port", json!(5432)),
        ("PreferredBackupWindow", json!("07:00-07:30")),
        ("PreferredMaintenanceWindow", json!("sun:05:00-sun:05:30")),
        ("ServerlessV2ScalingConfiguration", Value::Null),
        ("StorageEncrypted", json!(false)),
        ("StorageType", json!("aurora")),
        (
            "VpcSecurityGroups",
            json!([{ "VpcSecurityGroupId": "sg-default", "Status": "active" }]),
        ),
    ];
    for (name, value) in cluster {
        let copy = broken(|copy| copy["DBCluster"][*name] = value.clone());
        let checks = compared(from_snapshot(), configuration(), &copy, vec![]).await;
        assert_eq!(checks.len(), 1, "{checks:?}");
        assert_eq!(checks[0].name, format!("thing: {name}"));
        assert_eq!(checks[0].finding, Finding::Different, "{name}");
    }
    let instance: &[(&str, Value)] = &[
        ("AutoMinorVersionUpgrade", json!(true)),
        ("CACertificateIdentifier", json!("rds-ca-rsa2048-g1")),
        ("DBInstanceClass", json!("db.t4g.medium")),
        ("MonitoringInterval", json!(0)),
        ("PerformanceInsightsEnabled", json!(false)),
        ("PreferredMaintenanceWindow", json!("sun:05:00-sun:05:30")),
        ("PromotionTier", json!(1)),
        ("PubliclyAccessible", json!(false)),
    ];
    for (name, value) in instance {
        let copy = broken(|copy| copy["DBInstances"][0][*name] = value.clone());
        let checks = compared(from_snapshot(), configuration(), &copy, vec![]).await;
        assert_eq!(checks.len(), 1, "{checks:?}");
        assert_eq!(checks[0].name, format!("thing: DBInstances.hubs-db-1.{name}"));
        assert_eq!(checks[0].finding, Finding::Different, "{name}");
    }
}

#[tokio::test]
async fn what_is_missing_or_too_much_is_one_check_with_its_name() {
    let breakages: Vec<(&str, Value)> = vec![
        (
            "DBInstances.hubs-db-1",
            broken(|copy| drop(copy["DBInstances"].as_array_mut().unwrap().remove(0))),
        ),
        (
            "DBInstances.somebodys",
            broken(|copy| {
                let mut other = copy["DBInstances"][0].clone();
                other["DBInstanceIdentifier"] = "somebodys".into();
                copy["DBInstances"].as_array_mut().unwrap().push(other);
            }),
        ),
        (
            "DBInstances.hubs-db-2.DBParameterGroups[0].DBParameterGroupName",
            broken(|copy| {
                copy["DBInstances"][1]["DBParameterGroups"][0]["DBParameterGroupName"] =
                    "default.aurora-postgresql16".into();
                let mut default = copy["DBParameterGroups"][0].clone();
                default["DBParameterGroupName"] = "default.aurora-postgresql16".into();
                copy["DBParameterGroups"] = json!([default, copy["DBParameterGroups"][0]]);
            }),
        ),
        (
            "TagList.team",
            broken(|copy| copy["DBCluster"]["TagList"] = tag_list(&[], &restore().id)),
        ),
        (
            "DBInstances.hubs-db-2.TagList.n",
            broken(|copy| copy["DBInstances"][1]["TagList"] = tag_list(&[("n", "other")], &restore().id)),
        ),
        (
            "DBClusterEndpoints.reports",
            broken(|copy| copy["DBClusterEndpoints"] = json!([])),
        ),
        (
            "DBClusterEndpoints.reports.StaticMembers",
            broken(|copy| copy["DBClusterEndpoints"][0]["StaticMembers"] = json!(["hubs-db-2-r1"])),
        ),
        (
            "ScalableTargets.rds:cluster:ReadReplicaCount.MaxCapacity",
            broken(|copy| copy["ScalableTargets"][0]["MaxCapacity"] = 9.into()),
        ),
        (
            "ScheduledActions.morning",
            broken(|copy| copy["ScheduledActions"] = json!([])),
        ),
        (
            "ScheduledActions.morning.Schedule",
            broken(|copy| copy["ScheduledActions"][0]["Schedule"] = "rate(1 day)".into()),
        ),
        (
            "ScalingPolicies.readers.ResourceId",
            broken(|copy| copy["ScalingPolicies"][0]["ResourceId"] = "cluster:hubs-db".into()),
        ),
        (
            "ScalingPolicies.readers",
            broken(|copy| copy["ScalingPolicies"] = json!([])),
        ),
    ];
    for (name, copy) in breakages {
        let checks = compared(from_snapshot(), configuration(), &copy, vec![]).await;
        assert_eq!(checks.len(), 1, "{name}: {checks:?}");
        assert_eq!(checks[0].name, format!("thing: {name}"));
        assert_eq!(checks[0].finding, Finding::Different, "{name}");
    }
}

#[tokio::test]
async fn another_parameter_group_is_caught_and_nothing_that_is_auroras_to_choose() {
    let copy = broken(|copy| {
        copy["DBCluster"]["DBClusterParameterGroup"] = "default.aurora-postgresql16".into();
        copy["DBClusterParameters"] = json!([]);
    });
    let checks = compared(from_snapshot(), configuration(), &copy, vec![]).await;
    let expected = Check {
        name: "thing: DBClusterParameterGroup".into(),
        finding: Finding::Different,
        detail: r#"was "tuned", is "default.aurora-postgresql16""#.into(),
    };
    assert_eq!(checks, [expected]);
    let copy = broken(|copy| {
        for (number, writes) in [(0, true), (1, false)] {
            copy["DBCluster"]["DBClusterMembers"][number]["IsClusterWriter"] = writes.into();
        }
        copy["DBCluster"]["AvailabilityZones"] = json!(["eu-west-1b", "eu-west-1c", "eu-west-1d"]);
        copy["DBInstances"][0]["AvailabilityZone"] = "eu-west-1b".into();
    });
    let mut configuration = configuration();
    for (name, value) in [
        ("DatabaseName", json!("hubs")),
        ("MonitoringInterval", json!(30)),
        ("MonitoringRoleArn", json!("arn:aws:iam::111122223333:role/m")),
        ("CertificateDetails", json!({ "CAIdentifier": "rds-ca-ecc384-g1" })),
    ] {
        configuration["DBCluster"][name] = value;
    }
    let checks = compared(from_snapshot(), configuration, &copy, vec![]).await;
    let findings: Vec<_> = checks.iter().map(|check| check.finding).collect();
    assert_eq!(findings, [Finding::Same], "{checks:?}");
}

/// A group that is not the restore's may have been changed since; a group that the restore created has to be as captured.
#[tokio::test]
async fn a_parameter_that_changed_is_for_a_person_to_judge_unless_the_group_is_ours() {
    let copy = broken(|copy| copy["DBClusterParameters"][1]["ParameterValue"] = "4096".into());
    for (owner, finding) in [
        ("somebody", Finding::Unproven),
        (restore().id.as_str(), Finding::Different),
    ] {
        let more = vec![
            cluster_group_answer(&configuration()["DBClusterParameterGroup"]),
            tags_answer(&tag_list(&[], owner)),
        ];
        let checks = compared(from_snapshot(), configuration(), &copy, more).await;
        assert_eq!(checks.len(), 1, "{checks:?}");
        assert_eq!(checks[0].name, "thing: DBClusterParameters.work_mem");
        assert_eq!(checks[0].finding, finding);
        assert!(checks[0].detail.starts_with(r#"was "65536", is "4096""#), "{checks:?}");
    }
    let copy = broken(|copy| copy["DBParameterGroups"][0]["Parameters"] = json!([]));
    let more = vec![
        instance_group_answer(&configuration()["DBParameterGroups"][0]),
        tags_answer(&json!([])),
    ];
    let checks = compared(from_snapshot(), configuration(), &copy, more).await;
    assert_eq!(checks[0].name, "thing: DBParameterGroups.one.log_statement");
    assert_eq!(checks[0].finding, Finding::Unproven);
    let copy = broken(|copy| copy["DBSubnetGroup"]["Subnets"] = json!([{ "SubnetIdentifier": "subnet-1" }]));
    let checks = compared(from_snapshot(), configuration(), &copy, vec![]).await;
    assert_eq!(checks[0].name, "thing: DBSubnetGroup.Subnets");
    assert_eq!(checks[0].finding, Finding::Unproven);
}

#[tokio::test]
async fn an_upgrade_that_the_plan_named_is_no_difference() {
    let copy = broken(|copy| copy["DBCluster"]["EngineVersion"] = "16.6".into());
    let versions = |status: &str| {
        let listed =
            json!([{ "EngineVersion": "16.4", "Status": status }, { "EngineVersion": "16.6", "Status": "available" }]);
        vec![list("DescribeDBEngineVersions", "DBEngineVersions", &listed)]
    };
    let checks = compared(from_snapshot(), configuration(), &copy, versions("deprecated")).await;
    assert_eq!(checks[0].finding, Finding::Same, "{checks:?}");
    let checks = compared(from_snapshot(), configuration(), &copy, versions("available")).await;
    assert_eq!(
        (checks[0].name.as_str(), checks[0].finding),
        ("thing: EngineVersion", Finding::Different)
    );
    // A point in time has its source's present version.
    let checks = compared(at(None, None), configuration(), &copy, vec![]).await;
    assert_eq!(
        (checks[0].name.as_str(), checks[0].finding),
        ("thing: EngineVersion", Finding::Unproven)
    );
}

#[tokio::test]
async fn readers_that_autoscaling_adds_are_no_difference() {
    let mut configuration = configuration();
    let mut reader = configuration["DBInstances"][0].clone();
    reader["DBInstanceIdentifier"] = "application-autoscaling-1".into();
    configuration["DBInstances"]
        .as_array_mut()
        .unwrap()
        .push(reader.clone());
    let checks = compared(from_snapshot(), configuration.clone(), &faithful(), vec![]).await;
    assert_eq!(checks[0].finding, Finding::Same, "{checks:?}");
    let copy = broken(|copy| copy["DBInstances"].as_array_mut().unwrap().push(reader));
    let checks = compared(from_snapshot(), configuration, &copy, vec![]).await;
    assert_eq!(checks[0].finding, Finding::Same, "{checks:?}");
}

#[tokio::test]
async fn what_cannot_be_compared_is_said() {
    let (kind, _) = aurora([no_cluster()]);
    let item = item(from_snapshot(), configuration());
    let checks = kind.compare(&restore(), &item, true).await.unwrap();
    assert_eq!(
        (checks[0].name.as_str(), checks[0].finding),
        ("thing: cluster", Finding::Different)
    );
    let checks = compared(from_snapshot(), Value::Null, &faithful(), vec![]).await;
    assert_eq!(
        (checks[0].name.as_str(), checks[0].finding),
        ("thing: configuration", Finding::Unproven)
    );
    let (kind, _) = aurora([refuses("DescribeDBClusters", 400, "Throttling")]);
    assert_eq!(
        kind.compare(&restore(), &item, true).await.unwrap_err().name(),
        "Throttled"
    );
}

/// Shortages and refused settings leave a copy unproven; a difference in who can reach it is always a failure.
#[tokio::test]
async fn what_the_restore_could_not_do_is_unproven_unless_it_decides_who_reaches_the_copy() {
    let mut item = item(from_snapshot(), configuration());
    item.shortage
        .record(vec!["hubs-db-1-r1".to_owned()], Vec::new(), restore().started_at);
    for _ in 0..2 {
        item.settings
            .record(&["CopyTagsToSnapshot", "Port"], Vec::new(), restore().started_at);
    }
    let copy = broken(|copy| {
        copy["DBInstances"].as_array_mut().unwrap().remove(0);
        copy["DBCluster"]["CopyTagsToSnapshot"] = false.into();
        copy["DBCluster"]["Port"] = 5432.into();
    });
    let (aurora, replay) = aurora(captured(&copy));
    let checks = aurora.compare(&restore(), &item, true).await.unwrap();
    replay.played();
    let found = |name: &str| {
        let check = checks.iter().find(|check| check.name == format!("thing: {name}"));
        check.map(|check| check.finding)
    };
    assert_eq!(found("DBInstances.hubs-db-1"), Some(Finding::Unproven), "{checks:?}");
    assert_eq!(found("CopyTagsToSnapshot"), Some(Finding::Unproven));
    assert_eq!(found("Port"), Some(Finding::Different));
}
