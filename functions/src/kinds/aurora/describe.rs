//! RDS's responses as JSON, under RDS's own attribute names: the SDK's types cannot be serialized.

use aws_sdk_rds::types::{
    CertificateDetails, DbCluster, DbClusterEndpoint, DbClusterMember, DbClusterRole, DbInstance,
    DbParameterGroupStatus, DbSubnetGroup, DomainMembership, MasterUserSecret, Parameter,
    ServerlessV2ScalingConfigurationInfo, Subnet, Tag, VpcSecurityGroupMembership,
};
use serde_json::Value;

/// A JSON object of the attributes that are set, as in RDS's responses.
macro_rules! attributes {
    ($($name:literal => $value:expr),* $(,)?) => {{
        let mut members = serde_json::Map::new();
        $(match serde_json::json!($value) {
            serde_json::Value::Null => {}
            value => drop(members.insert($name.to_owned(), value)),
        })*
        serde_json::Value::Object(members)
    }};
}
pub(super) use attributes;

/// Describes each element of a list.
pub fn all<T>(items: &[T], describe: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(describe).collect()
}

pub fn cluster(cluster: &DbCluster) -> Value {
    attributes! {
        "CharacterSetName" => cluster.character_set_name(),
        "DBClusterIdentifier" => cluster.db_cluster_identifier(),
        "DBClusterArn" => cluster.db_cluster_arn(),
        "DbClusterResourceId" => cluster.db_cluster_resource_id(),
        "Engine" => cluster.engine(),
        "EngineVersion" => cluster.engine_version(),
        "EngineMode" => cluster.engine_mode(),
        "EngineLifecycleSupport" => cluster.engine_lifecycle_support(),
        "Port" => cluster.port(),
        "Endpoint" => cluster.endpoint(),
        "ReaderEndpoint" => cluster.reader_endpoint(),
        "AvailabilityZones" => cluster.availability_zones(),
        "DBSubnetGroup" => cluster.db_subnet_group(),
        "VpcSecurityGroups" => all(cluster.vpc_security_groups(), security_group),
        "NetworkType" => cluster.network_type(),
        "DBClusterParameterGroup" => cluster.db_cluster_parameter_group(),
        "AssociatedRoles" => all(cluster.associated_roles(), role),
        "ServerlessV2ScalingConfiguration" => cluster.serverless_v2_scaling_configuration().map(scaling),
        "StorageType" => cluster.storage_type(),
        "StorageEncrypted" => cluster.storage_encrypted(),
        "KmsKeyId" => cluster.kms_key_id(),
        "IAMDatabaseAuthenticationEnabled" => cluster.iam_database_authentication_enabled(),
        "HttpEndpointEnabled" => cluster.http_endpoint_enabled(),
        "EnabledCloudwatchLogsExports" => cluster.enabled_cloudwatch_logs_exports(),
        "DeletionProtection" => cluster.deletion_protection(),
        "CopyTagsToSnapshot" => cluster.copy_tags_to_snapshot(),
        "BackupRetentionPeriod" => cluster.backup_retention_period(),
        "PreferredBackupWindow" => cluster.preferred_backup_window(),
        "PreferredMaintenanceWindow" => cluster.preferred_maintenance_window(),
        "AutoMinorVersionUpgrade" => cluster.auto_minor_version_upgrade(),
        "BacktrackWindow" => cluster.backtrack_window(),
        "CertificateDetails" => cluster.certificate_details().map(certificate),
        "DatabaseInsightsMode" => cluster.database_insights_mode().map(|mode| mode.as_str()),
        "MonitoringInterval" => cluster.monitoring_interval(),
        "MonitoringRoleArn" => cluster.monitoring_role_arn(),
        "PerformanceInsightsEnabled" => cluster.performance_insights_enabled(),
        "PerformanceInsightsKMSKeyId" => cluster.performance_insights_kms_key_id(),
        "PerformanceInsightsRetentionPeriod" => cluster.performance_insights_retention_period(),
        "ActivityStreamStatus" => cluster.activity_stream_status().map(|status| status.as_str()),
        "GlobalClusterIdentifier" => cluster.global_cluster_identifier(),
        "GlobalWriteForwardingRequested" => cluster.global_write_forwarding_requested(),
        "LocalWriteForwardingStatus" => cluster.local_write_forwarding_status().map(|status| status.as_str()),
        "ReplicationSourceIdentifier" => cluster.replication_source_identifier(),
        "ReadReplicaIdentifiers" => cluster.read_replica_identifiers(),
        "ClusterScalabilityType" => cluster.cluster_scalability_type().map(|scalability| scalability.as_str()),
        "DomainMemberships" => all(cluster.domain_memberships(), domain),
        "VPCNetworkingEnabled" => cluster.vpc_networking_enabled(),
        "InternetAccessGatewayEnabled" => cluster.internet_access_gateway_enabled(),
        "DatabaseName" => cluster.database_name(),
        "MasterUsername" => cluster.master_username(),
        // The ARN of the managed secret; its value is never read.
        "MasterUserSecret" => cluster.master_user_secret().map(master_secret),
        "DBClusterMembers" => all(cluster.db_cluster_members(), member),
        "TagList" => all(cluster.tag_list(), tag),
    }
}

