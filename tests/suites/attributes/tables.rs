//! The attributes of each kind: what `settings` gives a source.

use holdfast_tests::settings::{Groups, ROLE};
use serde_json::{Value, json};

/// Its name, its path in AWS's description, and the value that is expected.
pub type Attribute = (&'static str, &'static str, Value);

pub fn of_cluster(groups: &Groups) -> Vec<Attribute> {
    let mut security = groups.security.clone();
    security.sort_unstable();
    vec![
        ("minor upgrades", "/DBCluster/AutoMinorVersionUpgrade", json!("false")),
        ("retention", "/DBCluster/BackupRetentionPeriod", json!("14")),
        ("tags on snapshots", "/DBCluster/CopyTagsToSnapshot", json!("true")),
        ("insights", "/DBCluster/DatabaseInsightsMode", json!("advanced")),
        ("deletion protection", "/DBCluster/DeletionProtection", json!("true")),
        (
            "log exports",
            "/DBCluster/EnabledCloudwatchLogsExports",
            json!(["postgresql"]),
        ),
        ("Data API", "/DBCluster/HttpEndpointEnabled", json!("true")),
        (
            "IAM authentication",
            "/DBCluster/IAMDatabaseAuthenticationEnabled",
            json!("true"),
        ),
        (
            "write forwarding",
            "/DBCluster/LocalWriteForwardingStatus",
            json!("enabled"),
        ),
        (
            "performance insights",
            "/DBCluster/PerformanceInsightsEnabled",
            json!("true"),
        ),
        (
            "their retention",
            "/DBCluster/PerformanceInsightsRetentionPeriod",
            json!("465"),
        ),
        (
            "extended support",
            "/DBCluster/EngineLifecycleSupport",
            json!("open-source-rds-extended-support-disabled"),
        ),
        ("engine version", "/DBCluster/EngineVersion", json!("16.8")),
        ("port", "/DBCluster/Port", json!("6543")),
        (
            "backup window",
            "/DBCluster/PreferredBackupWindow",
            json!("02:10-02:50"),
        ),
        (
            "maintenance window",
            "/DBCluster/PreferredMaintenanceWindow",
            json!("mon:03:10-mon:03:50"),
        ),
        (
            "most capacity",
            "/DBCluster/ServerlessV2ScalingConfiguration/MaxCapacity",
            json!("8.0"),
        ),
        (
            "least capacity",
            "/DBCluster/ServerlessV2ScalingConfiguration/MinCapacity",
            json!("0.0"),
        ),
        (
            "auto-pause",
            "/DBCluster/ServerlessV2ScalingConfiguration/SecondsUntilAutoPause",
            json!("600"),
        ),
        ("encryption", "/DBCluster/StorageEncrypted", json!("true")),
        ("key", "/DBCluster/KmsKeyId", json!(groups.key)),
        ("storage type", "/DBCluster/StorageType", json!("aurora-iopt1")),
        (
            "parameter group",
            "/DBCluster/DBClusterParameterGroup",
            json!(groups.cluster_parameters),
        ),
        ("subnet group", "/DBCluster/DBSubnetGroup", json!(groups.subnets)),
        ("security groups", "/SecurityGroups", json!(security)),
        ("role", "/DBCluster/AssociatedRoles/0/RoleArn", json!(ROLE)),
        (
            "role's feature",
            "/DBCluster/AssociatedRoles/0/FeatureName",
            json!("s3Export"),
        ),
        ("tag", "/Tags/team", json!("hubs")),
        (
            "managed password's key",
            "/DBCluster/MasterUserSecret/KmsKeyId",
            json!(groups.key),
        ),
        (
            "second instance's class",
            "/Reader/DBInstanceClass",
            json!("db.serverless"),
        ),
        ("its minor upgrades", "/Reader/AutoMinorVersionUpgrade", json!("false")),
        ("its zone", "/Reader/AvailabilityZone", json!("us-east-1b")),
        (
            "its certificate authority",
            "/Reader/CACertificateIdentifier",
            json!("rds-ca-rsa4096-g1"),
        ),
        (
            "its parameter group",
            "/Reader/DBParameterGroups/0/DBParameterGroupName",
            json!(groups.parameters),
        ),
        ("its insights", "/Reader/PerformanceInsightsEnabled", json!("true")),
        (
            "their retention",
            "/Reader/PerformanceInsightsRetentionPeriod",
            json!("465"),
        ),
        ("its monitoring", "/Reader/MonitoringInterval", json!("15")),
        ("its monitoring's role", "/Reader/MonitoringRoleArn", json!(ROLE)),
        (
            "its maintenance window",
            "/Reader/PreferredMaintenanceWindow",
            json!("tue:04:10-tue:04:50"),
        ),
        ("its tier", "/Reader/PromotionTier", json!("7")),
        ("its public address", "/Reader/PubliclyAccessible", json!("true")),
        ("its tag", "/TagsOfReader/role", json!("reader")),
        (
            "custom endpoint",
            "/DBClusterEndpoints/0/CustomEndpointType",
            json!("ANY"),
        ),
        ("its members", "/EndpointsOfOther", json!(1)),
        ("fewest replicas", "/ScalableTargets/0/MinCapacity", json!(1)),
        ("most replicas", "/ScalableTargets/0/MaxCapacity", json!(4)),
        (
            "scaling's target",
            "/ScalingPolicies/1/TargetTrackingScalingPolicyConfiguration/TargetValue",
            json!(35.0),
        ),
        (
            "scaling by a metric of its own",
            "/ScalingPolicies/0/TargetTrackingScalingPolicyConfiguration/CustomizedMetricSpecification/MetricName",
            json!("Queue"),
        ),
        (
            "scaling by steps",
            "/ScalingPolicies/2/StepScalingPolicyConfiguration/AdjustmentType",
            json!("ChangeInCapacity"),
        ),
        ("schedule", "/ScheduledActions/0/Schedule", json!("cron(0 6 * * ? *)")),
        (
            "schedule's time zone",
            "/ScheduledActions/0/Timezone",
            json!("Europe/Berlin"),
        ),
        (
            "schedule's capacity",
            "/ScheduledActions/0/ScalableTargetAction/MaxCapacity",
            json!(6),
        ),
    ]
}

