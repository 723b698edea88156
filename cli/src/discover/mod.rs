//! A descriptor of existing resources: found in a stack, in a Terraform state, by a tag, by a prefix or in an ECS service; composed
//! without AWS, written as YAML.

pub mod by_prefix;
pub mod by_tag;
pub mod classify;
pub mod clusters;
pub mod compose;
pub mod decisions;
pub mod draft;
mod existing;
mod flow;
pub mod in_ecs_service;
pub mod in_stack;
pub mod in_terraform;
pub mod names;
mod parameters;
mod unprotected;
pub mod yaml;

use holdfast::domain::kinds;
use holdfast::domain::resource::Target;

pub use draft::DescriptorDraft;

/// Something stateful that AWS listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundResource {
    /// What a kind protects, and a hint for its name. A cluster of any engine: only those of Aurora can be protected.
    Protected { target: Target, hint: String },
    /// All tables with this prefix; `now` are the existing ones.
    Tables { prefix: String, now: Vec<String> },
    /// One parameter, by its name.
    Parameter { name: String },
    /// Of no kind that Holdfast backs up: what it is, its identifier, and what to do in place of a backup.
    Unprotected { what: String, id: String, next: String },
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

/// Something that was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub found: FoundResource,
    /// Its address in the infrastructure's source.
    pub address: Option<SourceAddress>,
    /// What a person should know about it, one line each.
    pub comments: Vec<String>,
}

impl Finding {
    /// By no address, with one comment.
    pub fn new(found: FoundResource, comment: impl Into<String>) -> Self {
        Self {
            found,
            address: None,
            comments: vec![comment.into()],
        }
    }
}

/// The address of a resource in the infrastructure's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceAddress {
    /// In Terraform's state, such as `module.data.aws_rds_cluster.main`.
    Terraform(String),
    /// In a CloudFormation template.
    LogicalId(String),
}

impl SourceAddress {
    /// The field of a descriptor that holds it.
    pub fn field(&self) -> &'static str {
        match self {
            SourceAddress::Terraform(_) => "terraform",
            SourceAddress::LogicalId(_) => "logical_id",
        }
    }

    pub fn text(&self) -> &str {
        match self {
            SourceAddress::Terraform(text) | SourceAddress::LogicalId(text) => text,
        }
    }

    /// Whether a descriptor accepts it for a resource: not for a guard, nor for a pattern, which matches many.
    fn fits(&self, target: &Target) -> bool {
        let Some(kind) = kinds::stateful(target).filter(|_| !kinds::is_pattern(target)) else {
            return false;
        };
        match self {
            SourceAddress::Terraform(address) => (kind.terraform().1.accepts)(address),
            SourceAddress::LogicalId(_) => true,
        }
    }
}
