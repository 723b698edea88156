//! What a cut-over replaced: it is the application's own, so Holdfast never removes it. A person may.

use super::past::PastRestore;
use crate::domain::kinds;
use crate::domain::kinds::upkeep::MonthlyCost;
use crate::domain::restore::RestoreStatus;
use crate::domain::restore::removable::{Removable, removable};
use crate::domain::usage::RestoredCopy;
use crate::domain::usage::services::is_within;

/// Something that no switch points to since a cut-over.
#[derive(Debug, Clone, PartialEq)]
pub struct Replaced {
    /// Id of the restore that replaced it.
    pub restore: String,
    pub what: Removable,
    /// An estimate: that of the copy, which has its settings. Nothing is known of a directory.
    pub cost: MonthlyCost,
}

impl Replaced {
    /// The commands with which a person removes it, one a line.
    pub fn commands(&self) -> Vec<String> {
        match &self.what {
            Removable::Resource(target) => {
                kinds::stateful(target).map_or_else(Vec::new, |kind| kind.removal_commands(target))
            }
            // AWS has no command for the files of a file system.
            Removable::Directory { file_system, directory } => vec![format!(
                "sudo mount -t efs {file_system}:/ /mnt && sudo rm -r '/mnt{}'",
                directory.replace('\'', "'\\''")
            )],
        }
    }
}

impl Removable {
    /// Whether it is this copy, of an earlier restore.
    pub(super) fn is(&self, copy: &RestoredCopy) -> bool {
        match (self, copy) {
            (Removable::Resource(old), RestoredCopy::Resource { target, .. }) => kinds::is_same(old, target),
            (
                Removable::Directory { file_system, directory },
                RestoredCopy::Directory {
                    file_system: of,
                    directory: copied,
                },
            ) => file_system == of && is_within(directory, copied),
            _ => false,
        }
    }

    /// The same, as usage is checked.
    pub fn as_used(&self) -> RestoredCopy {
        match self.clone() {
            Removable::Resource(target) => RestoredCopy::Resource {
                target,
                names: Vec::new(),
            },
            Removable::Directory { file_system, directory } => RestoredCopy::Directory { file_system, directory },
        }
    }
}

/// What the cut-overs of a deployment replaced, each once, the oldest first. Whether it still exists, and whether something uses it
/// nevertheless, only AWS knows.
pub fn replaced(past: &[PastRestore]) -> Vec<Replaced> {
    let mut all: Vec<Replaced> = Vec::new();
    for of in past.iter().filter(|of| of.record.status == RestoreStatus::CutOver) {
        for what in removable(&of.record, &of.items) {
            if all.iter().all(|known| known.what != what) {
                let cost = cost(of, &what);
                all.push(Replaced {
                    restore: of.record.id.clone(),
                    what,
                    cost,
                });
            }
        }
    }
    all
}

fn cost(of: &PastRestore, what: &Removable) -> MonthlyCost {
    let Removable::Resource(old) = what else {
        return MonthlyCost::of([("its files", None)]);
    };
    let copied = of
        .items
        .iter()
        .find(|item| item.planned.resource.target.renamed(old.identifier()) == *old);
    let cost = copied.and_then(|item| Some(kinds::stateful(old)?.monthly_cost(item)));
    cost.unwrap_or_default()
}
