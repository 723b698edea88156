//! What is captured.

use super::*;

fn captured_cluster(mode: &str) -> Exchange {
    xml(
        "DescribeDBClusters",
        &format!(
            "<DBClusters><DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier><Status>available</Status>\
             <Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion><EngineMode>{mode}</EngineMode>\
             <DBSubnetGroup>private</DBSubnetGroup><DBClusterParameterGroup>tuned</DBClusterParameterGroup><Port>5433</Port>\
             <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status>\
             </VpcSecurityGroupMembership></VpcSecurityGroups>\
             <AssociatedRoles><DBClusterRole><RoleArn>arn:role</RoleArn><FeatureName>s3Import</FeatureName></DBClusterRole></AssociatedRoles>\
             <ServerlessV2ScalingConfiguration><MinCapacity>0.5</MinCapacity><MaxCapacity>8</MaxCapacity></ServerlessV2ScalingConfiguration>\
             <DeletionProtection>true</DeletionProtection><StorageEncrypted>true</StorageEncrypted><KmsKeyId>arn:key</KmsKeyId>\
             <HttpEndpointEnabled>false</HttpEndpointEnabled><BackupRetentionPeriod>7</BackupRetentionPeriod>\
             <EnabledCloudwatchLogsExports><member>postgresql</member></EnabledCloudwatchLogsExports>\
             <IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>\
             <MasterUserSecret><SecretArn>arn:secret</SecretArn><SecretStatus>active</SecretStatus></MasterUserSecret>\
             <DBClusterMembers><DBClusterMember><DBInstanceIdentifier>hubs-db-1</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter>\
             <PromotionTier>1</PromotionTier></DBClusterMember></DBClusterMembers>\
             <TagList><Tag><Key>team</Key><Value>hubs</Value></Tag></TagList></DBCluster></DBClusters>"
        ),
    )
}

