//! What is put back once the copy's cluster exists.

use serde_json::{Value, json};

use super::copies::*;
use super::*;
use crate::domain::restore::item::RestoreProgress;
use crate::kinds::Restore;

/// RDS's responses to each call, from the cluster that the restore call created to a finished copy.
pub fn looks() -> [Vec<Exchange>; 5] {
    let ready = ready();
    let first = json!([faithful()["DBInstances"][1]]);
    let mut finished = vec![
        cluster_answer(&faithful()["DBCluster"], "available"),
        instances_answer(&faithful()["DBInstances"]),
        endpoints_answer(&faithful()["DBClusterEndpoints"]),
    ];
    finished.extend(scaling_answers(&faithful()));
    [
        // Settings, together.
        vec![cluster_answer(&fresh(), "available"), restored("ModifyDBCluster")],
        // Roles, the Data API, and one instance.
        vec![
            cluster_answer(&configured(), "available"),
            xml("AddRoleToDBCluster", ""),
            xml("EnableHttpEndpoint", ""),
            instances_answer(&json!([])),
            xml("CreateDBInstance", ""),
        ],
        // The other instance once the first exists.
        vec![
            cluster_answer(&ready, "available"),
            instances_answer(&first),
            xml("CreateDBInstance", ""),
        ],
        // Custom endpoints, scaling, and deletion protection last.
        vec![
            cluster_answer(&ready, "available"),
            instances_answer(&faithful()["DBInstances"]),
            endpoints_answer(&json!([])),
            xml("CreateDBClusterEndpoint", ""),
            answers("DescribeScalableTargets", r#"{"ScalableTargets":[]}"#),
            answers("RegisterScalableTarget", "{}"),
            answers("PutScalingPolicy", r#"{"PolicyARN":"arn:p:new"}"#),
            answers("PutScheduledAction", "{}"),
            restored("ModifyDBCluster"),
        ],
        finished,
    ]
}

/// Once its settings are as captured.
fn configured() -> Value {
    let settings = [
        ("MasterUserSecret", faithful()["DBCluster"]["MasterUserSecret"].clone()),
        ("PreferredBackupWindow", "01:00-02:00".into()),
        ("BackupRetentionPeriod", 14.into()),
        ("PreferredMaintenanceWindow", "tue:03:00-tue:04:00".into()),
        ("AutoMinorVersionUpgrade", false.into()),
    ];
    with(fresh(), &settings)
}

/// Once it has its roles and its Data API too.
fn ready() -> Value {
    let roles = faithful()["DBCluster"]["AssociatedRoles"].clone();
    with(
        configured(),
        &[("AssociatedRoles", roles), ("HttpEndpointEnabled", true.into())],
    )
}

/// From the cluster that the restore call created to a finished copy, one call after another.
#[tokio::test]
async fn what_the_restore_call_does_not_take_is_put_back_in_order() {
    let item = item(from_snapshot(), configuration());
    let [settings, roles, second, rest, _] = looks();
    let (advance, asked) = advanced(settings, &item).await;
    assert_eq!(
        phase(advance),
        "cluster hubs-db-r1 is being configured: AutoMinorVersionUpgrade, BackupRetentionPeriod, MasterUserSecret, \
         PreferredBackupWindow, PreferredMaintenanceWindow"
    );
    for (name, value) in [
        ("ApplyImmediately", Some("true")),
        ("AutoMinorVersionUpgrade", Some("false")),
        ("BackupRetentionPeriod", Some("14")),
        ("ManageMasterUserPassword", Some("true")),
        // RDS uses the AWS managed key by default.
        ("MasterUserSecretKmsKeyId", None),
        ("PreferredBackupWindow", Some("01:00-02:00")),
        ("PreferredMaintenanceWindow", Some("tue:03:00-tue:04:00")),
        ("DeletionProtection", None),
        ("Port", None),
        ("ServerlessV2ScalingConfiguration.MinCapacity", None),
    ] {
        assert_eq!(asked[1].field(name).as_deref(), value, "{name}");
    }
    let (advance, asked) = advanced(roles, &item).await;
    assert_eq!(
        phase(advance),
        "cluster hubs-db-r1 is being given its roles: arn:aws:iam::111122223333:role/import; cluster hubs-db-r1 is being given its Data API; \
         instances of cluster hubs-db-r1: hubs-db-2-r1 being created, hubs-db-1-r1 after that"
    );
    assert_eq!(asked[1].field("FeatureName").as_deref(), Some("s3Import"));
    assert_eq!(
        asked[2].field("ResourceArn").as_deref(),
        Some("arn:aws:rds:eu-west-1:111122223333:cluster:hubs-db-r1")
    );
    for (name, value) in [
        ("DBInstanceIdentifier", Some("hubs-db-2-r1")),
        ("DBClusterIdentifier", Some(TARGET)),
        ("DBInstanceClass", Some("db.r6g.large")),
        ("Engine", Some("aurora-postgresql")),
        ("AvailabilityZone", Some("eu-west-1a")),
        ("PromotionTier", Some("3")),
        ("PubliclyAccessible", Some("true")),
        ("DBParameterGroupName", Some("one")),
        ("AutoMinorVersionUpgrade", Some("false")),
        ("PreferredMaintenanceWindow", Some("mon:03:00-mon:04:00")),
        ("MonitoringInterval", Some("60")),
        ("MonitoringRoleArn", Some("arn:aws:iam::111122223333:role/monitoring")),
        ("EnablePerformanceInsights", Some("true")),
        ("PerformanceInsightsRetentionPeriod", Some("31")),
        ("CACertificateIdentifier", Some("rds-ca-ecc384-g1")),
        ("EngineVersion", None),
        ("Tags.Tag.2.Value", Some("hubs-prod-restore-1")),
        ("Tags.Tag.4.Key", Some("n")),
        ("Tags.Tag.5.Key", None),
    ] {
        assert_eq!(asked[4].field(name).as_deref(), value, "{name}");
    }
    // One instance takes longer, and so does a role.
    let ready = ready();
    let mut first = faithful()["DBInstances"][1].clone();
    first["DBInstanceStatus"] = "creating".into();
    let script = vec![cluster_answer(&ready, "available"), instances_answer(&json!([first]))];
    let (advance, _) = advanced(script, &item).await;
    assert_eq!(
        phase(advance),
        "instances of cluster hubs-db-r1: hubs-db-2-r1 is creating, hubs-db-1-r1 after that"
    );
    let (advance, asked) = advanced(second, &item).await;
    assert_eq!(
        phase(advance),
        "instances of cluster hubs-db-r1: hubs-db-1-r1 being created"
    );
    assert_eq!(asked[2].field("DBInstanceIdentifier").as_deref(), Some("hubs-db-1-r1"));
    let mut instances = faithful()["DBInstances"].clone();
    instances[0]["DBInstanceStatus"] = "configuring-enhanced-monitoring".into();
    let script = vec![cluster_answer(&ready, "available"), instances_answer(&instances)];
    let (advance, _) = advanced(script, &item).await;
    assert_eq!(
        phase(advance),
        "instances of cluster hubs-db-r1: hubs-db-1-r1 is configuring-enhanced-monitoring"
    );
    let pending =
        json!([{ "RoleArn": "arn:aws:iam::111122223333:role/import", "FeatureName": "s3Import", "Status": "PENDING" }]);
    let waiting = with(ready.clone(), &[("AssociatedRoles", pending)]);
    let script = vec![
        cluster_answer(&waiting, "available"),
        instances_answer(&faithful()["DBInstances"]),
    ];
    let (advance, _) = advanced(script, &item).await;
    assert_eq!(
        phase(advance),
        "cluster hubs-db-r1 is being given its roles: arn:aws:iam::111122223333:role/import"
    );
    let (advance, asked) = advanced(rest, &item).await;
    assert_eq!(
        phase(advance),
        "endpoints of cluster hubs-db-r1: reports-r1 is being created; cluster hubs-db-r1 is being given its deletion protection"
    );
    for (name, value) in [
        ("DBClusterEndpointIdentifier", "reports-r1"),
        ("EndpointType", "READER"),
        ("StaticMembers.member.1", "hubs-db-1-r1"),
        ("Tags.Tag.2.Value", "hubs-prod-restore-1"),
    ] {
        assert_eq!(asked[3].field(name).as_deref(), Some(value), "{name}");
    }
    let registered = asked[5].json();
    assert_eq!(registered["ResourceId"], "cluster:hubs-db-r1");
    assert_eq!(
        (&registered["MinCapacity"], &registered["MaxCapacity"]),
        (&json!(1), &json!(5))
    );
    assert_eq!(registered["SuspendedState"]["DynamicScalingInSuspended"], true);
    let policy = asked[6].json();
    let tracking = &configuration()["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(&policy["TargetTrackingScalingPolicyConfiguration"], tracking);
    assert_eq!(
        (&policy["PolicyName"], &policy["ResourceId"]),
        (&json!("readers"), &json!("cluster:hubs-db-r1"))
    );
    let scheduled = asked[7].json();
    assert_eq!(
        (
            &scheduled["ScheduledActionName"],
            &scheduled["ResourceId"],
            &scheduled["ScalableTargetAction"]
        ),
        (
            &json!("morning"),
            &json!("cluster:hubs-db-r1"),
            &json!({ "MinCapacity": 2, "MaxCapacity": 6 })
        )
    );
    assert_eq!(asked[8].field("DeletionProtection").as_deref(), Some("true"));
}

/// Everything is in place: repeated polls change nothing.
#[tokio::test]
async fn a_finished_copy_is_told_with_its_endpoint_and_its_secret() {
    let [.., finished] = looks();
    let (advance, _) = advanced(finished, &item(from_snapshot(), configuration())).await;
    match advance {
        RestoreProgress::Restored { made, remarks } => {
            assert_eq!(made, copies::made());
            let remarks = remarks.join("\n");
            assert!(remarks.contains("hubs-db-r1 gets a secret of its own"), "{remarks}");
            assert!(remarks.contains("role/import"), "{remarks}");
        }
        other => panic!("not restored: {other:?}"),
    }
}

#[tokio::test]
async fn a_master_secret_of_ones_own_key_keeps_it() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/s";
    for (manager, given) in [("CUSTOMER", Some(key)), ("AWS", None)] {
        let mut configuration = configuration();
        configuration["DBCluster"]["MasterUserSecret"]["KmsKeyId"] = key.into();
        let mut cluster = faithful()["DBCluster"].clone();
        cluster["MasterUserSecret"] = Value::Null;
        let described = json!({ "KeyMetadata": { "KeyId": "s", "KeyManager": manager } });
        let script = vec![
            cluster_answer(&cluster, "available"),
            answers("DescribeKey", described.to_string()),
            restored("ModifyDBCluster"),
        ];
        let (_, asked) = advanced(script, &item(from_snapshot(), configuration)).await;
        assert_eq!(asked[2].field("MasterUserSecretKmsKeyId").as_deref(), given);
        assert_eq!(asked[2].field("ManageMasterUserPassword").as_deref(), Some("true"));
    }
}

/// Settings that a restore call left different, or that someone changed since, are set again, and nothing else is.
#[tokio::test]
async fn every_setting_that_is_not_as_captured_is_set_again() {
    let settings = json!({
        "LocalWriteForwardingStatus": "enabled", "DatabaseInsightsMode": "advanced", "PerformanceInsightsEnabled": true,
        "PerformanceInsightsRetentionPeriod": 465,
    });
    let mut configuration = configuration();
    for (name, value) in settings.as_object().unwrap() {
        configuration["DBCluster"][name] = value.clone();
    }
    for (name, now, said) in [
        ("Port", json!(5432), vec![("Port", "5433")]),
        (
            "DBClusterParameterGroup",
            json!("default.aurora-postgresql16"),
            vec![("DBClusterParameterGroupName", "tuned")],
        ),
        ("CopyTagsToSnapshot", json!(false), vec![("CopyTagsToSnapshot", "true")]),
        (
            "IAMDatabaseAuthenticationEnabled",
            Value::Null,
            vec![("EnableIAMDatabaseAuthentication", "true")],
        ),
        (
            "EnabledCloudwatchLogsExports",
            json!(["instance"]),
            vec![
                (
                    "CloudwatchLogsExportConfiguration.EnableLogTypes.member.1",
                    "postgresql",
                ),
                ("CloudwatchLogsExportConfiguration.DisableLogTypes.member.1", "instance"),
            ],
        ),
        (
            "VpcSecurityGroups",
            json!([{ "VpcSecurityGroupId": "sg-default" }]),
            vec![("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-2")],
        ),
        (
            "LocalWriteForwardingStatus",
            json!("disabled"),
            vec![("EnableLocalWriteForwarding", "true")],
        ),
        (
            "DatabaseInsightsMode",
            Value::Null,
            vec![
                ("DatabaseInsightsMode", "advanced"),
                ("EnablePerformanceInsights", "true"),
                ("PerformanceInsightsRetentionPeriod", "465"),
            ],
        ),
    ] {
        let mut cluster = faithful()["DBCluster"].clone();
        for (name, value) in settings.as_object().unwrap() {
            cluster[name] = value.clone();
        }
        cluster[name] = now;
        let script = vec![cluster_answer(&cluster, "available"), restored("ModifyDBCluster")];
        let (advance, asked) = advanced(script, &item(from_snapshot(), configuration.clone())).await;
        assert!(phase(advance).contains(name), "{name}");
        for (field, value) in said {
            assert_eq!(asked[1].field(field).as_deref(), Some(value), "{field}");
        }
        if name != "Port" {
            assert_eq!(asked[1].field("Port"), None, "{name}");
        }
    }
}

#[tokio::test]
async fn an_instance_that_appears_meanwhile_is_ours_or_a_conflict() {
    let item = item(from_snapshot(), configuration());
    let ready = with(faithful()["DBCluster"].clone(), &[("DeletionProtection", false.into())]);
    let exists = || refuses("CreateDBInstance", 400, "DBInstanceAlreadyExists");
    let instance = |cluster: &str, restore: &str| {
        let mut instance = faithful()["DBInstances"][1].clone();
        instance["DBClusterIdentifier"] = cluster.into();
        instance["TagList"] = tag_list(&[], restore);
        instances_answer(&json!([instance]))
    };
    let head = || {
        vec![
            cluster_answer(&ready, "available"),
            instances_answer(&json!([])),
            exists(),
        ]
    };
    let mut script = head();
    script.push(instance(TARGET, &restore().id));
    phase(advanced(script, &item).await.0);
    for (cluster, owner) in [("other", restore().id.as_str()), (TARGET, "another-restore")] {
        let mut script = head();
        script.push(instance(cluster, owner));
        let (aurora, replay) = aurora(script);
        let error = aurora.advance(&restore(), &item).await.unwrap_err();
        assert_eq!(error.name(), "Conflict", "{error}");
        assert!(error.to_string().contains("instance hubs-db-2-r1"), "{error}");
        replay.played();
    }
}

/// Aurora may accept these for a cluster, accept them and never show them, or refuse them.
#[tokio::test]
async fn what_aurora_may_not_take_is_asked_for_once_and_nothing_waits_for_it() {
    let mut configuration = configuration();
    configuration["DBCluster"]["MonitoringInterval"] = 30.into();
    configuration["DBCluster"]["MonitoringRoleArn"] = "arn:aws:iam::111122223333:role/m".into();
    configuration["DBCluster"]["CertificateDetails"] = json!({ "CAIdentifier": "rds-ca-ecc384-g1" });
    let item = item(from_snapshot(), configuration);
    let ready = with(
        faithful()["DBCluster"].clone(),
        &[
            ("DBClusterMembers", json!([])),
            ("CertificateDetails", json!({ "CAIdentifier": "rds-ca-rsa2048-g1" })),
        ],
    );
    for answer in [
        restored("ModifyDBCluster"),
        refuses("ModifyDBCluster", 400, "InvalidParameterCombination"),
    ] {
        let script = vec![
            cluster_answer(&ready, "available"),
            instances_answer(&json!([])),
            xml("CreateDBInstance", ""),
            answer,
        ];
        let (advance, asked) = advanced(script, &item).await;
        assert!(phase(advance).contains("hubs-db-2-r1 being created"));
        for (name, value) in [
            ("MonitoringInterval", Some("30")),
            ("MonitoringRoleArn", Some("arn:aws:iam::111122223333:role/m")),
            ("CACertificateIdentifier", Some("rds-ca-ecc384-g1")),
            ("DeletionProtection", None),
        ] {
            assert_eq!(asked[3].field(name).as_deref(), value, "{name}");
        }
    }
    // It is not shown, and the copy is finished nevertheless.
    let mut script = vec![
        cluster_answer(&faithful()["DBCluster"], "available"),
        instances_answer(&faithful()["DBInstances"]),
        endpoints_answer(&faithful()["DBClusterEndpoints"]),
    ];
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, &item).await;
    assert!(
        matches!(advance, RestoreProgress::Restored { ref remarks, .. } if remarks.iter().any(|remark| remark.contains("enhanced monitoring"))),
        "{advance:?}"
    );
}

#[tokio::test]
async fn an_instance_without_capacity_in_its_zone_comes_in_another_and_that_is_said() {
    let item = item(from_snapshot(), configuration());
    let ready = with(faithful()["DBCluster"].clone(), &[("DeletionProtection", false.into())]);
    let script = vec![
        cluster_answer(&ready, "available"),
        instances_answer(&json!([])),
        refuses("CreateDBInstance", 400, "InsufficientDBInstanceCapacity"),
        xml("CreateDBInstance", ""),
    ];
    let (_, asked) = advanced(script, &item).await;
    assert_eq!(asked[2].field("AvailabilityZone").as_deref(), Some("eu-west-1a"));
    assert_eq!(asked[3].field("AvailabilityZone"), None);
    assert_eq!(asked[3].field("DBInstanceClass").as_deref(), Some("db.r6g.large"));
    let mut instances = faithful()["DBInstances"].clone();
    instances[1]["AvailabilityZone"] = "eu-west-1c".into();
    let mut script = vec![
        cluster_answer(&faithful()["DBCluster"], "available"),
        instances_answer(&instances),
        endpoints_answer(&faithful()["DBClusterEndpoints"]),
    ];
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, &item).await;
    let RestoreProgress::Restored { remarks, .. } = advance else {
        panic!("not restored: {advance:?}");
    };
    let said = "instance hubs-db-2-r1 is in eu-west-1c, and its source was in eu-west-1a: AWS had no capacity there, or does not offer it any more";
    assert!(remarks.iter().any(|remark| remark == said), "{remarks:?}");
}

