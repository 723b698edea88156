//! Every setting with another value than a new resource's: a restore has to put them back, and AWS does not.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use crate::aws::{Aws, element, text};
use crate::dataset::{Dataset, await_cluster, await_instance};

/// The role for a cluster's own access to AWS, and for its monitoring.
pub const ROLE: &str = "arn:aws:iam::000000000000:role/settings";

/// The resources that a cluster refers to, created for one deployment.
#[derive(Debug, Clone)]
pub struct Groups {
    pub subnets: String,
    pub cluster_parameters: String,
    pub parameters: String,
    pub security: [String; 2],
    /// A key's ARN.
    pub key: String,
}

impl Groups {
    /// Creates them with names that begin with the deployment's.
    pub async fn create(aws: &Aws, deployment: &str) -> Result<Self> {
        let (subnets, cluster_parameters, parameters) = (
            format!("{deployment}-subnets"),
            format!("{deployment}-cluster-parameters"),
            format!("{deployment}-parameters"),
        );
        let group = [
            ("DBSubnetGroupName", subnets.as_str()),
            ("DBSubnetGroupDescription", "two of three"),
            ("SubnetIds.SubnetIdentifier.1", "subnet-00000001"),
            ("SubnetIds.SubnetIdentifier.2", "subnet-00000002"),
        ];
        aws.rds("CreateDBSubnetGroup", &group).await?;
        for (kind, name, parameter, value) in [
            ("DBClusterParameterGroup", &cluster_parameters, "log_statement", "ddl"),
            ("DBParameterGroup", &parameters, "work_mem", "8192"),
        ] {
            let field = format!("{kind}Name");
            let made = [
                (field.as_str(), name.as_str()),
                ("DBParameterGroupFamily", "aurora-postgresql16"),
                ("Description", "of a test"),
            ];
            aws.rds(&format!("Create{kind}"), &made).await?;
            let set = [
                (field.as_str(), name.as_str()),
                ("Parameters.Parameter.1.ParameterName", parameter),
                ("Parameters.Parameter.1.ParameterValue", value),
                ("Parameters.Parameter.1.ApplyMethod", "pending-reboot"),
            ];
            aws.rds(&format!("Modify{kind}"), &set).await?;
        }
        let mut security = Vec::new();
        for n in ["a", "b"] {
            let name = format!("{deployment}-{n}");
            let group = [
                ("GroupName", name.as_str()),
                ("GroupDescription", "of a test"),
                ("VpcId", "vpc-00000001"),
            ];
            let made = aws.query("ec2", "2016-11-15", "CreateSecurityGroup", &group).await?;
            security.push(element(&made, "groupId")?);
        }
        let key = aws
            .json("kms", "TrentService.CreateKey", json!({ "Description": deployment }))
            .await?;
        Ok(Self {
            subnets,
            cluster_parameters,
            parameters,
            security: security
                .try_into()
                .map_err(|all| anyhow::anyhow!("two groups: {all:?}"))?,
            key: text(&key, "/KeyMetadata/Arn")?.to_owned(),
        })
    }

