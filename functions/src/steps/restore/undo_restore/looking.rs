//! Asking AWS who uses a copy: ECS services by their task definitions, access points, and what CloudWatch counted.

use std::collections::BTreeMap;

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_config::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use roxmltree::Document;
use serde_json::{Value, json};

use super::users::Looking;
use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{CLOUDWATCH, Client, ECS};
use crate::domain::usage::Copy;
use crate::domain::usage::services::{AccessPoint, Service};
use crate::error::{Error, Result};

/// The most services that one call describes.
const DESCRIBED: usize = 10;
/// How far back reads and writes count: what an application uses, it uses every hour.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How far back connections count: an application keeps them.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

pub struct Aws {
    ecs: Lazy<Client>,
    cloudwatch: Lazy<Client>,
    efs: Lazy<aws_sdk_efs::Client>,
}

impl Aws {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            ecs: Lazy::new(aws, |aws| Client::new(aws, ECS)),
            cloudwatch: Lazy::new(aws, |aws| Client::new(aws, CLOUDWATCH)),
            efs: Lazy::new(aws, aws_sdk_efs::Client::new),
        }
    }

    /// All ARNs of a list, page by page.
    async fn list(&self, action: &str, member: &str, asked: Value) -> Result<Vec<String>> {
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let mut asked = asked.clone();
            asked["nextToken"] = token;
            let page = self.ecs.call(action, asked).await;
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
    async fn of_cluster(&self, cluster: &str) -> Result<Vec<(String, String)>> {
        let arns = self
            .list("ListServices", "serviceArns", json!({ "cluster": cluster }))
            .await?;
        let mut found = Vec::new();
        for some in arns.chunks(DESCRIBED) {
            let asked = json!({ "cluster": cluster, "services": some });
            let described = self.ecs.call("DescribeServices", asked).await;
            let mut described =
                described.map_err(|error| failure("describing the services of cluster", cluster, error))?;
            for service in described.take_list("services") {
                let text = |member: &str| service[member].as_str().unwrap_or_default().to_owned();
                if text("status") == "INACTIVE" {
                    continue;
                }
                // What is being replaced runs too; another controller's services have theirs in task sets.
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

    /// A statistic of a metric in the minutes of a window, added up or the highest.
    async fn metric(&self, of: &Metric<'_>, since: Timestamp, now: Timestamp) -> Result<f64> {
        if since >= now {
            return Ok(0.0);
        }
        let fields = [
            ("Namespace", of.namespace.to_owned()),
            ("MetricName", of.name.to_owned()),
            ("Dimensions.member.1.Name", of.dimension.to_owned()),
            ("Dimensions.member.1.Value", of.value.to_owned()),
            ("StartTime", second(since)),
            ("EndTime", second(now)),
            ("Period", "60".to_owned()),
            ("Statistics.member.1", of.statistic.to_owned()),
        ];
        let reply = self.cloudwatch.query("GetMetricStatistics", &fields).await;
        let reply = reply.map_err(|error| failure("reading metric", of.name, error))?;
        let unreadable = || {
            Error::Unavailable(format!(
                "reading metric {} of {}: AWS's answer cannot be read. Trying again may help",
                of.name, of.value
            ))
        };
        let text = std::str::from_utf8(&reply.bytes).map_err(|_| unreadable())?;
        let document = Document::parse(text).map_err(|_| unreadable())?;
        let values = document
            .descendants()
            .filter(|node| node.tag_name().name() == of.statistic)
            .filter_map(|node| node.text()?.trim().parse::<f64>().ok());
        Ok(match of.statistic {
            "Sum" => values.sum(),
            _ => values.fold(0.0, f64::max),
        })
    }
}

/// In whole seconds, which is as fine as CloudWatch keeps it.
fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

struct Metric<'a> {
    namespace: &'a str,
    name: &'a str,
    dimension: &'a str,
    value: &'a str,
    statistic: &'a str,
}

#[async_trait]
impl Looking for Aws {
    async fn services(&self) -> Result<Vec<Service>> {
        let mut running = Vec::new();
        for cluster in self.list("ListClusters", "clusterArns", json!({})).await? {
            running.extend(self.of_cluster(&cluster).await?);
        }
        let mut definitions: BTreeMap<String, Value> = BTreeMap::new();
        for (_, arn) in &running {
            if !definitions.contains_key(arn) {
                let asked = json!({ "taskDefinition": arn });
                let described = self.ecs.call("DescribeTaskDefinition", asked).await;
                let mut described =
                    described.map_err(|error| failure("describing task definition", last(arn), error))?;
                definitions.insert(arn.clone(), described.take("taskDefinition"));
            }
        }
        let service = |(name, arn): (String, String)| Service {
            name,
            revision: last(&arn).to_owned(),
            definition: definitions[&arn].clone(),
        };
        Ok(running.into_iter().map(service).collect())
    }

    async fn access_points(&self, file_system: &str) -> Result<Vec<AccessPoint>> {
        let mut pages = self
            .efs
            .describe_access_points()
            .file_system_id(file_system)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| failure("describing the access points of file system", file_system, error))?;
            let points = page.access_points.unwrap_or_default().into_iter();
            found.extend(points.map(|point| AccessPoint {
                id: point.access_point_id.unwrap_or_default(),
                file_system: file_system.to_owned(),
                path: point.root_directory.and_then(|root| root.path).unwrap_or_default(),
            }));
        }
        Ok(found)
    }

    async fn activity(
        &self,
        copy: &Copy,
        written_since: Timestamp,
        read_since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let within = |since: Timestamp, window: SignedDuration| {
            let earliest = now.checked_sub(window).unwrap_or(since);
            since.max(earliest)
        };
        let looks = match copy {
            Copy::Table { table } => {
                let units = |name| Metric {
                    namespace: "AWS/DynamoDB",
                    name,
                    dimension: "TableName",
                    value: table,
                    statistic: "Sum",
                };
                vec![
                    (
                        units("ConsumedWriteCapacityUnits"),
                        within(written_since, HOUR),
                        "written",
                    ),
                    (units("ConsumedReadCapacityUnits"), within(read_since, HOUR), "read"),
                ]
            }
            Copy::Cluster { cluster, .. } => vec![(
                Metric {
                    namespace: "AWS/RDS",
                    name: "DatabaseConnections",
                    dimension: "DBClusterIdentifier",
                    value: cluster,
                    statistic: "Maximum",
                },
                within(read_since, QUARTER),
                "connected to",
            )],
            Copy::FileSystem { file_system } => vec![(
                Metric {
                    namespace: "AWS/EFS",
                    name: "ClientConnections",
                    dimension: "FileSystemId",
                    value: file_system,
                    statistic: "Sum",
                },
                within(read_since, QUARTER),
                "mounted",
            )],
            // Metrics know no directories.
            Copy::Directory { .. } => Vec::new(),
        };
        let mut done = Vec::new();
        for (metric, since, how) in looks {
            let counted = self.metric(&metric, since, now).await?;
            if counted > 0.0 {
                done.push(format!(
                    "it was {how} since {since}, after the restore had ended ({} of CloudWatch: {counted})",
                    metric.name
                ));
            }
        }
        Ok(done)
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::replay::{Replay, answers, refuses};

    fn aws(exchanges: Vec<crate::testing::replay::Exchange>) -> (Replay, Aws) {
        let replay = Replay::new(exchanges);
        let aws = Aws::new(&replay.config());
        (replay, aws)
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-11-20T{time}Z").parse().unwrap()
    }

    fn points(statistic: &str, values: &[&str]) -> crate::testing::replay::Exchange {
        let members: String = values
            .iter()
            .map(|value| {
                format!(
                    "<member><Timestamp>2026-11-20T02:00:00Z</Timestamp><{statistic}>{value}</{statistic}></member>"
                )
            })
            .collect();
        answers(
            "GetMetricStatistics",
            format!(
                "<GetMetricStatisticsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">\
                 <GetMetricStatisticsResult><Datapoints>{members}</Datapoints></GetMetricStatisticsResult>\
                 </GetMetricStatisticsResponse>"
            ),
        )
    }

    #[tokio::test]
    async fn every_service_is_described_with_what_it_runs() {
        let body = |value: Value| value.to_string();
        let web = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:8";
        let (replay, aws) = aws(vec![
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
        let found = aws.services().await.unwrap();
        assert_eq!(
            found,
            [Service {
                name: "web of cluster one".into(),
                revision: "hubs:8".into(),
                definition: json!({"family": "hubs"}),
            }]
        );
        assert_eq!(replay.played()[1].json()["nextToken"], json!("t"));
    }

    #[tokio::test]
    async fn what_may_not_be_looked_at_is_an_error() {
        let (replay, aws) = aws(vec![refuses("ListClusters", 400, "AccessDeniedException")]);
        assert_eq!(aws.services().await.unwrap_err().name(), "AccessDenied");
        replay.played();
    }

    #[tokio::test]
    async fn a_table_is_in_use_by_what_cloudwatch_counted_after_the_restore() {
        let table = Copy::Table {
            table: "rooms-r1".into(),
        };
        let (replay, aws) = aws(vec![points("Sum", &["0.0", "2.5", "1.0"]), points("Sum", &[])]);
        let done = aws
            .activity(&table, at("01:30:00"), at("02:00:00"), at("02:15:00"))
            .await
            .unwrap();
        assert_eq!(done.len(), 1, "{done:?}");
        assert!(done[0].contains("written") && done[0].contains("3.5"), "{done:?}");
        let asked = replay.played();
        let field = |at: usize, name: &str| asked[at].field(name).unwrap();
        assert_eq!(field(0, "Dimensions.member.1.Value"), "rooms-r1");
        assert_eq!(field(0, "StartTime"), "2026-11-20T01:30:00Z");
        assert_eq!(field(1, "StartTime"), "2026-11-20T02:00:00Z");
        // Neither what was long ago, nor what Holdfast did until now.
        let (replay, aws) = self::aws(vec![points("Sum", &[])]);
        aws.activity(&table, at("00:00:00"), at("02:16:00"), at("02:15:00"))
            .await
            .unwrap();
        assert_eq!(replay.played()[0].field("StartTime").unwrap(), "2026-11-20T01:15:00Z");
    }

    #[tokio::test]
    async fn a_cluster_is_in_use_by_its_connections() {
        let cluster = Copy::Cluster {
            cluster: "db-r1".into(),
            hosts: Vec::new(),
        };
        for (values, used) in [(vec!["0.0", "4.0", "1.0"], true), (vec!["0.0"], false), (vec![], false)] {
            let (replay, aws) = aws(vec![points("Maximum", &values)]);
            let done = aws
                .activity(&cluster, at("00:00:00"), at("00:00:00"), at("02:15:00"))
                .await
                .unwrap();
            assert_eq!(!done.is_empty(), used, "{done:?}");
            assert_eq!(replay.played()[0].field("StartTime").unwrap(), "2026-11-20T02:00:00Z");
        }
    }
}
