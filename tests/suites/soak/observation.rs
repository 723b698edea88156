//! Observes a deployment: what its switches refer to, which resources exist, and their data.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use holdfast_tests::aws::elements;
use holdfast_tests::soak::effects::Effect;
use holdfast_tests::soak::invariants::{NamedResource, Observation, Point};
use holdfast_tests::soak::model::{Content, Need, Place, World};
use serde_json::{Value, json};

use super::deployment::{Deployment, files};
use super::names::kind_of;

/// Machines of the stack, by their outputs.
pub const MACHINES: [&str; 4] = [
    "BackupStateMachineArn",
    "RestoreStateMachineArn",
    "UndoCutOverStateMachineArn",
    "UndoRestoreStateMachineArn",
];

/// The existing resources of a deployment: clusters, tables and directories by kind.
type ExistingResources = BTreeMap<&'static str, BTreeSet<String>>;

impl Deployment<'_> {
    /// Observes everything except what the step itself returns.
    pub async fn look(&self, world: &World, happened: Effect) -> Result<Observation> {
        let (there, mounted) = (self.there().await?, self.mounted().await?);
        let mut places = BTreeMap::new();
        let mut known = BTreeSet::new();
        for kind in ["aurora", "dynamodb", "efs"] {
            for (place, name) in self.names.of_kind(kind) {
                if there[kind].contains(&name) {
                    let expected = world.held.get(&place).map(|held| &held.content);
                    let content = self.content(place, expected, &mounted).await;
                    places.insert(place, content.map_err(|error| format!("{error:#}")));
                    known.insert((kind, name));
                }
            }
        }
        let all = there
            .iter()
            .flat_map(|(kind, names)| names.iter().map(|name| (*kind, name.clone())));
        let strangers = all
            .filter(|thing| !known.contains(thing))
            .map(|(kind, name)| format!("{name} ({kind})"));
        let strangers = strangers.collect();
        Ok(Observation {
            happened,
            leads: self.leads().await?,
            logs_in: self.log_in().await.map_err(|error| format!("{error:#}")),
            places,
            strangers,
            described: self.described().await?,
            sealed: None,
            running: self.running().await?,
            held: self.records.leased(&self.dataset.name).await?,
            messages: 0,
        })
    }

    /// The existing resources of the deployment.
    pub async fn there(&self) -> Result<ExistingResources> {
        let aws = &self.stage.aws;
        let mine = format!("{}-", self.dataset.name);
        let clusters = elements(&aws.rds("DescribeDBClusters", &[]).await?, "DBClusterIdentifier")?;
        let mut tables = BTreeSet::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({});
            if !start.is_null() {
                request["ExclusiveStartTableName"] = start;
            }
            let answer = aws.json("dynamodb", "DynamoDB_20120810.ListTables", request).await?;
            let names = answer["TableNames"].as_array().into_iter().flatten();
            tables.extend(names.filter_map(|name| name.as_str().map(str::to_owned)));
            start = answer["LastEvaluatedTableName"].clone();
            if start.is_null() {
                break;
            }
        }
        let directories = std::fs::read_dir(self.root())?.filter_map(|entry| {
            let entry = entry.ok()?;
            entry
                .file_type()
                .ok()?
                .is_dir()
                .then(|| entry.file_name().into_string().ok())?
        });
        let own = |name: &String| name.starts_with(&mine);
        Ok(BTreeMap::from([
            ("aurora", clusters.into_iter().filter(own).collect()),
            ("dynamodb", tables.into_iter().filter(own).collect()),
            ("efs", directories.collect()),
        ]))
    }

    /// What each switch refers to.
    async fn leads(&self) -> Result<BTreeMap<Need, std::result::Result<Place, String>>> {
        let mut leads = BTreeMap::new();
        let (host, port) = self.application.endpoint().await?;
        let cluster = self.cluster_at(&host, port).await?;
        let place = cluster.and_then(|cluster| self.names.place("aurora", &cluster));
        leads.insert(Need::Rows, place.ok_or_else(|| format!("{host}:{port}")));
        for need in [Need::Items, Need::Notes] {
            let table = self.parameter_value(need).await?;
            let place = self
                .names
                .place("dynamodb", &table)
                .filter(|place| place.need() == need);
            leads.insert(need, place.ok_or(table));
        }
        let (system, directory) = self.application.mounted().await?;
        let below = directory.trim_start_matches('/');
        let holds = |name: &str| below == name || below.starts_with(&format!("{name}/"));
        let found = self.names.of_kind("efs").into_iter().find(|(_, name)| holds(name));
        let found = found
            .filter(|_| system == self.dataset.file_system)
            .map(|(place, _)| place);
        leads.insert(Need::Files, found.ok_or_else(|| format!("{system}:{directory}")));
        Ok(leads)
    }

    async fn cluster_at(&self, host: &str, port: u16) -> Result<Option<String>> {
        let xml = self.stage.aws.rds("DescribeDBClusters", &[]).await?;
        let document = roxmltree::Document::parse(&xml)?;
        let field = |cluster: roxmltree::Node<'_, '_>, name: &str| {
            let found = cluster.children().find(|node| node.tag_name().name() == name);
            found.and_then(|node| node.text()).unwrap_or_default().to_owned()
        };
        let mut clusters = document
            .descendants()
            .filter(|node| node.tag_name().name() == "DBCluster");
        let found =
            clusters.find(|cluster| field(*cluster, "Endpoint") == host && field(*cluster, "Port") == port.to_string());
        Ok(found.map(|cluster| field(cluster, "DBClusterIdentifier")))
    }

    /// The resources in the catalog's descriptor.
    async fn described(&self) -> Result<BTreeMap<Need, NamedResource>> {
        let found = self.records.items(&self.dataset.name, "DESCRIPTOR").await?.pop();
        let document = found.context("no descriptor")?["document"].take();
        let resources = document["resources"].as_object().context("no resources")?.clone();
        let mut described = BTreeMap::new();
        for (name, resource) in resources {
            let kind = resource["kind"].as_str().unwrap_or_default();
            let (need, place) = match kind {
                "efs" => (Need::Files, None),
                "aurora" => {
                    let cluster = resource["cluster"].as_str().unwrap_or_default();
                    (Need::Rows, self.names.place("aurora", cluster))
                }
                "dynamodb" => {
                    let place = resource["table"]
                        .as_str()
                        .and_then(|table| self.names.place("dynamodb", table));
                    // Its switch says which of the two it is.
                    let switches = document["cut_over"].as_array().into_iter().flatten();
                    let mut own = switches.filter(|switch| switch["resource"] == name.as_str());
                    let of_notes =
                        own.any(|switch| switch["name"].as_str().is_some_and(|name| name.starts_with("notes")));
                    (if of_notes { Need::Notes } else { Need::Items }, place)
                }
                _ => continue,
            };
            described.insert(need, NamedResource { name, place });
        }
        Ok(described)
    }

    /// The data in a sealed set: by the names in its points, and for the files from the recovery point of the directory that was
    /// mounted.
    pub async fn points(
        &self,
        set: &Value,
        names: &BTreeMap<String, Need>,
        mounted: &str,
    ) -> Result<BTreeMap<Need, Point>> {
        let mut points = BTreeMap::new();
        for point in self.records.points(&self.dataset.name, set).await? {
            let resource = &point["resource"];
            let Some(need) = resource["name"].as_str().and_then(|name| names.get(name)) else {
                continue;
            };
            let kind = kind_of(*need);
            let identifier = match need {
                Need::Rows => &resource["cluster"],
                _ => &resource["table"],
            };
            let place = identifier.as_str().and_then(|name| self.names.place(kind, name));
            let content = match need {
                Need::Files => Some(self.captured_files(&point, mounted).await?),
                _ => None,
            };
            points.insert(*need, Point { place, content });
        }
        Ok(points)
    }

    /// The files in a recovery point, of the directory that the service mounts.
    async fn captured_files(&self, point: &Value, mounted: &str) -> Result<Content> {
        let arn = point["recovery_point"]["arn"].as_str().context("no recovery point")?;
        let places = self
            .stage
            .lab
            .control(reqwest::Method::GET, "recovery-points", None)
            .await?;
        let place = places[arn].as_str().context("no directory of the recovery point")?;
        files(&std::path::Path::new(place).join(mounted))
    }

    /// Executions of this deployment that have not ended.
    pub async fn running(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for machine in MACHINES {
            let request = json!({ "stateMachineArn": self.stage.stack.output(machine)?, "statusFilter": "RUNNING" });
            let answer = self
                .stage
                .aws
                .json("states", "AWSStepFunctions.ListExecutions", request)
                .await?;
            for execution in answer["executions"].as_array().into_iter().flatten() {
                let arn = execution["executionArn"].as_str().context("no ARN")?;
                let asked = json!({ "executionArn": arn });
                let described = self
                    .stage
                    .aws
                    .json("states", "AWSStepFunctions.DescribeExecution", asked)
                    .await?;
                let input: Value =
                    serde_json::from_str(described["input"].as_str().unwrap_or("{}")).unwrap_or_default();
                if input["deployment"] == self.dataset.name.as_str() && described["status"] == "RUNNING" {
                    found.push(arn.to_owned());
                }
            }
        }
        Ok(found)
    }
}
