//! A descriptor of existing resources: found in a stack, by a tag or by a prefix, composed without AWS, written as YAML.

pub mod by_prefix;
pub mod by_tag;
pub mod classify;
pub mod clusters;
pub mod compose;
pub mod in_stack;
pub mod names;
pub mod yaml;

use holdfast::domain::descriptor::Covers;
use holdfast::domain::kinds;
use holdfast::domain::resource::Target;

/// Something stateful that AWS listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundResource {
    /// What a kind protects, and a hint for its name. A cluster of any engine: only those of Aurora can be protected.
    Protected { target: Target, hint: String },
    /// All tables with this prefix; `now` are the existing ones.
    Tables { prefix: String, now: Vec<String> },
    /// One parameter, by its name.
    Parameter { name: String },
    /// Stateful, but of no kind that Holdfast backs up: what it is, and its identifier.
    Unprotected { what: String, id: String },
}

impl FoundResource {
    fn protected(target: Target, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        FoundResource::Protected { target, hint }
    }

    /// The target, if it is a single resource that Holdfast restores.
    pub fn restored(&self) -> Option<&Target> {
        match self {
            FoundResource::Protected { target, .. } => Some(target).filter(|target| !kinds::is_guard(target)),
            FoundResource::Tables { .. } | FoundResource::Parameter { .. } | FoundResource::Unprotected { .. } => None,
        }
    }
}

/// A descriptor before it is written, and what the operator should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorDraft {
    pub deployment: String,
    /// The prefix that the names of its resources have, if it was found by that.
    pub covers: Option<Covers>,
    pub resources: Vec<DraftEntry>,
    /// What was found but cannot be protected, one line each.
    pub unprotected: Vec<String>,
    /// What to check before applying, one line each.
    pub notes: Vec<String>,
}

/// One resource of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftEntry {
    pub name: String,
    pub target: Target,
    /// Follows it as a comment.
    pub comment: Option<String>,
}
