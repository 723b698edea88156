//! What only AWS and the resources themselves can say against a descriptor, before it is stored.

use holdfast::domain::descriptor::Descriptor;
use holdfast::hooks::Hooks;
use holdfast::kinds::Kinds;

use crate::failure::{Failure, Result};

/// Rejects descriptors whose hooks cannot be called. If the operator may not check that, a warning says so, and the next backup
/// checks.
pub async fn check_hooks(hooks: &Hooks, descriptors: &[Descriptor]) -> Result<()> {
    let mut faults = Vec::new();
    for descriptor in descriptors {
        for hook in descriptor.hooks.all() {
            match hooks.check(hook).await {
                Ok(None) => {}
                Ok(Some(fault)) => faults.push(format!("{}: {fault}", descriptor.deployment)),
                Err(error) => eprintln!(
                    "warning: {}: {error}. The next backup checks again.",
                    descriptor.deployment
                ),
            }
        }
    }
    refuse(faults)
}

/// Rejects descriptors with a resource whose backups would all fail, such as a database whose server is too new for every client. If
/// a resource cannot be asked, a warning says so, and the next backup checks.
pub async fn check_resources(kinds: &Kinds, descriptors: &[Descriptor]) -> Result<()> {
    let mut faults = Vec::new();
    for descriptor in descriptors {
        let deployment = &descriptor.deployment;
        for resource in descriptor.resources() {
            match kinds.of(&resource.target).obstacles(&resource).await {
                Ok(found) => faults.extend(found.iter().map(|fault| format!("{deployment}: {fault}"))),
                Err(error) => eprintln!("warning: {deployment}: {error}. The next backup checks again."),
            }
        }
    }
    refuse(faults)
}

fn refuse(faults: Vec<String>) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "{}\nNothing was applied. Correct them and apply again.",
        faults.join("\n")
    )))
}