    /// The parameters of CreateDBCluster besides name, engine and user.
    pub fn of_cluster(&self) -> Vec<(&'static str, String)> {
        let given = [
            ("AutoMinorVersionUpgrade", "false"),
            ("BackupRetentionPeriod", "14"),
            ("CACertificateIdentifier", "rds-ca-ecc384-g1"),
            ("CopyTagsToSnapshot", "true"),
            ("DatabaseInsightsMode", "advanced"),
            ("DeletionProtection", "true"),
            ("EnableCloudwatchLogsExports.member.1", "postgresql"),
            ("EnableHttpEndpoint", "true"),
            ("EnableIAMDatabaseAuthentication", "true"),
            ("EnableLocalWriteForwarding", "true"),
            ("EnablePerformanceInsights", "true"),
            ("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
            ("EngineVersion", "16.8"),
            ("MonitoringInterval", "30"),
            ("MonitoringRoleArn", ROLE),
            ("PerformanceInsightsRetentionPeriod", "465"),
            ("Port", "6543"),
            ("PreferredBackupWindow", "02:10-02:50"),
            ("PreferredMaintenanceWindow", "mon:03:10-mon:03:50"),
            ("ServerlessV2ScalingConfiguration.MaxCapacity", "8"),
            ("ServerlessV2ScalingConfiguration.MinCapacity", "0"),
            ("ServerlessV2ScalingConfiguration.SecondsUntilAutoPause", "600"),
            ("StorageEncrypted", "true"),
            ("StorageType", "aurora-iopt1"),
            ("Tags.Tag.1.Key", "team"),
            ("Tags.Tag.1.Value", "hubs"),
        ];
        let of_groups = [
            ("DBClusterParameterGroupName", &self.cluster_parameters),
            ("DBSubnetGroupName", &self.subnets),
            ("KmsKeyId", &self.key),
            ("VpcSecurityGroupIds.VpcSecurityGroupId.1", &self.security[0]),
            ("VpcSecurityGroupIds.VpcSecurityGroupId.2", &self.security[1]),
        ];
        let given = given.into_iter().map(|(name, value)| (name, value.to_owned()));
        given
            .chain(of_groups.into_iter().map(|(name, value)| (name, value.clone())))
            .collect()
    }

    /// Gives the cluster a role, a second instance, a custom endpoint and scaled replicas.
    pub async fn complete_cluster(&self, aws: &Aws, cluster: &str) -> Result<()> {
        let role = [
            ("DBClusterIdentifier", cluster),
            ("RoleArn", ROLE),
            ("FeatureName", "s3Export"),
        ];
        aws.rds("AddRoleToDBCluster", &role).await?;
        let (writer, reader) = (format!("{cluster}-1"), format!("{cluster}-2"));
        let instance = [
            ("DBInstanceIdentifier", reader.as_str()),
            ("DBClusterIdentifier", cluster),
            ("Engine", "aurora-postgresql"),
            ("DBInstanceClass", "db.serverless"),
            ("AutoMinorVersionUpgrade", "false"),
            ("AvailabilityZone", "us-east-1b"),
            ("CACertificateIdentifier", "rds-ca-rsa4096-g1"),
            ("DBParameterGroupName", &self.parameters),
            ("EnablePerformanceInsights", "true"),
            ("MonitoringInterval", "15"),
            ("MonitoringRoleArn", ROLE),
            ("PerformanceInsightsRetentionPeriod", "465"),
            ("PreferredMaintenanceWindow", "tue:04:10-tue:04:50"),
            ("PromotionTier", "7"),
            ("PubliclyAccessible", "true"),
            ("Tags.Tag.1.Key", "role"),
            ("Tags.Tag.1.Value", "reader"),
        ];
        aws.rds("CreateDBInstance", &instance).await?;
        await_instance(aws, &reader).await?;
        let endpoint = format!("{cluster}-reports");
        let endpoint = [
            ("DBClusterIdentifier", cluster),
            ("DBClusterEndpointIdentifier", endpoint.as_str()),
            ("EndpointType", "ANY"),
            ("StaticMembers.member.1", &writer),
        ];
        aws.rds("CreateDBClusterEndpoint", &endpoint).await?;
        let mut target = json!({
            "ServiceNamespace": "rds", "ResourceId": format!("cluster:{cluster}"),
            "ScalableDimension": "rds:cluster:ReadReplicaCount",
        });
        let mut policy = target.clone();
        target["MinCapacity"] = json!(1);
        target["MaxCapacity"] = json!(4);
        scaling(aws, "RegisterScalableTarget", target).await?;
        policy["PolicyName"] = json!("readers");
        policy["PolicyType"] = json!("TargetTrackingScaling");
        policy["TargetTrackingScalingPolicyConfiguration"] = json!({
            "TargetValue": 35.0,
            "PredefinedMetricSpecification": { "PredefinedMetricType": "RDSReaderAverageCPUUtilization" },
        });
        let mut action = policy.clone();
        for name in ["PolicyName", "PolicyType", "TargetTrackingScalingPolicyConfiguration"] {
            action.as_object_mut().context("an action")?.remove(name);
        }
        scaling(aws, "PutScalingPolicy", policy).await?;
        // By a custom metric that names the cluster; and by steps, which an alarm of the operator's triggers.
        for (name, kind, configuration) in [
            (
                "queue",
                "TargetTrackingScaling",
                json!({ "TargetValue": 7.0, "CustomizedMetricSpecification": {
                    "MetricName": "Queue", "Namespace": "hubs", "Statistic": "Average",
                    "Dimensions": [{ "Name": "DBClusterIdentifier", "Value": cluster }],
                } }),
            ),
            (
                "steps",
                "StepScaling",
                json!({ "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{ "MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1 }] }),
            ),
        ] {
            let mut more = action.clone();
            more["PolicyName"] = json!(name);
            more["PolicyType"] = json!(kind);
            more[format!("{kind}PolicyConfiguration")] = configuration;
            scaling(aws, "PutScalingPolicy", more).await?;
        }
        scaling(aws, "PutScheduledAction", scheduled(action)).await?;
        await_cluster(aws, cluster).await
    }

    /// Sets all settings of a file system.
    pub async fn set_up_file_system(&self, aws: &Aws, id: &str) -> Result<()> {
        let arn = format!("arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/{id}");
        let targets = format!("/2015-02-01/mount-targets?FileSystemId={id}");
        let targets = aws.rest("elasticfilesystem", Method::GET, &targets, None).await?;
        let target = text(&targets, "/MountTargets/0/MountTargetId")?;
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "readers", "Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:ClientMount", "Resource": arn,
        }] });
        let of = |what: &str| format!("/2015-02-01/file-systems/{id}{what}");
        let lifecycle = json!([{ "TransitionToIA": "AFTER_7_DAYS" }, { "TransitionToArchive": "AFTER_90_DAYS" }]);
        let puts = [
            (
                of("/lifecycle-configuration"),
                json!({ "LifecyclePolicies": lifecycle }),
            ),
            (of("/backup-policy"), json!({ "BackupPolicy": { "Status": "ENABLED" } })),
            (
                of("/protection"),
                json!({ "ReplicationOverwriteProtection": "DISABLED" }),
            ),
            (of("/policy"), json!({ "Policy": policy.to_string() })),
            (
                format!("/2015-02-01/mount-targets/{target}/security-groups"),
                json!({ "SecurityGroups": self.security }),
            ),
            (
                of(""),
                json!({ "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 20 }),
            ),
        ];
        for (path, body) in puts {
            aws.rest("elasticfilesystem", Method::PUT, &path, Some(body)).await?;
        }
        let tag = json!({ "Tags": [{ "Key": "team", "Value": "hubs" }] });
        let tags = format!("/2015-02-01/resource-tags/{id}");
        aws.rest("elasticfilesystem", Method::POST, &tags, Some(tag)).await?;
        crate::dataset::await_file_system(aws, id).await
    }

    /// Sets all settings of a table; its read capacity scales already.
    pub async fn set_up_table(&self, aws: &Aws, table: &str) -> Result<()> {
        let described = dynamodb(aws, "DescribeTable", json!({ "TableName": table })).await?;
        let arn = text(&described, "/Table/TableArn")?;
        let updates = [
            json!({ "BillingMode": "PROVISIONED", "ProvisionedThroughput": { "ReadCapacityUnits": 7, "WriteCapacityUnits": 9 } }),
            json!({ "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "OLD_IMAGE" } }),
            json!({ "TableClass": "STANDARD_INFREQUENT_ACCESS" }),
            json!({ "SSESpecification": { "Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": self.key } }),
            json!({
                "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }, { "AttributeName": "value", "AttributeType": "N" }],
                "GlobalSecondaryIndexUpdates": [{ "Create": {
                    "IndexName": "by-value", "KeySchema": [{ "AttributeName": "value", "KeyType": "HASH" }],
                    "Projection": { "ProjectionType": "KEYS_ONLY" },
                    "ProvisionedThroughput": { "ReadCapacityUnits": 3, "WriteCapacityUnits": 4 },
                } }],
            }),
            json!({ "DeletionProtectionEnabled": true }),
        ];
        for mut update in updates {
            update["TableName"] = json!(table);
            dynamodb(aws, "UpdateTable", update).await?;
            await_table(aws, table).await?;
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "readers", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:root" },
            "Action": "dynamodb:GetItem", "Resource": arn,
        }] });
        let calls = [
            (
                "TagResource",
                json!({ "ResourceArn": arn, "Tags": [{ "Key": "team", "Value": "hubs" }] }),
            ),
            (
                "PutResourcePolicy",
                json!({ "ResourceArn": arn, "Policy": policy.to_string() }),
            ),
            (
                "UpdateTimeToLive",
                json!({ "TableName": table, "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "expires" } }),
            ),
            (
                "UpdateContinuousBackups",
                json!({ "TableName": table, "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 14 } }),
            ),
            (
                "UpdateContributorInsights",
                json!({ "TableName": table, "ContributorInsightsAction": "ENABLE" }),
            ),
        ];
        for (action, request) in calls {
            dynamodb(aws, action, request).await?;
        }
        let of_index = json!({ "TableName": table, "IndexName": "by-value", "ContributorInsightsAction": "ENABLE" });
        dynamodb(aws, "UpdateContributorInsights", of_index).await?;
        let action = json!({
            "ServiceNamespace": "dynamodb", "ResourceId": format!("table/{table}"),
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        });
        scaling(aws, "PutScheduledAction", scheduled(action)).await?;
        await_table(aws, table).await
    }
}

/// Scheduled scaling.
fn scheduled(mut action: Value) -> Value {
    action["ScheduledActionName"] = json!("morning");
    action["Schedule"] = json!("cron(0 6 * * ? *)");
    action["Timezone"] = json!("Europe/Berlin");
    action["ScalableTargetAction"] = json!({ "MinCapacity": 2, "MaxCapacity": 6 });
    action
}

/// A deployment whose settings all differ from a new resource's.
pub async fn with_settings(
    lab: &crate::lab::Lab,
    name: &str,
    sizes: &crate::dataset::Sizes,
) -> Result<(Dataset, Groups)> {
    let aws = lab.aws()?;
    let groups = Groups::create(&aws, name).await?;
    let dataset = Dataset::create_as(lab, name, sizes, &groups.of_cluster())
        .await
        .context("the dataset with its settings")?;
    groups.complete_cluster(&aws, &dataset.cluster).await?;
    for table in &dataset.tables {
        groups.set_up_table(&aws, table).await?;
    }
    Ok((dataset, groups))
}

/// Waits until a table and its indexes are active.
pub async fn await_table(aws: &Aws, table: &str) -> Result<()> {
    crate::wait::until(
        &format!("table {table} is active"),
        std::time::Duration::from_secs(60),
        || async {
            let described = dynamodb(aws, "DescribeTable", json!({ "TableName": table })).await?;
            let indexes = described
                .pointer("/Table/GlobalSecondaryIndexes")
                .and_then(Value::as_array);
            let ready = indexes
                .into_iter()
                .flatten()
                .all(|index| index["IndexStatus"] == "ACTIVE");
            Ok((described["Table"]["TableStatus"] == "ACTIVE" && ready).then_some(()))
        },
    )
    .await
}

async fn dynamodb(aws: &Aws, action: &str, request: Value) -> Result<Value> {
    aws.json("dynamodb", &format!("DynamoDB_20120810.{action}"), request)
        .await
}

async fn scaling(aws: &Aws, action: &str, request: Value) -> Result<()> {
    let action = format!("AnyScaleFrontendService.{action}");
    aws.json("application-autoscaling", &action, request).await.map(drop)
}
