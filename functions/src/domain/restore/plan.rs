//! A validated restore, as a value: what will be read, created and switched, how long it will take, and what will be lost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::resource::Resource;
use crate::domain::restore::matching::Matching;
use crate::domain::restore::remark::Remark;

pub use crate::domain::kinds::shapes::{Destination, Source};
pub use crate::domain::restore::modes::{CutOverMode, OnFailure};

/// A restore of a whole set, or of some of its resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The set that is restored, or whose configuration is used; `None` without a catalog entry (`source: retained`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The moment as of which the deployment is restored, if one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The application was quiesced while the set was captured: counts and samples must then agree exactly.
    pub at_rest: bool,
    pub made_at: Timestamp,
    pub resources: Vec<PlannedResource>,
    /// What is in the deployment or in the set but is not restored, as text.
    #[serde(default)]
    pub not_covered: Vec<String>,
    /// What the operator should know before anything starts: skew, a newer set that was passed over, an engine upgrade.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    pub cut_over: CutOverMode,
    pub approval: bool,
    pub safety_backup: bool,
    pub dry_run: bool,
    pub on_failure: OnFailure,
    /// What the cut-over changes, as text, in order.
    #[serde(default)]
    pub switches: Vec<String>,
    /// How the set and today's descriptor match.
    #[serde(default)]
    pub matching: Matching,
    /// EC2 security groups that the copies need; the machine checks that they exist.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// What the request left out, and where and how it created copies, as command options: repeating the restore needs them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The names of copies, as command options: they can be used again only if the restore has created nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub naming: Vec<String>,
    /// Seconds that the slowest resource is expected to take; `None` without history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seconds: Option<u64>,
}

/// One resource's restore, as planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedResource {
    /// As in the set: its target is the source's own identifier; its deadline is the restore's.
    pub resource: Resource,
    pub source: Source,
    #[serde(rename = "beside")]
    pub destination: Destination,
    /// The moment whose data it restores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Timestamp>,
    /// Seconds between that moment and the plan: writes since then are lost at cut-over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Median duration of this resource's last restores, in seconds; `None` without history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_seconds: Option<u64>,
    /// What is created in addition to the copy, such as a parameter group that no longer exists, as text.
    #[serde(default)]
    pub creates: Vec<String>,
}
