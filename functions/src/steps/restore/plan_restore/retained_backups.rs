//! What can be restored without the catalog: what AWS kept of resources that may be gone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::drafts::ResourceDraft;
use crate::domain::descriptor::Descriptor;
use crate::domain::kinds;
use crate::domain::resource::Resource;
use crate::domain::restore::retained_backups::{RetainedBackup, RetainedBackups};
use crate::error::{Fault, Result};
use crate::kinds::Kinds;

/// What was found, what was not, and what nobody keeps.
#[derive(Debug, Default, PartialEq)]
pub struct RetainedDrafts {
    /// All resources, a pattern as those that were found by it.
    pub resources: Vec<Resource>,
    pub drafts: Vec<ResourceDraft>,
    pub faults: Vec<Fault>,
    pub not_covered: Vec<String>,
}

/// The newest of each resource, not after `before` where that is given.
pub async fn retained(
    kinds: &Kinds,
    descriptor: &Descriptor,
    before: Option<Timestamp>,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<RetainedDrafts> {
    let mut found = RetainedDrafts::default();
    for resource in descriptor.resources() {
        let is_pattern = kinds::is_pattern(&resource.target);
        if !is_pattern && !wanted(&resource.name) {
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
            RetainedBackups::Found(each) if is_pattern => found.take_each(descriptor, &resource, each, wanted),
            RetainedBackups::Found(each) => {
                for (_, backup) in each {
                    found.take(&resource, backup);
                }
                found.resources.push(resource);
            }
        }
    }
    Ok(found)
}

impl RetainedDrafts {
    /// What a pattern finds, each as a resource of its own.
    fn take_each(
        &mut self,
        descriptor: &Descriptor,
        pattern: &Resource,
        found: Vec<(String, std::result::Result<RetainedBackup, String>)>,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) {
        let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
        let resources = descriptor.tables(pattern, &names);
        if resources.is_empty() && wanted(&pattern.name) {
            let needed = format!(
                "a backup that AWS made of a deleted resource whose name begins with {}",
                pattern.target.identifier()
            );
            self.resources.push(pattern.clone());
            self.take(pattern, Err(needed));
        }
        let mut found: BTreeMap<String, _> = found.into_iter().collect();
        for resource in resources {
            let backup = found.remove(resource.target.identifier());
            if let Some(backup) = backup.filter(|_| wanted(&resource.name)) {
                self.take(&resource, backup);
            }
            self.resources.push(resource);
        }
    }

    fn take(&mut self, resource: &Resource, backup: std::result::Result<RetainedBackup, String>) {
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
