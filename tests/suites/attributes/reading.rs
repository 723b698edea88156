//! A resource as AWS describes it, together with what belongs to it.

use anyhow::{Context, Result};
use holdfast_tests::aws::{Aws, text};
use reqwest::Method;
use serde_json::{Map, Value, json};

/// A cluster and what belongs to it. The reader is the instance that is promoted last, whichever writes just now.
pub async fn cluster_of(aws: &Aws, id: &str) -> Result<Value> {
    let described = aws.rds("DescribeDBClusters", &[("DBClusterIdentifier", id)]).await?;
    let of_cluster = [
        ("Filters.Filter.1.Name", "db-cluster-id"),
        ("Filters.Filter.1.Values.Value.1", id),
    ];
    let instances = aws.rds("DescribeDBInstances", &of_cluster).await?;
    let custom = [
        ("DBClusterIdentifier", id),
        ("Filters.Filter.1.Name", "db-cluster-endpoint-type"),
        ("Filters.Filter.1.Values.Value.1", "custom"),
    ];
    let endpoints = aws.rds("DescribeDBClusterEndpoints", &custom).await?;
    let of = |xml: &str, name: &str| -> Result<Vec<Value>> {
        let document = roxmltree::Document::parse(xml)?;
        let found = document.descendants().filter(|node| node.tag_name().name() == name);
        Ok(found.map(plain).collect())
    };
    let cluster = of(&described, "DBCluster")?.pop().context("no cluster")?;
    let mut instances = of(&instances, "DBInstance")?;
    let tier = |instance: &Value| {
        instance["PromotionTier"]
            .as_str()
            .and_then(|tier| tier.parse::<u32>().ok())
    };
    instances.sort_by_key(tier);
    let reader = instances.pop().unwrap_or_default();
    let endpoints = of(&endpoints, "DBClusterEndpointList")?;
    let members = endpoints
        .first()
        .and_then(|endpoint| endpoint["StaticMembers"].as_array());
    let of_other = members
        .into_iter()
        .flatten()
        .filter(|member| instances.iter().any(|other| other["DBInstanceIdentifier"] == **member))
        .count();
    let mut security: Vec<Value> = cluster["VpcSecurityGroups"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|group| group["VpcSecurityGroupId"].clone())
        .collect();
    security.sort_unstable_by_key(Value::to_string);
    let mut all = json!({
        "SecurityGroups": security, "Tags": tags(&cluster["TagList"]), "EndpointsOfOther": of_other,
        "DBCluster": cluster, "TagsOfReader": tags(&reader["TagList"]), "Reader": reader,
        "DBClusterEndpoints": endpoints,
    });
    scaling(aws, &mut all, "rds", &format!("cluster:{id}")).await?;
    Ok(all)
}

pub async fn table_of(aws: &Aws, table: &str) -> Result<Value> {
    let call = async |action: &str, request: Value| {
        aws.json("dynamodb", &format!("DynamoDB_20120810.{action}"), request)
            .await
    };
    let named = || json!({ "TableName": table });
    let mut all = call("DescribeTable", named()).await?;
    let arn = json!({ "ResourceArn": text(&all, "/Table/TableArn")? });
    let backups = call("DescribeContinuousBackups", named()).await?;
    all["PointInTimeRecoveryDescription"] =
        backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"].clone();
    all["TimeToLiveDescription"] = call("DescribeTimeToLive", named()).await?["TimeToLiveDescription"].clone();
    all["ContributorInsights"] = call("DescribeContributorInsights", named()).await?;
    // A table without the index returns an error.
    let of_index = json!({ "TableName": table, "IndexName": "by-value" });
    let of_index = call("DescribeContributorInsights", of_index).await;
    all["IndexContributorInsights"] = of_index.unwrap_or_default();
    all["Tags"] = tags(&call("ListTagsOfResource", arn.clone()).await?["Tags"]);
    // A table without one returns an error.
    let policy = call("GetResourcePolicy", arn).await.unwrap_or_default();
    all["Policy"] = document(&policy["Policy"]);
    scaling(aws, &mut all, "dynamodb", &format!("table/{table}")).await?;
    Ok(all)
}

