//! A planned probe: what to count and where. It contains no secret.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::error::{Error, Result};

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
    /// Why the endpoint is absent: only this probe fails, with this error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    pub database: String,
    /// Name or ARN of the secret that holds `username` and `password`.
    pub secret: String,
    pub sql: String,
    pub timeout_seconds: u64,
}

/// Ensures that SQL can be counted in a cluster of this engine: probes use PostgreSQL's protocol.
///
/// # Errors
/// `InvalidInput` otherwise: a distinct error, so that it does not look like an unreachable network.
pub fn ensure_countable(cluster: &str, engine: &str) -> Result<()> {
    if engine.contains("postgres") {
        return Ok(());
    }
    Err(Error::invalid(
        format!("probe of cluster {cluster}"),
        format!("engine {engine}"),
        "a cluster of Aurora PostgreSQL, the only one in which SQL is counted: remove the probe",
    ))
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}

/// A count taken at backup time, or why it could not be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeResult {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}
