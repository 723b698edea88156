//! RDS's answers to the conformance suite.

use std::sync::Arc;

use super::*;
use crate::testing::conformance::BackupAnswers;

pub fn answers() -> BackupAnswers {
    BackupAnswers {
        kind: |aws| Arc::new(Aurora::from_config(aws)),
        resource: database(),
        point: RecoveryPoint::ClusterSnapshot {
            id: id(),
            arn: ARN.into(),
        },
        capture: || {
            vec![
                xml(
                    "DescribeDBClusters",
                    "<DBClusters><DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier><Engine>aurora-postgresql</Engine>\
                     </DBCluster></DBClusters>",
                ),
                xml("DescribeDBInstances", "<DBInstances/>"),
                xml("DescribeDBClusterEndpoints", "<DBClusterEndpoints/>"),
                super::answers("DescribeScalableTargets", r#"{"ScalableTargets":[]}"#),
            ]
        },
        back_up: || vec![none(), cluster_is("available"), created(), ours("creating")],
        create: Some("CreateDBClusterSnapshot"),
        adopt: || vec![ours("creating")],
        conflict: Some(|| vec![snapshot("available", 100, "hubs-db", "another-set")]),
        find: || vec![ours("available")],
        find_foreign: || vec![snapshot("available", 100, "other-db", &run().id)],
        poll: || vec![ours("available")],
        abandon: Vec::new,
        abandon_again: Vec::new,
        mark_sealed: || vec![xml("AddTagsToResource", "")],
        delete: || vec![ours("available"), xml("DeleteDBClusterSnapshot", ""), none()],
        remove: Some("DeleteDBClusterSnapshot"),
        delete_again: || vec![none()],
    }
}
