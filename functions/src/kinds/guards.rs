//! What the guards share at a restore: nothing is created; everything that existed at backup has to exist, and changes since then
//! are reported.

mod planning;
mod recovery;

use super::shared::wrong_point;
use super::{Backup, Preflight, StartedBackup, fault};
use crate::domain::job::Run;
use crate::domain::resource::{RecoveryPoint, Version};
use crate::domain::restore::item::{CreatedResource, RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::plan::Source;
use crate::domain::restore::verdict::{Check, Finding};
use crate::error::{Class, Error, Fault, Result};

/// What the versions of the kinds `secret` and `parameters` belong to.
pub const SECRET: &str = "secret";
pub const PARAMETER: &str = "parameter";

/// A recorded version and the current one.
struct VersionComparison<'a> {
    name: &'a str,
    then: &'a str,
    now: Option<&'a str>,
}

/// What the guard reads now, or why it could not.
///
/// # Errors
/// `InvalidInput` for the plan of another kind, before AWS is asked.
pub async fn read(guard: &impl Backup, run: &Run, item: &RestoreItem) -> Result<Result<StartedBackup>> {
    recorded(item)?;
    Ok(guard.back_up(run, &item.planned.resource).await)
}

/// Faults for what is missing or cannot be read, remarks for what changed. `thing` is what the versions belong to.
pub fn preflight(thing: &str, item: &RestoreItem, now: Result<StartedBackup>) -> Result<Preflight> {
    let resource = &item.planned.resource;
    let path = format!("resources.{}.{thing}", resource.name);
    let mut preflight = Preflight::default();
    let now = match now.and_then(current) {
        Ok(now) => now,
        Err(error) => {
            preflight
                .faults
                .push(fault(&path, resource.target.identifier(), error)?);
            return Ok(preflight);
        }
    };
    for version in compare_versions(thing, recorded(item)?, &now) {
        match version.now {
            None => preflight.faults.push(Fault {
                path: path.clone(),
                value: version.name.to_owned(),
                allowed: format!(
                    "a {thing} that is still there, as at backup (version {}). Restore it, or leave {} out \
                     (`except`)",
                    version.then, resource.name
                ),
            }),
            Some(now) if now != version.then => preflight.remarks.push(changed(thing, &version, now)),
            Some(_) => {}
        }
    }
    Ok(preflight)
}

pub fn restore(item: &RestoreItem) -> Result<RestoreProgress> {
    recorded(item)?;
    Ok(RestoreProgress::Restored {
        made: CreatedResource::Nothing,
        remarks: Vec::new(),
    })
}

/// Nothing was created.
///
/// # Errors
/// `InvalidInput` for the plan of another kind.
pub fn undo(item: &RestoreItem) -> Result<UndoProgress> {
    recorded(item)?;
    Ok(UndoProgress::Gone)
}

