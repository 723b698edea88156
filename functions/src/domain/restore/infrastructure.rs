//! The changes that a restore requires in the infrastructure's source, so that the next deployment does not revert it.

mod cloudformation;
mod ecs;
mod hcl;
pub mod place;
mod replaced;
mod terraform;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::place::SourceReplacement;
use super::item::RestoreItem;
use super::plan::CutOverMode;
use crate::domain::descriptor::{Descriptor, formats};

/// Texts that are ready to paste.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infrastructure {
    /// `import` and `removed` blocks, for Terraform 1.7 and newer.
    pub terraform: String,
    /// `terraform state rm` and `terraform import` commands, for older ones.
    pub terraform_commands: String,
    /// The `ResourcesToImport` of a CloudFormation change set, as JSON.
    pub cloudformation: String,
    /// What to do before and with that change set, as text.
    #[serde(default)]
    pub cloudformation_steps: String,
    /// Patches of task definition volumes, one per service; empty if there are none.
    pub ecs: String,
}

/// The changes in the source for everything that this restore replaces: clusters with their instances, tables, new file systems,
/// and their auto scaling. The texts are empty if there is nothing to do.
///
/// Addresses are those of Terraform's state, where `state` has them, else the descriptor's `terraform` and `logical_id`, or placeholders
/// to be filled in. A copy that the cut-over renames has the old cluster's name; with [`CutOverMode::No`] nothing is renamed.
pub fn infrastructure(
    descriptor: &Descriptor,
    items: &[RestoreItem],
    cut_over: CutOverMode,
    state: &StateAddresses,
) -> Infrastructure {
    let replaced: Vec<SourceReplacement> = items
        .iter()
        .flat_map(|item| replaced::of(descriptor, item, cut_over))
        .map(|one| state.locate(one))
        .collect();
    Infrastructure {
        terraform: terraform::blocks(&replaced),
        terraform_commands: terraform::commands(&replaced),
        cloudformation: cloudformation::resources_to_import(&replaced),
        cloudformation_steps: cloudformation::steps(&replaced),
        ecs: ecs::patches(descriptor, items),
    }
}

/// The addresses in a Terraform state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateAddresses(BTreeMap<(String, String), String>);

impl StateAddresses {
    /// The address of the resource of this type, with the id that `terraform import` takes; left out if it is none that a descriptor
    /// may name, as with brackets in a key.
    pub fn insert(&mut self, terraform: &str, id: String, address: &str) {
        if formats::terraform(address, terraform) {
            self.0.insert((terraform.to_owned(), id), address.to_owned());
        }
    }

    fn locate(&self, mut replaced: SourceReplacement) -> SourceReplacement {
        let key = (replaced.terraform.to_owned(), replaced.source.clone());
        if let Some(address) = self.0.get(&key) {
            replaced.address.clone_from(address);
            replaced.is_derived = false;
            replaced.unknown.address = None;
        }
        replaced
    }
}

impl Infrastructure {
    /// A Terraform file: the blocks, and in comments everything else to do; empty if there is nothing to do.
    pub fn for_terraform(&self) -> String {
        let comment = |text: &str| -> String { text.lines().map(|line| format!("# {line}\n")).collect() };
        let older = match self.terraform_commands.is_empty() {
            true => String::new(),
            false => format!(
                "# Older than Terraform 1.7? Instead:\n{}",
                comment(&self.terraform_commands)
            ),
        };
        joined([self.terraform.clone(), older, comment(&self.ecs)])
    }

    /// What to do with CloudFormation and the file [`Infrastructure::cloudformation`], which cannot contain comments.
    pub fn steps_with_cloudformation(&self) -> String {
        joined([self.cloudformation_steps.clone(), self.ecs.clone()])
    }
}

fn joined<const N: usize>(parts: [String; N]) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
    parts.join("\n")
}
