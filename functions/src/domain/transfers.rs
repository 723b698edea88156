//! Jobs that move data ourselves instead of leaving it to AWS: one execution of the machine `transfer` for each, started, polled and
//! stopped as a job of AWS is.

pub mod archive_access;
pub mod database_access;
pub mod placement;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::placement::Placement;
use super::job::{Failure, Run};
use super::names;
use super::resource::Resource;

/// Input of an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The step that moves the data, such as `write-dump`.
    pub step: String,
    pub placement: Placement,
    pub input: Value,
}

/// What the job of a database is about: input of the step. It is small, since a task takes at most 8,192 characters; the step reads
/// what it needs from the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub run: Run,
    pub resource: Resource,
    /// Where what is written goes, or what is read is: a folder of the stack's archive, without a slash at its end.
    pub folder: String,
    /// How the task ended, if one ran: the step then only returns its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskEnd>,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskEnd {
    /// As Step Functions reports it; `None` if it succeeded.
    pub failed: Option<Failure>,
}

/// What a dump is: output of `write-dump`, and what the archive says of it later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DumpFacts {
    /// By the server's clock: nothing that was committed later is in it.
    pub captured_at: Timestamp,
    /// How long the dump took, in seconds by the server's clock.
    #[serde(default)]
    pub seconds: u64,
    /// Bytes of its archives.
    pub size_bytes: u64,
    /// Bytes of the database on the server's disk.
    pub database_bytes: u64,
    /// The counts of the probes, taken in the dump's own snapshot.
    pub counts: BTreeMap<String, u64>,
    /// Why probes could not be counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uncounted: BTreeMap<String, String>,
    /// What the operator should know, such as roles that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// The folder of all dumps.
pub const DUMPS: &str = "dumps";

/// The folder of a deployment's dumps.
pub fn dumps_of(deployment: &str) -> String {
    format!("{DUMPS}/{deployment}")
}

/// The folder of a resource's dumps.
pub fn dumps_of_resource(deployment: &str, resource: &str) -> String {
    format!("{}/{resource}", dumps_of(deployment))
}

/// The folder of one dump.
pub fn dump_folder(deployment: &str, resource: &str, set: &str) -> String {
    format!("{}/{set}", dumps_of_resource(deployment, resource))
}

/// The name of an execution: at most 80 characters, the same whenever a job is started again.
pub fn execution_name(run: &str, resource: &str, step: &str) -> String {
    format!("{step}-{}", &names::token(run, resource, step)[..32])
}