/// One check for each version that differs: a missing one fails the restore. A changed one is only reported: secrets are rotated,
/// and a cut-over itself writes new versions.
pub fn compare(thing: &str, item: &RestoreItem, now: Result<StartedBackup>) -> Result<Vec<Check>> {
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
    for version in compare_versions(thing, recorded(item)?, &now) {
        let (finding, detail) = match version.now {
            None => (
                Finding::Different,
                format!("version {} at backup, now missing", version.then),
            ),
            Some(now) if now != version.then => (Finding::Changed, changed(thing, &version, now)),
            Some(_) => continue,
        };
        checks.push(Check {
            name: format!("{}: {thing} {}", resource.name, version.name),
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

fn changed(thing: &str, version: &VersionComparison<'_>, now: &str) -> String {
    format!(
        "{thing} {}: version {} at backup, now {now}",
        version.name, version.then
    )
}

fn count(thing: &str, number: usize) -> String {
    match number {
        1 => format!("1 {thing} is"),
        _ => format!("{number} {thing}s are"),
    }
}

/// There is only one secret, whatever its ARN: one that was deleted and created again has another ARN.
fn compare_versions<'a>(thing: &str, then: &'a [Version], now: &'a [Version]) -> Vec<VersionComparison<'a>> {
    let find = |name: &str| now.iter().find(|version| version.name == name || thing == SECRET);
    then.iter()
        .map(|then| VersionComparison {
            name: &then.name,
            then: &then.version,
            now: find(&then.name).map(|now| now.version.as_str()),
        })
        .collect()
}

fn recorded(item: &RestoreItem) -> Result<&[Version]> {
    let Source::Versions { versions } = &item.planned.source else {
        return Err(Error::invalid(
            format!("resources.{}.source", item.planned.resource.name),
            format!("{:?}", item.planned.source),
            "recorded versions, which is what a guard compares",
        ));
    };
    Ok(versions)
}

fn current(started: StartedBackup) -> Result<Vec<Version>> {
    let RecoveryPoint::Versions { versions, .. } = started.recovery_point else {
        return Err(wrong_point("secret or parameters", &started.recovery_point));
    };
    Ok(versions)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::resource::Target;
    use crate::kinds::shared::seen;
    use crate::testing::samples::{resource, restoring, run};

    fn versions(versions: &[(&str, &str)]) -> Vec<Version> {
        let version = |(name, version): &(&str, &str)| Version {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
        };
        versions.iter().map(version).collect()
    }

    fn item() -> RestoreItem {
        restoring(
            resource(Target::Parameters { path: "/hubs".into() }),
            Source::Versions {
                versions: versions(&[("/hubs/a", "1"), ("/hubs/b", "7")]),
            },
            crate::domain::restore::plan::Destination::Nothing,
        )
    }

    fn now(current: &[(&str, &str)]) -> Result<StartedBackup> {
        Ok(seen(&run(), None, versions(current)))
    }

    #[test]
    fn what_is_missing_is_a_fault_and_what_changed_is_said() {
        let same = [("/hubs/a", "1"), ("/hubs/b", "7"), ("/hubs/new", "1")];
        assert_eq!(preflight(PARAMETER, &item(), now(&same)).unwrap(), Preflight::default());
        let changed = [("/hubs/a", "2"), ("/hubs/b", "7")];
        let found = preflight(PARAMETER, &item(), now(&changed)).unwrap();
        assert_eq!(found.remarks, ["parameter /hubs/a: version 1 at backup, now 2"]);
        assert_eq!(found.faults, []);
        let found = preflight(PARAMETER, &item(), now(&[("/hubs/a", "1")])).unwrap();
        let fault = found.faults[0].to_string();
        assert!(
            fault.starts_with("resources.thing.parameter: /hubs/b") && fault.contains("version 7"),
            "{fault}"
        );
    }

    #[test]
    fn a_guard_that_cannot_see_is_a_fault_or_an_error_that_ends() {
        let gone = || Err(Error::NotFound("guarding /hubs: there are none".into()));
        let found = preflight(PARAMETER, &item(), gone()).unwrap();
        assert!(found.faults[0].to_string().contains("there are none"));
        let checks = compare(PARAMETER, &item(), gone()).unwrap();
        assert_eq!((checks.len(), checks[0].finding), (1, Finding::Different));
        let busy = || Err(Error::Throttled("slow down".into()));
        assert_eq!(preflight(PARAMETER, &item(), busy()).unwrap_err().name(), "Throttled");
        assert_eq!(compare(PARAMETER, &item(), busy()).unwrap_err().name(), "Throttled");
    }

    #[test]
    fn a_changed_version_is_said_to_be_changed_and_a_missing_one_different() {
        let same = compare(PARAMETER, &item(), now(&[("/hubs/a", "1"), ("/hubs/b", "7")])).unwrap();
        assert_eq!((same.len(), same[0].finding), (1, Finding::Same));
        let checks = compare(PARAMETER, &item(), now(&[("/hubs/b", "8")])).unwrap();
        let found: Vec<_> = checks
            .iter()
            .map(|check| (check.name.as_str(), check.finding))
            .collect();
        assert_eq!(
            found,
            [
                ("thing: parameter /hubs/a", Finding::Different),
                ("thing: parameter /hubs/b", Finding::Changed),
            ]
        );
        assert!(
            checks[1].detail.contains("version 7 at backup, now 8"),
            "{}",
            checks[1].detail
        );
    }
}
