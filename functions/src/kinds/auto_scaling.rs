//! The Application Auto Scaling configuration of a resource, which no backup contains. It is captured as AWS describes it, and put
//! back by [`restore`].

pub mod restore;

use aws_types::SdkConfig;
use serde_json::{Value, json};

use crate::aws::service::{APPLICATION_AUTO_SCALING, Client};
use crate::aws::{failure, offered};
use crate::error::Result;

/// The service namespaces of Application Auto Scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    DynamoDb,
    Rds,
}

impl Namespace {
    fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Rds => "rds",
        }
    }
}

/// The scaling configuration of a resource.
#[derive(Debug, Default)]
pub struct Scaling {
    pub targets: Vec<Value>,
    pub policies: Vec<Value>,
    pub scheduled: Vec<Value>,
    /// The fields of a captured configuration that the Region does not offer.
    pub not_offered: Vec<&'static str>,
}

/// A client of Application Auto Scaling.
pub fn client(aws: &SdkConfig) -> Client {
    Client::new(aws, APPLICATION_AUTO_SCALING)
}

/// The scalable targets among `ids`, which are at most 50 of one resource, and the policies and scheduled actions of those that
/// exist.
pub async fn describe(client: &Client, namespace: Namespace, ids: &[String], what: &str) -> Result<Scaling> {
    let input = json!({ "ServiceNamespace": namespace.name(), "ResourceIds": ids });
    let mut scaling = Scaling::default();
    match all(client, "DescribeScalableTargets", input, "ScalableTargets", what).await? {
        Some(targets) => scaling.targets = sorted(targets),
        None => scaling.not_offered.push("ScalableTargets"),
    }
    let mut scaled: Vec<String> = scaling
        .targets
        .iter()
        .filter_map(|target| target["ResourceId"].as_str().map(str::to_owned))
        .collect();
    scaled.dedup();
    for id in &scaled {
        let of = |id: &str| json!({ "ServiceNamespace": namespace.name(), "ResourceId": id });
        match all(client, "DescribeScalingPolicies", of(id), "ScalingPolicies", id).await? {
            Some(policies) => scaling.policies.extend(policies),
            None => scaling.not_offered.push("ScalingPolicies"),
        }
        match all(client, "DescribeScheduledActions", of(id), "ScheduledActions", id).await? {
            Some(scheduled) => scaling.scheduled.extend(scheduled),
            None => scaling.not_offered.push("ScheduledActions"),
        }
    }
    scaling.not_offered.sort_unstable();
    scaling.not_offered.dedup();
    Ok(scaling)
}

/// The scalable targets among `ids`; none if the Region does not offer Application Auto Scaling, which then scales nothing.
pub async fn targets(client: &Client, namespace: Namespace, ids: &[String], what: &str) -> Result<Vec<Value>> {
    let input = json!({ "ServiceNamespace": namespace.name(), "ResourceIds": ids });
    let targets = all(client, "DescribeScalableTargets", input, "ScalableTargets", what).await?;
    Ok(sorted(targets.unwrap_or_default()))
}

fn sorted(mut targets: Vec<Value>) -> Vec<Value> {
    let key = |target: &Value| ["ResourceId", "ScalableDimension"].map(|name| target[name].to_string());
    targets.sort_by_key(key);
    targets
}

/// Every page of a list; `None` if the Region does not offer the call.
async fn all(client: &Client, action: &str, mut input: Value, list: &str, what: &str) -> Result<Option<Vec<Value>>> {
    let mut found = Vec::new();
    loop {
        let page = offered(client.call(action, input.clone()).await);
        let Some(mut page) = page.map_err(|error| failure("describing the scaling of", what, error))? else {
            return Ok(None);
        };
        found.extend(page.take_list(list));
        input["NextToken"] = page.take_token("NextToken");
        if input["NextToken"].is_null() {
            return Ok(Some(found));
        }
    }
}
