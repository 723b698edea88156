//! Compares a restored file system with its capture and its sample: one check for each difference.

use serde_json::{Value, json};

use super::Efs;
use super::canonical::canonical;
use super::capture::capture;
use super::captured::list;
use super::checks::Checks;
use super::compare_files::files;
use super::file_systems::find_file_system;
use super::new_file_system::policy_of_copy;
use super::plan::FileSystemPlan;
use crate::access::unmounted;
use crate::domain::restore::diff::differences;
use crate::domain::restore::item::CreatedResource;
use crate::domain::restore::verdict::{Check, Finding};
use crate::error::Result;
use crate::kinds::optional::{Optional, not_captured};
use crate::kinds::part;

pub async fn compare(efs: &Efs, plan: &FileSystemPlan<'_>, at_rest: bool) -> Result<Vec<Check>> {
    let mut checks = Checks {
        resource: plan.item.planned.resource.name.clone(),
        all: Vec::new(),
    };
    let (file_system, directory) = match &plan.item.created {
        Some(CreatedResource::Directory {
            file_system, directory, ..
        }) => (Some(file_system), directory),
        Some(CreatedResource::FileSystem {
            file_system, directory, ..
        }) => (file_system.as_ref(), directory),
        _ => (None, &None),
    };
    let Some(file_system) = file_system else {
        checks.add("file system", Finding::Different, "nothing was restored");
        return Ok(checks.all);
    };
    if find_file_system(efs, file_system).await?.is_none() {
        let detail = format!("file system {file_system} is gone");
        checks.add("file system", Finding::Different, detail);
        return Ok(checks.all);
    }
    if plan.new {
        configuration(efs, plan, file_system, directory.as_deref(), &mut checks).await?;
    }
    files(efs, plan, file_system, directory.as_deref(), at_rest, &mut checks).await?;
    Ok(checks.all)
}

async fn configuration(
    efs: &Efs,
    plan: &FileSystemPlan<'_>,
    file_system: &str,
    directory: Option<&str>,
    checks: &mut Checks,
) -> Result<()> {
    let before = &plan.item.configuration;
    if before.is_null() {
        let detail = format!("the configuration of file system {} was not captured", plan.source);
        checks.add("configuration", Finding::Unproven, detail);
        return Ok(());
    }
    let mut before = before.clone();
    let after = capture(&efs.efs, file_system, Optional::of_copy()).await?;
    // Without a directory the access points were not created, which a check below reports.
    let points = list(part(&before, "AccessPoints"));
    let compares_points = directory.is_some() || points.is_empty();
    let count = points.len();
    if let Some(policy) = part(&before, "Policy").as_str() {
        before["Policy"] = json!(policy_of_copy(
            policy,
            plan.source,
            file_system,
            &renamed(&before, &after, directory)
        ));
    }
    let found = differences(
        &canonical(&before, compares_points.then_some("")),
        &canonical(&after, compares_points.then_some(directory.unwrap_or_default())),
        &[],
    );
    for one in &found {
        let detail = format!("was {}, is {}", one.before, one.after);
        checks.add(&one.path, Finding::Different, detail);
    }
    if !compares_points {
        let detail = format!(
            "the {count} access points were not created: the restored directory is not known. {}",
            unmounted(file_system)
        );
        checks.add("AccessPoints", Finding::Unproven, detail);
    }
    for (field, why) in not_captured(&before) {
        checks.add(
            &field,
            Finding::Unproven,
            format!("could not be captured at backup: {why}"),
        );
    }
    if !list(part(&before, "Replications")).is_empty() {
        let detail = format!(
            "file system {} is replicated, file system {file_system} is not",
            plan.source
        );
        checks.add("Replications", Finding::Unproven, detail);
    }
    if found.is_empty() {
        let detail = format!(
            "file system {file_system} is configured as file system {} was",
            plan.source
        );
        checks.add("configuration", Finding::Same, detail);
    }
    Ok(())
}

/// The new access points by the captured ones, matched by path and user.
fn renamed(before: &Value, after: &Value, directory: Option<&str>) -> std::collections::BTreeMap<String, String> {
    let directory = directory.unwrap_or_default();
    let key = |point: &Value, directory: &str| {
        let path = point["RootDirectory"]["Path"].as_str().unwrap_or_default();
        let path = path
            .strip_prefix(directory)
            .unwrap_or(path)
            .trim_end_matches('/')
            .to_owned();
        (path, point["PosixUser"].to_string())
    };
    let after = list(part(after, "AccessPoints"));
    list(part(before, "AccessPoints"))
        .iter()
        .filter_map(|old| {
            let new = after.iter().find(|new| key(new, directory) == key(old, ""))?;
            let id = |point: &Value| point["AccessPointId"].as_str().map(str::to_owned);
            Some((id(old)?, id(new)?))
        })
        .collect()
}
