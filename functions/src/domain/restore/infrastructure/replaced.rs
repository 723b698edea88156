//! What takes whose place in the infrastructure's source.

use super::place::{Place, Replaced};
use crate::domain::descriptor::{CutOverAction, Descriptor};
use crate::domain::kinds;
use crate::domain::restore::item::Item;
use crate::domain::restore::plan::CutOverMode;

/// Everything in the source that one item replaces; nothing for what is only compared.
pub fn of(descriptor: &Descriptor, item: &Item, cut_over: CutOverMode) -> Vec<Replaced> {
    let planned = &item.planned.resource;
    let Some(kind) = kinds::stateful(&planned.target) else {
        return Vec::new();
    };
    let renamed = cut_over != CutOverMode::No
        && descriptor
            .cut_over
            .iter()
            .any(|switch| switch.resource == planned.name && matches!(switch.action, CutOverAction::Rename));
    let (terraform, _) = kind.terraform();
    let protected = descriptor.resources.get(&planned.name);
    let address = protected.and_then(|protected| protected.terraform.as_deref());
    let logical_id = protected.and_then(|protected| protected.logical_id.as_deref());
    let place = Place::of(item, terraform, address, logical_id);
    kind.replaced(&place, item, renamed)
}
