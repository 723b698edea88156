//! What Application Auto Scaling does to a resource: no backup holds it. Kept as it answered it.

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use serde_json::Value;

use super::answer::Answer;
use crate::aws::failure;
use crate::error::Result;

/// The scalable targets among `ids`, which are at most 50 of one resource, and the policies of those that there are.
pub async fn scaling(
    client: &Client,
    namespace: ServiceNamespace,
    ids: &[String],
    what: &str,
) -> Result<(Vec<Value>, Vec<Value>)> {
    let (mut targets, mut scaled, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let answer = Answer::default();
        let page = client
            .describe_scalable_targets()
            .service_namespace(namespace.clone())
            .set_resource_ids(Some(ids.to_vec()))
            .set_next_token(token)
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|error| failure("describing the scalable targets of", what, error))?;
        if let Value::Array(found) = answer.take("ScalableTargets") {
            targets.extend(found);
        }
        for target in page.scalable_targets() {
            if !scaled.iter().any(|id| id == target.resource_id()) {
                scaled.push(target.resource_id().to_owned());
            }
        }
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let mut policies = Vec::new();
    for id in scaled {
        policies.extend(self::policies(client, &namespace, &id).await?);
    }
    Ok((targets, policies))
}

async fn policies(client: &Client, namespace: &ServiceNamespace, id: &str) -> Result<Vec<Value>> {
    let (mut policies, mut token) = (Vec::new(), None);
    loop {
        let answer = Answer::default();
        let page = client
            .describe_scaling_policies()
            .service_namespace(namespace.clone())
            .resource_id(id)
            .set_next_token(token)
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|error| failure("describing the scaling policies of", id, error))?;
        if let Value::Array(found) = answer.take("ScalingPolicies") {
            policies.extend(found);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(policies);
        }
    }
}
