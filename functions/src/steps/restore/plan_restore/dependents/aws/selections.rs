//! Reads the selections of AWS Backup plans.

use aws_sdk_backup::Client;
use tokio::task::JoinSet;

use super::PartialList;
use crate::aws::{code, failure};
use crate::domain::restore::dependents::selection::Selection;
use crate::error::{Error, Result};

/// The most selections that are read: each takes a call of its own.
const MOST_SELECTIONS: usize = 50;

/// Concurrent calls.
const CONCURRENT: usize = 10;

/// The selections of all plans, up to the limit.
pub async fn selections(backup: &Client) -> Result<PartialList<Selection>> {
    let mut listed = Vec::new();
    let mut plans = backup.list_backup_plans().into_paginator().items().send();
    while let Some(plan) = plans.next().await {
        let plan = plan.map_err(|error| failure("listing", "backup plans", error))?;
        let Some(plan) = plan.backup_plan_id else { continue };
        listed.extend(of_plan(backup, plan).await?);
        if listed.len() > MOST_SELECTIONS {
            break;
        }
    }
    let whole = listed.len() <= MOST_SELECTIONS;
    listed.truncate(MOST_SELECTIONS);
    let mut found = Vec::with_capacity(listed.len());
    for chunk in listed.chunks_mut(CONCURRENT) {
        let mut started = JoinSet::new();
        for (at, selection) in chunk.iter().cloned().enumerate() {
            let backup = backup.clone();
            started.spawn(async move { (at, resources(&backup, &selection).await) });
        }
        while let Some(result) = started.join_next().await {
            let (at, resources) = result
                .map_err(|error| Error::Unavailable(format!("reading the selections of backup plans: {error}")))?;
            chunk[at].resources = resources?;
        }
        found.extend_from_slice(chunk);
    }
    Ok(PartialList { found, whole })
}

/// The selections of a plan, without their resources; none of a plan that was deleted meanwhile.
async fn of_plan(backup: &Client, plan: String) -> Result<Vec<Selection>> {
    let mut found = Vec::new();
    let list = backup.list_backup_selections().backup_plan_id(&plan);
    let mut pages = list.into_paginator().items().send();
    while let Some(selection) = pages.next().await {
        let selection = match selection {
            Ok(selection) => selection,
            Err(error) if code(&error) == Some("ResourceNotFoundException") => return Ok(Vec::new()),
            Err(error) => return Err(failure("listing the selections of backup plan", &plan, error)),
        };
        if let Some(id) = selection.selection_id {
            found.push(Selection {
                plan: plan.clone(),
                name: selection.selection_name.unwrap_or_else(|| id.clone()),
                id,
                resources: Vec::new(),
            });
        }
    }
    Ok(found)
}

async fn resources(backup: &Client, selection: &Selection) -> Result<Vec<String>> {
    let get = backup.get_backup_selection().backup_plan_id(&selection.plan);
    match get.selection_id(&selection.id).send().await {
        Ok(found) => Ok(found
            .backup_selection
            .and_then(|selection| selection.resources)
            .unwrap_or_default()),
        Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(Vec::new()),
        Err(error) => Err(failure("reading selection", &selection.name, error)),
    }
}
