//! Runs the preflight checks of every kind, and gathers all that would go wrong later.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use crate::domain::job::Run;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::remark::Remark;
use crate::error::{Class, Error, Fault, Result};
use crate::kinds::optional;
use crate::kinds::{Kinds, Preflight};

/// As many resources as are looked at side by side: RDS and DynamoDB throttle what asks for many things at once.
const SIDE_BY_SIDE: usize = 4;

/// What all looks ahead found.
#[derive(Debug, Default)]
pub struct PreflightReport {
    pub faults: Vec<Fault>,
    pub remarks: Vec<Remark>,
    pub security_groups: Vec<String>,
}

/// Looks ahead for every item, and writes into each what will be created beside its copy. What cannot be told of one resource
/// keeps no other from being told of.
///
/// # Errors
/// The first that passes by itself, named after its resource.
pub async fn check(kinds: &Kinds, run: &Run, items: &mut [RestoreItem]) -> Result<PreflightReport> {
    let mut ahead = PreflightReport {
        faults: same_names(items),
        ..PreflightReport::default()
    };
    let looks = looks(kinds, run, items).await?;
    for (item, look) in items.iter_mut().zip(looks) {
        let name = item.planned.resource.name.clone();
        let preflight = match look {
            Ok(preflight) => preflight,
            Err(error) if error.class() == Class::Final => {
                ahead.faults.push(unknown_fault(&name, &error));
                continue;
            }
            Err(error) => return Err(error),
        };
        ahead.faults.extend(preflight.faults);
        let left_out = optional::remarks(&item.configuration);
        let remarks = preflight.remarks.into_iter().chain(left_out);
        ahead.remarks.extend(remarks.map(|text| Remark::of(&name, text)));
        ahead.security_groups.extend(preflight.security_groups);
        item.planned.creates = preflight.creates;
    }
    ahead.security_groups.sort();
    ahead.security_groups.dedup();
    Ok(ahead)
}

/// What each look found, in the order of the items.
async fn looks(kinds: &Kinds, run: &Run, items: &[RestoreItem]) -> Result<Vec<Result<Preflight>>> {
    let mut looks = Vec::with_capacity(items.len());
    for some in items.chunks(SIDE_BY_SIDE) {
        let mut started = JoinSet::new();
        for (at, item) in some.iter().cloned().enumerate() {
            let (kinds, run) = (kinds.clone(), run.clone());
            started.spawn(async move { (at, kinds.of(&item.planned.resource.target).preflight(&run, &item).await) });
        }
        let mut found = BTreeMap::new();
        while let Some(look) = started.join_next().await {
            let (at, look) = look.map_err(|error| Error::Unavailable(format!("looking ahead: {error}")))?;
            found.insert(at, look);
        }
        looks.extend(found.into_values());
    }
    Ok(looks)
}

/// A resource of which AWS did not say what its restore needs.
fn unknown_fault(name: &str, error: &Error) -> Fault {
    Fault {
        path: format!("resources.{name}"),
        value: format!("a resource that AWS does not tell of ({}: {error})", error.name()),
        allowed: format!("one that can be looked at; or leave it out with \"except\": [\"{name}\"]"),
    }
}

/// Two copies cannot have one name.
fn same_names(items: &[RestoreItem]) -> Vec<Fault> {
    let mut seen: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for item in items {
        let resource = &item.planned.resource;
        let Some(copy) = item.planned.destination.identity() else {
            continue;
        };
        if let Some(other) = seen.insert((resource.target.kind(), copy.clone()), &resource.name) {
            faults.push(Fault {
                path: format!("names.{}", resource.name),
                value: copy,
                allowed: format!("another name than that of the copy of {other}"),
            });
        }
    }
    faults
}
