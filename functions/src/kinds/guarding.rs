//! What the guards have in common when a set is restored: nothing is made; what was there at backup has to be there, and what
//! changed since is said.

use super::Started;
use super::restoring::{Foreseen, fault};
use super::shared::wrong_point;
use crate::domain::resource::{RecoveryPoint, Version};
use crate::domain::restore::item::{Advance, Item, Made};
use crate::domain::restore::plan::Source;
use crate::domain::restore::verdict::{Check, Finding};
use crate::error::{Class, Error, Fault, Result};

/// One recorded version beside the one that is current.
struct Seen<'a> {
    name: &'a str,
    then: &'a str,
    now: Option<&'a str>,
}

/// Faults for what is missing or cannot be read, remarks for what changed. `thing` is what a version is of.
pub fn foreseen(thing: &str, item: &Item, now: Result<Started>) -> Result<Foreseen> {
    let resource = &item.planned.resource;
    let path = format!("resources.{}.{thing}", resource.name);
    let mut foreseen = Foreseen::default();
    let now = match now.and_then(current) {
        Ok(now) => now,
        Err(error) => {
            foreseen.faults.push(fault(&path, resource.target.identifier(), error)?);
            return Ok(foreseen);
        }
    };
    for seen in beside(recorded(item)?, &now) {
        match seen.now {
            None => foreseen.faults.push(Fault {
                path: path.clone(),
                value: seen.name.to_owned(),
                allowed: format!(
                    "a {thing} that is still there, as it was at backup (version {}). Put it back, or leave {} out \
                     (`except`)",
                    seen.then, resource.name
                ),
            }),
            Some(now) if now != seen.then => foreseen.remarks.push(changed(thing, &seen, now)),
            Some(_) => {}
        }
    }
    Ok(foreseen)
}

pub fn restored(item: &Item) -> Result<Advance> {
    recorded(item)?;
    Ok(Advance::Restored {
        made: Made::Nothing,
        remarks: Vec::new(),
    })
}

/// One check a version: a changed one is for the operator to judge, a missing one is not as it was.
pub fn compared(thing: &str, item: &Item, now: Result<Started>) -> Result<Vec<Check>> {
    let resource = &item.planned.resource;
    let now = match now.and_then(current) {
        Ok(now) => now,
        Err(error) if error.class() == Class::Final => {
            return Ok(vec![Check {
                name: format!("{}: {thing} {}", resource.name, resource.target.identifier()),
                finding: Finding::Different,
                detail: error.to_string(),
            }]);
        }
        Err(error) => return Err(error),
    };
    let mut checks = Vec::new();
    for seen in beside(recorded(item)?, &now) {
        let (finding, detail) = match seen.now {
            None => (Finding::Different, format!("version {} at backup, now missing", seen.then)),
            Some(now) if now != seen.then => (Finding::Unproven, changed(thing, &seen, now)),
            Some(_) => continue,
        };
        checks.push(Check {
            name: format!("{}: {thing} {}", resource.name, seen.name),
            finding,
            detail,
        });
    }
    if checks.is_empty() {
        checks.push(Check {
            name: format!("{}: versions", resource.name),
            finding: Finding::Same,
            detail: format!("{} as at backup", count(thing, recorded(item)?.len())),
        });
    }
    Ok(checks)
}

fn changed(thing: &str, seen: &Seen<'_>, now: &str) -> String {
    format!("{thing} {}: version {} at backup, now {now}", seen.name, seen.then)
}

fn count(thing: &str, number: usize) -> String {
    match number {
        1 => format!("1 {thing} is"),
        _ => format!("{number} {thing}s are"),
    }
}

fn beside<'a>(then: &'a [Version], now: &'a [Version]) -> Vec<Seen<'a>> {
    let find = |name: &str| now.iter().find(|version| version.name == name);
    then.iter()
        .map(|then| Seen {
            name: &then.name,
            then: &then.version,
            now: find(&then.name).map(|now| now.version.as_str()),
        })
        .collect()
}

fn recorded(item: &Item) -> Result<&[Version]> {
    match &item.planned.source {
        Source::Versions { versions } => Ok(versions),
        other => Err(Error::invalid(
            format!("resources.{}.source", item.planned.resource.name),
            format!("{other:?}"),
            "recorded versions, which is what a guard compares",
        )),
    }
}

fn current(started: Started) -> Result<Vec<Version>> {
    match started.recovery_point {
        RecoveryPoint::Versions { versions, .. } => Ok(versions),
        other => Err(wrong_point("secret or parameters", &other)),
    }
}
