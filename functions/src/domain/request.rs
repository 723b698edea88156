//! The input of a `backup` execution.

use serde_json::Value;

use super::descriptor::formats;
use super::descriptor::reader::{Faults, Object, shown};
use super::set::Purpose;
use crate::error::{Error, Result};

/// The request that a person or a schedule starts the `backup` machine with: `{"deployment": "hubs-prod"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub deployment: String,
    /// `Backup`, or `SafetyBackup` on behalf of a restore.
    pub purpose: Purpose,
    /// For a safety backup, the ARN of the restore's execution, whose lease of the deployment covers this backup.
    pub on_behalf_of: Option<String>,
}

impl Request {
    /// Reads the input of an execution.
    ///
    /// # Errors
    /// `InvalidInput` with every fault: anything other than a mapping with `deployment`, a name, and optionally `on_behalf_of`,
    /// the ARN of an execution, and the matching `purpose`.
    pub fn parse(input: &Value) -> Result<Request> {
        let mut faults = Faults::default();
        let request = Object::open(
            &mut faults,
            "",
            input,
            r#"an input such as {"deployment": "hubs-prod"}"#,
        )
        .and_then(|object| {
            object.only(&mut faults, &["deployment", "purpose", "on_behalf_of"]);
            let deployment = object.text(&mut faults, "deployment", &formats::NAME);
            let on_behalf_of = object.optional_text(&mut faults, "on_behalf_of", &formats::EXECUTION);
            let purpose = purpose(&mut faults, &object);
            Some(Request {
                deployment: deployment?,
                purpose: purpose?,
                on_behalf_of,
            })
        });
        let faults = faults.finish();
        match request {
            Some(request) if faults.is_empty() => Ok(request),
            _ => Err(Error::InvalidInput(faults)),
        }
    }
}

/// A backup is a safety backup if and only if it is on behalf of an execution: a missing purpose follows from that.
fn purpose(faults: &mut Faults, object: &Object<'_>) -> Option<Purpose> {
    let (purpose, word, rule) = match object.get("on_behalf_of") {
        None => (
            Purpose::Backup,
            "backup",
            "backup; a safety_backup names its execution in on_behalf_of",
        ),
        Some(_) => (
            Purpose::SafetyBackup,
            "safety_backup",
            "safety_backup, since it is on behalf of an execution",
        ),
    };
    match object.get("purpose") {
        Some(given) if given.as_str() != Some(word) => {
            faults.add(object.path("purpose"), shown(given), rule);
            None
        }
        _ => Some(purpose),
    }
}

#[cfg(test)]
mod tests;
