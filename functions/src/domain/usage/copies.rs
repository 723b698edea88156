//! The copies that a restore created, as their users name them, and who uses them.

use std::fmt;

use crate::domain::kinds;
use crate::domain::resource::Target;
use crate::domain::restore::item::{ItemStatus, RestoreItem};
use crate::domain::restore::plan::PlannedResource;

/// The copy of one resource, as its users name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoredCopy {
    /// A resource of its own, with its other names if they are known.
    Resource { target: Target, names: Vec<String> },
    /// A directory of an existing file system, with a leading slash.
    Directory { file_system: String, directory: String },
}

impl RestoredCopy {
    /// `None` if nothing was created that anyone could use.
    pub fn of(item: &RestoreItem) -> Option<Self> {
        if matches!(item.status, ItemStatus::Planned | ItemStatus::Undone) {
            return None;
        }
        let source = &item.planned.resource.target;
        let Some(created) = &item.created else {
            return Self::planned(&item.planned);
        };
        let kind = kinds::stateful(source)?;
        if let Some(identifier) = kind.copy_identifier(created) {
            return Some(RestoredCopy::Resource {
                target: source.renamed(identifier),
                names: kind.other_names(created),
            });
        }
        let (file_system, directory) = kind.directory(created)?;
        Some(RestoredCopy::Directory {
            file_system: file_system.to_owned(),
            directory: format!("/{}", directory?.trim_matches('/')),
        })
    }

    /// What may exist under its planned name, although its creation was never confirmed.
    fn planned(planned: &PlannedResource) -> Option<Self> {
        let destination = kinds::destination(planned)?;
        destination.identity.map(|_| RestoredCopy::Resource {
            target: planned.resource.target.renamed(destination.name),
            names: Vec::new(),
        })
    }

    /// The copy as a target; a directory is not one.
    pub fn target(&self) -> Option<&Target> {
        match self {
            RestoredCopy::Resource { target, .. } => Some(target),
            RestoredCopy::Directory { .. } => None,
        }
    }
}

impl fmt::Display for RestoredCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestoredCopy::Resource { target, .. } => write!(f, "{} {}", kinds::of(target).noun(), target.identifier()),
            RestoredCopy::Directory { file_system, directory } => {
                write!(f, "directory {directory} of file system {file_system}")
            }
        }
    }
}

/// Who uses a copy, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyUser {
    pub uses: String,
    pub next: String,
}

impl fmt::Display for CopyUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.uses, self.next)
    }
}
