//! Discovery by a tag that the application's resources carry.

use aws_config::SdkConfig;
use holdfast::aws::service::{Client, TAGGING};
use holdfast::domain::names;
use holdfast::domain::resource::Target;
use serde_json::{Value, json};

use super::compose::{VaultAndRole, compose};
use super::{DescriptorDraft, Finding, FoundResource, classify, clusters, existing};
use crate::aws;
use crate::failure::Result;

/// A draft of everything that has the tag and still exists, named after its value, or after its key if the value is empty.
pub async fn draft(config: &SdkConfig, key: &str, value: &str) -> Result<DescriptorDraft> {
    let filter = json!({ "Key": key, "Values": [value] });
    let resources = tagged(config, filter, &format!("{key}={value}")).await?;
    // A copy has the tags of its source, and that of its restore.
    let is_copy = |resource: &Value| {
        let tags = resource["Tags"].as_array().into_iter().flatten();
        tags.into_iter().any(|tag| tag["Key"] == names::TAG_RESTORE)
    };
    let (copies, own): (Vec<Value>, Vec<Value>) = resources.into_iter().partition(is_copy);
    let findings = clusters::sort_out_findings(findings(&own), &clusters::list(config).await?);
    let existing = existing::only(config, findings).await?;
    let name = if value.is_empty() { key } else { value };
    let mut draft = compose(name, existing.findings, &VaultAndRole::default());
    draft.notes.extend(existing.notes);
    draft.notes.extend(left_out(&classified(&copies)));
    if !draft.unprotected.is_empty() {
        draft.notes.push(
            "What is listed as not protected was not looked up: AWS lists tagged resources for a while after they were deleted.".to_owned(),
        );
    }
    Ok(draft)
}

/// What resources are, each with its ARN.
fn findings(resources: &[Value]) -> Vec<Finding> {
    let arns = resources.iter().filter_map(|resource| resource["ResourceARN"].as_str());
    arns.filter_map(|arn| Some(Finding::new(classify::arn(arn)?, arn)))
        .collect()
}

/// The copies of restores, which differ only by their tag from what an application created.
pub async fn copies(config: &SdkConfig) -> Result<Vec<FoundResource>> {
    let resources = tagged(config, json!({ "Key": names::TAG_RESTORE }), names::TAG_RESTORE).await?;
    Ok(classified(&resources))
}

/// A resource with the tag of the restore that created it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedCopy {
    pub target: Target,
    /// Id of the restore.
    pub restore: String,
}

/// All copies of restores, each with its restore.
pub async fn tagged_copies(config: &SdkConfig) -> Result<Vec<TaggedCopy>> {
    let resources = tagged(config, json!({ "Key": names::TAG_RESTORE }), names::TAG_RESTORE).await?;
    Ok(resources.iter().filter_map(tagged_copy).collect())
}

fn tagged_copy(resource: &Value) -> Option<TaggedCopy> {
    let mut tags = resource["Tags"].as_array().into_iter().flatten();
    let tag = tags.find(|tag| tag["Key"] == names::TAG_RESTORE)?;
    let found = classify::arn(resource["ResourceARN"].as_str()?)?;
    Some(TaggedCopy {
        target: found.restored()?.clone(),
        restore: tag["Value"].as_str()?.to_owned(),
    })
}

/// The note about copies that are left out of a draft.
pub fn left_out(copies: &[FoundResource]) -> Option<String> {
    let names: Vec<&str> = copies
        .iter()
        .filter_map(FoundResource::restored)
        .map(Target::identifier)
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Left out, as copies of restores: {}. Name those to which the application was cut over.",
            names.join(", ")
        )
    })
}

fn classified(resources: &[Value]) -> Vec<FoundResource> {
    let arns = resources.iter().filter_map(|resource| resource["ResourceARN"].as_str());
    arns.filter_map(classify::arn).collect()
}

async fn tagged(config: &SdkConfig, filter: Value, tag: &str) -> Result<Vec<Value>> {
    let client = Client::new(config, TAGGING);
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({ "TagFilters": [filter], "PaginationToken": token });
        let page = client.call("GetResources", asked).await;
        let mut page = page.map_err(|error| aws::failure("listing resources with tag", tag, error))?;
        found.extend(page.take_list("ResourceTagMappingList"));
        token = page.take_token("PaginationToken");
        if token.is_null() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_known_by_its_tag_and_its_arn() {
        let resource = |arn: &str, key: &str| json!({ "ResourceARN": arn, "Tags": [{"Key": "team", "Value": "x"}, {"Key": key, "Value": "hubs-1"}] });
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/hubs-rooms-r1";
        let found = tagged_copy(&resource(arn, names::TAG_RESTORE));
        assert!(
            found.is_some_and(|copy| copy.target.identifier() == "hubs-rooms-r1" && copy.restore == "hubs-1"),
            "the table"
        );
        assert_eq!(tagged_copy(&resource(arn, "holdfast:set")), None);
        assert_eq!(
            tagged_copy(&resource("arn:aws:lambda:us-east-1:0:function:x", names::TAG_RESTORE)),
            None
        );
    }
}
