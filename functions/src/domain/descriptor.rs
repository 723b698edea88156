//! A deployment's descriptor: what is protected, how it is probed and quiesced, and how long backups are kept.
//!
//! A descriptor is parsed as a whole: [`Descriptor::parse`] returns every fault at once. It serializes to its
//! canonical document, with the defaults written out, so that the policy in the catalog stays in force even after a default has
//! changed. Parsing that document returns the same descriptor.

mod covers;
mod cut_over;
pub(super) mod facts;
pub(super) mod formats;
mod hook;
pub mod hook_surroundings;
mod hooks;
mod owner;
mod parse;
mod probes;
pub(super) mod reader;
mod relations;
mod resources;
mod restore_parameters;
pub(super) mod shell_script;
pub(super) mod sql;
mod stack;
mod switch_relations;
mod switches;
#[cfg(test)]
mod tests;
pub(super) mod texts;
pub mod uncovered;

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use covers::{Covers, has_prefix, is_separator};
pub use cut_over::{Fact, Switch, SwitchAction};
pub use hook::{
    EcsScale, EventSource, Hook, HookAction, HookLists, HookPlace, Http, HttpCondition, HttpPoll, HttpRequest, Lambda,
    OnHookFailure, Sql, SsmCommand, StackParameter, StepFunction,
};
pub use resources::MOST_RESOURCES;
pub use stack::{DeploymentStack, RestoreParameter, StackValue};

use super::duration;
use super::kinds::{self, closeness};
use super::resource::{Resource, Target};

/// Default deadline of a backup, in seconds: 6 hours.
pub const DEFAULT_DEADLINE_SECONDS: u64 = 6 * 3_600;
/// The shortest and the longest deadline, in seconds: one minute and seven days.
const DEADLINE: (u64, u64) = (60, 7 * 86_400);
/// The value of a resource's `protect`.
const PITR: &str = "pitr";
/// Default deadline of a restore, in seconds: 36 hours.
pub const DEFAULT_RESTORE_DEADLINE_SECONDS: u64 = 36 * 3_600;
/// Default timeout of a SQL probe, in seconds.
pub const DEFAULT_PROBE_TIMEOUT_SECONDS: u64 = 30;

/// The descriptor of one deployment, validated as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Descriptor {
    pub deployment: String,
    /// A disabled deployment is not backed up, neither nightly nor on demand.
    pub enabled: bool,
    /// ARN of the SNS topic for this deployment's messages; if absent, the stack's on-call topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What belongs to it by its name: what is not in the descriptor is reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covers: Option<Covers>,
    /// By name; never empty.
    pub resources: BTreeMap<String, ProtectedResource>,
    /// By name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub probes: BTreeMap<String, Probe>,
    /// What quiesces and resumes the application, and follows a restore.
    #[serde(skip_serializing_if = "HookLists::is_empty")]
    pub hooks: HookLists,
    /// What a restore switches, in order; switching back runs in reverse.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut_over: Vec<Switch>,
    /// The stack that the deployment is, of which a restore can create a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<DeploymentStack>,
    pub keep: Keep,
    /// Seconds within which the backup of a resource without its own deadline must end.
    #[serde(rename = "deadline", serialize_with = "duration::serialize")]
    pub deadline_seconds: u64,
    /// Seconds within which the restore of a resource must end.
    #[serde(rename = "restore_deadline", serialize_with = "duration::serialize")]
    pub restore_deadline_seconds: u64,
}

/// A resource as a descriptor names it; [`Descriptor::resources`] adds the effective deadline.
#[derive(Debug, Clone, PartialEq)]
pub struct ProtectedResource {
    pub target: Target,
    /// For a file system: directories in use, in addition to those that the switches' services mount.
    pub roots: Vec<String>,
    /// For a table, or those of a prefix: whether each backup turns on the safeguards that are off.
    pub protect: bool,
    /// This resource's own deadline.
    pub deadline_seconds: Option<u64>,
    /// Address of the resource in Terraform's state, such as `module.data.aws_rds_cluster.main`.
    pub terraform: Option<String>,
    /// The resource's logical id in its CloudFormation template.
    pub logical_id: Option<String>,
}

/// A count to take at backup time and to compare after a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Name of the resource that it counts in.
    pub resource: String,
    #[serde(flatten)]
    pub count: Count,
}

impl Probe {
    /// Whether its count changes although the data does not.
    pub fn depends_on_time(&self) -> bool {
        matches!(&self.count, Count::Sql { sql, .. } if sql::reads_clock(sql))
    }
}

/// How a probe counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Count {
    /// One read-only statement in an Aurora cluster that returns one non-negative integer.
    Sql {
        sql: String,
        /// Name or ARN of the secret whose JSON holds `username` and `password`.
        secret: String,
        database: String,
        #[serde(rename = "timeout", serialize_with = "duration::serialize")]
        timeout_seconds: u64,
    },
    /// The items of a DynamoDB table. `table` is set if the resource is a prefix.
    Items {
        #[serde(skip_serializing_if = "Option::is_none")]
        table: Option<String>,
    },
}

/// How many sealed sets are kept, and for how many days a failed set is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// The newest sets.
    pub last: u32,
    /// The newest set of each of the newest days (UTC) that have one.
    pub daily: u32,
    /// The newest set of each of the newest ISO weeks that have one.
    pub weekly: u32,
    /// The newest set of each of the newest months that have one.
    pub monthly: u32,
    /// Days for which a failed set is kept after its end.
    pub failed_days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Keep {
            last: 7,
            daily: 14,
            weekly: 8,
            monthly: 12,
            failed_days: 7,
        }
    }
}

