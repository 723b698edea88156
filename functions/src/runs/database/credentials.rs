//! What a secret holds, read from Secrets Manager at the moment of use and kept nowhere.

use aws_sdk_secretsmanager::Client;

use crate::aws::failure;
use crate::domain::restore::login::document::{self, Credentials};
use crate::error::{Error, Result};

/// A version of a secret. Has no `Debug`: it is never shown.
pub struct SecretVersion {
    pub version: String,
    text: Option<String>,
}

impl SecretVersion {
    /// The login in it; else what is missing.
    pub fn login(&self) -> Result<Credentials, &'static str> {
        document::credentials(self.text.as_deref().ok_or("a binary value")?)
    }
}

/// Reads a secret: this version of it, or the current one.
pub async fn read(client: &Client, secret: &str, version: Option<&str>) -> Result<SecretVersion> {
    let call = client.get_secret_value().secret_id(secret);
    let answer = call.set_version_id(version.map(str::to_owned)).send().await;
    let answer = answer.map_err(|error| failure("reading the login in secret", secret, error))?;
    Ok(SecretVersion {
        version: answer.version_id.unwrap_or_default(),
        text: answer.secret_string,
    })
}

/// The login that a secret holds now.
pub async fn login(client: &Client, secret: &str) -> Result<Credentials> {
    let held = read(client, secret, None).await?;
    held.login().map_err(|found| {
        Error::invalid(
            format!("secret {secret}"),
            found,
            "a JSON object with the strings `username` and `password`, as RDS writes it",
        )
    })
}
