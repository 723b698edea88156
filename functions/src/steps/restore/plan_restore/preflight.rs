//! Runs the preflight checks of every kind, and collects their faults and remarks.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use crate::domain::job::Run;
use crate::domain::kinds;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::remark::Remark;
use crate::error::{Class, Error, Fault, Result};
use crate::kinds::optional;
use crate::kinds::{Kinds, Preflight};

/// Resources checked concurrently: RDS and DynamoDB throttle a client that asks for many things at once.
const CONCURRENT: usize = 4;

/// The results of all preflight checks.
#[derive(Debug, Default)]
pub struct PreflightReport {
    pub faults: Vec<Fault>,
    pub remarks: Vec<Remark>,
    pub security_groups: Vec<String>,
}

/// Runs the preflight for every item, and records in each what its restore creates besides the copy. A check that fails for one
/// resource does not stop the others.
///
/// # Errors
/// The first transient one, named after its resource.
pub async fn check(kinds: &Kinds, run: &Run, items: &mut [RestoreItem]) -> Result<PreflightReport> {
    let mut report = PreflightReport {
        faults: same_names(items),
        ..PreflightReport::default()
    };
    let preflights = preflights(kinds, run, items).await?;
    for (item, result) in items.iter_mut().zip(preflights) {
        let name = item.planned.resource.name.clone();
        let preflight = match result {
            Ok(preflight) => preflight,
            Err(error) if error.class() == Class::Final => {
                report.faults.push(unknown_fault(&name, &error));
                continue;
            }
            Err(error) => return Err(error),
        };
        report.faults.extend(preflight.faults);
        let left_out = optional::remarks(&item.configuration);
        let remarks = preflight.remarks.into_iter().chain(left_out);
        report.remarks.extend(remarks.map(|text| Remark::of(&name, text)));
        report.security_groups.extend(preflight.security_groups);
        item.planned.creates = preflight.creates;
    }
    report.security_groups.sort();
    report.security_groups.dedup();
    Ok(report)
}

/// The preflight result of each item, in the order of the items.
async fn preflights(kinds: &Kinds, run: &Run, items: &[RestoreItem]) -> Result<Vec<Result<Preflight>>> {
    let mut results = Vec::with_capacity(items.len());
    for chunk in items.chunks(CONCURRENT) {
        let mut started = JoinSet::new();
        for (at, item) in chunk.iter().cloned().enumerate() {
            let (kinds, run) = (kinds.clone(), run.clone());
            started.spawn(async move { (at, kinds.of(&item.planned.resource.target).preflight(&run, &item).await) });
        }
        let mut found = BTreeMap::new();
        while let Some(joined) = started.join_next().await {
            let (at, result) = joined.map_err(|error| Error::Unavailable(format!("running the preflight: {error}")))?;
            found.insert(at, result);
        }
        results.extend(found.into_values());
    }
    Ok(results)
}

/// The fault of a resource whose preflight failed.
fn unknown_fault(name: &str, error: &Error) -> Fault {
    Fault {
        path: format!("resources.{name}"),
        value: format!("a resource that could not be checked ({}: {error})", error.name()),
        allowed: format!("one that can be checked; or leave it out with \"except\": [\"{name}\"]"),
    }
}

/// Faults for copies that would have the same name.
fn same_names(items: &[RestoreItem]) -> Vec<Fault> {
    let mut resource_by_copy: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for item in items {
        let resource = &item.planned.resource;
        let Some(copy) = kinds::destination(&item.planned).and_then(|destination| destination.identity) else {
            continue;
        };
        if let Some(other) = resource_by_copy.insert((resource.target.kind(), copy.clone()), &resource.name) {
            faults.push(Fault {
                path: format!("names.{}", resource.name),
                value: copy,
                allowed: format!("another name than that of the copy of {other}"),
            });
        }
    }
    faults
}
