//! Which of the found resources still exist: the Resource Groups Tagging API lists resources for a while after they were deleted.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use holdfast::domain::kinds;
use holdfast::domain::resource::{Resource, Target};
use holdfast::error::Error;
use holdfast::kinds::{Defaults, Kinds};
use holdfast::transfers::TransferSettings;

use super::{Finding, FoundResource, parameters};
use crate::failure::{Failure, Result};

/// What exists, or could not be looked up.
pub struct Existing {
    pub findings: Vec<Finding>,
    /// What was left out, and what could not be looked up, one line each.
    pub notes: Vec<String>,
}

/// Looks up each resource that a descriptor could name.
///
/// # Errors
/// `SignIn` without valid credentials. What the operator may not look up stays, with a note.
pub async fn only(config: &SdkConfig, findings: Vec<Finding>) -> Result<Existing> {
    let kinds = Kinds::from_config(config, &no_stack());
    let mut existing = Existing {
        findings: Vec::new(),
        notes: Vec::new(),
    };
    let mut listed = ListedParameters::default();
    for finding in findings {
        let state = match &finding.found {
            FoundResource::Protected { target, .. } => of_target(&kinds, target).await,
            FoundResource::Parameter { name } => listed.state(config, name).await?,
            FoundResource::Tables { .. } | FoundResource::Unprotected { .. } => State::Exists,
        };
        existing.add(finding, state);
    }
    Ok(existing)
}

/// Whether something exists.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Exists,
    /// A secret that is about to be deleted, and can still be restored.
    ScheduledForDeletion,
    Gone,
    /// Why it could not be looked up.
    Unknown(String),
}

impl Existing {
    fn add(&mut self, finding: Finding, state: State) {
        let name = match &finding.found {
            FoundResource::Protected { target, .. } => format!("{} {}", kinds::of(target).noun(), target.identifier()),
            FoundResource::Parameter { name } => format!("parameter {name}"),
            FoundResource::Tables { prefix, .. } => prefix.clone(),
            FoundResource::Unprotected { id, .. } => id.clone(),
        };
        let note = match state {
            State::Exists => None,
            State::Gone => {
                self.notes
                    .push(format!("Left out, since it does not exist any more: {name}."));
                return;
            }
            State::ScheduledForDeletion => Some(format!(
                "{name} is scheduled for deletion, which fails every backup: `aws secretsmanager restore-secret`, or take it out."
            )),
            State::Unknown(why) => Some(format!("Not looked up: {name}: {why}")),
        };
        self.notes.extend(note);
        self.findings.push(finding);
    }
}

async fn of_target(kinds: &Kinds, target: &Target) -> State {
    let kind = kinds.of(target);
    let exists = match kinds::is_guard(target) {
        false => kind.exists(target).await.map(|exists| match exists {
            true => State::Exists,
            false => State::Gone,
        }),
        // A guard is only known to exist once it was described.
        true => {
            let resource = Resource {
                name: String::new(),
                target: target.clone(),
                deadline_seconds: 0,
            };
            kind.capture(&resource)
                .await
                .map(|captured| match captured["DeletedDate"].is_null() {
                    true => State::Exists,
                    false => State::ScheduledForDeletion,
                })
        }
    };
    exists.unwrap_or_else(|error| match error {
        Error::NotFound(_) => State::Gone,
        other => State::Unknown(other.to_string()),
    })
}

/// The parameters that exist, by the path below which they were listed.
#[derive(Default)]
struct ListedParameters(BTreeMap<String, Result<BTreeSet<String>, String>>);

impl ListedParameters {
    async fn state(&mut self, config: &SdkConfig, name: &str) -> Result<State> {
        let path = name.rsplit_once('/').map(|(path, _)| path);
        let path = path.filter(|path| !path.is_empty()).unwrap_or(name).to_owned();
        let listed = match self.0.get(&path) {
            Some(listed) => listed.clone(),
            None => {
                let listed: Result<BTreeSet<String>, String> = match parameters::list(config, &path).await {
                    Ok(names) => Ok(names.into_iter().collect()),
                    Err(failure @ Failure::SignIn(_)) => return Err(failure),
                    Err(failure) => Err(failure.to_string()),
                };
                self.0.insert(path, listed.clone());
                listed
            }
        };
        Ok(match listed {
            Ok(names) if names.contains(name) => State::Exists,
            Ok(_) => State::Gone,
            Err(why) => State::Unknown(why),
        })
    }
}

/// Nothing is looked up in a stack of Holdfast, which need not exist yet.
fn no_stack() -> Defaults {
    Defaults {
        vault: String::new(),
        role: String::new(),
        transfers: TransferSettings {
            machine: String::new(),
            bucket: String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_left_out_and_what_is_unknown_stays() {
        let finding = |secret: &str| {
            let secret = secret.to_owned();
            Finding::new(FoundResource::protected(Target::Secret { secret }, "h"), "c")
        };
        let mut existing = Existing {
            findings: Vec::new(),
            notes: Vec::new(),
        };
        existing.add(finding("there"), State::Exists);
        existing.add(finding("gone"), State::Gone);
        existing.add(finding("leaving"), State::ScheduledForDeletion);
        existing.add(finding("hidden"), State::Unknown("AWS refused".into()));
        let kept = existing.findings;
        assert_eq!(kept, [finding("there"), finding("leaving"), finding("hidden")]);
        let notes = existing.notes.join("\n");
        assert_eq!(existing.notes.len(), 3, "{notes}");
        for part in [
            "any more: secret gone.",
            "leaving is scheduled",
            "secret hidden: AWS refused",
        ] {
            assert!(notes.contains(part), "{part} is not in:\n{notes}");
        }
    }
}