#[tokio::test]
async fn all_that_a_restore_does_not_bring_back_is_captured_under_its_own_names() {
    let instance = |number: u32| {
        format!(
            "<DBInstance><DBInstanceIdentifier>hubs-db-{number}</DBInstanceIdentifier><DBInstanceClass>db.r6g.large</DBInstanceClass>\
             <AvailabilityZone>eu-west-1a</AvailabilityZone><PromotionTier>{number}</PromotionTier>\
             <PubliclyAccessible>false</PubliclyAccessible><PerformanceInsightsEnabled>true</PerformanceInsightsEnabled>\
             <MonitoringInterval>60</MonitoringInterval><CACertificateIdentifier>rds-ca-rsa2048-g1</CACertificateIdentifier>\
             <DBParameterGroups><DBParameterGroup><DBParameterGroupName>one</DBParameterGroupName></DBParameterGroup></DBParameterGroups>\
             <TagList><Tag><Key>n</Key><Value>{number}</Value></Tag></TagList></DBInstance>"
        )
    };
    let parameter = |name: &str, value: &str| {
        format!(
            "<Parameter><ParameterName>{name}</ParameterName><ParameterValue>{value}</ParameterValue>\
             <ApplyMethod>pending-reboot</ApplyMethod><Source>user</Source></Parameter>"
        )
    };
    let (aurora, replay) = aurora([
        captured_cluster("provisioned"),
        xml(
            "DescribeDBClusterParameterGroups",
            "<DBClusterParameterGroups><DBClusterParameterGroup><DBClusterParameterGroupName>tuned</DBClusterParameterGroupName><DBParameterGroupFamily>aurora-postgresql16</DBParameterGroupFamily><Description>for hubs</Description></DBClusterParameterGroup></DBClusterParameterGroups>",
        ),
        xml(
            "DescribeDBClusterParameters",
            "<Parameters><Parameter><ParameterName>work_mem</ParameterName><ParameterValue>65536</ParameterValue><ApplyMethod>immediate</ApplyMethod><Source>user</Source></Parameter></Parameters>",
        ),
        xml(
            "DescribeDBSubnetGroups",
            "<DBSubnetGroups><DBSubnetGroup><DBSubnetGroupName>private</DBSubnetGroupName><VpcId>vpc-1</VpcId><Subnets><Subnet><SubnetIdentifier>subnet-1</SubnetIdentifier><SubnetAvailabilityZone><Name>eu-west-1a</Name></SubnetAvailabilityZone></Subnet></Subnets></DBSubnetGroup></DBSubnetGroups>",
        ),
        xml(
            "DescribeDBInstances",
            &format!("<DBInstances>{}</DBInstances><Marker>more</Marker>", instance(1)),
        ),
        xml(
            "DescribeDBInstances",
            &format!("<DBInstances>{}</DBInstances>", instance(2)),
        ),
        // Both instances have it, and it is read once.
        xml(
            "DescribeDBParameterGroups",
            "<DBParameterGroups><DBParameterGroup><DBParameterGroupName>one</DBParameterGroupName><DBParameterGroupFamily>aurora-postgresql16</DBParameterGroupFamily><Description>of instances</Description></DBParameterGroup></DBParameterGroups>",
        ),
        xml(
            "DescribeDBParameters",
            &format!(
                "<Parameters>{}</Parameters><Marker>rest</Marker>",
                parameter("log_statement", "all")
            ),
        ),
        xml(
            "DescribeDBParameters",
            &format!("<Parameters>{}</Parameters>", parameter("work_mem", "4096")),
        ),
        xml(
            "DescribeDBClusterEndpoints",
            "<DBClusterEndpoints><DBClusterEndpointList><DBClusterEndpointIdentifier>reports</DBClusterEndpointIdentifier><EndpointType>CUSTOM</EndpointType><CustomEndpointType>READER</CustomEndpointType><StaticMembers><member>hubs-db-2</member></StaticMembers></DBClusterEndpointList></DBClusterEndpoints>",
        ),
        answers(
            "DescribeScalableTargets",
            r#"{"ScalableTargets":[{"ServiceNamespace":"rds","ResourceId":"cluster:hubs-db","ScalableDimension":"rds:cluster:ReadReplicaCount","MinCapacity":1,"MaxCapacity":5,"RoleARN":"arn:r","CreationTime":1.7e9}]}"#,
        ),
        answers(
            "DescribeScalingPolicies",
            r#"{"ScalingPolicies":[{"PolicyARN":"arn:p","PolicyName":"readers","ServiceNamespace":"rds","ResourceId":"cluster:hubs-db","ScalableDimension":"rds:cluster:ReadReplicaCount","PolicyType":"TargetTrackingScaling","CreationTime":1.7e9}]}"#,
        ),
        answers(
            "DescribeScheduledActions",
            r#"{"ScheduledActions":[{"ScheduledActionName":"morning","ServiceNamespace":"rds","ResourceId":"cluster:hubs-db"}]}"#,
        ),
    ]);
    let captured = aurora.capture(&database()).await.unwrap();
    let at = |pointer: &str| {
        captured
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer} in {captured:#}"))
            .clone()
    };
    for (pointer, value) in [
        ("/DBCluster/EngineVersion", Value::from("16.4")),
        ("/DBCluster/Port", 5433.into()),
        ("/DBCluster/VpcSecurityGroups/0/VpcSecurityGroupId", "sg-1".into()),
        ("/DBCluster/AssociatedRoles/0/FeatureName", "s3Import".into()),
        ("/DBCluster/ServerlessV2ScalingConfiguration/MinCapacity", 0.5.into()),
        ("/DBCluster/DeletionProtection", true.into()),
        ("/DBCluster/HttpEndpointEnabled", false.into()),
        ("/DBCluster/EnabledCloudwatchLogsExports/0", "postgresql".into()),
        ("/DBCluster/MasterUserSecret/SecretArn", "arn:secret".into()),
        ("/DBCluster/DBClusterMembers/0/IsClusterWriter", true.into()),
        ("/DBCluster/TagList/0/Value", "hubs".into()),
        ("/DBClusterParameters/0/ParameterValue", "65536".into()),
        (
            "/DBClusterParameterGroup/DBParameterGroupFamily",
            "aurora-postgresql16".into(),
        ),
        ("/DBClusterParameterGroup/Description", "for hubs".into()),
        ("/DBParameterGroups/0/DBParameterGroupName", "one".into()),
        (
            "/DBParameterGroups/0/DBParameterGroupFamily",
            "aurora-postgresql16".into(),
        ),
        ("/DBParameterGroups/0/Description", "of instances".into()),
        ("/DBParameterGroups/0/Parameters/0/ParameterValue", "all".into()),
        ("/DBParameterGroups/0/Parameters/1/ApplyMethod", "pending-reboot".into()),
        ("/ScalableTargets/0/MaxCapacity", 5.into()),
        ("/ScalingPolicies/0/PolicyName", "readers".into()),
        ("/ScheduledActions/0/ScheduledActionName", "morning".into()),
        ("/DBSubnetGroup/Subnets/0/SubnetIdentifier", "subnet-1".into()),
        ("/DBInstances/1/PromotionTier", 2.into()),
        ("/DBInstances/0/DBParameterGroups/0/DBParameterGroupName", "one".into()),
        ("/DBInstances/0/MonitoringInterval", 60.into()),
        ("/DBInstances/1/TagList/0/Value", "2".into()),
        ("/DBClusterEndpoints/0/StaticMembers/0", "hubs-db-2".into()),
    ] {
        assert_eq!(at(pointer), value, "{pointer}");
    }
    assert!(captured["DBCluster"].get("GlobalClusterIdentifier").is_none());
    let requests = replay.played();
    assert_eq!(
        requests[1].field("DBClusterParameterGroupName").as_deref(),
        Some("tuned")
    );
    assert_eq!(requests[2].field("Source").as_deref(), Some("user"));
    assert_eq!(
        requests[4].field("Filters.Filter.1.Name").as_deref(),
        Some("db-cluster-id")
    );
    assert_eq!(requests[5].field("Marker").as_deref(), Some("more"));
    assert_eq!(requests[7].field("Source").as_deref(), Some("user"));
    assert_eq!(requests[8].field("Marker").as_deref(), Some("rest"));
    assert_eq!(
        requests[10].json()["ResourceIds"],
        serde_json::json!(["cluster:hubs-db"])
    );
}