pub fn of_table() -> Vec<Attribute> {
    vec![
        (
            "write capacity",
            "/Table/ProvisionedThroughput/WriteCapacityUnits",
            json!(9),
        ),
        (
            "stream",
            "/Table/StreamSpecification/StreamViewType",
            json!("OLD_IMAGE"),
        ),
        (
            "class",
            "/Table/TableClassSummary/TableClass",
            json!("STANDARD_INFREQUENT_ACCESS"),
        ),
        ("encryption", "/Table/SSEDescription/SSEType", json!("KMS")),
        ("index", "/Table/GlobalSecondaryIndexes/0/IndexName", json!("by-value")),
        (
            "index's projection",
            "/Table/GlobalSecondaryIndexes/0/Projection/ProjectionType",
            json!("KEYS_ONLY"),
        ),
        (
            "index's capacity",
            "/Table/GlobalSecondaryIndexes/0/ProvisionedThroughput/WriteCapacityUnits",
            json!(4),
        ),
        ("deletion protection", "/Table/DeletionProtectionEnabled", json!(true)),
        ("tag", "/Tags/team", json!("hubs")),
        ("policy", "/Policy/Statement/0/Sid", json!("readers")),
        ("time to live", "/TimeToLiveDescription/AttributeName", json!("expires")),
        (
            "time to live's status",
            "/TimeToLiveDescription/TimeToLiveStatus",
            json!("ENABLED"),
        ),
        (
            "point-in-time recovery",
            "/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus",
            json!("ENABLED"),
        ),
        (
            "its days",
            "/PointInTimeRecoveryDescription/RecoveryPeriodInDays",
            json!(14),
        ),
        (
            "insights",
            "/ContributorInsights/ContributorInsightsStatus",
            json!("ENABLED"),
        ),
        ("least capacity", "/ScalableTargets/0/MinCapacity", json!(1)),
        ("most capacity", "/ScalableTargets/0/MaxCapacity", json!(10)),
        (
            "scaling's target",
            "/ScalingPolicies/0/TargetTrackingScalingPolicyConfiguration/TargetValue",
            json!(70.0),
        ),
        (
            "insights of an index",
            "/IndexContributorInsights/ContributorInsightsStatus",
            json!("ENABLED"),
        ),
        ("schedule", "/ScheduledActions/0/Schedule", json!("cron(0 6 * * ? *)")),
        (
            "schedule's time zone",
            "/ScheduledActions/0/Timezone",
            json!("Europe/Berlin"),
        ),
        (
            "schedule's capacity",
            "/ScheduledActions/0/ScalableTargetAction/MaxCapacity",
            json!(6),
        ),
    ]
}

pub fn of_file_system(groups: &Groups) -> Vec<Attribute> {
    let mut security = groups.security.clone();
    security.sort_unstable();
    vec![
        ("throughput", "/FileSystem/ThroughputMode", json!("provisioned")),
        ("its amount", "/FileSystem/ProvisionedThroughputInMibps", json!(20.0)),
        ("encryption", "/FileSystem/Encrypted", json!(true)),
        (
            "overwrite protection",
            "/FileSystem/FileSystemProtection/ReplicationOverwriteProtection",
            json!("DISABLED"),
        ),
        ("name", "/Tags/Name", json!("attributes-storage")),
        ("tag", "/Tags/team", json!("hubs")),
        (
            "infrequent access",
            "/LifecyclePolicies/TransitionToIA",
            json!("AFTER_7_DAYS"),
        ),
        (
            "archive",
            "/LifecyclePolicies/TransitionToArchive",
            json!("AFTER_90_DAYS"),
        ),
        ("backups", "/BackupPolicy/Status", json!("ENABLED")),
        ("policy", "/Policy/Statement/0/Sid", json!("readers")),
        ("mount target's subnet", "/Subnet", json!(true)),
        ("mount target's groups", "/SecurityGroups", json!(security)),
    ]
}
