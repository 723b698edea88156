//! What a restore replaces in the infrastructure's source.

use super::place::{SourceLocation, SourceReplacement};
use crate::domain::descriptor::{Descriptor, SwitchAction};
use crate::domain::kinds;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::CutOverMode;

/// Everything in the source that one item replaces; empty for a resource that is only compared.
pub fn of(descriptor: &Descriptor, item: &RestoreItem, cut_over: CutOverMode) -> Vec<SourceReplacement> {
    let planned = &item.planned.resource;
    let Some(kind) = kinds::stateful(&planned.target) else {
        return Vec::new();
    };
    let renamed = cut_over != CutOverMode::No
        && descriptor
            .cut_over
            .iter()
            .any(|switch| switch.resource == planned.name && matches!(switch.action, SwitchAction::Rename));
    let (terraform, _) = kind.terraform();
    let protected = descriptor.resources.get(&planned.name);
    let address = protected.and_then(|protected| protected.terraform.as_deref());
    let logical_id = protected.and_then(|protected| protected.logical_id.as_deref());
    let place = SourceLocation::of(item, terraform, address, logical_id);
    kind.replaced(&place, item, renamed)
}