/// No restore call accepts these settings, and RDS may accept a change of them that it shows late, or never.
#[tokio::test]
async fn what_rds_takes_twice_and_does_not_show_becomes_a_remark() {
    let mut item = item(from_snapshot(), configuration());
    let never = with(
        faithful()["DBCluster"].clone(),
        &[("AutoMinorVersionUpgrade", true.into())],
    );
    let look = |second: i64| restore().started_at + jiff::SignedDuration::from_secs(second);
    for (second, should_request) in [(0, true), (10, false), (290, false), (300, true), (325, false)] {
        item.busy_since = Some(look(second));
        let mut script = vec![cluster_answer(&never, "available")];
        if should_request {
            script.push(restored("ModifyDBCluster"));
        }
        let (advance, _) = advanced(script, &item).await;
        match (&advance, should_request) {
            (RestoreProgress::Requested { settings, .. }, true) => {
                assert_eq!(settings[..], ["AutoMinorVersionUpgrade"]);
                item.settings.record(settings, Vec::new(), look(second));
            }
            (RestoreProgress::InProgress { phase, .. }, false) => {
                assert!(phase.contains("does not show yet"), "{phase}")
            }
            other => panic!("{second}: {other:?}"),
        }
    }
    item.busy_since = Some(look(600));
    let remarks = finished(&never, &faithful()["DBInstances"], &item).await;
    let said = "cluster hubs-db-r1 does not have AutoMinorVersionUpgrade as it was captured: AWS accepted it twice, minutes apart, and \
                does not show it";
    assert!(remarks.iter().any(|remark| remark.contains(said)), "{remarks:?}");
}

