//! The value of a secret, read from Secrets Manager when it is needed and never stored.

use aws_sdk_secretsmanager::Client;

use crate::aws::failure;
use crate::domain::restore::login::document::{self, Credentials};
use crate::error::{Error, Result};

/// A version of a secret. It has no `Debug`, because it must never be printed.
pub struct SecretVersion {
    pub version: String,
    text: Option<String>,
}

impl SecretVersion {
    /// Its login, or what is missing.
    pub fn login(&self) -> Result<Credentials, &'static str> {
        document::credentials(self.text.as_deref().ok_or("a binary value")?)
    }
}

/// Reads a version of a secret; by default the current one.
pub async fn read(client: &Client, secret: &str, version: Option<&str>) -> Result<SecretVersion> {
    let call = client.get_secret_value().secret_id(secret);
    let answer = call.set_version_id(version.map(str::to_owned)).send().await;
    let answer = answer.map_err(|error| failure("reading the login in secret", secret, error))?;
    Ok(SecretVersion {
        version: answer.version_id.unwrap_or_default(),
        text: answer.secret_string,
    })
}

/// The login in a secret's current version.
pub async fn login(client: &Client, secret: &str) -> Result<Credentials> {
    let current = read(client, secret, None).await?;
    current.login().map_err(|found| {
        Error::invalid(
            format!("secret {secret}"),
            found,
            "a JSON object with the strings `username` and `password`, as RDS writes it",
        )
    })
}
