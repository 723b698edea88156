//! Resource Groups Tagging: MiniStack's response, and on its last page the tagged resources of the lab's own services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::service::{Answer, BoxedFuture, Call, Service};
use crate::world::World;

/// The GetResources of the Resource Groups Tagging API.
pub struct Tagging {
    world: Arc<World>,
    services: Vec<Arc<dyn Service>>,
}

impl Tagging {
    /// Adds the tagged resources of these services.
    #[must_use]
    pub fn new(world: Arc<World>, services: Vec<Arc<dyn Service>>) -> Self {
        Self { world, services }
    }

    fn add(&self, request: &Value, mut answer: Answer) -> Answer {
        let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
            return answer;
        };
        let has_more = body["PaginationToken"].as_str().is_some_and(|token| !token.is_empty());
        let Some(list) = body["ResourceTagMappingList"].as_array_mut().filter(|_| !has_more) else {
            return answer;
        };
        let known: BTreeSet<String> = list
            .iter()
            .filter_map(|item| Some(item["ResourceARN"].as_str()?.to_owned()))
            .collect();
        let ours = self.services.iter().flat_map(|service| service.tagged());
        let asked = ours.filter(|(arn, tags)| !known.contains(arn) && !tags.is_empty() && is_asked(request, arn, tags));
        list.extend(asked.map(|(arn, tags)| {
            let tags: Vec<Value> = tags
                .iter()
                .map(|(key, value)| json!({"Key": key, "Value": value}))
                .collect();
            json!({"ResourceARN": arn, "Tags": tags})
        }));
        answer.body = Bytes::from(body.to_string());
        answer
    }
}

impl Service for Tagging {
    fn answer<'a>(&'a self, call: &'a Call) -> BoxedFuture<'a, Option<Answer>> {
        Box::pin(async move {
            if call.service != "tagging" || call.action != "GetResources" {
                return None;
            }
            let request = call.json().ok()?;
            // Without MiniStack's part there is no response: the front door reports it.
            let answer = self.world.upstream.pass_on(call).await.ok()?;
            Some(if answer.status == 200 {
                self.add(&request, answer)
            } else {
                answer
            })
        })
    }
}

/// Whether a resource matches the request's filters: all of its keys, any of each key's values, any of its types.
fn is_asked(request: &Value, arn: &str, tags: &BTreeMap<String, String>) -> bool {
    let list = |value: &Value| -> Vec<String> {
        let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let fits = |filter: &Value| {
        let values = list(&filter["Values"]);
        let value = filter["Key"].as_str().and_then(|key| tags.get(key));
        value.is_some_and(|value| values.is_empty() || values.contains(value))
    };
    let types = list(&request["ResourceTypeFilters"]);
    let arns = list(&request["ResourceARNList"]);
    request["TagFilters"].as_array().into_iter().flatten().all(fits)
        && (types.is_empty() || types.iter().any(|wanted| has_type(arn, wanted)))
        && (arns.is_empty() || arns.iter().any(|wanted| wanted == arn))
}

/// Whether an ARN is of `rds` or of `rds:cluster`.
fn has_type(arn: &str, wanted: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let kind = parts
        .nth(2)
        .and_then(|rest| rest.split([':', '/']).next())
        .unwrap_or_default();
    match wanted.split_once(':') {
        None => wanted == service,
        Some((wanted_service, wanted_kind)) => wanted_service == service && wanted_kind == kind,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn filters_ask_for_keys_values_types_and_arns() {
        let arn = "arn:aws:rds:us-east-1:000000000000:cluster:hubs";
        let tags = BTreeMap::from([("app".to_owned(), "hubs".to_owned())]);
        for (request, asked) in [
            (json!({}), true),
            (json!({"TagFilters": [{"Key": "app", "Values": ["x", "hubs"]}]}), true),
            (json!({"TagFilters": [{"Key": "app"}]}), true),
            (json!({"TagFilters": [{"Key": "app", "Values": ["x"]}]}), false),
            (json!({"TagFilters": [{"Key": "app"}, {"Key": "stage"}]}), false),
            (json!({"ResourceTypeFilters": ["dynamodb", "rds"]}), true),
            (json!({"ResourceTypeFilters": ["rds:cluster"]}), true),
            (json!({"ResourceTypeFilters": ["rds:db"]}), false),
            (json!({"ResourceARNList": [arn]}), true),
            (json!({"ResourceARNList": ["arn:aws:rds:x"]}), false),
        ] {
            assert_eq!(is_asked(&request, arn, &tags), asked, "{request}");
        }
        assert!(has_type(
            "arn:aws:elasticfilesystem:r:a:file-system/fs-1",
            "elasticfilesystem:file-system"
        ));
    }
}