/// The remarks on a finished copy.
async fn finished(cluster: &Value, instances: &Value, item: &crate::domain::restore::item::RestoreItem) -> Vec<String> {
    let mut script = vec![
        cluster_answer(cluster, "available"),
        instances_answer(instances),
        endpoints_answer(&faithful()["DBClusterEndpoints"]),
    ];
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, item).await;
    let RestoreProgress::Restored { remarks, .. } = advance else {
        panic!("not restored: {advance:?}");
    };
    remarks
}

/// The settings that RDS refuses are found by requesting each separately, and do not fail a restore.
#[tokio::test]
async fn what_rds_refuses_for_good_becomes_a_remark_and_the_others_are_set() {
    let mut item = item(from_snapshot(), configuration());
    let changes = [
        ("AutoMinorVersionUpgrade", true.into()),
        ("CopyTagsToSnapshot", false.into()),
    ];
    let differs = with(faithful()["DBCluster"].clone(), &changes);
    let no = || refuses_xml("ModifyDBCluster", "InvalidParameterCombination");
    let script = vec![
        cluster_answer(&differs, "available"),
        no(),
        no(),
        restored("ModifyDBCluster"),
    ];
    let (advance, asked) = advanced(script, &item).await;
    assert_eq!(asked[2].field("CopyTagsToSnapshot"), None);
    assert_eq!(asked[3].field("AutoMinorVersionUpgrade"), None);
    let RestoreProgress::Requested { settings, refused, .. } = advance else {
        panic!("not asked: {advance:?}");
    };
    assert_eq!(settings, ["CopyTagsToSnapshot"]);
    item.settings.record(&settings, refused, restore().started_at);
    let left = with(faithful()["DBCluster"].clone(), &changes[..1]);
    let remarks = finished(&left, &faithful()["DBInstances"], &item).await;
    let said = "cluster hubs-db-r1 does not have AutoMinorVersionUpgrade as it was captured: AWS refuses it: words";
    assert!(remarks.iter().any(|remark| remark.contains(said)), "{remarks:?}");
}