pub fn instance(instance: &DbInstance) -> Value {
    attributes! {
        "DBInstanceIdentifier" => instance.db_instance_identifier(),
        "DBInstanceArn" => instance.db_instance_arn(),
        "DBInstanceClass" => instance.db_instance_class(),
        "DBInstanceStatus" => instance.db_instance_status(),
        "Engine" => instance.engine(),
        "EngineVersion" => instance.engine_version(),
        "AvailabilityZone" => instance.availability_zone(),
        "PromotionTier" => instance.promotion_tier(),
        "PubliclyAccessible" => instance.publicly_accessible(),
        "DBParameterGroups" => all(instance.db_parameter_groups(), parameter_group),
        "VpcSecurityGroups" => all(instance.vpc_security_groups(), security_group),
        "AutoMinorVersionUpgrade" => instance.auto_minor_version_upgrade(),
        "PreferredMaintenanceWindow" => instance.preferred_maintenance_window(),
        "CopyTagsToSnapshot" => instance.copy_tags_to_snapshot(),
        "MonitoringInterval" => instance.monitoring_interval(),
        "MonitoringRoleArn" => instance.monitoring_role_arn(),
        "DatabaseInsightsMode" => instance.database_insights_mode().map(|mode| mode.as_str()),
        "PerformanceInsightsEnabled" => instance.performance_insights_enabled(),
        "PerformanceInsightsKMSKeyId" => instance.performance_insights_kms_key_id(),
        "PerformanceInsightsRetentionPeriod" => instance.performance_insights_retention_period(),
        "CACertificateIdentifier" => instance.ca_certificate_identifier(),
        "CertificateDetails" => instance.certificate_details().map(certificate),
        "NetworkType" => instance.network_type(),
        "TagList" => all(instance.tag_list(), tag),
    }
}

pub fn subnet_group(group: &DbSubnetGroup) -> Value {
    attributes! {
        "DBSubnetGroupName" => group.db_subnet_group_name(),
        "DBSubnetGroupDescription" => group.db_subnet_group_description(),
        "DBSubnetGroupArn" => group.db_subnet_group_arn(),
        "VpcId" => group.vpc_id(),
        "Subnets" => all(group.subnets(), subnet),
        "SupportedNetworkTypes" => group.supported_network_types(),
    }
}

pub fn parameter(parameter: &Parameter) -> Value {
    attributes! {
        "ParameterName" => parameter.parameter_name(),
        "ParameterValue" => parameter.parameter_value(),
        "ApplyMethod" => parameter.apply_method().map(|method| method.as_str()),
        "Source" => parameter.source(),
    }
}

pub fn endpoint(endpoint: &DbClusterEndpoint) -> Value {
    attributes! {
        "DBClusterEndpointIdentifier" => endpoint.db_cluster_endpoint_identifier(),
        "DBClusterEndpointArn" => endpoint.db_cluster_endpoint_arn(),
        "Endpoint" => endpoint.endpoint(),
        "EndpointType" => endpoint.endpoint_type(),
        "CustomEndpointType" => endpoint.custom_endpoint_type(),
        "StaticMembers" => endpoint.static_members(),
        "ExcludedMembers" => endpoint.excluded_members(),
    }
}

fn role(role: &DbClusterRole) -> Value {
    attributes! {
        "RoleArn" => role.role_arn(),
        "FeatureName" => role.feature_name(),
        "Status" => role.status(),
    }
}

fn scaling(scaling: &ServerlessV2ScalingConfigurationInfo) -> Value {
    attributes! {
        "MinCapacity" => scaling.min_capacity(),
        "MaxCapacity" => scaling.max_capacity(),
        "SecondsUntilAutoPause" => scaling.seconds_until_auto_pause(),
    }
}

fn master_secret(secret: &MasterUserSecret) -> Value {
    attributes! {
        "SecretArn" => secret.secret_arn(),
        "SecretStatus" => secret.secret_status(),
        "KmsKeyId" => secret.kms_key_id(),
    }
}

fn member(member: &DbClusterMember) -> Value {
    attributes! {
        "DBInstanceIdentifier" => member.db_instance_identifier(),
        "IsClusterWriter" => member.is_cluster_writer(),
        "DBClusterParameterGroupStatus" => member.db_cluster_parameter_group_status(),
        "PromotionTier" => member.promotion_tier(),
    }
}

fn parameter_group(group: &DbParameterGroupStatus) -> Value {
    attributes! {
        "DBParameterGroupName" => group.db_parameter_group_name(),
        "ParameterApplyStatus" => group.parameter_apply_status(),
    }
}

fn subnet(subnet: &Subnet) -> Value {
    let zone = subnet.subnet_availability_zone().and_then(|zone| zone.name());
    attributes! {
        "SubnetIdentifier" => subnet.subnet_identifier(),
        "SubnetAvailabilityZone" => attributes! { "Name" => zone },
    }
}

fn security_group(group: &VpcSecurityGroupMembership) -> Value {
    attributes! {
        "VpcSecurityGroupId" => group.vpc_security_group_id(),
        "Status" => group.status(),
    }
}

fn certificate(details: &CertificateDetails) -> Value {
    attributes! { "CAIdentifier" => details.ca_identifier() }
}

fn domain(membership: &DomainMembership) -> Value {
    attributes! { "Domain" => membership.domain(), "Status" => membership.status() }
}

fn tag(tag: &Tag) -> Value {
    attributes! { "Key" => tag.key(), "Value" => tag.value() }
}
