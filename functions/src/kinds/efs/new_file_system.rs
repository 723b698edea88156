//! The new file system of a restore, and what the steps of its configuration share.

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

/// A new file system while it is being configured.
pub struct NewFileSystem<'a> {
    pub efs: &'a Efs,
    pub run: &'a Run,
    pub plan: &'a FileSystemPlan<'a>,
    pub id: &'a str,
    /// The captured configuration; null if none was captured.
    pub before: &'a Value,
    /// The present configuration.
    pub now: Value,
}

impl NewFileSystem<'_> {
    /// The restore job reports it as the created file system. AWS Backup may give it another creation token than the one in the
    /// request; in any case it is no older than the run.
    pub fn ensure_ours(&self) -> Result<()> {
        let described = &self.now["FileSystem"];
        let token = described["CreationToken"].as_str();
        let made = described["CreationTime"].as_f64().map(DateTime::from_secs_f64);
        let new = made.is_some_and(|made| made.as_nanos() >= since(self.run).as_nanos());
        if new || token == Some(self.plan.token.as_str()) {
            return Ok(());
        }
        Err(Error::Conflict(format!(
            "configuring file system {}: it is older than this restore, so it is left in place. Start a new run",
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

/// Rewrites a policy of the old file system for the new one.
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

/// The error for captured configuration that is not valid in a request.
pub fn unreadable(what: &str, error: impl std::fmt::Display) -> Error {
    Error::JobFailed(format!("reading the captured {what} of the file system: {error}"))
}
