//! What Application Auto Scaling does to a resource: no backup holds it. Kept as it answered it.

use aws_types::SdkConfig;
use serde_json::{Value, json};

use crate::aws::service::{APPLICATION_AUTO_SCALING, Client};
use crate::aws::{failure, offered};
use crate::error::Result;

/// How a service calls its resources there.
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

/// What there is of a resource.
#[derive(Debug, Default)]
pub struct Scaling {
    pub targets: Vec<Value>,
    pub policies: Vec<Value>,
    pub scheduled: Vec<Value>,
}

/// A client of Application Auto Scaling.
pub fn client(aws: &SdkConfig) -> Client {
    Client::new(aws, APPLICATION_AUTO_SCALING)
}

/// The scalable targets among `ids`, which are at most 50 of one resource, and the policies and scheduled actions of those
/// that there are.
pub async fn scaling(client: &Client, namespace: Namespace, ids: &[String], what: &str) -> Result<Scaling> {
    let targets = targets(client, namespace, ids, what).await?;
    let mut scaling = Scaling::default();
    let mut scaled: Vec<&str> = targets
        .iter()
        .filter_map(|target| target["ResourceId"].as_str())
        .collect();
    scaled.dedup();
    for id in scaled {
        let of = |id: &str| json!({ "ServiceNamespace": namespace.name(), "ResourceId": id });
        let policies = all(client, "DescribeScalingPolicies", of(id), "ScalingPolicies", id).await?;
        scaling.policies.extend(policies);
        let scheduled = all(client, "DescribeScheduledActions", of(id), "ScheduledActions", id).await?;
        scaling.scheduled.extend(scheduled);
    }
    Ok(Scaling { targets, ..scaling })
}

/// The scalable targets among `ids`.
pub async fn targets(client: &Client, namespace: Namespace, ids: &[String], what: &str) -> Result<Vec<Value>> {
    let asked = json!({ "ServiceNamespace": namespace.name(), "ResourceIds": ids });
    let mut targets = all(client, "DescribeScalableTargets", asked, "ScalableTargets", what).await?;
    let key = |target: &Value| ["ResourceId", "ScalableDimension"].map(|name| target[name].to_string());
    targets.sort_by_key(key);
    Ok(targets)
}

/// Every page of a list; none where the Region does not offer Application Auto Scaling, which then scales nothing.
async fn all(client: &Client, action: &str, mut asked: Value, list: &str, what: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    loop {
        let page = offered(client.call(action, asked.clone()).await);
        let Some(mut page) = page.map_err(|error| failure("describing the scaling of", what, error))? else {
            tracing::info!(what, action, "the Region does not offer it");
            return Ok(found);
        };
        found.extend(page.take_list(list));
        asked["NextToken"] = page.take_token("NextToken");
        if asked["NextToken"].is_null() {
            return Ok(found);
        }
    }
}
