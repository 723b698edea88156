//! A restored file system held against what was captured and sampled: each thing that differs by its name.

use serde_json::{Value, json};

use super::configuring::moved;
use super::foreseeing::{described, list};
use super::settling::settled;
use super::{Efs, Order};
use crate::domain::mounted::{Checked, Differing};
use crate::domain::restore::diff::differences;
use crate::domain::restore::item::Made;
use crate::domain::restore::verdict::{Check, Finding};
use crate::domain::set::{Sample, SampledFile};
use crate::error::Result;
use crate::kinds::efs::access::unmounted;
use crate::kinds::efs::capture::capture;
use crate::kinds::restoring::part;

/// Checks, named after the resource.
struct Checks {
    resource: String,
    all: Vec<Check>,
}

impl Checks {
    fn add(&mut self, what: &str, finding: Finding, detail: impl Into<String>) {
        self.all.push(Check {
            name: format!("{}: {what}", self.resource),
            finding,
            detail: detail.into(),
        });
    }
}

pub async fn compare(efs: &Efs, order: &Order<'_>, at_rest: bool) -> Result<Vec<Check>> {
    let mut checks = Checks {
        resource: order.item.planned.resource.name.clone(),
        all: Vec::new(),
    };
    let (file_system, directory) = match &order.item.made {
        Some(Made::Directory {
            file_system, directory, ..
        }) => (Some(file_system), directory),
        Some(Made::FileSystem {
            file_system, directory, ..
        }) => (file_system.as_ref(), directory),
        _ => (None, &None),
    };
    let Some(file_system) = file_system else {
        checks.add("file system", Finding::Different, "nothing was restored");
        return Ok(checks.all);
    };
    if described(efs, file_system).await?.is_none() {
        let detail = format!("file system {file_system} is gone");
        checks.add("file system", Finding::Different, detail);
        return Ok(checks.all);
    }
    if order.new {
        configuration(efs, order, file_system, directory.as_deref(), &mut checks).await?;
    }
    files(efs, order, file_system, directory.as_deref(), at_rest, &mut checks).await?;
    Ok(checks.all)
}

async fn configuration(
    efs: &Efs,
    order: &Order<'_>,
    file_system: &str,
    directory: Option<&str>,
    checks: &mut Checks,
) -> Result<()> {
    let before = &order.item.configuration;
    if before.is_null() {
        let detail = format!("the configuration of file system {} was not captured", order.source);
        checks.add("configuration", Finding::Unproven, detail);
        return Ok(());
    }
    let mut before = before.clone();
    let after = capture(&efs.efs, file_system).await?;
    // Without a directory the access points were not made, which is said below.
    let points = list(part(&before, "AccessPoints"));
    let compares_points = directory.is_some() || points.is_empty();
    let count = points.len();
    if let Some(policy) = part(&before, "Policy").as_str() {
        before["Policy"] = json!(moved(
            policy,
            order.source,
            file_system,
            &renamed(&before, &after, directory)
        ));
    }
    let found = differences(
        &settled(&before, compares_points.then_some("")),
        &settled(&after, compares_points.then_some(directory.unwrap_or_default())),
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
    if !list(part(&before, "Replications")).is_empty() {
        let detail = format!(
            "file system {} is replicated, file system {file_system} is not",
            order.source
        );
        checks.add("Replications", Finding::Unproven, detail);
    }
    if found.is_empty() {
        let detail = format!(
            "file system {file_system} is configured as file system {} was",
            order.source
        );
        checks.add("configuration", Finding::Same, detail);
    }
    Ok(())
}

/// The new access points by the captured ones, told by path and user.
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

async fn files(
    efs: &Efs,
    order: &Order<'_>,
    file_system: &str,
    directory: Option<&str>,
    at_rest: bool,
    checks: &mut Checks,
) -> Result<()> {
    let Some(Sample::Files {
        files,
        bytes,
        complete,
        sampled,
    }) = &order.item.sample
    else {
        let detail = format!(
            "no file was sampled when file system {} was backed up: no function mounted it then",
            order.source
        );
        checks.add("files", Finding::Unproven, detail);
        return Ok(());
    };
    let Some(directory) = directory else {
        let detail = format!("the restored directory is not known. {}", unmounted(file_system));
        checks.add("files", Finding::Unproven, detail);
        return Ok(());
    };
    let Some(now) = efs.access.check(file_system, directory, sampled).await? else {
        checks.add("files", Finding::Unproven, unmounted(file_system));
        return Ok(());
    };
    if !now.found {
        let detail = format!("directory {directory} of file system {file_system} is gone");
        checks.add("files", Finding::Different, detail);
        return Ok(());
    }
    // What an application wrote while it was backed up may be in the backup, or not.
    let moving = if at_rest { Finding::Different } else { Finding::Unproven };
    let whole = *complete && now.complete;
    checks
        .all
        .push(count(&checks.resource, (*files, *bytes), &now, whole, moving));
    for one in &now.differing {
        checks.add(&format!("file {}", one.was.path), moving, words(one));
    }
    if sampled.is_empty() && *files > 0 {
        checks.add("contents", Finding::Unproven, "no file is small enough to be sampled");
    } else if now.differing.is_empty() && !sampled.is_empty() {
        let detail = format!("{} sampled files are as they were, byte for byte", sampled.len());
        checks.add("contents", Finding::Same, detail);
    }
    Ok(())
}

fn count(resource: &str, (files, bytes): (u64, u64), now: &Checked, whole: bool, moving: Finding) -> Check {
    let (finding, note) = match (files, now.files) {
        (0, 0) => (Finding::Unproven, ": nothing says that there were any"),
        (0, _) | (_, 0) => (Finding::Different, ""),
        _ if !whole => (Finding::Unproven, ": there are too many to count"),
        _ if (files, bytes) == (now.files, now.bytes) => (Finding::Same, ""),
        _ => (moving, ""),
    };
    Check {
        name: format!("{resource}: files"),
        finding,
        detail: format!(
            "were {files} of {bytes} bytes, are {} of {} bytes{note}",
            now.files, now.bytes
        ),
    }
}

fn words(one: &Differing) -> String {
    let SampledFile { bytes, sha256, .. } = &one.was;
    match &one.is {
        None => format!("had {bytes} bytes, is missing"),
        Some(is) if is.bytes != *bytes => format!("had {bytes} bytes, has {}", is.bytes),
        Some(is) => format!("had SHA-256 {sha256}, has {}", is.sha256),
    }
}
