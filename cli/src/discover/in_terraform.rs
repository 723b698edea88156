//! Discovery from a Terraform state: the resources that Terraform manages, with their addresses. Nothing is looked up in AWS.

pub mod addresses;
mod instances;
pub mod location;
mod resources;
mod state;

use std::collections::BTreeMap;

use holdfast::domain::kinds;
use holdfast::domain::resource::Target;

use self::instances::Instance;
use self::state::{State, StateResource};
use super::compose::{VaultAndRole, compose};
use super::names::{common, kebab, unique};
use super::{DescriptorDraft, Finding, FoundResource};
use crate::failure::{Failure, Result};

/// A draft of what a state file's text holds. `origin` is the file's name, and names the deployment if nothing else does.
///
/// # Errors
/// `Wrong` for a text that is no state of format version 4.
pub fn draft(origin: &str, text: &str) -> Result<DescriptorDraft> {
    let state =
        state::read(text).map_err(|fault| Failure::Wrong(format!("reading the Terraform state {origin}: {fault}")))?;
    Ok(of_state(&state, origin))
}

fn of_state(state: &State, origin: &str) -> DescriptorDraft {
    let mut findings: Vec<Finding> = state.resources.iter().filter_map(resources::finding).collect();
    let name = deployment(&findings, origin);
    let instances: Vec<Instance> = state.resources.iter().filter_map(instances::of).collect();
    let pending = instances.into_iter().filter_map(|instance| match instance {
        Instance::Finding(finding) => {
            findings.push(*finding);
            None
        }
        Instance::Pending(pending) => Some(pending),
    });
    let pending: Vec<_> = pending.collect();
    let mut draft = compose(&name, findings, &VaultAndRole::default());
    let mut taken = draft.resources.iter().map(|entry| entry.name.clone()).collect();
    draft.pending = pending;
    for entry in &mut draft.pending {
        entry.name = unique(&kebab(&entry.name, "database"), &mut taken);
    }
    draft.notes = notes(state, &draft.deployment);
    draft
}

/// What the names of the resources have in common, or else the name of the state's file.
fn deployment(findings: &[Finding], origin: &str) -> String {
    let targets = findings.iter().filter_map(|finding| finding.found.restored());
    // File systems have no names.
    let named = targets.filter(|target| kinds::stateful(target).is_some_and(|kind| kind.copy_name().is_ok()));
    let names: Vec<&str> = named.map(Target::identifier).collect();
    let file = || {
        let file = origin.rsplit('/').next().unwrap_or(origin);
        file.split('.').next().unwrap_or(file)
    };
    common(&names).unwrap_or_else(file).to_owned()
}

fn notes(state: &State, deployment: &str) -> Vec<String> {
    let mut notes = vec![
        format!(
            "The name {deployment} is only a guess: choose it before you apply, since every command and every set has it."
        ),
        format!(
            "Everything is as Terraform last saw it (serial {}): nothing was looked up in AWS.",
            state.serial
        ),
    ];
    let mut places = BTreeMap::<String, Vec<&str>>::new();
    let in_descriptor = || state.resources.iter().filter(|resource| is_in_descriptor(resource));
    for resource in in_descriptor() {
        if let Some(place) = place(resource) {
            places.entry(place).or_default().push(&resource.address);
        }
    }
    if places.len() > 1 {
        let places = places.iter().map(|(place, of)| format!("{place}: {}", of.join(", ")));
        notes.push(format!(
            "The resources are in several accounts or Regions; a stack of Holdfast protects those of its own. Take the others out. {}.",
            places.collect::<Vec<_>>().join("; ")
        ));
    }
    let tainted = in_descriptor().filter(|resource| resource.is_tainted);
    let tainted: Vec<&str> = tainted.map(|resource| resource.address.as_str()).collect();
    if !tainted.is_empty() {
        notes.push(format!(
            "Terraform replaces on its next apply, since they are tainted: {}.",
            tainted.join(", ")
        ));
    }
    notes
}

fn is_in_descriptor(resource: &StateResource) -> bool {
    let found = resources::finding(resource).map(|finding| finding.found);
    let is_protected = !matches!(found, None | Some(FoundResource::Unprotected { .. }));
    is_protected || instances::TYPES.contains(&resource.kind.as_str())
}

/// `account 123456789012, eu-west-1`, from a resource's ARN.
fn place(resource: &StateResource) -> Option<String> {
    let mut parts = resource.text("arn")?.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    Some(format!("account {account}, {region}"))
}

#[cfg(test)]
mod tests;
