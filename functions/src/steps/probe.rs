//! A probe as planned: where to count and how, with no secret in it.

use serde::{Deserialize, Serialize};

use crate::domain::job::Failure;

/// Output of `plan-backup`, input of the step that counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedProbe {
    pub name: String,
    #[serde(flatten)]
    pub count: Count,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Count {
    Sql(Sql),
    Items { table: String },
}

/// One count by SQL in an Aurora cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sql {
    pub cluster: String,
    /// The cluster's reader or writer endpoint; absent when it could not be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// Why the endpoint is absent: the probe then fails by it, and stops nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    pub database: String,
    /// Name or ARN of the secret that holds `username` and `password`.
    pub secret: String,
    pub sql: String,
    pub timeout_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}
