//! `holdfast apply`: puts descriptors into the catalog, one by one, once all of them are valid.

mod checks;
mod protection;

use std::collections::{BTreeMap, BTreeSet};

use holdfast::aws::service::{Client, SNS};
use holdfast::domain::descriptor::Descriptor;
use holdfast::domain::restore::descriptor_updates::{self, DescriptorChange};
use holdfast::error::Error;
use holdfast::hooks::{HookSettings, Hooks};
use holdfast::kinds::Kinds;
use serde::Serialize;

use crate::document::{self, Document};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::stack::Stack;
use crate::{clock, output, topics};

/// Create or update deployments from descriptors
///
/// Files hold YAML or JSON, one document or several. All are validated before anything is written: if any has a fault,
/// the faults of all are printed and nothing changes. Then they are written one by one: if a write fails, those before it
/// stay and are printed, and the same command applies the rest.
#[derive(Debug, clap::Args)]
pub struct Apply {
    /// Files with descriptors; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// Accept names that a cut-over replaced, after the application was switched back to them by hand
    #[arg(long)]
    accept_replaced: bool,
}

/// The result of applying one descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ApplyResult {
    deployment: String,
    change: ApplyChange,
    /// Resources of the stored descriptor that are not in this one.
    dropped: Vec<DroppedResource>,
    /// Resources whose backups turn on what protects them.
    protects: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum ApplyChange {
    Created,
    Updated,
    Unchanged,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DroppedResource {
    resource: String,
    kind: &'static str,
    identifier: String,
}

impl Apply {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let descriptors = validated(self.files.iter().map(|file| document::read(file)))?;
        let stack = Stack::open_to_change(global).await?;
        if !self.accept_replaced {
            refuse_replaced(&stack, &descriptors).await?;
        }
        checks::check_hooks(
            &Hooks::from_config(&stack.config, &HookSettings::outside(stack.defaults().transfers)),
            &descriptors,
        )
        .await?;
        checks::check_resources(&Kinds::from_config(&stack.config, &stack.defaults()), &descriptors).await?;
        let mut all = Vec::new();
        let done = apply(&stack, &descriptors, global.json, &mut all).await;
        stack.schedule.warn(clock::now());
        // Also after a failure: what was written is reported.
        if global.json {
            output::json(&all)?;
        }
        done?;
        warn_of_topics(&stack, &descriptors).await;
        Ok(())
    }
}

/// Warns of subscriptions to the deployments' topics that will not receive the messages.
async fn warn_of_topics(stack: &Stack, descriptors: &[Descriptor]) {
    let sns = Client::new(&stack.config, SNS);
    let topics = descriptors.iter().map(|descriptor| descriptor.topic.as_deref());
    let topics: BTreeSet<&str> = topics.map(|topic| topic.unwrap_or(&stack.on_call_topic)).collect();
    for topic in topics {
        for warning in topics::warnings(&sns, topic).await {
            eprintln!("warning: {warning}");
        }
    }
}

/// Rejects descriptors that name what a cut-over replaced: files outlive restores.
async fn refuse_replaced(stack: &Stack, descriptors: &[Descriptor]) -> Result<()> {
    let mut faults = Vec::new();
    for descriptor in descriptors {
        let deployment = &descriptor.deployment;
        let stored = match stack.catalog.descriptor(deployment).await {
            Ok(stored) => stored,
            Err(Error::NotFound(_) | Error::InvalidInput(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let restores = stack.catalog.restores(deployment).await?;
        let changes = restores.iter().flat_map(|restore| &restore.followed);
        let replaced = descriptor_updates::replaced(&stored, descriptor, changes);
        faults.extend(replaced.iter().map(|change| replaced_by(deployment, change)));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "{}\nNothing was applied. Correct the names and apply again. If the application was switched back to the old ones by hand: \
         holdfast apply{} --accept-replaced",
        faults.join("\n"),
        stack.option
    )))
}

fn replaced_by(deployment: &str, change: &DescriptorChange) -> String {
    format!(
        "{deployment}: {}: {}; expected {}, to which the application was cut over at {}",
        change.path(),
        change.from,
        change.to,
        change.at
    )
}

/// Applies the descriptors one by one, and reports each.
async fn apply(stack: &Stack, descriptors: &[Descriptor], json: bool, all: &mut Vec<ApplyResult>) -> Result<()> {
    for descriptor in descriptors {
        let stored = match stack.catalog.descriptor(&descriptor.deployment).await {
            Ok(stored) => StoredDescriptor::Valid(Box::new(stored)),
            Err(Error::NotFound(_)) => StoredDescriptor::Nothing,
            // This version no longer accepts it: it is replaced.
            Err(Error::InvalidInput(_)) => StoredDescriptor::Invalid,
            Err(error) => return Err(error.into()),
        };
        let applied = compare(&stored, descriptor);
        if applied.change != ApplyChange::Unchanged {
            stack.catalog.put_descriptor(descriptor).await?;
        }
        if !json {
            output::text(&format!("{} {}\n", applied.deployment, word(applied.change)))?;
            if applied.change != ApplyChange::Unchanged {
                output::text(&protection::text(&applied.deployment, &applied.protects))?;
            }
        }
        applied
            .dropped
            .iter()
            .for_each(|dropped| eprintln!("{}", warning(&applied.deployment, dropped)));
        all.push(applied);
    }
    Ok(())
}

/// The descriptors of all files, or all faults of all files.
fn validated(files: impl Iterator<Item = std::result::Result<Vec<Document>, Vec<String>>>) -> Result<Vec<Descriptor>> {
    let mut faults = Vec::new();
    let mut descriptors = Vec::new();
    let mut origins = BTreeMap::<String, String>::new();
    for file in files {
        for Document { origin, value } in file.unwrap_or_else(|unreadable| {
            faults.extend(unreadable);
            Vec::new()
        }) {
            match Descriptor::parse(&value) {
                Ok(descriptor) => {
                    if let Some(first) = origins.insert(descriptor.deployment.clone(), origin.clone()) {
                        faults.push(format!(
                            "{origin}: deployment: {} is already described by {first}",
                            descriptor.deployment
                        ));
                    }
                    descriptors.push(descriptor);
                }
                Err(Error::InvalidInput(found)) => {
                    faults.extend(found.iter().map(|fault| format!("{origin}: {fault}")))
                }
                Err(other) => faults.push(format!("{origin}: {other}")),
            }
        }
    }
    if faults.is_empty() {
        return Ok(descriptors);
    }
    let count = crate::format::count(faults.len(), "fault");
    Err(Failure::Wrong(format!(
        "{}\n{count}; nothing was applied. Correct them and apply again.",
        faults.join("\n")
    )))
}

/// What the catalog has under a deployment's name.
enum StoredDescriptor {
    Nothing,
    Invalid,
    Valid(Box<Descriptor>),
}

fn compare(stored: &StoredDescriptor, new: &Descriptor) -> ApplyResult {
    let (change, dropped) = match stored {
        StoredDescriptor::Nothing => (ApplyChange::Created, Vec::new()),
        StoredDescriptor::Invalid => (ApplyChange::Updated, Vec::new()),
        StoredDescriptor::Valid(old) if **old == *new => (ApplyChange::Unchanged, Vec::new()),
        StoredDescriptor::Valid(old) => (ApplyChange::Updated, dropped(old, new)),
    };
    ApplyResult {
        deployment: new.deployment.clone(),
        change,
        dropped,
        protects: protection::asked_for(new),
    }
}

/// By what they are in AWS, not by their names: a resource that was only renamed is still backed up.
fn dropped(old: &Descriptor, new: &Descriptor) -> Vec<DroppedResource> {
    let kept = |id: &str, kind: &str| {
        new.resources
            .values()
            .any(|protected| protected.target.identifier() == id && protected.target.kind() == kind)
    };
    let gone = old
        .resources
        .iter()
        .filter(|(_, protected)| !kept(protected.target.identifier(), protected.target.kind()));
    gone.map(|(name, protected)| DroppedResource {
        resource: name.clone(),
        kind: protected.target.kind(),
        identifier: protected.target.identifier().to_owned(),
    })
    .collect()
}

fn word(change: ApplyChange) -> &'static str {
    match change {
        ApplyChange::Created => "created",
        ApplyChange::Updated => "updated",
        ApplyChange::Unchanged => "unchanged",
    }
}

