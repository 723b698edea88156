//! Looks up what exists: the resources of a descriptor, and what is named like them or is in a stack with them.

use std::collections::BTreeSet;

use holdfast::domain::descriptor::{Descriptor, has_prefix};
use holdfast::domain::kinds;
use holdfast::domain::resource::{Resource, Target};
use holdfast::domain::restore::leftovers::replaced;
use holdfast::domain::restore::removable::Removable;
use holdfast::domain::set::SetStatus;
use holdfast::error::Error;
use holdfast::kinds::Kinds;

use super::differences::Existing;
use super::named::{Named, prefixes};
use crate::cloudformation;
use crate::discover::{FoundResource, by_prefix, in_stack};
use crate::failure::{Failure, Result};
use crate::format;
use crate::stack::Stack;

/// What was found, and what could not be.
pub struct Lookup {
    pub now: Existing,
    pub unchecked: Vec<String>,
    pub notes: Vec<String>,
}

impl Lookup {
    /// # Errors
    /// `SignIn` without valid credentials, and those of the catalog. What the operator may not look up is in `unchecked`.
    pub async fn of(stack: &Stack, descriptor: &Descriptor) -> Result<Self> {
        let mut lookup = Self {
            now: Existing::default(),
            unchecked: Vec::new(),
            notes: Vec::new(),
        };
        let sets = stack.catalog.sets(&descriptor.deployment).await?;
        let newest = sets.into_iter().rev().find(|set| set.status == SetStatus::Sealed);
        lookup.now.newest = newest.map(|set| (set.id, set.resources.into_iter().collect()));
        let kinds = Kinds::from_config(&stack.config, &stack.defaults());
        for resource in descriptor.resources() {
            match kinds::is_pattern(&resource.target) {
                true => lookup.members(&kinds, descriptor, &resource).await,
                false => lookup.resource(&kinds, &resource).await,
            }
        }
        lookup.unprotected(stack, descriptor).await?;
        Ok(lookup)
    }

    async fn members(&mut self, kinds: &Kinds, descriptor: &Descriptor, pattern: &Resource) {
        let kind = kinds.of(&pattern.target);
        match (kind.matching(&pattern.target).await, kind.copies().await) {
            (Ok(names), Ok(copies)) => {
                let mut members = descriptor.tables(pattern, &names);
                descriptor.leave_out_copies(&pattern.name, &mut members, &copies);
                self.now.members.insert(pattern.name.clone(), members);
            }
            (Err(error), _) | (_, Err(error)) => self.unchecked.push(format!("{}: {error}", pattern.name)),
        }
    }

    async fn resource(&mut self, kinds: &Kinds, resource: &Resource) {
        let kind = kinds.of(&resource.target);
        // A guard is only known to exist once it was read.
        let exists = match kinds::is_guard(&resource.target) {
            true => kind.capture(resource).await.map(|captured| !is_empty(&captured)),
            false => kind.exists(&resource.target).await,
        };
        match exists {
            Ok(exists) => self.now.resources.insert(resource.name.clone(), exists),
            Err(Error::NotFound(_)) => self.now.resources.insert(resource.name.clone(), false),
            Err(error) => {
                self.unchecked.push(format!("{}: {error}", resource.name));
                None
            }
        };
    }

