//! The parameter groups of a cluster and of its instances. No snapshot contains them, and they may be deleted before a restore:
//! this captures what is needed to create each again, and which parameters were changed.

mod copies;

use std::collections::BTreeSet;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance, DbParameterGroup, Parameter};
use serde_json::Value;

use super::describe::{self, attributes};
use crate::aws::failure;
use crate::error::{Error, Result};

/// The `Source` of the parameters that differ from the engine's defaults.
const CHANGED: &str = "user";

/// A cluster's group, without its parameters.
pub async fn of_cluster(rds: &Client, name: &str) -> Result<Value> {
    let groups = rds
        .describe_db_cluster_parameter_groups()
        .db_cluster_parameter_group_name(name)
        .send()
        .await
        .map_err(|error| failure("describing cluster parameter group", name, error))?;
    let group = groups.db_cluster_parameter_groups().first();
    let group = group.ok_or_else(|| missing("cluster parameter group", name))?;
    Ok(attributes! {
        "DBClusterParameterGroupName" => group.db_cluster_parameter_group_name(),
        "DBClusterParameterGroupArn" => group.db_cluster_parameter_group_arn(),
        "DBParameterGroupFamily" => group.db_parameter_group_family(),
        "Description" => group.description(),
    })
}

/// The changed parameters of a cluster's group.
pub async fn changed_of_cluster(rds: &Client, name: &str) -> Result<Vec<Parameter>> {
    let parameters = rds
        .describe_db_cluster_parameters()
        .db_cluster_parameter_group_name(name)
        .source(CHANGED);
    let pages = parameters.into_paginator().items().send();
    pages
        .collect::<Result<_, _>>()
        .await
        .map_err(|error| failure("describing the parameters of cluster parameter group", name, error))
}

/// The groups of all instances, without duplicates, with their changed parameters.
pub async fn of_instances(rds: &Client, instances: &[DbInstance]) -> Result<Vec<Value>> {
    let names: BTreeSet<_> = instances
        .iter()
        .flat_map(DbInstance::db_parameter_groups)
        .filter_map(|group| group.db_parameter_group_name())
        .collect();
    let mut groups = Vec::new();
    for name in names {
        groups.push(of_instance(rds, name).await?);
    }
    Ok(groups)
}

/// An instance's group.
pub async fn described(rds: &Client, name: &str) -> Result<DbParameterGroup> {
    let groups = rds
        .describe_db_parameter_groups()
        .db_parameter_group_name(name)
        .send()
        .await
        .map_err(|error| failure("describing parameter group", name, error))?;
    let group = groups.db_parameter_groups.unwrap_or_default().into_iter().next();
    group.ok_or_else(|| missing("parameter group", name))
}

async fn of_instance(rds: &Client, name: &str) -> Result<Value> {
    let group = described(rds, name).await?;
    let parameters = rds
        .describe_db_parameters()
        .db_parameter_group_name(name)
        .source(CHANGED);
    let changed: Vec<Parameter> = parameters
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .map_err(|error| failure("describing the parameters of parameter group", name, error))?;
    Ok(attributes! {
        "DBParameterGroupName" => group.db_parameter_group_name(),
        "DBParameterGroupArn" => group.db_parameter_group_arn(),
        "DBParameterGroupFamily" => group.db_parameter_group_family(),
        "Description" => group.description(),
        "Parameters" => describe::all(&changed, describe::parameter),
    })
}

fn missing(what: &str, name: &str) -> Error {
    Error::NotFound(format!(
        "describing {what} {name}: RDS shows none of that name. Start a new run"
    ))
}
