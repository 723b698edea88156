//! Creating a copy.

use serde_json::{Value, json};

use super::copies::*;
use super::*;
use crate::domain::restore::item::{RestoreProgress, UndoProgress};
use crate::kinds::Restore;

#[tokio::test]
async fn a_snapshot_is_restored_with_all_that_was_captured() {
    let mut script = vec![
        no_cluster(),
        snapshot_is("available", "16.4"),
        versions(&[("16.4", "available")]),
    ];
    script.extend(groups_are_there());
    script.push(restored("RestoreDBClusterFromSnapshot"));
    let (advance, asked) = advanced(script, &item(from_snapshot(), configuration())).await;
    assert_eq!(phase(advance), "cluster hubs-db-r1 is being restored");
    let asked = asked.last().unwrap();
    for (name, value) in [
        ("DBClusterIdentifier", TARGET),
        ("SnapshotIdentifier", "hf-snap"),
        ("Engine", "aurora-postgresql"),
        ("EngineVersion", "16.4"),
        ("EngineMode", "provisioned"),
        ("Port", "5433"),
        ("DBSubnetGroupName", "private"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-2"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-1"),
        ("DBClusterParameterGroupName", "tuned"),
        ("KmsKeyId", "arn:aws:kms:eu-west-1:111122223333:key/k"),
        ("EnableIAMDatabaseAuthentication", "true"),
        ("EnableCloudwatchLogsExports.member.1", "postgresql"),
        ("CopyTagsToSnapshot", "true"),
        ("StorageType", "aurora-iopt1"),
        ("NetworkType", "IPV4"),
        ("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
        ("ServerlessV2ScalingConfiguration.MinCapacity", "0.5"),
        ("ServerlessV2ScalingConfiguration.MaxCapacity", "8.0"),
        ("DeletionProtection", "false"),
        ("Tags.Tag.1.Key", "holdfast:deployment"),
        ("Tags.Tag.1.Value", "hubs-prod"),
        ("Tags.Tag.2.Key", "holdfast:restore"),
        ("Tags.Tag.2.Value", "hubs-prod-restore-1"),
        ("Tags.Tag.3.Key", "holdfast:resource"),
        ("Tags.Tag.3.Value", "thing"),
        ("Tags.Tag.4.Key", "team"),
        ("Tags.Tag.4.Value", "hubs"),
    ] {
        assert_eq!(asked.field(name).as_deref(), Some(value), "{name} in {}", asked.body);
    }
    assert_eq!(asked.field("Tags.Tag.5.Key"), None);
    // A zone that is not offered any more would fail the restore.
    assert!(!asked.body.contains("AvailabilityZone"), "{}", asked.body);
}

#[tokio::test]
async fn a_version_that_aws_no_longer_offers_becomes_the_nearest() {
    let offered = [
        ("16.4", "deprecated"),
        ("16.6", "available"),
        ("16.8", "available"),
        ("17.1", "available"),
    ];
    let mut script = vec![no_cluster(), snapshot_is("available", "16.4"), versions(&offered)];
    script.extend(groups_are_there());
    script.push(restored("RestoreDBClusterFromSnapshot"));
    let (_, asked) = advanced(script, &item(from_snapshot(), configuration())).await;
    assert_eq!(asked.last().unwrap().field("EngineVersion").as_deref(), Some("16.6"));
    let script = vec![
        no_cluster(),
        snapshot_is("available", "16.4"),
        versions(&[("17.1", "available")]),
    ];
    let (advance, _) = advanced(script, &item(from_snapshot(), configuration())).await;
    assert!(
        matches!(&advance, RestoreProgress::Failed { reason } if reason.contains("aurora-postgresql 16.4")),
        "{advance:?}"
    );
}

#[tokio::test]
async fn a_snapshot_that_is_gone_or_lost_has_failed() {
    let gone = refuses("DescribeDBClusterSnapshots", 404, "DBClusterSnapshotNotFoundFault");
    for answer in [gone, snapshot_is("failed", "16.4"), snapshot_is("deleting", "16.4")] {
        let (advance, _) = advanced(vec![no_cluster(), answer], &item(from_snapshot(), configuration())).await;
        assert!(
            matches!(&advance, RestoreProgress::Failed { reason } if reason.contains("hf-snap")),
            "{advance:?}"
        );
    }
}

#[tokio::test]
async fn a_point_in_time_is_restored_of_a_cluster_and_of_a_retained_backup() {
    let moment = "2026-11-20T02:00:00Z";
    for (source, wanted, unsaid) in [
        (
            at(None, Some(moment)),
            [("SourceDBClusterIdentifier", "hubs-db"), ("RestoreToTime", moment)],
            ["SourceDbClusterResourceId", "UseLatestRestorableTime"],
        ),
        (
            at(Some("cluster-GONE"), None),
            [
                ("SourceDbClusterResourceId", "cluster-GONE"),
                ("UseLatestRestorableTime", "true"),
            ],
            ["SourceDBClusterIdentifier", "RestoreToTime"],
        ),
    ] {
        let mut script = vec![no_cluster()];
        script.extend(groups_are_there());
        script.push(restored("RestoreDBClusterToPointInTime"));
        let (advance, asked) = advanced(script, &item(source, configuration())).await;
        phase(advance);
        let asked = asked.last().unwrap();
        for (name, value) in wanted {
            let said = asked.field(name).map(|said| said.replace("%3A", ":"));
            assert_eq!(said.as_deref(), Some(value), "{name}");
        }
        for name in unsaid {
            assert_eq!(asked.field(name), None, "{name}");
        }
        for (name, value) in [
            ("DBSubnetGroupName", "private"),
            ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-2"),
            ("DBClusterParameterGroupName", "tuned"),
            ("StorageType", "aurora-iopt1"),
            ("DeletionProtection", "false"),
            ("RestoreType", "full-copy"),
            ("Tags.Tag.2.Value", "hubs-prod-restore-1"),
        ] {
            assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn parameter_groups_that_are_gone_are_made_anew_with_their_parameters() {
    let script = vec![
        no_cluster(),
        refuses("DescribeDBClusterParameterGroups", 404, "DBParameterGroupNotFound"),
        xml("CreateDBClusterParameterGroup", ""),
        xml("ModifyDBClusterParameterGroup", ""),
        refuses("DescribeDBParameterGroups", 404, "DBParameterGroupNotFound"),
        xml("CreateDBParameterGroup", ""),
        xml("ModifyDBParameterGroup", ""),
        restored("RestoreDBClusterToPointInTime"),
    ];
    let (_, asked) = advanced(script, &item(at(None, None), configuration())).await;
    for (at, name, value) in [
        (2, "DBClusterParameterGroupName", "tuned"),
        (2, "DBParameterGroupFamily", "aurora-postgresql16"),
        (2, "Description", "for hubs"),
        (2, "Tags.Tag.2.Value", "hubs-prod-restore-1"),
        (3, "Parameters.Parameter.1.ParameterName", "rds.force_ssl"),
        (3, "Parameters.Parameter.1.ApplyMethod", "immediate"),
        (3, "Parameters.Parameter.2.ParameterValue", "65536"),
        (3, "Parameters.Parameter.2.ApplyMethod", "pending-reboot"),
        (5, "DBParameterGroupName", "one"),
        (6, "Parameters.Parameter.1.ParameterName", "log_statement"),
    ] {
        assert_eq!(asked[at].field(name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_parameter_group_of_ours_is_finished_and_anothers_left_as_it_is() {
    let configuration = configuration();
    let script = vec![
        no_cluster(),
        // This run's: the response to setting its parameters was lost.
        cluster_group_answer(&configuration["DBClusterParameterGroup"]),
        tags_answer(&tag_list(&[], &restore().id)),
        xml("ModifyDBClusterParameterGroup", ""),
        // Created by someone else between the describe and the create.
        refuses("DescribeDBParameterGroups", 404, "DBParameterGroupNotFound"),
        refuses("CreateDBParameterGroup", 400, "DBParameterGroupAlreadyExists"),
        instance_group_answer(&configuration["DBParameterGroups"][0]),
        tags_answer(&tag_list(&[], "another-restore")),
        restored("RestoreDBClusterToPointInTime"),
    ];
    phase(advanced(script, &item(at(None, None), configuration)).await.0);
}

/// The response to a create can be lost, and the SDK may retry: the existing group is then this run's, and gets its parameters.
#[tokio::test]
async fn a_parameter_group_whose_create_was_not_heard_of_gets_its_parameters() {
    let configuration = configuration();
    let script = vec![
        no_cluster(),
        refuses("DescribeDBClusterParameterGroups", 404, "DBParameterGroupNotFound"),
        refuses("CreateDBClusterParameterGroup", 400, "DBParameterGroupAlreadyExists"),
        cluster_group_answer(&configuration["DBClusterParameterGroup"]),
        tags_answer(&tag_list(&[], &restore().id)),
        xml("ModifyDBClusterParameterGroup", ""),
        refuses("DescribeDBParameterGroups", 404, "DBParameterGroupNotFound"),
        refuses("CreateDBParameterGroup", 400, "DBParameterGroupAlreadyExists"),
        instance_group_answer(&configuration["DBParameterGroups"][0]),
        tags_answer(&tag_list(&[], &restore().id)),
        xml("ModifyDBParameterGroup", ""),
        restored("RestoreDBClusterToPointInTime"),
    ];
    phase(advanced(script, &item(at(None, None), configuration)).await.0);
}

#[tokio::test]
async fn a_lost_answer_is_found_by_the_next_look() {
    let mut script = vec![no_cluster()];
    script.extend(groups_are_there());
    script.push(cut("RestoreDBClusterToPointInTime"));
    script.push(cluster_answer(&fresh(), "creating"));
    let (aurora, replay) = aurora(script);
    let item = item(at(None, None), configuration());
    let lost = aurora.advance(&restore(), &item).await.unwrap_err();
    assert_eq!(lost.name(), "Unavailable");
    let found = aurora.advance(&restore(), &item).await.unwrap();
    assert_eq!(phase(found), "cluster hubs-db-r1 is creating");
    replay.played();
    // A group that appears between the describe and the create is described again.
    let mut script = vec![no_cluster()];
    script.extend(groups_are_there());
    script.push(refuses(
        "RestoreDBClusterToPointInTime",
        400,
        "DBClusterAlreadyExistsFault",
    ));
    phase(advanced(script, &item).await.0);
}

#[tokio::test]
async fn a_cluster_of_another_is_a_conflict_and_is_left_alone() {
    let mut elses = faithful()["DBCluster"].clone();
    elses["ClusterCreateTime"] = "2026-11-01T02:15:00Z".into();
    for tags in [json!([]), tag_list(&[], "another-restore")] {
        elses["TagList"] = tags;
        let (aurora, replay) = aurora([cluster_answer(&elses, "available")]);
        let error = aurora
            .advance(&restore(), &item(from_snapshot(), configuration()))
            .await
            .unwrap_err();
        assert_eq!(error.name(), "Conflict");
        assert!(error.to_string().contains("hubs-db-r1"), "{error}");
        replay.played();
    }
}

/// AWS shows the tags of new resources with a delay.
#[tokio::test]
async fn what_shows_no_tags_yet_is_waited_for_and_not_taken_for_anothers() {
    let item = item(from_snapshot(), configuration());
    let mut cluster = faithful()["DBCluster"].clone();
    cluster["TagList"] = json!([]);
    for made in [Value::Null, "2026-11-20T02:16:00Z".into()] {
        cluster["ClusterCreateTime"] = made;
        let (advance, _) = advanced(vec![cluster_answer(&cluster, "available")], &item).await;
        assert_eq!(
            phase(advance),
            "cluster hubs-db-r1 is there, and does not show its tags yet"
        );
        let (kind, replay) = aurora([cluster_answer(&cluster, "available")]);
        let undoing = kind.undo(&restore(), &item).await.unwrap();
        assert!(matches!(undoing, UndoProgress::Underway(_)), "{undoing:?}");
        replay.played();
    }
    let mut instances = faithful()["DBInstances"].clone();
    instances[1]["TagList"] = json!([]);
    let script = vec![
        cluster_answer(&faithful()["DBCluster"], "available"),
        instances_answer(&instances),
    ];
    let (advance, _) = advanced(script, &item).await;
    assert_eq!(
        phase(advance),
        "instances of cluster hubs-db-r1: hubs-db-2-r1 is there, and does not show its tags yet"
    );
}

#[tokio::test]
async fn every_status_that_leads_nowhere_has_failed_and_every_other_is_waited_for() {
    let item = item(from_snapshot(), configuration());
    for status in [
        "cloning-failed",
        "deleting",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-network",
        "incompatible-parameters",
        "incompatible-restore",
        "migration-failed",
        "restore-failed",
        "stopped",
    ] {
        let (advance, _) = advanced(vec![cluster_answer(&fresh(), status)], &item).await;
        let reason = format!("the status of cluster hubs-db-r1 is {status}");
        assert_eq!(advance, RestoreProgress::Failed { reason });
    }
    for status in ["creating", "modifying", "backing-up", "upgrading", "never-heard-of"] {
        let (advance, _) = advanced(vec![cluster_answer(&fresh(), status)], &item).await;
        assert_eq!(phase(advance), format!("cluster hubs-db-r1 is {status}"));
    }
    let pending = with(
        fresh(),
        &[("PendingModifiedValues", json!({ "EngineVersion": "16.6" }))],
    );
    let (advance, _) = advanced(vec![cluster_answer(&pending, "available")], &item).await;
    assert_eq!(phase(advance), "cluster hubs-db-r1 has changes pending");
    let secret = json!({ "SecretArn": "arn:secret:new", "SecretStatus": "creating" });
    let (advance, _) = advanced(
        vec![cluster_answer(
            &with(fresh(), &[("MasterUserSecret", secret)]),
            "available",
        )],
        &item,
    )
    .await;
    assert_eq!(
        phase(advance),
        "the master secret of cluster hubs-db-r1 is being created"
    );
}

#[tokio::test]
async fn progress_is_told() {
    let cluster = with(fresh(), &[("PercentProgress", "42".into())]);
    let (advance, _) = advanced(
        vec![cluster_answer(&cluster, "creating")],
        &item(from_snapshot(), configuration()),
    )
    .await;
    assert!(
        matches!(
            advance,
            RestoreProgress::InProgress {
                percent: Some(42.0),
                made: Some(_),
                ..
            }
        ),
        "{advance:?}"
    );
}

#[tokio::test]
async fn without_a_configuration_a_copy_gets_the_defaults_and_one_instance() {
    let bare = item(at(Some("cluster-GONE"), None), Value::Null);
    let script = vec![no_cluster(), restored("RestoreDBClusterToPointInTime")];
    let (_, asked) = advanced(script, &bare).await;
    for name in [
        "DBSubnetGroupName",
        "StorageType",
        "Port",
        "VpcSecurityGroupIds.VpcSecurityGroupId.1",
    ] {
        assert_eq!(asked[1].field(name), None, "{name}");
    }
    assert_eq!(
        asked[1].field("Tags.Tag.2.Value").as_deref(),
        Some("hubs-prod-restore-1")
    );
    let script = vec![
        cluster_answer(&fresh(), "available"),
        instances_answer(&json!([])),
        xml("CreateDBInstance", ""),
    ];
    let (_, asked) = advanced(script, &bare).await;
    assert_eq!(asked[2].field("DBInstanceIdentifier").as_deref(), Some("hubs-db-r1-1"));
    assert_eq!(asked[2].field("DBInstanceClass").as_deref(), Some("db.t4g.medium"));
    let mut instance = faithful()["DBInstances"][0].clone();
    instance["DBInstanceIdentifier"] = "hubs-db-r1-1".into();
    let script = vec![
        cluster_answer(&fresh(), "available"),
        instances_answer(&json!([instance])),
    ];
    let (advance, _) = advanced(script, &bare).await;
    assert!(
        matches!(&advance, RestoreProgress::Restored { remarks, .. } if remarks[0].contains("db.t4g.medium")),
        "{advance:?}"
    );
}

#[tokio::test]
async fn failures_have_their_names() {
    for (code, status, name) in [
        ("Throttling", 400, "Throttled"),
        ("InternalFailure", 500, "Unavailable"),
        ("AccessDenied", 403, "AccessDenied"),
        ("DBClusterQuotaExceededFault", 403, "QuotaExceeded"),
        ("InvalidDBClusterStateFault", 400, "NotReady"),
        ("DBSubnetGroupNotFoundFault", 404, "NotFound"),
        ("InvalidRestoreFault", 400, "JobFailed"),
        ("KMSKeyNotAccessibleFault", 400, "AccessDenied"),
    ] {
        let mut script = vec![no_cluster()];
        script.extend(groups_are_there());
        script.push(refuses("RestoreDBClusterToPointInTime", status, code));
        let (aurora, _) = aurora(script);
        let error = aurora
            .advance(&restore(), &item(at(None, None), configuration()))
            .await
            .unwrap_err();
        assert_eq!(error.name(), name, "{code}");
        assert!(error.to_string().contains("hubs-db-r1"), "{error}");
    }
}

#[tokio::test]
async fn a_cluster_for_which_aws_has_no_capacity_is_waited_for() {
    for code in [
        "InsufficientDBClusterCapacityFault",
        "InsufficientStorageClusterCapacity",
        "InsufficientStorageClusterCapacityFault",
    ] {
        let mut script = vec![no_cluster()];
        script.extend(groups_are_there());
        script.push(refuses("RestoreDBClusterToPointInTime", 403, code));
        let (advance, _) = advanced(script, &item(at(None, None), configuration())).await;
        assert_eq!(phase(advance), "cluster hubs-db-r1 waits until AWS has capacity for it");
    }
}