    /// What is named like the deployment's resources or in a stack with them, and in no descriptor.
    async fn unprotected(&mut self, stack: &Stack, descriptor: &Descriptor) -> Result<()> {
        let named = Named::by(&self.descriptors(stack).await?);
        let past = stack.catalog.past_restores(&descriptor.deployment).await?;
        let old: Vec<Target> = replaced(&past)
            .into_iter()
            .filter_map(|old| match old.what {
                Removable::Resource(target) => Some(target),
                Removable::Directory { .. } => None,
            })
            .collect();
        let (mut found, mut copies) = (Vec::new(), 0);
        for prefix in prefixes(descriptor) {
            match by_prefix::find(&stack.config, &prefix).await {
                Ok(of) => {
                    copies += of.copies.len();
                    let why = format!("its name begins with {prefix}");
                    let own = of.all().into_iter().filter(|found| has_own_prefix(found, &prefix));
                    found.extend(own.map(|found| (found, why.clone())));
                }
                Err(failure) => self.add_unchecked(&format!("what is named {prefix}..."), failure)?,
            }
        }
        for name in self.stacks(stack, descriptor).await? {
            match in_stack::list(&stack.config, &name).await {
                Ok(listing) => {
                    let why = format!("it is in stack {name}, with other resources of the deployment");
                    found.extend(in_stack::found(&listing).into_iter().map(|found| (found, why.clone())));
                }
                Err(failure) => self.add_unchecked(&format!("the resources of stack {name}"), failure)?,
            }
        }
        let mut seen = BTreeSet::new();
        for (found, why) in found {
            if let FoundResource::Unprotected { what, id, .. } = &found {
                self.add_note(format!("{what} {id} is of no kind that Holdfast backs up"));
                continue;
            }
            let is_old = |old: &Target| found.restored().is_some_and(|target| kinds::is_same(old, target));
            let words = words(&found);
            if named.has(&found) || old.iter().any(is_old) || !seen.insert(words.clone()) {
                continue;
            }
            self.now.unprotected.push((words, why));
        }
        let left = copies + old.len();
        if left > 0 {
            self.add_note(format!(
                "{} of restores, or replaced by them, {} left out: `holdfast tidy {}`",
                format::count(left, "resource"),
                if left == 1 { "is" } else { "are" },
                descriptor.deployment
            ));
        }
        Ok(())
    }

    /// All readable descriptors of the catalog.
    async fn descriptors(&mut self, stack: &Stack) -> Result<Vec<Descriptor>> {
        let mut descriptors = Vec::new();
        for (name, _) in stack.catalog.deployments().await? {
            match stack.catalog.descriptor(&name).await {
                Ok(descriptor) => descriptors.push(descriptor),
                Err(Error::NotFound(_)) => {}
                Err(error @ Error::InvalidInput(_)) => {
                    self.unchecked.push(format!("the descriptor of {name}: {error}"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(descriptors)
    }

    /// The stacks that have a resource of the descriptor. Of what a pattern matches, one is enough: a stack has many tables.
    async fn stacks(&mut self, stack: &Stack, descriptor: &Descriptor) -> Result<BTreeSet<String>> {
        let mut stacks = BTreeSet::new();
        let members = self.now.members.values().filter_map(|members| members.first().cloned());
        for resource in descriptor.resources().into_iter().chain(members.collect::<Vec<_>>()) {
            let in_cloudformation = kinds::stateful(&resource.target)
                .is_some_and(|kind| kind.cloudformation().iter().any(|of| !of.is_empty()));
            if !in_cloudformation || kinds::is_pattern(&resource.target) {
                continue;
            }
            match cloudformation::stack_of(&stack.config, resource.target.identifier()).await {
                Ok(found) => stacks.extend(found),
                Err(failure) => self.add_unchecked(&format!("the stack of {}", resource.name), failure)?,
            }
        }
        Ok(stacks)
    }

    fn add_unchecked(&mut self, what: &str, failure: Failure) -> Result<()> {
        match failure {
            Failure::SignIn(_) => Err(failure),
            other => {
                self.unchecked.push(format!("{what}: {other}"));
                Ok(())
            }
        }
    }

    fn add_note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// Whether a guard captured nothing: a path without parameters.
fn is_empty(captured: &serde_json::Value) -> bool {
    captured["Parameters"].as_array().is_some_and(Vec::is_empty)
}

/// A file system's name is its tag, which was compared already.
fn has_own_prefix(found: &FoundResource, prefix: &str) -> bool {
    match found {
        FoundResource::Protected { target, hint } => match kinds::stateful(target) {
            Some(kind) if kind.copy_name().is_err() => has_prefix(hint, prefix),
            _ => has_prefix(target.identifier(), prefix),
        },
        FoundResource::Parameter { name } => has_prefix(name, prefix),
        FoundResource::Tables { .. } | FoundResource::Unprotected { .. } => true,
    }
}

fn words(found: &FoundResource) -> String {
    match found {
        FoundResource::Protected { target, .. } => format!("{} {}", kinds::of(target).noun(), target.identifier()),
        FoundResource::Tables { prefix, .. } => format!("tables {prefix}..."),
        FoundResource::Parameter { name } => format!("parameter {name}"),
        FoundResource::Unprotected { what, id, .. } => format!("{what} {id}"),
    }
}
