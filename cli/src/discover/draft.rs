//! A descriptor before it is written.

use holdfast::domain::descriptor::Covers;
use holdfast::domain::resource::Target;

use super::SourceAddress;

/// A descriptor before it is written, and what the operator should know about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescriptorDraft {
    pub deployment: String,
    /// The prefix that the names of its resources have, if it was found by that.
    pub covers: Option<Covers>,
    pub resources: Vec<DraftEntry>,
    /// Resources that need something only a person knows: written as comments.
    pub pending: Vec<PendingEntry>,
    /// What a restore switches.
    pub cut_over: Vec<Mapping>,
    /// The stack of which `holdfast restore-stack` creates a new one.
    pub stack: Option<String>,
    /// Hooks to decide on: written as comments.
    pub hooks: Vec<SuggestedHook>,
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
    /// Where the infrastructure's source has it, if a descriptor accepts that address.
    pub address: Option<SourceAddress>,
    /// Precede it, one line each.
    pub comments: Vec<String>,
}

/// One resource that is not complete: the values in capitals are a person's to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingEntry {
    pub name: String,
    pub fields: Mapping,
    /// What it is and what it lacks, one line each.
    pub comments: Vec<String>,
}

/// A hook, and why it may be wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestedHook {
    pub why: String,
    pub fields: Mapping,
}

/// Fields and their values, in order.
pub type Mapping = Vec<(&'static str, String)>;
