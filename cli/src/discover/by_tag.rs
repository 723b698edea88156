//! Discovery by a tag that the application's resources carry.

use aws_config::SdkConfig;
use holdfast::aws::service::{Client, TAGGING};
use holdfast::domain::names;
use serde_json::{Value, json};

use super::compose::{BackupPlace, compose};
use super::{Draft, Found, classify, clusters};
use crate::aws;
use crate::failure::Result;

/// A draft of everything that bears the tag, named for its value, or its key where the value is empty.
pub async fn draft(config: &SdkConfig, key: &str, value: &str) -> Result<Draft> {
    let found = tagged(config, key, value).await?;
    let found = clusters::sort_out(found, &clusters::list(config).await?);
    Ok(compose(
        if value.is_empty() { key } else { value },
        found,
        &BackupPlace::default(),
    ))
}

async fn tagged(config: &SdkConfig, key: &str, value: &str) -> Result<Vec<Found>> {
    let client = Client::new(config, TAGGING);
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({ "TagFilters": [{ "Key": key, "Values": [value] }], "PaginationToken": token });
        let page = client.call("GetResources", asked).await;
        let mut page =
            page.map_err(|error| aws::failure("listing resources with tag", &format!("{key}={value}"), error))?;
        let resources = page.take_list("ResourceTagMappingList");
        // A copy has the tags of its source, and that of its restore.
        let is_copy = |resource: &&Value| {
            let tags = resource["Tags"].as_array().into_iter().flatten();
            tags.into_iter().any(|tag| tag["Key"] == names::TAG_RESTORE)
        };
        let own = resources.iter().filter(|resource| !is_copy(resource));
        let arns = own.filter_map(|resource| resource["ResourceARN"].as_str());
        found.extend(arns.filter_map(classify::arn));
        token = page.take_token("PaginationToken");
        if token.is_null() {
            return Ok(found);
        }
    }
}