pub async fn file_system_of(aws: &Aws, id: &str) -> Result<Value> {
    let get = async |path: String| {
        aws.rest("elasticfilesystem", Method::GET, &format!("/2015-02-01/{path}"), None)
            .await
    };
    let system = get(format!("file-systems?FileSystemId={id}")).await?["FileSystems"][0].clone();
    let targets = get(format!("mount-targets?FileSystemId={id}")).await?;
    let target = &targets["MountTargets"][0];
    let mut security = Vec::new();
    if let Some(target) = target["MountTargetId"].as_str() {
        let groups = get(format!("mount-targets/{target}/security-groups")).await?;
        security = groups["SecurityGroups"].as_array().cloned().unwrap_or_default();
        security.sort_unstable_by_key(Value::to_string);
    }
    let lifecycle = get(format!("file-systems/{id}/lifecycle-configuration")).await?;
    // One rule per entry, in any order.
    let rules = lifecycle["LifecyclePolicies"].as_array().into_iter().flatten();
    let rules: Map<_, _> = rules.filter_map(Value::as_object).flat_map(Map::clone).collect();
    // A file system without one returns an error.
    let policy = get(format!("file-systems/{id}/policy")).await.unwrap_or_default();
    let backup = get(format!("file-systems/{id}/backup-policy"))
        .await
        .unwrap_or_default();
    Ok(json!({
        "Tags": tags(&system["Tags"]), "FileSystem": system, "Subnet": target["SubnetId"].is_string(),
        "SecurityGroups": security, "LifecyclePolicies": rules,
        "BackupPolicy": backup["BackupPolicy"], "Policy": document(&policy["Policy"]),
    }))
}

async fn scaling(aws: &Aws, all: &mut Value, namespace: &str, id: &str) -> Result<()> {
    for (action, list, ids) in [
        ("DescribeScalableTargets", "ScalableTargets", json!([id])),
        ("DescribeScalingPolicies", "ScalingPolicies", json!(id)),
        ("DescribeScheduledActions", "ScheduledActions", json!(id)),
    ] {
        let field = if ids.is_array() { "ResourceIds" } else { "ResourceId" };
        let request = json!({ "ServiceNamespace": namespace, field: ids });
        let target = format!("AnyScaleFrontendService.{action}");
        let mut found = aws.json("application-autoscaling", &target, request).await?[list].take();
        // In any order.
        if let Some(found) = found.as_array_mut() {
            found.sort_by_key(|one| one["PolicyName"].to_string());
        }
        all[list] = found;
    }
    Ok(())
}

/// A document that is stored as text.
fn document(text: &Value) -> Value {
    let text = text.as_str().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

/// Values of tags by key.
fn tags(list: &Value) -> Value {
    let all = list.as_array().into_iter().flatten();
    let tags = all.filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].clone())));
    Value::Object(tags.collect())
}

/// Names of the members of RDS's lists.
const MEMBERS: [&str; 7] = [
    "AvailabilityZone",
    "DBClusterMember",
    "DBClusterRole",
    "DBParameterGroup",
    "Tag",
    "VpcSecurityGroupMembership",
    "member",
];

/// An XML element as JSON: texts, lists of the query protocol's members, and objects.
fn plain(node: roxmltree::Node<'_, '_>) -> Value {
    let children: Vec<_> = node.children().filter(roxmltree::Node::is_element).collect();
    let name = |node: &roxmltree::Node<'_, '_>| node.tag_name().name().to_owned();
    let Some(first) = children.first() else {
        return json!(node.text().unwrap_or_default());
    };
    if MEMBERS.contains(&name(first).as_str()) && children.iter().all(|child| name(child) == name(first)) {
        return children.into_iter().map(plain).collect();
    }
    let members = children.into_iter().map(|child| (name(&child), plain(child)));
    Value::Object(members.collect::<Map<_, _>>())
}
