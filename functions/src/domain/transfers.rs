//! Jobs that move data ourselves instead of leaving it to AWS: one execution of the machine `transfer` for each, started, polled and
//! stopped as a job of AWS is.

pub mod archive_access;
pub mod database_access;
pub mod placement;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
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
    /// How long the dump took, in seconds by the server's clock; 0 if it is not known.
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

impl DumpFacts {
    /// The time of the capture by the server's clock, or by AWS's, whichever is later: with a server's clock that is behind, a dump from
    /// after an incident would be taken for one from before it. `finished_at` is AWS's time of its end, if that is known.
    pub fn captured_by(&self, finished_at: Option<Timestamp>) -> Timestamp {
        // Both times are in whole seconds: what took n of them began at most n - 2 before the end.
        let took = i64::try_from(self.seconds.saturating_sub(2)).unwrap_or(i64::MAX);
        let began = finished_at.and_then(|end| end.checked_sub(SignedDuration::from_secs(took)).ok());
        began.map_or(self.captured_at, |began| began.max(self.captured_at))
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn of_two_clocks_the_later_one_says_when_a_dump_was_captured() {
        let at = |time: &str| -> Timestamp { format!("2026-11-20T{time}Z").parse().unwrap() };
        let mut facts: DumpFacts = serde_json::from_value(serde_json::json!({
            "captured_at": at("02:15:04"), "seconds": 32, "size_bytes": 1, "database_bytes": 1, "counts": {},
        }))
        .unwrap();
        for (finished_at, captured_at) in [
            (None, "02:15:04"),
            // They agree; it took five seconds more to store it.
            (Some("02:15:41"), "02:15:11"),
            // The server's clock is ahead, then behind.
            (Some("01:15:41"), "02:15:04"),
            (Some("03:15:41"), "03:15:11"),
        ] {
            assert_eq!(facts.captured_by(finished_at.map(at)), at(captured_at));
        }
        facts.seconds = 0;
        assert_eq!(facts.captured_by(Some(at("02:15:41"))), at("02:15:41"));
    }
}
