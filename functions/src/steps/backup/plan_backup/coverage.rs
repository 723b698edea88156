//! Warns of what belongs to a deployment by its name, as its descriptor's `covers` says, and is in no descriptor. Only of kinds with
//! patterns: of them AWS lists all names.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::domain::descriptor::uncovered::{self, Known, uncovered};
use crate::domain::descriptor::{Covers, Descriptor};
use crate::domain::kinds;
use crate::domain::resource::Target;
use crate::domain::restore::leftovers::replaced;
use crate::domain::restore::removable::Removable;
use crate::domain::set::Reason;
use crate::error::{Error, Result};
use crate::kinds::Kinds;

/// The warning; no backup fails because this is not known.
pub async fn warning(catalog: &Catalog, kinds: &Kinds, descriptor: &Descriptor) -> Option<Reason> {
    let covers = descriptor.covers.as_ref()?;
    match find(catalog, kinds, descriptor, covers).await {
        Ok(found) => uncovered::warning(covers, &found),
        Err(error) => Some(uncovered::unknown(covers, &format!("{}: {error}", error.name()))),
    }
}

/// What nothing explains. The other descriptors, copies and earlier restores are read only if the deployment's own descriptor
/// lacks something.
async fn find(catalog: &Catalog, kinds: &Kinds, descriptor: &Descriptor, covers: &Covers) -> Result<Vec<Target>> {
    let (mut found, mut copies) = (Vec::new(), BTreeSet::new());
    for pattern in kinds::patterns_of(&covers.prefix) {
        let kind = kinds.of(&pattern);
        let names = kind.matching(&pattern).await?;
        let targets: Vec<Target> = names
            .iter()
            .filter_map(|name| kinds::member_target(&pattern, name))
            .collect();
        let own = Known {
            descriptors: std::slice::from_ref(descriptor),
            copies: &BTreeSet::new(),
            replaced: &[],
        };
        let lacking = uncovered(covers, &targets, &own);
        if !lacking.is_empty() {
            copies.extend(kind.copies().await?);
            found.extend(lacking);
        }
    }
    if found.is_empty() {
        return Ok(found);
    }
    let past = catalog.past_restores(&descriptor.deployment).await?;
    let replaced: Vec<Target> = replaced(&past)
        .into_iter()
        .filter_map(|old| match old.what {
            Removable::Resource(target) => Some(target),
            Removable::Directory { .. } => None,
        })
        .collect();
    let known = Known {
        descriptors: &backed_up(catalog, &descriptor.deployment).await?,
        copies: &copies,
        replaced: &replaced,
    };
    Ok(uncovered(covers, &found, &known))
}

/// The descriptors of this and all enabled deployments: a disabled one gets no set. One that cannot be read may have what was found, so
/// that nothing is known without it.
async fn backed_up(catalog: &Catalog, own: &str) -> Result<Vec<Descriptor>> {
    let mut descriptors = Vec::new();
    for (name, enabled) in catalog.deployments().await? {
        if !enabled && name != own {
            continue;
        }
        match catalog.descriptor(&name).await {
            Ok(descriptor) => descriptors.push(descriptor),
            // Deleted meanwhile.
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(descriptors)
}
