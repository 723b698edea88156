//! ECS services by their task definitions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::aws::failure;
use crate::aws::service::Client;
use crate::domain::usage::services::RunningService;
use crate::error::Result;

/// The most services that one call describes.
const DESCRIBED: usize = 10;

/// All active services, each with its task definition.
pub async fn all(ecs: &Client) -> Result<Vec<RunningService>> {
    let mut running = Vec::new();
    for cluster in list(ecs, "ListClusters", "clusterArns", json!({})).await? {
        running.extend(of_cluster(ecs, &cluster).await?);
    }
    let mut definitions: BTreeMap<String, Value> = BTreeMap::new();
    for (_, arn) in &running {
        if !definitions.contains_key(arn) {
            let request = json!({ "taskDefinition": arn });
            let described = ecs.call("DescribeTaskDefinition", request).await;
            let mut described = described.map_err(|error| failure("describing task definition", last(arn), error))?;
            definitions.insert(arn.clone(), described.take("taskDefinition"));
        }
    }
    let service = |(name, arn): (String, String)| RunningService {
        name,
        revision: last(&arn).to_owned(),
        definition: definitions[&arn].clone(),
    };
    Ok(running.into_iter().map(service).collect())
}

/// All ARNs of a list, page by page.
async fn list(ecs: &Client, action: &str, member: &str, parameters: Value) -> Result<Vec<String>> {
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut request = parameters.clone();
        request["nextToken"] = token;
        let page = ecs.call(action, request).await;
        let mut page = page.map_err(|error| failure("looking for services:", action, error))?;
        let arns = page.take_list(member).into_iter();
        found.extend(arns.filter_map(|arn| arn.as_str().map(str::to_owned)));
        token = page.take_token("nextToken");
        if token.is_null() {
            return Ok(found);
        }
    }
}

/// The services of a cluster, each with the ARN of its task definition.
async fn of_cluster(ecs: &Client, cluster: &str) -> Result<Vec<(String, String)>> {
    let arns = list(ecs, "ListServices", "serviceArns", json!({ "cluster": cluster })).await?;
    let mut found = Vec::new();
    for chunk in arns.chunks(DESCRIBED) {
        let request = json!({ "cluster": cluster, "services": chunk });
        let described = ecs.call("DescribeServices", request).await;
        let mut described = described.map_err(|error| failure("describing the services of cluster", cluster, error))?;
        for service in described.take_list("services") {
            let text = |member: &str| service[member].as_str().unwrap_or_default().to_owned();
            if text("status") == "INACTIVE" {
                continue;
            }
            // Deployments being replaced still run; services of another controller have their definitions in task sets.
            let parts = ["deployments", "taskSets"]
                .into_iter()
                .filter_map(|part| service[part].as_array());
            let definitions: BTreeSet<&str> = parts
                .flatten()
                .chain([&service])
                .filter_map(|part| part["taskDefinition"].as_str())
                .filter(|definition| !definition.is_empty())
                .collect();
            let name = format!("{} of cluster {}", text("serviceName"), last(cluster));
            found.extend(
                definitions
                    .into_iter()
                    .map(|definition| (name.clone(), definition.to_owned())),
            );
        }
    }
    Ok(found)
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::aws::service::ECS;
    use crate::testing::replay::{Exchange, Replay, answers, refuses};

    fn ecs(exchanges: Vec<Exchange>) -> (Replay, Client) {
        let replay = Replay::new(exchanges);
        let ecs = Client::new(&replay.config(), ECS);
        (replay, ecs)
    }

    #[tokio::test]
    async fn every_service_is_described_with_what_it_runs() {
        let body = |value: Value| value.to_string();
        let web = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:8";
        let (replay, ecs) = ecs(vec![
            answers(
                "ListClusters",
                body(json!({"clusterArns": ["arn:c/one"], "nextToken": "t"})),
            ),
            answers("ListClusters", body(json!({"clusterArns": ["arn:c/two"]}))),
            answers("ListServices", body(json!({"serviceArns": ["arn:s/web", "arn:s/old"]}))),
            answers(
                "DescribeServices",
                body(json!({"services": [
                    {"serviceName": "web", "status": "ACTIVE", "taskDefinition": web},
                    {"serviceName": "old", "status": "INACTIVE", "taskDefinition": web},
                ]})),
            ),
            answers("ListServices", body(json!({"serviceArns": []}))),
            answers(
                "DescribeTaskDefinition",
                body(json!({"taskDefinition": {"family": "hubs"}})),
            ),
        ]);
        let found = all(&ecs).await.unwrap();
        assert_eq!(
            found,
            [RunningService {
                name: "web of cluster one".into(),
                revision: "hubs:8".into(),
                definition: json!({"family": "hubs"}),
            }]
        );
        assert_eq!(replay.played()[1].json()["nextToken"], json!("t"));
    }

    #[tokio::test]
    async fn what_may_not_be_looked_at_is_an_error() {
        let (replay, ecs) = ecs(vec![refuses("ListClusters", 400, "AccessDeniedException")]);
        assert_eq!(all(&ecs).await.unwrap_err().name(), "AccessDenied");
        replay.played();
    }
}
