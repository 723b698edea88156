//! A descriptor of existing resources: found in a stack, by a tag or by a prefix, composed without AWS, written as YAML.

pub mod by_prefix;
pub mod by_tag;
pub mod classify;
pub mod clusters;
pub mod compose;
pub mod in_stack;
pub mod names;
pub mod yaml;

use holdfast::domain::resource::Target;

/// Something stateful that AWS listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundResource {
    /// An RDS cluster; only those whose engine is Aurora can be protected.
    Cluster {
        id: String,
        hint: String,
    },
    FileSystem {
        id: String,
        hint: String,
    },
    Table {
        name: String,
        hint: String,
    },
    /// All tables with this prefix; `now` are the existing ones.
    Tables {
        prefix: String,
        now: Vec<String>,
    },
    /// A secret, by name or ARN.
    Secret {
        id: String,
        hint: String,
    },
    /// One parameter, by its name.
    Parameter {
        name: String,
    },
    /// Stateful, but of no kind that Holdfast backs up: what it is, and its identifier.
    Unprotected {
        what: String,
        id: String,
    },
}

impl FoundResource {
    /// Its identifier, if it is a single resource that Holdfast restores.
    pub fn id(&self) -> Option<&str> {
        match self {
            FoundResource::Cluster { id, .. } | FoundResource::FileSystem { id, .. } => Some(id),
            FoundResource::Table { name, .. } => Some(name),
            FoundResource::Tables { .. }
            | FoundResource::Secret { .. }
            | FoundResource::Parameter { .. }
            | FoundResource::Unprotected { .. } => None,
        }
    }
}

/// A descriptor before it is written, and what the operator should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorDraft {
    pub deployment: String,
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
