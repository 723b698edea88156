//! The permissions that calls of Amazon RDS need.

use serde_json::Value;

use super::need::{HERE, Need, need};

/// As [`super::needs`], for a call of RDS.
pub fn needs(call: &Value) -> Vec<Need> {
    let given = |name: &str| call["request"][name].as_str().filter(|given| !given.is_empty());
    // A parameter that a call omits matches any.
    let of = |kind: &str, name: &str| arn(kind, given(name).unwrap_or("*"));
    let action = call["action"].as_str().unwrap_or_default();
    let permission = format!("rds:{action}");
    let on = |resources: Vec<String>| {
        resources
            .into_iter()
            .map(|resource| need(&permission, resource))
            .collect()
    };
    let tagging = |resources: Vec<String>| {
        let tagged = need("rds:AddTagsToResource", resources[0].clone());
        let mut needs: Vec<Need> = on(resources);
        needs.push(tagged);
        needs
    };
    let cluster = of("cluster", "DBClusterIdentifier");
    let snapshot = of("cluster-snapshot", "DBClusterSnapshotIdentifier");
    let group = of("cluster-pg", "DBClusterParameterGroupName");
    let instances_group = of("pg", "DBParameterGroupName");
    let subnets = of("subgrp", "DBSubnetGroupName");
    let instance = of("db", "DBInstanceIdentifier");
    match action {
        "DescribeAccountAttributes" | "DescribeDBEngineVersions" | "DescribeOrderableDBInstanceOptions" => {
            on(vec!["*".to_owned()])
        }
        "DescribeDBProxies" => on(vec![arn("db-proxy", "any")]),
        "DescribeEventSubscriptions" => on(vec![arn("es", "any")]),
        "CreateDBClusterSnapshot" => tagging(vec![snapshot, cluster]),
        "DeleteDBClusterSnapshot" => on(vec![snapshot]),
        "DescribeDBClusterSnapshots" if given("DBClusterIdentifier").is_some() => on(vec![cluster, snapshot]),
        "DescribeDBClusterSnapshots" => on(vec![snapshot]),
        "DescribeDBClusterAutomatedBackups" if given("DBClusterIdentifier").is_some() => on(vec![cluster]),
        "DescribeDBClusterAutomatedBackups" => on(vec![arn("cluster-auto-backup", "any")]),
        "RestoreDBClusterFromSnapshot" => {
            let snapshot = of("cluster-snapshot", "SnapshotIdentifier");
            tagging(vec![cluster, group, subnets, snapshot, arn("og", "any")])
        }
        "RestoreDBClusterToPointInTime" => {
            let source = match given("SourceDBClusterIdentifier") {
                Some(source) => arn("cluster", source),
                None => arn("cluster-auto-backup", "any"),
            };
            tagging(vec![cluster, group, subnets, source, arn("og", "any")])
        }
        "ModifyDBCluster" => {
            let mut asked = vec![cluster];
            asked.extend(given("DBClusterParameterGroupName").map(|_| group));
            asked.extend(given("NewDBClusterIdentifier").map(|name| arn("cluster", name)));
            on(asked)
        }
        "CreateDBClusterEndpoint" => tagging(vec![
            arn(
                "cluster-endpoint",
                given("DBClusterEndpointIdentifier").unwrap_or("any"),
            ),
            cluster,
        ]),
        "CreateDBInstance" => {
            let mut asked = vec![instance];
            asked.extend(given("DBClusterIdentifier").map(|_| cluster));
            asked.extend(given("DBParameterGroupName").map(|_| instances_group));
            tagging(asked)
        }
        "DeleteDBInstance" => on(vec![instance]),
        "DescribeDBInstances" => on(vec![arn("db", given("DBInstanceIdentifier").unwrap_or("any"))]),
        "CreateDBClusterParameterGroup" => tagging(vec![group]),
        "CreateDBParameterGroup" => tagging(vec![instances_group]),
        "DescribeDBClusterParameters"
        | "DescribeDBClusterParameterGroups"
        | "ModifyDBClusterParameterGroup"
        | "DeleteDBClusterParameterGroup" => on(vec![group]),
        "DescribeDBParameters" | "DescribeDBParameterGroups" | "ModifyDBParameterGroup" | "DeleteDBParameterGroup" => {
            on(vec![instances_group])
        }
        "DescribeDBSubnetGroups" => on(vec![subnets]),
        "DescribeDBClusters" | "DescribeDBClusterEndpoints" | "AddRoleToDBCluster" | "DeleteDBCluster" => {
            on(vec![cluster])
        }
        // Named by its ARN.
        _ => on(vec![call["resource"].as_str().unwrap_or_default().to_owned()]),
    }
}

fn arn(kind: &str, id: &str) -> String {
    if id.starts_with("arn:") {
        id.to_owned()
    } else {
        format!("arn:aws:rds:{HERE}:{kind}:{id}")
    }
}