#[tokio::test]
async fn what_the_region_does_not_offer_of_a_cluster_is_a_remark_of_its_restore() {
    let (kind, replay) = aurora([
        xml(
            "DescribeDBClusters",
            "<DBClusters><DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier><Status>available</Status>\
             <Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion><EngineMode>provisioned</EngineMode>\
             </DBCluster></DBClusters>",
        ),
        xml("DescribeDBInstances", "<DBInstances/>"),
        refuses("DescribeDBClusterEndpoints", 400, "InvalidAction"),
        refuses("DescribeScalableTargets", 400, "UnknownOperationException"),
    ]);
    let captured = kind.capture(&database()).await.unwrap();
    let not_offered = |field: &str| format!("{field} was not captured: the Region did not offer it");
    assert_eq!(
        crate::kinds::optional::remarks(&captured),
        ["DBClusterEndpoints", "ScalableTargets"].map(not_offered)
    );
    replay.played();
}

#[tokio::test]
async fn a_missing_or_serverless_v1_cluster_is_refused() {
    let (kind, _) = aurora([captured_cluster("serverless")]);
    let error = kind.capture(&database()).await.unwrap_err();
    assert_eq!(error.name(), "InvalidInput");
    assert!(
        error.to_string().starts_with("resources.thing.cluster: hubs-db"),
        "{error}"
    );
    let (kind, _) = aurora([refuses("DescribeDBClusters", 404, "DBClusterNotFoundFault")]);
    assert_eq!(kind.capture(&database()).await.unwrap_err().name(), "NotFound");
    let (kind, _) = aurora([answers("DescribeDBClusters", "<DescribeDBClustersResponse><Describe")]);
    assert_eq!(kind.capture(&database()).await.unwrap_err().name(), "Unavailable");
}
