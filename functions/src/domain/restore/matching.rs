//! What a set holds, matched with what the descriptor means today by what it *is*: kind and identity, a statement, the thing
//! that is switched. A rename is followed. What has no counterpart on the other side is a gap: it is named in the plan, it
//! makes the outcome unproven, and so a person is asked before anything is switched.

mod probes;
mod resources;
mod switches;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use probes::{Pair, Standing, probes};
pub use resources::{By, Matched, resources};
pub use switches::switches;

use super::history::makes_nothing;
use super::request::RestoreRequest;
use crate::domain::descriptor::Descriptor;
use crate::domain::resource::Resource;

/// What a plan knows of the two sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matching {
    /// What one side has and the other has not, or has otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// How each count of the set is compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Pair>,
    /// The deployment's resources of which the application goes on using the live one when all that is planned is switched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<String>,
}

/// A resource, probe or switch without its counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub of: Of,
    /// Its name: today's, or where it has none, the set's.
    pub name: String,
    /// Which side lacks it, and what that means; in words.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Resource,
    Probe,
    Switch,
    /// The descriptor of the backup itself.
    Descriptor,
}

impl Gap {
    pub(super) fn new(of: Of, name: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            of,
            name: name.into(),
            why: why.into(),
        }
    }

    /// What it is called in checks, plans and messages: `probe users`.
    pub fn subject(&self) -> String {
        match self.of {
            Of::Resource => format!("resource {}", self.name),
            Of::Probe => format!("probe {}", self.name),
            Of::Switch => format!("switch {}", self.name),
            Of::Descriptor => self.name.clone(),
        }
    }
}

/// Both sides of a restore.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    pub set: &'a str,
    /// The descriptor by which the set was made; `None` where the catalog does not have it.
    pub then: Option<&'a Descriptor>,
    pub today: &'a Descriptor,
    /// The set's resources.
    pub resources: &'a [Matched],
    pub request: &'a RestoreRequest,
}

impl Sides<'_> {
    /// How a restore calls today what a set calls so: a resource, or a table of a prefix.
    fn today(&self, held: &str) -> Option<&Matched> {
        self.resources.iter().find(|matched| matched.resource.name == held)
    }

    /// The same by today's name.
    fn held(&self, today: &str) -> Option<&Matched> {
        self.resources.iter().find(|matched| matched.name == today)
    }

    /// Resources of today that the set has no backup of, and of the set that are none today; of what the request leaves out,
    /// neither.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for matched in self.resources.iter().filter(|of| self.request.covers(&of.name)) {
            let target = &matched.resource.target;
            let (kind, identifier) = (target.kind(), target.identifier());
            match &matched.by {
                By::Identity => {}
                By::Name { today } => gaps.push(Gap::new(
                    Of::Resource,
                    &matched.name,
                    format!(
                        "set {} has {kind} {identifier}, and the descriptor now names {today}; no cut-over is recorded that \
                         leads from one to the other. They are taken for the same by their name",
                        self.set
                    ),
                )),
                By::Nothing => gaps.push(Gap::new(
                    Of::Resource,
                    &matched.name,
                    format!(
                        "the descriptor names neither {kind} {identifier} nor a {kind} {} any more: it is restored, and nothing \
                         is switched to it",
                        matched.resource.name
                    ),
                )),
            }
        }
        let lacking = self.lacking().into_iter().map(|resource| {
            let why = format!(
                "set {} has no backup of it: the application keeps what it uses",
                self.set
            );
            Gap::new(Of::Resource, resource.name, why)
        });
        gaps.extend(lacking.filter(|gap| self.request.covers(&gap.name)));
        gaps
    }

    /// What the request leaves out of what the set could restore.
    pub fn left_out(&self) -> Vec<String> {
        let restorable = self.resources.iter().filter(|of| !makes_nothing(&of.resource.target));
        let left_out = restorable.filter(|of| !of.abandoned && !self.request.covers(&of.name));
        left_out.map(|of| of.name.clone()).collect()
    }

    /// The descriptor's resources of which the set has nothing.
    pub fn lacking(&self) -> Vec<Resource> {
        let held = |resource: &Resource| {
            self.resources
                .iter()
                .any(|matched| matched.by != By::Nothing && matched.is_of(resource))
        };
        let all = self.today.resources();
        all.into_iter().filter(|resource| !held(resource)).collect()
    }
}

/// When a set's resources had the names that it has of them.
pub type Captured = Option<Timestamp>;
