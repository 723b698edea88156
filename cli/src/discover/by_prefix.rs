//! Discovery by the prefix that the names of an application's resources share.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use holdfast::aws::service::{Client, SSM};
use serde_json::{Value, json};

use super::clusters::{self, Cluster};
use super::compose::{BackupPlace, compose};
use super::{Draft, Found};
use crate::aws;
use crate::failure::Result;

/// A draft of the clusters, file systems (by their tag `Name`), tables, secrets and parameters whose names begin so.
pub async fn draft(config: &SdkConfig, prefix: &str) -> Result<Draft> {
    let clusters = clusters::list(config).await?;
    let of_prefix = clusters
        .keys()
        .filter(|id| id.starts_with(&prefix.to_ascii_lowercase()));
    let mut found = of_prefix.map(|id| cluster(id, &clusters)).collect::<Vec<_>>();
    found.extend(file_systems(config, prefix).await?);
    found.extend(tables(config, prefix).await?);
    found.extend(secrets(config, prefix).await?);
    for path in [prefix.to_owned(), format!("/{}", prefix.trim_start_matches('/'))] {
        let names = parameters(config, &path).await?;
        found.extend(names.into_iter().map(|name| Found::Parameter { name }));
    }
    let found = clusters::sort_out(found, &clusters);
    Ok(compose(prefix, found, &BackupPlace::default()))
}

fn cluster(id: &str, all: &std::collections::BTreeMap<String, Cluster>) -> Found {
    let hint = if all.len() == 1 { "database" } else { id };
    Found::Cluster {
        id: id.to_owned(),
        hint: hint.to_owned(),
    }
}

async fn file_systems(config: &SdkConfig, prefix: &str) -> Result<Vec<Found>> {
    let client = aws_sdk_efs::Client::new(config);
    let mut pages = client.describe_file_systems().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(system) = pages.next().await {
        let system = system.map_err(|error| aws::failure("listing", "file systems", error))?;
        if let Some(name) = system.name().filter(|name| name.starts_with(prefix)) {
            found.push(Found::FileSystem {
                id: system.file_system_id().to_owned(),
                hint: name.to_owned(),
            });
        }
    }
    Ok(found)
}

/// One table by its name; of several, their prefix, so that tables to come are protected too.
async fn tables(config: &SdkConfig, prefix: &str) -> Result<Vec<Found>> {
    let client = aws_sdk_dynamodb::Client::new(config);
    let mut pages = client.list_tables().into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(name) = pages.next().await {
        names.push(name.map_err(|error| aws::failure("listing", "tables", error))?);
    }
    names.retain(|name| name.starts_with(prefix));
    Ok(match names.as_slice() {
        [] => vec![],
        [name] => vec![Found::Table {
            name: name.clone(),
            hint: name.clone(),
        }],
        _ => vec![Found::Tables {
            prefix: prefix.to_owned(),
            now: names,
        }],
    })
}

async fn secrets(config: &SdkConfig, prefix: &str) -> Result<Vec<Found>> {
    let client = aws_sdk_secretsmanager::Client::new(config);
    let filter = Filter::builder().key(FilterNameStringType::Name).values(prefix).build();
    let mut pages = client.list_secrets().filters(filter).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| aws::failure("listing", "secrets", error))?;
        // The filter does not heed case.
        let names = page
            .secret_list()
            .iter()
            .filter_map(|secret| secret.name())
            .filter(|name| name.starts_with(prefix));
        found.extend(names.map(|name| Found::Secret {
            id: name.to_owned(),
            hint: name.to_owned(),
        }));
    }
    Ok(found)
}

/// Names of the parameters that begin so. DescribeParameters, since it never answers a value.
pub async fn parameters(config: &SdkConfig, prefix: &str) -> Result<Vec<String>> {
    let client = Client::new(config, SSM);
    let beginning = json!([{ "Key": "Name", "Option": "BeginsWith", "Values": [prefix] }]);
    let (mut names, mut token) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({ "ParameterFilters": beginning, "NextToken": token });
        let page = client.call("DescribeParameters", asked).await;
        let mut page = page.map_err(|error| aws::failure("listing parameters", prefix, error))?;
        let parameters = page.take_list("Parameters");
        let found = parameters.iter().filter_map(|parameter| parameter["Name"].as_str());
        names.extend(found.filter(|name| name.starts_with(prefix)).map(str::to_owned));
        token = page.take_token("NextToken");
        if token.is_null() {
            return Ok(names);
        }
    }
}
