//! The faults of a request, reported before an execution is started: its failure would also notify on-call.

use std::collections::BTreeSet;

use holdfast::domain::descriptor::Descriptor;
use holdfast::domain::nearest::nearest;
use holdfast::domain::restore::request::{RequestedMoment, RestoreRequest};
use holdfast::domain::set::SetStatus;
use holdfast::error::{Error, Fault};
use jiff::Timestamp;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::format;
use crate::stack::Stack;

/// The request as the machine's first step parses it.
///
/// # Errors
/// `Wrong` with every fault that the step would find in the request alone.
pub fn checked(request: &Value, now: Timestamp) -> Result<RestoreRequest> {
    let request = RestoreRequest::parse(request)?;
    match request.check_times(now) {
        faults if faults.is_empty() => Ok(request),
        faults => Err(Error::InvalidInput(faults).into()),
    }
}

/// The checks that need the catalog.
///
/// # Errors
/// `NotFound` or `NotDone` for a set that cannot be restored; `Wrong` for resources that are in neither the descriptor nor a set.
pub async fn check_catalog(stack: &Stack, request: &RestoreRequest, descriptor: &Descriptor) -> Result<()> {
    let deployment = &request.deployment;
    if let RequestedMoment::Set(set) = &request.wanted {
        ensure_sealed(stack, deployment, set).await?;
    }
    let sets = stack.catalog.sets(deployment).await?;
    let today = descriptor.resources.keys();
    let known = today
        .chain(sets.iter().flat_map(|set| &set.resources))
        .cloned()
        .collect();
    match unknown(request, &known) {
        faults if faults.is_empty() => Ok(()),
        faults => Err(Error::InvalidInput(faults).into()),
    }
}

/// A fault for each unknown resource. The tables of a prefix are known, each by the prefix's name.
fn unknown(request: &RestoreRequest, known: &BTreeSet<String>) -> Vec<Fault> {
    let holds = |one: &str, other: &str| {
        other
            .strip_prefix(one)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_known = |name: &str| known.iter().any(|known| holds(known, name) || holds(name, known));
    let listed = |field: &'static str, names: &[String]| -> Vec<(String, String)> {
        let paths = names.iter().enumerate();
        paths
            .map(|(at, name)| (format!("{field}[{at}]"), name.clone()))
            .collect()
    };
    let keyed = |field: &str, name: &String| (format!("{field}.{name}"), name.clone());
    let named = [listed("only", &request.only), listed("except", &request.except)]
        .into_iter()
        .flatten()
        .chain(request.names.keys().map(|name| keyed("names", name)))
        .chain(request.into.keys().map(|name| keyed("into", name)));
    let faults = named.filter(|(_, name)| !is_known(name)).map(|(path, name)| {
        let guess = nearest(&name, known.iter().map(String::as_str));
        let guess = guess.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        let all: Vec<&str> = known.iter().map(String::as_str).collect();
        Fault {
            path,
            value: format!("{name:?}"),
            allowed: format!("one of the resources {}{guess}", all.join(", ")),
        }
    });
    faults.collect()
}

/// # Errors
/// `NotFound` if there is no such set, `NotDone` if it is not sealed.
async fn ensure_sealed(stack: &Stack, deployment: &str, set: &str) -> Result<()> {
    let found = stack.catalog.set(deployment, set).await?.map(|set| set.status);
    let list = format!("See the sealed ones: holdfast sets{} {deployment}", stack.option);
    match found {
        Some(SetStatus::Sealed) => Ok(()),
        Some(status) => Err(Failure::NotDone(format!(
            "restoring {deployment}: set {set} is {}; only a sealed one can be restored. {list}",
            format::status(status)
        ))),
        None => Err(Failure::NotFound(format!(
            "restoring {deployment}: the catalog has no set {set}. {list}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_machine_would_refuse_is_refused_before_it_is_started() {
        let now = "2026-11-29T00:00:00Z".parse().unwrap();
        for (fields, field) in [
            (json!({"deployment": "Hubs"}), "deployment: "),
            (json!({"at": "2026-11-30T00:00:00Z"}), "at: "),
            (json!({"set": "other-20261120-021500-630a"}), "set: "),
            (json!({"only": ["a", "a"]}), "only[1]: "),
            (json!({"suffix": "New"}), "suffix: "),
            (json!({"into": {"files": "elsewhere"}}), "into.files: "),
            (json!({"source": "retained", "safety_backup": true}), "safety_backup: "),
        ] {
            let mut request = fields.clone();
            request["deployment"] = fields.get("deployment").cloned().unwrap_or(json!("hubs"));
            let refused = checked(&request, now).unwrap_err();
            assert_eq!(refused.code(), 2, "{request}");
            assert!(refused.to_string().starts_with(field), "{refused}");
        }
    }

    #[test]
    fn a_resource_that_nothing_knows_is_refused_with_the_nearest() {
        let known = BTreeSet::from(["database", "tables", "old.rooms"].map(str::to_owned));
        let request = |fields: Value| {
            let mut request = fields;
            request["deployment"] = json!("hubs");
            RestoreRequest::parse(&request).unwrap()
        };
        let wrong = request(json!({"only": ["database", "databse"], "names": {"room": "x"}}));
        let faults = unknown(&wrong, &known);
        assert_eq!(
            faults[0].to_string(),
            "only[1]: \"databse\" is not allowed; expected one of the resources database, old.rooms, tables; did you mean \
             database?"
        );
        assert_eq!((faults.len(), faults[1].path.as_str()), (2, "names.room"));
        let right = request(json!({"except": ["tables.hubs-rooms", "old"], "into": {"database": "directory"}}));
        assert_eq!(unknown(&right, &known), []);
    }
}
