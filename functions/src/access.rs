//! Calls the function that mounts a file system (`infra/efs-access.yaml`): AWS Backup does not report the directory that it
//! restored into, and no EFS API lists files.

use std::time::Duration;

use aws_config::SdkConfig;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aws::functions::Functions;
use crate::aws::{code, failure};
use crate::domain::efs_access::{
    AccessRequest, FoundDirectories, Listing, MOST_ENTRIES, RemovalResult, TreeComparison,
};
use crate::domain::names;
use crate::domain::set::{Sample, SampledFile};
use crate::error::{Error, Result};

/// Longer than the function's own timeout, so that its response arrives first.
const PATIENCE: Duration = Duration::from_secs(870);

/// The functions that mount file systems. Each method returns `None` if no function mounts the file system.
pub struct Access {
    functions: Functions,
}

impl Access {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            functions: Functions::new(aws),
        }
    }

    /// Lists the directories of restores, with the files in each counted up to `most_entries`.
    pub async fn list(&self, file_system: &str, most_entries: u64) -> Result<Option<Listing>> {
        self.invoke(file_system, &AccessRequest::List { most_entries }).await
    }

    /// Samples files under a root, within the limits of `within`.
    pub async fn sample(
        &self,
        file_system: &str,
        root: &str,
        most_files: usize,
        within: Duration,
    ) -> Result<Option<Sample>> {
        let request = AccessRequest::Sample {
            root: root.into(),
            most_entries: MOST_ENTRIES,
            most_files,
            within_seconds: within.as_secs() + u64::from(within.subsec_nanos() > 0),
        };
        self.invoke(file_system, &request).await
    }

    /// Returns the paths that are directories.
    pub async fn find(&self, file_system: &str, paths: &[String]) -> Result<Option<Vec<String>>> {
        let request = AccessRequest::Find { paths: paths.to_vec() };
        let found: Option<FoundDirectories> = self.invoke(file_system, &request).await?;
        Ok(found.map(|found| found.paths))
    }

    /// Compares the files under `root` with a sample.
    pub async fn check(
        &self,
        file_system: &str,
        root: &str,
        sampled: &[SampledFile],
    ) -> Result<Option<TreeComparison>> {
        let request = AccessRequest::Check {
            root: root.into(),
            sampled: sampled.to_vec(),
            most_entries: MOST_ENTRIES,
        };
        self.invoke(file_system, &request).await
    }

    /// Removes a part of a restore's directory.
    pub async fn remove(&self, file_system: &str, directory: &str) -> Result<Option<RemovalResult>> {
        let request = AccessRequest::Remove {
            directory: directory.into(),
        };
        self.invoke(file_system, &request).await
    }

    async fn invoke<A: DeserializeOwned>(&self, file_system: &str, request: &AccessRequest) -> Result<Option<A>> {
        let function = names::access_function(file_system);
        let doing = format!("accessing file system {file_system}: calling function");
        let unreadable = |error: serde_json::Error| {
            Error::JobFailed(format!(
                "{doing} {function}: {error}. Deploy infra/efs-access.yaml of the same version"
            ))
        };
        let request = serde_json::to_vec(request).map_err(unreadable)?;
        let answer = match self.functions.invoke(&function, request, PATIENCE).await {
            Ok(answer) => answer,
            Err(error) => {
                return match code(&error).map(str::to_owned) {
                    Some(code) if code == "ResourceNotFoundException" => Ok(None),
                    // Lambda could not mount it: a mount target in the function's zone, and its port 2049.
                    Some(code) if code.starts_with("EFS") => Err(Error::NotReady(format!(
                        "{}. Check that a mount target is in the zones of the function's subnets and allows its security group \
                         (port 2049)",
                        failure(&doing, &function, error)
                    ))),
                    _ => Err(failure(&doing, &function, error)),
                };
            }
        };
        if answer.function_error.is_some() {
            return Err(remote_error(&format!("{doing} {function}"), &answer.bytes));
        }
        serde_json::from_slice(&answer.bytes).map(Some).map_err(unreadable)
    }
}

/// What an operator does if no function mounts a file system.
pub fn unmounted(file_system: &str) -> String {
    format!(
        "no function mounts file system {file_system}: deploy infra/efs-access.yaml with FileSystemId={file_system}"
    )
}

/// The function's error, under its own name if that determines whether to try again.
fn remote_error(doing: &str, payload: &[u8]) -> Error {
    let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
    let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, message) = (field("errorType"), field("errorMessage"));
    let text: String = format!("{doing}: the function failed: {kind}: {message}")
        .chars()
        .take(700)
        .collect();
    match kind {
        "Unavailable" => Error::Unavailable(text),
        "AccessDenied" => Error::AccessDenied(text),
        "NotFound" => Error::NotFound(text),
        _ => Error::JobFailed(format!("{text}. See its log")),
    }
}
