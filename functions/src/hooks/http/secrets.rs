//! The secrets of a request, read at the moment of use, and never shown.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_secretsmanager::Client;
use aws_types::SdkConfig;
use serde_json::Value;

use crate::aws::codes::ErrorMeaning;
use crate::aws::lazy::Lazy;
use crate::aws::{code, failure_explained};
use crate::domain::descriptor::Hook;
use crate::domain::hooks::http::placeholders::{SecretValue, secrets, texts};
use crate::error::{Error, Result};

/// The longest text of a server in a message, in characters.
const WORDS: usize = 300;

/// Reads secrets.
pub struct Secrets {
    client: Lazy<Client>,
}

/// The values of a request's secrets.
#[derive(Clone, Default)]
pub struct SecretValues(BTreeMap<SecretValue, String>);

impl Secrets {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            client: Lazy::new(aws, Client::new),
        }
    }

    /// The values of all secrets in headers and a body.
    ///
    /// # Errors
    /// `InvalidInput` for a secret that does not exist, or is not what it has to be; that of a failed call.
    pub async fn read(
        &self,
        hook: &Hook,
        headers: Option<&BTreeMap<String, String>>,
        body: &Value,
    ) -> Result<SecretValues> {
        let in_headers = headers.into_iter().flat_map(BTreeMap::values).map(String::as_str);
        let wanted: BTreeSet<SecretValue> = in_headers.chain(texts(body)).flat_map(secrets).collect();
        let mut read: BTreeMap<String, String> = BTreeMap::new();
        let mut values = BTreeMap::new();
        for wanted in wanted {
            if !read.contains_key(&wanted.secret) {
                read.insert(wanted.secret.clone(), self.text(hook, &wanted.secret).await?);
            }
            let text = read.get(&wanted.secret).map(String::as_str).unwrap_or_default();
            let value = match &wanted.key {
                None => text.to_owned(),
                Some(key) => value_of(text, key).ok_or_else(|| {
                    let value = format!(
                        "{}, which is no JSON object with a text or number at {key},",
                        wanted.secret
                    );
                    wrong(hook, value, "a key that the secret has")
                })?,
            };
            if value.is_empty() {
                return Err(wrong(
                    hook,
                    format!("{}, which is empty,", wanted.secret),
                    "a secret with a value",
                ));
            }
            values.insert(wanted, value);
        }
        Ok(SecretValues(values))
    }

    /// Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html> (errors).
    async fn text(&self, hook: &Hook, secret: &str) -> Result<String> {
        let read = match self.client.get_secret_value().secret_id(secret).send().await {
            Ok(read) => read,
            Err(error) if code(&error) == Some("ResourceNotFoundException") => {
                let value = format!("{secret}, which does not exist, or has no current version,");
                return Err(wrong(
                    hook,
                    value,
                    "a Secrets Manager secret of this account and Region",
                ));
            }
            Err(error) if code(&error) == Some("InvalidRequestException") => {
                let value = format!("{secret}, which is scheduled for deletion, or cannot be read for now,");
                let allowed = "a secret that stays: restore it with aws secretsmanager restore-secret";
                return Err(wrong(hook, value, allowed));
            }
            Err(error) => {
                let what = format!("{secret} of hook {}", hook.name);
                return Err(failure_explained("reading secret", &what, error, |meaning| {
                    (meaning == ErrorMeaning::AccessDenied)
                        .then_some("its name has to match the stack's parameter HookSecretPattern")
                }));
            }
        };
        read.secret_string.ok_or_else(|| {
            wrong(
                hook,
                format!("{secret}, whose value is binary,"),
                "a secret that is a text",
            )
        })
    }
}

fn wrong(hook: &Hook, value: String, allowed: &str) -> Error {
    Error::invalid(format!("hooks.{}.secret", hook.name), value, allowed)
}

fn value_of(text: &str, key: &str) -> Option<String> {
    let document: Value = serde_json::from_str(text).ok()?;
    match document.as_object()?.get(key)? {
        Value::String(value) => Some(value.clone()),
        Value::Number(value) => Some(value.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl SecretValues {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Empty for a secret that was not read.
    pub fn of(&self, secret: &SecretValue) -> String {
        self.0.get(secret).cloned().unwrap_or_default()
    }

    /// A text in which none of the secrets can be read, also as they are written in JSON and in URLs.
    pub fn masked(&self, text: &str) -> String {
        let mut values: Vec<&String> = self.0.values().collect();
        // The longest first: one may be a part of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let mut masked = text.to_owned();
        for value in values {
            let json = Value::from(value.as_str()).to_string();
            let json = json.trim_start_matches('"').trim_end_matches('"');
            for form in [value.as_str(), json, &crate::domain::hooks::http::url::escaped(value)] {
                masked = masked.replace(form, "***");
            }
        }
        masked
    }

    /// A server's text for a message: masked, on one line, and short.
    pub fn shortened(&self, text: &str) -> String {
        let masked = self.masked(text);
        let words: Vec<&str> = masked
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        let line = words.join(" ");
        match line.char_indices().nth(WORDS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}
