//! Whether anyone uses the copies of a restore, based on what was found: copies in use are not removed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::descriptor::{Count, Descriptor};
use crate::domain::kinds;
use crate::domain::resource::Target;

mod copies;
pub mod services;
#[cfg(test)]
mod tests;

use services::{AccessPoint, RunningService};

pub use copies::{CopyUser, RestoredCopy};

/// A way to look for users. A person can skip one by naming it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageCheck {
    /// All descriptors in the catalog.
    Descriptors,
    /// The present values of all descriptors' switches.
    Switches,
    /// ECS services, by what their task definitions mount and name.
    Services,
    /// Access points of the file system.
    AccessPoints,
    /// Recent reads, writes and connections.
    Activity,
}

impl UsageCheck {
    /// Its name in a request.
    pub fn word(self) -> &'static str {
        match self {
            UsageCheck::Descriptors => "descriptors",
            UsageCheck::Switches => "switches",
            UsageCheck::Services => "services",
            UsageCheck::AccessPoints => "access_points",
            UsageCheck::Activity => "activity",
        }
    }
}

/// What was found for all copies.
#[derive(Debug, Clone, Default)]
pub struct UsageReport {
    pub descriptors: Vec<Descriptor>,
    pub services: Vec<RunningService>,
    pub access_points: Vec<AccessPoint>,
    /// Switches whose present value refers to a copy.
    pub references: Vec<SwitchReference>,
    pub activity: Vec<CopyActivity>,
    /// Checks that could not be made.
    pub unseen: Vec<SkippedCheck>,
}

/// A switch whose present value refers to a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchReference {
    pub copy: RestoredCopy,
    pub deployment: String,
    pub switch: String,
    /// What it switches, as text: `parameter /hubs/prod/table`.
    pub what: String,
}

/// Something done to a copy, other than by its restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyActivity {
    pub copy: RestoredCopy,
    /// As text: `it was written since 02:15 UTC`.
    pub what: String,
}

/// A check that could not be made, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedCheck {
    pub look: UsageCheck,
    pub why: String,
}

/// Everything that prevents the removal of these copies: users, and checks that could not be made. `without` are the checks that a
/// person skips: those need not succeed, and activity may be that person's own. A user that names a copy always counts.
pub fn users(copies: &[RestoredCopy], found: &UsageReport, without: &BTreeSet<UsageCheck>) -> Vec<CopyUser> {
    let mut users = Vec::new();
    for copy in copies {
        users.extend(
            found
                .descriptors
                .iter()
                .flat_map(|descriptor| named_by(descriptor, copy)),
        );
        users.extend(found.services.iter().flat_map(|service| service.uses_of(copy)));
        users.extend(found.access_points.iter().filter_map(|point| point.use_of(copy)));
    }
    users.extend(found.references.iter().map(|reference| CopyUser {
        uses: format!(
            "{} is the value of {} (switch {} of {})",
            reference.copy, reference.what, reference.switch, reference.deployment
        ),
        next: format!("Set {} to what is to be used instead", reference.what),
    }));
    if !without.contains(&UsageCheck::Activity) {
        users.extend(found.activity.iter().map(|activity| CopyUser {
            uses: format!("{}: {}", activity.copy, activity.what),
            next: format!(
                "Find out who that is, and stop it; if it was you, skip this check: {}",
                UsageCheck::Activity.word()
            ),
        }));
    }
    let skipped = found.unseen.iter().filter(|skipped| !without.contains(&skipped.look));
    users.extend(skipped.map(|skipped| CopyUser {
        uses: format!("whether they are used could not be checked: {}", skipped.why),
        next: format!(
            "Allow the function undo-restore to check; or check yourself, and skip this check: {}",
            skipped.look.word()
        ),
    }));
    users
}

/// Where a descriptor names a copy. A prefix does not name a particular copy.
fn named_by(descriptor: &Descriptor, copy: &RestoredCopy) -> Vec<CopyUser> {
    let Some(wanted) = copy.target() else {
        return Vec::new();
    };
    let same = |target: &Target| {
        target.field() == wanted.field() && target.identifier().eq_ignore_ascii_case(wanted.identifier())
    };
    let resources = descriptor.resources.iter();
    let mut paths: Vec<String> = resources
        .filter(|(_, protected)| same(&protected.target))
        .map(|(name, protected)| format!("resources.{name}.{}", protected.target.field()))
        .collect();
    if let Some(wanted) = kinds::member_name(wanted) {
        for (name, probe) in &descriptor.probes {
            if matches!(&probe.count, Count::Items { table: Some(table) } if table == wanted) {
                paths.push(format!("probes.{name}.table"));
            }
        }
        for switch in &descriptor.cut_over {
            if switch.table.as_deref() == Some(wanted) {
                paths.push(format!("cut_over.{}.table", switch.name));
            }
        }
    }
    if paths.is_empty() {
        return Vec::new();
    }
    vec![CopyUser {
        uses: format!(
            "{copy} is named by the descriptor of {}: {}",
            descriptor.deployment,
            paths.join(", ")
        ),
        next: "Change it to name what is to be used instead, and `holdfast apply FILE`".to_owned(),
    }]
}