/// A difference in who can reach the copy is more than a remark.
#[tokio::test]
async fn a_copy_without_its_security_groups_is_refused() {
    let item = item(from_snapshot(), configuration());
    let open = json!([{"VpcSecurityGroupId": "sg-default", "Status": "active"}]);
    let differs = with(faithful()["DBCluster"].clone(), &[("VpcSecurityGroups", open)]);
    let no = || refuses_xml("ModifyDBCluster", "InvalidParameterCombination");
    let (aurora, replay) = aurora(vec![cluster_answer(&differs, "available"), no(), no()]);
    let refused = aurora.advance(&restore(), &item).await.unwrap_err();
    assert_eq!(refused.class(), crate::error::Class::Final);
    replay.played();
}

/// A reader can be added later; an application that stays quiesced for it cannot be used.
#[tokio::test]
async fn a_copy_is_finished_without_a_reader_for_which_aws_has_no_capacity() {
    let mut item = item(from_snapshot(), configuration());
    let writer = json!([faithful()["DBInstances"][1]]);
    let lacks = || refuses("CreateDBInstance", 400, "InsufficientDBInstanceCapacity");
    item.busy_since = Some(restore().started_at);
    let cluster = faithful()["DBCluster"].clone();
    let script = vec![
        cluster_answer(&cluster, "available"),
        instances_answer(&writer),
        lacks(),
        lacks(),
    ];
    let (advance, _) = advanced(script, &item).await;
    assert!(matches!(advance, RestoreProgress::LacksCapacity { .. }), "{advance:?}");
    item.shortage
        .record(vec!["hubs-db-1-r1".to_owned()], Vec::new(), restore().started_at);
    item.busy_since = Some(restore().started_at + jiff::SignedDuration::from_mins(30));
    let mut script = vec![
        cluster_answer(&cluster, "available"),
        instances_answer(&writer),
        endpoints_answer(&faithful()["DBClusterEndpoints"]),
    ];
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, &item).await;
    let RestoreProgress::Restored { remarks, .. } = advance else {
        panic!("not restored: {advance:?}");
    };
    let said = "AWS had no capacity for reader hubs-db-1-r1";
    assert!(remarks.iter().any(|remark| remark.contains(said)), "{remarks:?}");
}