fn warning(deployment: &str, dropped: &DroppedResource) -> String {
    format!(
        "warning: {deployment}: {} ({} {}) is no longer backed up. Its recovery points stay until retention expires their \
         sets.",
        dropped.resource, dropped.kind, dropped.identifier
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn descriptors(texts: &[&str]) -> Result<Vec<Descriptor>> {
        validated(
            texts
                .iter()
                .enumerate()
                .map(|(n, text)| document::parse(&format!("{n}.yaml"), text)),
        )
    }

    fn hubs(resources: &str) -> Descriptor {
        descriptors(&[&format!("deployment: hubs\nresources: {resources}\n")])
            .unwrap()
            .remove(0)
    }

    #[test]
    fn the_faults_of_all_files_are_told_at_once() {
        let good = "deployment: good\nresources: { rooms: { kind: dynamodb, table: rooms } }\n";
        let failure = descriptors(&[
            good,
            "deployment: Bad\nresources: { db: { kind: oracle } }\nwhatever: 1\n",
            "deployment: a\ndeployment: b\n",
        ])
        .unwrap_err();
        assert_eq!(failure.code(), 2);
        let message = failure.to_string();
        for part in [
            "1.yaml: deployment: ",
            "1.yaml: resources.db",
            "1.yaml: whatever",
            "2.yaml:2:1: ",
            "nothing was applied",
        ] {
            assert!(message.contains(part), "{part} is not in:\n{message}");
        }
        assert!(!message.contains("0.yaml"), "{message}");
    }

    #[test]
    fn one_deployment_in_two_files_is_a_fault() {
        let text = "deployment: a\nresources: { rooms: { kind: dynamodb, table: rooms } }\n";
        let message = descriptors(&[text, text]).unwrap_err().to_string();
        assert!(
            message.contains("1.yaml: deployment: a is already described by 0.yaml"),
            "{message}"
        );
    }

    #[test]
    fn a_dropped_resource_is_told_but_a_renamed_one_is_not() {
        let old = hubs("{ db: { kind: aurora, cluster: c }, login: { kind: secret, secret: s } }");
        let new = hubs("{ database: { kind: aurora, cluster: c } }");
        let applied = compare(&StoredDescriptor::Valid(Box::new(old)), &new);
        assert_eq!(applied.change, ApplyChange::Updated);
        assert_eq!(applied.dropped.len(), 1);
        let warning = warning("hubs", &applied.dropped[0]);
        assert!(warning.contains("login (secret s) is no longer backed up"), "{warning}");
    }

    #[test]
    fn the_same_descriptor_again_changes_nothing() {
        let new = hubs("{ db: { kind: aurora, cluster: c } }");
        assert_eq!(compare(&StoredDescriptor::Nothing, &new).change, ApplyChange::Created);
        assert_eq!(
            compare(&StoredDescriptor::Valid(Box::new(new.clone())), &new).change,
            ApplyChange::Unchanged
        );
        assert_eq!(compare(&StoredDescriptor::Invalid, &new).change, ApplyChange::Updated);
    }
}
