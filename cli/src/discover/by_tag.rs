//! Discovery by a tag that the application's resources carry.

use aws_config::SdkConfig;
use aws_sdk_resourcegroupstagging::types::TagFilter;

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
    let client = aws_sdk_resourcegroupstagging::Client::new(config);
    let filter = TagFilter::builder().key(key).values(value).build();
    let mut pages = client
        .get_resources()
        .tag_filters(filter)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(resource) = pages.next().await {
        let what = format!("{key}={value}");
        let resource = resource.map_err(|error| aws::failure("listing resources with tag", &what, error))?;
        found.extend(resource.resource_arn().and_then(classify::arn));
    }
    Ok(found)
}