/// RDS accepts the call again and again: that ends after the same half hour.
#[tokio::test]
async fn a_reader_that_is_taken_and_finds_no_capacity_is_left_out_too() {
    let mut item = item(from_snapshot(), configuration());
    let mut instances = faithful()["DBInstances"].clone();
    instances[0]["DBInstanceStatus"] = "insufficient-capacity".into();
    item.shortage
        .record(vec!["hubs-db-1-r1".to_owned()], Vec::new(), restore().started_at);
    item.busy_since = Some(restore().started_at + jiff::SignedDuration::from_mins(30));
    let mut script = vec![
        cluster_answer(&faithful()["DBCluster"], "available"),
        instances_answer(&instances),
        refuses("DeleteDBInstance", 400, "InvalidDBInstanceState"),
        endpoints_answer(&faithful()["DBClusterEndpoints"]),
    ];
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, &item).await;
    let RestoreProgress::Restored { remarks, .. } = advance else {
        panic!("not restored: {advance:?}");
    };
    let said = remarks
        .iter()
        .find(|remark| remark.contains("reader hubs-db-1-r1"))
        .unwrap();
    for option in [" --publicly-accessible", "--promotion-tier 0", "--region eu-west-1"] {
        assert!(said.contains(option), "{option} in {said}");
    }
}

