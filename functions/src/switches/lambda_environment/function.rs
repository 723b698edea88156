//! A Lambda function's configuration, as far as a switch reads and changes it.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::json;

use crate::aws::lazy::Lazy;
use crate::aws::service::{CallError, Client, LAMBDA, Reply, escaped};
use crate::aws::{code, failure};
use crate::error::{Error, Result};

/// The calls of Lambda that a switch makes.
pub struct Functions {
    lambda: Lazy<Client>,
}

/// The configuration of `$LATEST` or of one version. Never shown whole: its variables may be secrets.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Configuration {
    /// The number of a published version; `$LATEST` else.
    pub version: Option<String>,
    /// Changes with every change of the function.
    revision_id: Option<String>,
    environment: Option<Environment>,
    last_update_status: Option<String>,
    last_update_status_reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: Option<BTreeMap<String, String>>,
    error: Option<EnvironmentError>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EnvironmentError {
    error_code: Option<String>,
}

/// The status of the last update. Until it is successful, the function runs with its previous configuration.
///
/// Source: `LastUpdateStatus` in <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    Successful,
    InProgress,
    /// The reason that Lambda gives.
    Failed(String),
}

impl Configuration {
    fn read(doing: &str, function: &str, reply: &Reply) -> Result<Self> {
        serde_json::from_slice(&reply.bytes).map_err(|_| {
            Error::JobFailed(format!(
                "{doing} {function}: AWS's answer cannot be read. Look at the function in the Lambda console"
            ))
        })
    }

    /// A function that was created long ago has no status.
    pub fn update(&self) -> Update {
        match self.last_update_status.as_deref() {
            Some("InProgress") => Update::InProgress,
            Some("Failed") => {
                let reason = self.last_update_status_reason.as_deref().unwrap_or("no reason given");
                Update::Failed(reason.trim_end_matches('.').to_owned())
            }
            _ => Update::Successful,
        }
    }

    /// Why Lambda does not show the variables: written again without those that are hidden, all of them would be lost.
    pub fn hidden(&self) -> Option<&str> {
        let error = self.environment.as_ref()?.error.as_ref()?;
        Some(error.error_code.as_deref().unwrap_or("no error code"))
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        let variables = self.environment.as_ref()?.variables.as_ref()?;
        variables.get(name).map(String::as_str)
    }

    /// All variables, with another value of one.
    fn variables_with(&self, name: &str, value: &str) -> BTreeMap<&str, String> {
        let environment = self.environment.as_ref();
        let all = environment.and_then(|environment| environment.variables.as_ref());
        let all = all.into_iter().flatten();
        let mut all: BTreeMap<&str, String> = all.map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let Some(changed) = all.get_mut(name) {
            value.clone_into(changed);
        }
        all
    }
}

impl Functions {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            lambda: Lazy::new(aws, |aws| Client::new(aws, LAMBDA)),
        }
    }

    /// The present configuration, or that of a published version; `None` if there is none.
    ///
    /// # Errors
    /// Only if the call fails.
    pub async fn find(&self, function: &str, version: Option<&str>) -> Result<Option<Configuration>> {
        let mut path = format!("/2015-03-31/functions/{}/configuration", escaped(function));
        if let Some(version) = version {
            path.push_str(&format!("?Qualifier={}", escaped(version)));
        }
        match self.lambda.get("GetFunctionConfiguration", &path).await {
            Ok(reply) => Configuration::read("reading function", function, &reply).map(Some),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(failure("reading function", function, error)),
        }
    }

    /// Publishes the present configuration, and returns the version's number. If nothing changed since the last version, Lambda
    /// returns that one.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>.
    ///
    /// # Errors
    /// `NotReady` while the function is being updated.
    pub async fn publish(&self, function: &str, description: &str) -> Result<String> {
        let path = format!("/2015-03-31/functions/{}/versions", escaped(function));
        let body = json!({ "Description": description }).to_string().into_bytes();
        let published = self.lambda.post("PublishVersion", &path, body).await;
        let published = published.map_err(|error| match is_busy(&error) {
            true => busy(function),
            false => failure("publishing a version of function", function, error),
        })?;
        let version = Configuration::read("publishing a version of function", function, &published)?.version;
        version.filter(|version| version != "$LATEST").ok_or_else(|| {
            Error::JobFailed(format!(
                "publishing a version of function {function}: AWS's answer names none. See its versions in the Lambda console"
            ))
        })
    }

    /// Sets one variable to a value, and leaves all others as they were read. Returns whether it was accepted: not if the function
    /// has changed since it was read, or is being updated.
    ///
    /// Source: `RevisionId` and the errors in
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html>.
    ///
    /// # Errors
    /// Only if the call fails for another reason.
    pub async fn set(&self, function: &str, read: &Configuration, name: &str, value: &str) -> Result<bool> {
        let path = format!("/2015-03-31/functions/{}/configuration", escaped(function));
        let body = json!({
            "Environment": { "Variables": read.variables_with(name, value) },
            "RevisionId": read.revision_id,
        });
        let updated = self
            .lambda
            .put("UpdateFunctionConfiguration", &path, body.to_string().into_bytes())
            .await;
        match updated {
            Ok(_) => Ok(true),
            Err(error) if is_busy(&error) || code(&error) == Some("PreconditionFailedException") => Ok(false),
            Err(error) => Err(failure("updating function", function, error)),
        }
    }

    /// The aliases that lead to a published version, whose variables cannot be changed.
    ///
    /// # Errors
    /// Only if the call fails.
    pub async fn fixed_aliases(&self, function: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut marker = String::new();
        loop {
            let path = format!("/2015-03-31/functions/{}/aliases{marker}", escaped(function));
            let reply = self.lambda.get("ListAliases", &path).await;
            let reply = reply.map_err(|error| failure("listing the aliases of function", function, error))?;
            let page: Aliases = serde_json::from_slice(&reply.bytes).map_err(|_| {
                Error::JobFailed(format!(
                    "listing the aliases of function {function}: AWS's answer cannot be read. Look at the function in the Lambda \
                     console"
                ))
            })?;
            let of_version = page
                .aliases
                .into_iter()
                .filter(|alias| alias.function_version != "$LATEST");
            found.extend(of_version.map(|alias| alias.name));
            match page.next_marker.filter(|next| !next.is_empty()) {
                Some(next) => marker = format!("?Marker={}", escaped(&next)),
                None => return Ok(found),
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Aliases {
    #[serde(default)]
    aliases: Vec<Alias>,
    next_marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alias {
    name: String,
    function_version: String,
}

/// Lambda changes and publishes nothing while it applies a change.
fn is_busy(error: &CallError) -> bool {
    code(error) == Some("ResourceConflictException")
}

/// The error for a function that somebody is updating.
pub fn busy(function: &str) -> Error {
    Error::NotReady(format!(
        "switching function {function}: another update of it is in progress. Trying again in a few minutes may help; see who \
         updates it"
    ))
}