impl Probe {
    /// The name that a run uses for the resource that it counts in: a prefix's table is `<resource>.<table>`.
    pub fn item_name(&self) -> String {
        match &self.count {
            Count::Items { table: Some(table) } => format!("{}.{table}", self.resource),
            Count::Items { table: None } | Count::Sql { .. } => self.resource.clone(),
        }
    }
}

impl Descriptor {
    /// The resources ordered by name, each with its deadline. A prefix counts as one resource; see [`Descriptor::tables`].
    pub fn resources(&self) -> Vec<Resource> {
        self.resources
            .iter()
            .map(|(name, protected)| Resource {
                name: name.clone(),
                target: protected.target.clone(),
                deadline_seconds: protected.deadline_seconds.unwrap_or(self.deadline_seconds),
            })
            .collect()
    }

    /// Whether backups of the resource of this name, or of a prefix's table, turn on the safeguards that are off.
    pub fn protects(&self, resource: &str) -> bool {
        let own = resource.split_once('.').map_or(resource, |(prefix, _)| prefix);
        self.resources.get(own).is_some_and(|protected| protected.protect)
    }

    /// Whether it names a resource, or has a pattern that matches it.
    pub fn has(&self, target: &Target) -> bool {
        let is_of = |own: &Target| {
            kinds::is_same(own, target)
                || (own.kind() == target.kind() && closeness(own, target.identifier()).is_some())
        };
        self.resources.values().any(|protected| is_of(&protected.target))
    }

    /// One resource for each table that a prefix resource found, named `<name>.<table>`. A table belongs to exactly one
    /// resource: to the one that names it, otherwise to the longest matching prefix.
    pub fn tables(&self, prefix_resource: &Resource, found: &[String]) -> Vec<Resource> {
        let own = &prefix_resource.target;
        if !kinds::is_pattern(own) {
            return Vec::new();
        }
        let of_kind = |target: &&Target| target.kind() == own.kind();
        let others = || {
            self.resources
                .values()
                .map(|protected| &protected.target)
                .filter(of_kind)
        };
        let belongs_to_prefix = |table: &str| {
            let closest = others().filter_map(|other| closeness(other, table)).max();
            closeness(own, table).is_some_and(|own| closest.is_none_or(|closest| own >= closest))
        };
        let tables: BTreeSet<&String> = found.iter().filter(|table| belongs_to_prefix(table)).collect();
        tables
            .into_iter()
            .filter_map(|table| {
                Some(Resource {
                    name: format!("{}.{table}", prefix_resource.name),
                    target: kinds::member_target(own, table)?,
                    deadline_seconds: prefix_resource.deadline_seconds,
                })
            })
            .collect()
    }
}

impl Descriptor {
    /// Removes `copies` of restores from the tables that a prefix found, unless a probe or a switch of the resource names them:
    /// the application uses such a copy. Returns the removed names.
    pub fn leave_out_copies(
        &self,
        prefix_resource: &str,
        tables: &mut Vec<Resource>,
        copies: &BTreeSet<String>,
    ) -> Vec<String> {
        let named_table =
            |resource: &str, table: &Option<String>| (resource == prefix_resource).then(|| table.clone()).flatten();
        let switched = self
            .cut_over
            .iter()
            .filter_map(|switch| named_table(&switch.resource, &switch.table));
        let counted = self.probes.values().filter_map(|probe| match &probe.count {
            Count::Items { table } => named_table(&probe.resource, table),
            Count::Sql { .. } => None,
        });
        let named: BTreeSet<String> = switched.chain(counted).collect();
        let mut left_out = Vec::new();
        tables.retain(|table| {
            let name = table.target.identifier();
            let keep = !copies.contains(name) || named.contains(name);
            if !keep {
                left_out.push(name.to_owned());
            }
            keep
        });
        left_out
    }
}

impl ProtectedResource {
    /// The fields that name the resource, the identifier first.
    fn naming_fields(&self) -> serde_json::Result<Vec<(String, Value)>> {
        let Value::Object(fields) = serde_json::to_value(&self.target)? else {
            return Ok(Vec::new());
        };
        let mut fields: Vec<(String, Value)> = fields.into_iter().filter(|(field, _)| field != "kind").collect();
        fields.sort_by_key(|(field, _)| field != self.target.field());
        Ok(fields)
    }
}

/// As in a descriptor: `kind`, the kind's own fields, `protect`, `deadline`, `terraform`, `logical_id`; a prefix is of kind `dynamodb`.
impl Serialize for ProtectedResource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.target.kind())?;
        for (field, value) in self.naming_fields().map_err(S::Error::custom)? {
            map.serialize_entry(&field, &value)?;
        }
        if !self.roots.is_empty() {
            map.serialize_entry("roots", &self.roots)?;
        }
        if self.protect {
            map.serialize_entry("protect", PITR)?;
        }
        if let Some(seconds) = self.deadline_seconds {
            map.serialize_entry("deadline", &duration::text(seconds))?;
        }
        if let Some(address) = &self.terraform {
            map.serialize_entry("terraform", address)?;
        }
        if let Some(logical_id) = &self.logical_id {
            map.serialize_entry("logical_id", logical_id)?;
        }
        map.end()
    }
}
