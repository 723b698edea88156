//! `compare-resource`: compares one copy's configuration and sampled data with those of its source in the set.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::ItemStatus;
use crate::domain::restore::plan::Destination;
use crate::error::{Error, Result};
pub use crate::runs::needs::KindNeeds as Needs;

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub resource: Resource,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    pub resource: String,
    /// The number of checks that the catalog has of it now.
    pub checks: usize,
}

/// A copy that was not created has nothing to compare.
///
/// # Errors
/// `NotFound` for a resource that was not planned; else those of reading the copy, which say nothing about it.
pub async fn handle(needs: &Needs, Input { run, resource, .. }: Input) -> Result<Output> {
    let catalog = &needs.catalog;
    let found = catalog.item(&run.deployment, &run.id, &resource.name).await?;
    let mut item = found.ok_or_else(|| {
        Error::NotFound(format!(
            "comparing {}: restore {} has no plan for it. Start a new run",
            resource.name, run.id
        ))
    })?;
    // A guard creates nothing, and is compared all the same.
    if item.status != ItemStatus::Restored && item.planned.destination != Destination::Nothing {
        return Ok(Output {
            resource: resource.name,
            checks: 0,
        });
    }
    let at_rest = catalog.known_restore(&run.deployment, &run.id).await?.plan.at_rest;
    let checks = needs.kinds.of(&resource.target).compare(&run, &item, at_rest).await?;
    let number = checks.len();
    item.checks = Some(checks);
    catalog.put_item(&run.deployment, &item).await?;
    Ok(Output {
        resource: resource.name,
        checks: number,
    })
}
