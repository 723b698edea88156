//! Whether anybody uses what a restore made, told from what was seen of it: what is in use is not removed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::descriptor::{Count, Descriptor};
use crate::domain::kinds::dynamodb;
use crate::domain::resource::Target;

mod copies;
pub mod services;
#[cfg(test)]
mod tests;

use services::{AccessPoint, RunningService};

pub use copies::{CopyUser, RestoredCopy};

/// A way of looking for users. A person may do without one, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageCheck {
    /// All descriptors in the catalog.
    Descriptors,
    /// What the switches of all descriptors hold now.
    Switches,
    /// ECS services, by what their task definitions mount and name.
    Services,
    /// Access points of the file system.
    AccessPoints,
    /// Reads, writes and connections of the last while.
    Activity,
}

impl UsageCheck {
    /// Its word in a request.
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

/// What was seen, of all copies.
#[derive(Debug, Clone, Default)]
pub struct UsageReport {
    pub descriptors: Vec<Descriptor>,
    pub services: Vec<RunningService>,
    pub access_points: Vec<AccessPoint>,
    /// Switches that lead to a copy.
    pub references: Vec<SwitchReference>,
    pub activity: Vec<CopyActivity>,
    /// What could not be looked at.
    pub unseen: Vec<SkippedCheck>,
}

/// A switch whose present value leads to a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchReference {
    pub copy: RestoredCopy,
    pub deployment: String,
    pub switch: String,
    /// What it switches, in words: `parameter /hubs/prod/table`.
    pub what: String,
}

/// Something that was done with a copy, and not by its restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyActivity {
    pub copy: RestoredCopy,
    /// In words: `it was written since 02:15 UTC`.
    pub what: String,
}

/// What could not be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedCheck {
    pub look: UsageCheck,
    pub why: String,
}

/// All that keeps these copies from being removed: users, and what could not be looked at. `without` are the looks that a person
/// does without: it excuses what was not seen, and what was done may have been done by that person; a user that names a copy
/// stays a user.
pub fn users(copies: &[RestoredCopy], seen: &UsageReport, without: &BTreeSet<UsageCheck>) -> Vec<CopyUser> {
    let mut users = Vec::new();
    for copy in copies {
        users.extend(
            seen.descriptors
                .iter()
                .flat_map(|descriptor| named_by(descriptor, copy)),
        );
        users.extend(seen.services.iter().flat_map(|service| service.uses_of(copy)));
        users.extend(seen.access_points.iter().filter_map(|point| point.use_of(copy)));
    }
    users.extend(seen.references.iter().map(|lead| CopyUser {
        uses: format!(
            "{} is what {} holds (switch {} of {})",
            lead.copy, lead.what, lead.switch, lead.deployment
        ),
        next: format!("Let {} hold what is to be used instead", lead.what),
    }));
    if !without.contains(&UsageCheck::Activity) {
        users.extend(seen.activity.iter().map(|active| CopyUser {
            uses: format!("{}: {}", active.copy, active.what),
            next: format!(
                "See who that is, and end it; if it was you, do without this look: {}",
                UsageCheck::Activity.word()
            ),
        }));
    }
    let unseen = seen.unseen.iter().filter(|unseen| !without.contains(&unseen.look));
    users.extend(unseen.map(|unseen| CopyUser {
        uses: format!("whether they are used could not be looked at: {}", unseen.why),
        next: format!(
            "Let the function undo-restore look; or see for yourself, and do without this look: {}",
            unseen.look.word()
        ),
    }));
    users
}

/// Where a descriptor names a copy. The names of prefixes name nothing in particular.
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
    if let Some(wanted) = dynamodb::table(wanted) {
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
        next: "Let it name what is to be used instead, and `holdfast apply FILE`".to_owned(),
    }]
}
