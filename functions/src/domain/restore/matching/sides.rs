//! The set of a restore and today's deployment, side by side.

use super::gaps::{Gap, GapKind};
use super::resources::{MatchedBy, MatchedResource};
use crate::domain::descriptor::Descriptor;
use crate::domain::kinds::is_guard;
use crate::domain::resource::Resource;
use crate::domain::restore::request::RestoreRequest;

/// Both sides of a restore.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    pub set: &'a str,
    /// The descriptor at backup; `None` if the catalog does not have it.
    pub then: Option<&'a Descriptor>,
    pub today: &'a Descriptor,
    /// The set's resources.
    pub resources: &'a [MatchedResource],
    pub request: &'a RestoreRequest,
}

impl Sides<'_> {
    /// The match of a resource, or of a table of a prefix, by its name in the set.
    pub fn today(&self, in_set: &str) -> Option<&MatchedResource> {
        self.resources.iter().find(|matched| matched.resource.name == in_set)
    }

    /// The same by its name in the restore.
    pub fn match_of(&self, today: &str) -> Option<&MatchedResource> {
        self.resources.iter().find(|matched| matched.name == today)
    }

    /// Resources that only the set or only today's descriptor has, without those that the request leaves out.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for matched in self.resources.iter().filter(|of| self.request.covers(&of.name)) {
            let target = &matched.resource.target;
            let (kind, identifier) = (target.kind(), target.identifier());
            match &matched.by {
                MatchedBy::Identity => {}
                MatchedBy::Name { today } => gaps.push(Gap::new(
                    GapKind::Resource,
                    &matched.name,
                    format!(
                        "set {} has {kind} {identifier}, and the descriptor now names {today}; no recorded cut-over replaced \
                         one by the other. They are matched by name",
                        self.set
                    ),
                )),
                MatchedBy::Nothing => gaps.push(Gap::new(
                    GapKind::Resource,
                    &matched.name,
                    format!(
                        "the descriptor no longer names {kind} {identifier}, nor a {kind} {}: it is restored, and nothing is \
                         switched to it",
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
            Gap::new(GapKind::Resource, resource.name, why)
        });
        gaps.extend(lacking.filter(|gap| self.request.covers(&gap.name)));
        gaps
    }

    /// The resources that the set could restore but the request leaves out.
    pub fn left_out(&self) -> Vec<String> {
        let restorable = self.resources.iter().filter(|of| !is_guard(&of.resource.target));
        let left_out = restorable.filter(|of| !of.abandoned && !self.request.covers(&of.name));
        left_out.map(|of| of.name.clone()).collect()
    }

    /// The descriptor's resources without a counterpart in the set.
    pub fn lacking(&self) -> Vec<Resource> {
        let is_in_set = |resource: &Resource| {
            self.resources
                .iter()
                .any(|matched| matched.by != MatchedBy::Nothing && matched.is_of(resource))
        };
        let all = self.today.resources();
        all.into_iter().filter(|resource| !is_in_set(resource)).collect()
    }
}
