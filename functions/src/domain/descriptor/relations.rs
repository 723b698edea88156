//! Rules between the resources of a descriptor.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ProtectedResource;
use super::reader::{Faults, bare, quoted};
use crate::domain::kinds::{self, any_of};

/// Adds a fault for resources that name the same target, and for a descriptor that backs up nothing.
pub fn check(faults: &mut Faults, resources: &BTreeMap<String, ProtectedResource>) {
    let mut seen: Vec<(&str, Cow<'_, str>, &str)> = Vec::new();
    for (name, protected) in resources {
        let field = protected.target.field();
        let identity = kinds::of(&protected.target).identity(&protected.target);
        match seen
            .iter()
            .find(|(other, value, _)| *other == field && *value == identity)
        {
            Some((_, _, first)) => {
                let path = format!("resources.{}.{field}", bare(name));
                let value = if field == "secret" {
                    "(the same secret)".to_owned()
                } else {
                    quoted(&identity)
                };
                faults.add(
                    path,
                    value,
                    format!("a {field} that no other resource has; {} has this one", bare(first)),
                );
            }
            None => seen.push((field, identity, name)),
        }
    }
    let guard = |protected: &ProtectedResource| kinds::is_guard(&protected.target);
    if !resources.is_empty() && resources.values().all(guard) {
        let kinds = any_of(&kinds::names(|kind| kind.stateful().is_some()));
        let rule = format!("at least one resource of kind {kinds}: secrets and parameters are checked, not backed up");
        faults.add("resources", "only secrets and parameters", rule);
    }
}