/// Without members it would contain all instances, including the writer.
#[tokio::test]
async fn an_endpoint_of_readers_that_are_all_left_out_is_not_made() {
    let mut item = item(from_snapshot(), configuration());
    item.shortage
        .record(vec!["hubs-db-1-r1".to_owned()], Vec::new(), restore().started_at);
    item.busy_since = Some(restore().started_at + jiff::SignedDuration::from_mins(30));
    let mut script = vec![
        cluster_answer(&faithful()["DBCluster"], "available"),
        instances_answer(&json!([faithful()["DBInstances"][1]])),
        endpoints_answer(&json!([])),
    ];
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, &item).await;
    assert!(matches!(advance, RestoreProgress::Restored { .. }), "{advance:?}");
    let copy = {
        let mut copy = faithful();
        copy["DBInstances"].as_array_mut().unwrap().remove(0);
        copy["DBClusterEndpoints"] = json!([]);
        copy
    };
    let (aurora, replay) = aurora(captured(&copy));
    let checks = aurora.compare(&restore(), &item, true).await.unwrap();
    replay.played();
    let endpoint = checks.iter().find(|check| check.name.contains("DBClusterEndpoints"));
    let unproven = crate::domain::restore::verdict::Finding::Unproven;
    assert_eq!(endpoint.map(|check| check.finding), Some(unproven), "{checks:?}");
}

