//! A database login, read from Secrets Manager at the moment of use and kept nowhere.

use aws_sdk_secretsmanager::Client;
use serde::Deserialize;

use crate::aws::failure;
use crate::error::{Error, Result};

/// Has no `Debug`: it is never shown.
#[derive(Deserialize)]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

/// Reads the login that a secret's JSON holds as `username` and `password`.
pub async fn read(client: &Client, secret: &str) -> Result<Credentials> {
    let answer = client.get_secret_value().secret_id(secret).send().await;
    let answer = answer.map_err(|error| failure("reading the login in secret", secret, error))?;
    // The error of a JSON parser may quote what it read: it is not passed on.
    answer
        .secret_string()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| {
            Error::invalid(
                format!("secret {secret}"),
                "(not shown)",
                "a JSON object with the strings `username` and `password`, as RDS writes it",
            )
        })
}
