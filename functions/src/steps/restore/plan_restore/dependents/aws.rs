//! Asks AWS what refers to a resource.

mod answers;
mod records;
mod selections;

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use roxmltree::{Document, Node};
use serde_json::Value;

use self::answers::{named, unreadable};
use super::{Alarm, DependentLookup, EventSourceMapping, PartialList};
use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{CLOUDWATCH, Client, LAMBDA, ROUTE_53, escaped};
use crate::domain::restore::dependents::record::Record;
use crate::domain::restore::dependents::selection::Selection;
use crate::error::Result;

/// The maximum number of alarms that one call returns.
const MOST_ALARMS: &str = "100";

/// How long to wait for a response from Route 53.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct AwsDependentLookup {
    backup: Lazy<aws_sdk_backup::Client>,
    route_53: Lazy<Client>,
    cloudwatch: Lazy<Client>,
    lambda: Lazy<Client>,
}

impl AwsDependentLookup {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            backup: Lazy::new(aws, aws_sdk_backup::Client::new),
            // Route 53 has only public endpoints: without internet access, the plan does not wait for it.
            route_53: Lazy::new(aws, |aws| Client::new(aws, ROUTE_53).with_timeout(PATIENCE)),
            cloudwatch: Lazy::new(aws, |aws| Client::new(aws, CLOUDWATCH)),
            lambda: Lazy::new(aws, |aws| Client::new(aws, LAMBDA)),
        }
    }
}

#[async_trait]
impl DependentLookup for AwsDependentLookup {
    async fn alarms(&self) -> Result<Vec<Alarm>> {
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut fields = vec![("MaxRecords", MOST_ALARMS.to_owned())];
            fields.extend(token.iter().map(|token| ("NextToken", token.clone())));
            let reply = self.cloudwatch.query("DescribeAlarms", &fields).await;
            let reply = reply.map_err(|error| failure("listing", "alarms", error))?;
            let text = String::from_utf8_lossy(&reply.bytes);
            let document = Document::parse(&text).map_err(|error| unreadable("alarms", &error))?;
            found.extend(
                named(document.root(), "MetricAlarms")
                    .flat_map(|list| list.children())
                    .filter_map(alarm),
            );
            token = named(document.root(), "NextToken").find_map(|node| node.text().map(str::to_owned));
            if token.as_deref().is_none_or(str::is_empty) {
                return Ok(found);
            }
        }
    }

    async fn mappings(&self) -> Result<Vec<EventSourceMapping>> {
        let (mut found, mut marker) = (Vec::new(), None::<String>);
        loop {
            let page = marker
                .map(|marker| format!("?Marker={}", escaped(&marker)))
                .unwrap_or_default();
            let path = format!("/2015-03-31/event-source-mappings{page}");
            let reply = self.lambda.get("ListEventSourceMappings", &path).await;
            let reply = reply.map_err(|error| failure("listing", "event source mappings", error))?;
            let body: Value =
                serde_json::from_slice(&reply.bytes).map_err(|error| unreadable("event source mappings", &error))?;
            let mappings = body["EventSourceMappings"].as_array().into_iter().flatten();
            found.extend(mappings.filter_map(|mapping| {
                let text = |name: &str| mapping[name].as_str().map(str::to_owned);
                let function = text("FunctionArn")?;
                Some(EventSourceMapping {
                    id: text("UUID")?,
                    function: function.split(":function:").last().unwrap_or_default().to_owned(),
                    source: text("EventSourceArn")?,
                })
            }));
            marker = body["NextMarker"]
                .as_str()
                .filter(|marker| !marker.is_empty())
                .map(str::to_owned);
            if marker.is_none() {
                return Ok(found);
            }
        }
    }

    async fn selections(&self) -> Result<PartialList<Selection>> {
        selections::selections(&self.backup).await
    }

    async fn records(&self, hosts: &[&str]) -> Result<PartialList<Record>> {
        records::records(&self.route_53, hosts).await
    }
}

/// An alarm with the dimensions of all its metrics: an alarm on a metric math expression has several.
fn alarm(of: Node<'_, '_>) -> Option<Alarm> {
    let text = |node: Node<'_, '_>, name: &str| {
        let child = node.children().find(|child| child.tag_name().name() == name)?;
        child.text().map(str::to_owned)
    };
    let dimensions = named(of, "Dimensions").flat_map(|list| list.children());
    Some(Alarm {
        name: text(of, "AlarmName")?,
        dimensions: dimensions
            .filter_map(|dimension| Some((text(dimension, "Name")?, text(dimension, "Value")?)))
            .collect(),
    })
}
