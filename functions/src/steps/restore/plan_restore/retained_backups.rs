//! Finds what can be restored without a set: the backups that AWS retains of resources that may have been deleted. Of their settings
//! it retains few: the others are in the sets, if the catalog still has one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::context::Planning;
use super::drafts::ResourceDraft;
use crate::domain::descriptor::Descriptor;
use crate::domain::kinds;
use crate::domain::resource::Resource;
use crate::domain::restore::remark::Remark;
use crate::domain::restore::retained_backups::{RetainedBackup, RetainedBackups};
use crate::domain::restore::set_selection::captured;
use crate::domain::set::{Point, SetStatus};
use crate::error::{Fault, Result};
use crate::kinds::Kinds;

/// The retained backups found, and the resources without one.
#[derive(Debug, Default, PartialEq)]
pub struct RetainedDrafts {
    /// All resources, with a pattern expanded to the resources found for it.
    pub resources: Vec<Resource>,
    pub drafts: Vec<ResourceDraft>,
    pub faults: Vec<Fault>,
    pub not_covered: Vec<String>,
}

/// The newest backup of each resource, from no later than `before` if given.
pub async fn retained(
    kinds: &Kinds,
    descriptor: &Descriptor,
    before: Option<Timestamp>,
    is_wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<RetainedDrafts> {
    let mut found = RetainedDrafts::default();
    for resource in descriptor.resources() {
        let is_pattern = kinds::is_pattern(&resource.target);
        if !is_pattern && !is_wanted(&resource.name) {
            found.resources.push(resource);
            continue;
        }
        let kind = kinds.of(&resource.target);
        match kind
            .retained_backups(&descriptor.deployment, &resource.target, before)
            .await?
        {
            RetainedBackups::NotRetained(why) => {
                found.not_covered.push(format!("{}: {why}", resource.name));
                found.resources.push(resource);
            }
            RetainedBackups::Found(each) if is_pattern => found.add_each(descriptor, &resource, each, is_wanted),
            RetainedBackups::Found(each) => {
                for (_, backup) in each {
                    found.add(&resource, backup);
                }
                found.resources.push(resource);
            }
        }
    }
    Ok(found)
}

impl RetainedDrafts {
    /// Adds each resource that a pattern matches as one of its own.
    fn add_each(
        &mut self,
        descriptor: &Descriptor,
        pattern: &Resource,
        found: Vec<(String, std::result::Result<RetainedBackup, String>)>,
        is_wanted: &(dyn Fn(&str) -> bool + Sync),
    ) {
        let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
        let resources = descriptor.tables(pattern, &names);
        if resources.is_empty() && is_wanted(&pattern.name) {
            let needed = format!(
                "a backup that AWS made of a deleted resource whose name begins with {}",
                pattern.target.identifier()
            );
            self.resources.push(pattern.clone());
            self.add(pattern, Err(needed));
        }
        let mut found: BTreeMap<String, _> = found.into_iter().collect();
        for resource in resources {
            let backup = found.remove(resource.target.identifier());
            if let Some(backup) = backup.filter(|_| is_wanted(&resource.name)) {
                self.add(&resource, backup);
            }
            self.resources.push(resource);
        }
    }

    fn add(&mut self, resource: &Resource, backup: std::result::Result<RetainedBackup, String>) {
        match backup {
            Ok(RetainedBackup {
                source,
                captured_at,
                size_bytes,
            }) => self.drafts.push(ResourceDraft {
                resource: resource.clone(),
                source,
                holds: Some(captured_at),
                size_bytes,
                configuration: Value::Null,
                sample: None,
            }),
            Err(needed) => self.faults.push(Fault {
                path: format!("resources.{}", resource.name),
                value: format!(
                    "{} {}, of which AWS keeps no backup,",
                    resource.target.kind(),
                    resource.target.identifier()
                ),
                allowed: format!(
                    "{needed}. Leave the resource out with \"except\": [\"{}\"], or restore from a set without \"source\"",
                    resource.name
                ),
            }),
        }
    }
}

/// Gives each resource the configuration that the newest sealed set captured of it. Returns what was found and what was not.
pub async fn add_configurations(planning: &Planning<'_>, drafts: &mut [ResourceDraft]) -> Result<Vec<Remark>> {
    let Planning { needs, run, .. } = planning;
    let mut sealed = needs.catalog.sets(&run.deployment).await?;
    sealed.retain(|set| set.status == SetStatus::Sealed);
    sealed.sort_by_key(|set| Reverse(captured(set)));
    let mut remarks = Vec::new();
    for set in sealed {
        if unknown(drafts).next().is_none() {
            break;
        }
        let points = needs.catalog.points(&run.deployment, &set.id).await?;
        let mut found = Vec::new();
        for draft in drafts.iter_mut().filter(|draft| draft.configuration.is_null()) {
            if let Some(point) = points.iter().find(|point| is_of(point, &draft.resource)) {
                draft.configuration.clone_from(&point.configuration);
                found.extend((!draft.configuration.is_null()).then(|| draft.resource.name.clone()));
            }
        }
        if !found.is_empty() {
            let remark = format!(
                "the settings are those of set {}, the newest that has them. What was changed since is not in the copies; an index of a \
                 table that was removed since fails its restore: {}",
                set.id,
                found.join(", ")
            );
            remarks.push(remark.into());
        }
    }
    let unknown: Vec<&str> = unknown(drafts).collect();
    if !unknown.is_empty() {
        let remark = format!(
            "the configuration is unknown, since no set has it: the copies get what AWS kept of it, and cannot be compared with \
             anything: {}",
            unknown.join(", ")
        );
        remarks.push(remark.into());
    }
    Ok(remarks)
}

/// The resources without a configuration.
fn unknown(drafts: &[ResourceDraft]) -> impl Iterator<Item = &str> {
    let unknown = drafts.iter().filter(|draft| draft.configuration.is_null());
    unknown.map(|draft| draft.resource.name.as_str())
}

/// By what they are in AWS: a resource may have been renamed in the descriptor.
fn is_of(point: &Point, resource: &Resource) -> bool {
    kinds::is_same(&point.resource.target, &resource.target)
}