/// The cluster exists: it is kept until an instance can be created.
#[tokio::test]
async fn an_instance_without_capacity_in_any_zone_is_waited_for() {
    let item = item(from_snapshot(), configuration());
    let ready = with(faithful()["DBCluster"].clone(), &[("DeletionProtection", false.into())]);
    let lacks = || refuses("CreateDBInstance", 400, "InsufficientDBInstanceCapacity");
    let script = vec![
        cluster_answer(&ready, "available"),
        instances_answer(&json!([])),
        lacks(),
        lacks(),
    ];
    let (advance, _) = advanced(script, &item).await;
    assert_eq!(
        phase(advance),
        "instances of cluster hubs-db-r1: hubs-db-2-r1 waits until AWS has capacity for db.r6g.large in any zone of the subnet \
         group, hubs-db-1-r1 after that"
    );
    // An instance for which RDS found no capacity after it had accepted the call stays so until it is deleted.
    let mut instances = faithful()["DBInstances"].clone();
    instances[0]["DBInstanceStatus"] = "insufficient-capacity".into();
    let script = vec![
        cluster_answer(&ready, "available"),
        instances_answer(&instances),
        xml("DeleteDBInstance", ""),
    ];
    let (advance, asked) = advanced(script, &item).await;
    assert_eq!(asked[2].field("DBInstanceIdentifier").as_deref(), Some("hubs-db-1-r1"));
    assert!(
        matches!(&advance, RestoreProgress::LacksCapacity { in_any_zone, .. } if in_any_zone[..] == ["hubs-db-1-r1"])
    );
    assert_eq!(
        phase(advance),
        "instances of cluster hubs-db-r1: AWS had no capacity for hubs-db-1-r1, which is deleted to be created again in any zone"
    );
}

/// RDS had accepted the call for its zone, and would again.
#[tokio::test]
async fn an_instance_that_found_no_capacity_is_made_again_in_any_zone() {
    let mut item = item(from_snapshot(), configuration());
    let ready = with(faithful()["DBCluster"].clone(), &[("DeletionProtection", false.into())]);
    let script = || {
        vec![
            cluster_answer(&ready, "available"),
            instances_answer(&json!([])),
            xml("CreateDBInstance", ""),
        ]
    };
    let (_, asked) = advanced(script(), &item).await;
    assert_eq!(asked[2].field("AvailabilityZone").as_deref(), Some("eu-west-1a"));
    item.shortage
        .record(Vec::new(), vec!["hubs-db-2-r1".to_owned()], restore().started_at);
    let (_, asked) = advanced(script(), &item).await;
    assert_eq!(asked[2].field("AvailabilityZone"), None);
}

