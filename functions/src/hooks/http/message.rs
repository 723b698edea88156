//! A request as it is sent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::driver::fault;
use super::secrets::SecretValues;
use crate::domain::descriptor::{Hook, HttpRequest};
use crate::domain::hooks::http::placeholders::{filled, filled_json};
use crate::domain::hooks::http::url::Url;
use crate::error::Fault;

pub struct Message {
    pub method: String,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// Whether it holds secrets, which another server must not get.
    pub is_secret: bool,
}

/// What cannot be sent: a field, what it holds, and what is allowed there.
pub struct Unsendable {
    field: String,
    value: &'static str,
    allowed: &'static str,
}

impl Unsendable {
    pub fn of(self, hook: &Hook) -> Fault {
        fault(hook, &self.field, self.value, self.allowed)
    }
}

impl Message {
    /// # Errors
    /// The header that cannot be sent with the value of its secret.
    pub fn of_request(
        request: &HttpRequest,
        headers: Option<&BTreeMap<String, String>>,
        key: &str,
        values: &SecretValues,
    ) -> Result<Self, Unsendable> {
        let (body, kind) = match &request.body {
            Value::Null => (None, ""),
            Value::String(text) => (
                Some(filled(text, &|secret| values.of(secret))),
                "text/plain; charset=utf-8",
            ),
            json => (
                Some(filled_json(json, &|secret| values.of(secret)).to_string()),
                "application/json",
            ),
        };
        let mut message = Self::of(&request.method, &request.url, headers, values)?;
        let names_kind = message
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if body.is_some() && !names_kind {
            message.headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        message.headers.push(("idempotency-key".to_owned(), key.to_owned()));
        message.body = body;
        Ok(message)
    }

    /// # Errors
    /// As [`Message::of_request`].
    pub fn of_poll(
        url: &str,
        headers: Option<&BTreeMap<String, String>>,
        values: &SecretValues,
    ) -> Result<Self, Unsendable> {
        Self::of("GET", url, headers, values)
    }

    fn of(
        method: &str,
        url: &str,
        headers: Option<&BTreeMap<String, String>>,
        values: &SecretValues,
    ) -> Result<Self, Unsendable> {
        let url = Url::parse(url).ok_or_else(|| Unsendable {
            field: "url".to_owned(),
            value: "what is no URL",
            allowed: "a URL of a server",
        })?;
        let mut sent = Vec::new();
        for (name, text) in headers.into_iter().flatten() {
            let value = filled(text, &|secret| values.of(secret));
            // A line feed would begin another header.
            if !value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
                return Err(Unsendable {
                    field: format!("headers.{name}"),
                    value: "a secret with other characters than visible ASCII ones, such as a line feed at its end,",
                    allowed: "a secret of visible ASCII characters",
                });
            }
            sent.push((name.clone(), value));
        }
        if !sent.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
            sent.push(("accept".to_owned(), "application/json, */*;q=0.5".to_owned()));
        }
        if !sent.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
            sent.push(("user-agent".to_owned(), "holdfast".to_owned()));
        }
        Ok(Self {
            method: method.to_owned(),
            url,
            headers: sent,
            body: None,
            is_secret: !values.is_empty(),
        })
    }
}
