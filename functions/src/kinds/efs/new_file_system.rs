//! The new file system of a restore, and what all the steps of its configuration use.

use std::collections::BTreeMap;

use aws_sdk_efs::types::Tag;
use aws_smithy_types::DateTime;
use serde_json::Value;

use super::Efs;
use super::plan::FileSystemPlan;
use crate::aws::failure;
use crate::domain::job::Run;
use crate::error::{Error, Result};
use crate::kinds::shared::since;

/// A new file system on its way to what was captured.
pub struct NewFileSystem<'a> {
    pub efs: &'a Efs,
    pub run: &'a Run,
    pub plan: &'a FileSystemPlan<'a>,
    pub id: &'a str,
    /// As captured with the set; null where nothing was.
    pub before: &'a Value,
    /// As it is.
    pub now: Value,
}

impl NewFileSystem<'_> {
    /// Our job names it as what it made. AWS Backup may give it another creation token than the one that it was given; it is
    /// no older than the run in any case.
    pub fn ensure_ours(&self) -> Result<()> {
        let described = &self.now["FileSystem"];
        let token = described["CreationToken"].as_str();
        let made = described["CreationTime"].as_f64().map(DateTime::from_secs_f64);
        let new = made.is_some_and(|made| made.as_nanos() >= since(self.run).as_nanos());
        if new || token == Some(self.plan.token.as_str()) {
            return Ok(());
        }
        Err(Error::Conflict(format!(
            "configuring file system {}: it is older than this restore, so it is left alone. Start a new run",
            self.id
        )))
    }

    pub fn failed<E>(&self, doing: &str, error: aws_sdk_efs::error::SdkError<E>) -> Error
    where
        E: aws_sdk_efs::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        failure(&format!("{doing} file system"), self.id, error)
    }
}

/// A policy of the old file system as one of the new.
pub fn policy_of_copy(policy: &str, old: &str, new: &str, points: &BTreeMap<String, String>) -> String {
    let policy_of_copy = policy.replace(old, new);
    points
        .iter()
        .fold(policy_of_copy, |policy, (old, new)| policy.replace(old, new))
}

pub fn sdk_tags<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Result<Vec<Tag>> {
    tags.into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable("Tags", error))
}

/// What was captured cannot be asked for.
pub fn unreadable(what: &str, error: impl std::fmt::Display) -> Error {
    Error::JobFailed(format!("reading the captured {what} of the file system: {error}"))
}