/// A zone that RDS does not offer any more does not keep an instance from being created.
#[tokio::test]
async fn an_instance_whose_zone_is_refused_comes_in_another() {
    let item = item(from_snapshot(), configuration());
    let ready = with(faithful()["DBCluster"].clone(), &[("DeletionProtection", false.into())]);
    for code in ["InvalidVPCNetworkStateFault", "InvalidParameterValue", "InvalidSubnet"] {
        let script = vec![
            cluster_answer(&ready, "available"),
            instances_answer(&json!([])),
            refuses("CreateDBInstance", 400, code),
            xml("CreateDBInstance", ""),
        ];
        let (_, asked) = advanced(script, &item).await;
        assert_eq!(asked[3].field("AvailabilityZone"), None, "{code}");
    }
}

#[tokio::test]
async fn every_instance_status_that_leads_nowhere_has_failed() {
    for status in [
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-create",
        "incompatible-credentials",
        "incompatible-network",
        "incompatible-parameters",
        "incompatible-restore",
        "modify-failed",
        "upgrade-failed",
    ] {
        let mut instances = faithful()["DBInstances"].clone();
        instances[0]["DBInstanceStatus"] = status.into();
        let script = vec![
            cluster_answer(&faithful()["DBCluster"], "available"),
            instances_answer(&instances),
        ];
        let (advance, _) = advanced(script, &item(from_snapshot(), configuration())).await;
        let reason = format!("the status of instance hubs-db-1-r1 is {status}");
        assert_eq!(advance, RestoreProgress::Failed { reason });
    }
}

#[tokio::test]
async fn an_endpoint_of_another_is_a_conflict_and_one_that_is_not_there_yet_is_waited_for() {
    let item = item(from_snapshot(), configuration());
    let head = || {
        vec![
            cluster_answer(&faithful()["DBCluster"], "available"),
            instances_answer(&faithful()["DBInstances"]),
        ]
    };
    let mut script = head();
    script.push(endpoints_answer(&json!([])));
    script.push(refuses(
        "CreateDBClusterEndpoint",
        400,
        "DBClusterEndpointAlreadyExistsFault",
    ));
    script.push(endpoints_answer(&json!([])));
    let (kind, _) = aurora(script);
    assert_eq!(kind.advance(&restore(), &item).await.unwrap_err().name(), "Conflict");
    // An instance of this restore, the response to whose create was lost.
    let mut script = head();
    script.push(endpoints_answer(&json!([])));
    script.push(refuses(
        "CreateDBClusterEndpoint",
        400,
        "DBClusterEndpointAlreadyExistsFault",
    ));
    script.push(endpoints_answer(&faithful()["DBClusterEndpoints"]));
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, &item).await;
    assert!(phase(advance).contains("reports-r1 is being created"));
    let mut creating = faithful()["DBClusterEndpoints"].clone();
    creating[0]["Status"] = "creating".into();
    let mut script = head();
    script.push(endpoints_answer(&creating));
    script.extend(scaling_answers(&faithful()));
    let (advance, _) = advanced(script, &item).await;
    assert_eq!(
        phase(advance),
        "endpoints of cluster hubs-db-r1: reports-r1 is creating"
    );
}

#[tokio::test]
async fn roles_and_the_data_api_that_are_there_already_are_no_fault() {
    let item = item(from_snapshot(), configuration());
    let instances = || instances_answer(&faithful()["DBInstances"]);
    let without = with(faithful()["DBCluster"].clone(), &[("AssociatedRoles", Value::Null)]);
    let script = vec![
        cluster_answer(&without, "available"),
        refuses("AddRoleToDBCluster", 400, "DBClusterRoleAlreadyExists"),
        instances(),
    ];
    assert!(phase(advanced(script, &item).await.0).contains("is being given its roles"));
    let off = with(
        faithful()["DBCluster"].clone(),
        &[("HttpEndpointEnabled", false.into())],
    );
    let script = vec![
        cluster_answer(&off, "available"),
        refuses_xml("EnableHttpEndpoint", "InvalidResourceStateFault"),
        instances(),
    ];
    assert!(phase(advanced(script, &item).await.0).contains("Data API"));
    // Enabling it keeps the cluster busy: the instances wait for the next call.
    let script = vec![
        cluster_answer(&off, "available"),
        xml("EnableHttpEndpoint", ""),
        instances_answer(&json!([])),
        refuses("CreateDBInstance", 400, "InvalidDBClusterStateFault"),
    ];
    assert_eq!(
        phase(advanced(script, &item).await.0),
        "cluster hubs-db-r1 is being given its Data API"
    );
}
