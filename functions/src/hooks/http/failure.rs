//! Why a request has no response, and what that means for its hook.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::domain::hooks::http::url::Url;
use crate::error::Error;

/// Why there is no response.
pub enum Failure {
    /// The entry of the stack's list of addresses that is no range.
    WrongSetting(String),
    /// What address its host has.
    NotAllowed(String),
    /// The host, and why it has no address.
    Unresolved(String, String),
    /// What is wrong with a redirect, which "leads to …".
    Redirect(String),
    Certificate(String),
    Broken(String),
    /// After so many seconds.
    TimedOut(u64),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongSetting(entry) => write!(
                f,
                "the stack's parameter HttpHookAddresses has {entry}, which is no range"
            ),
            Self::NotAllowed(why) => write!(f, "its host has {why}"),
            Self::Unresolved(host, why) => write!(f, "{host} cannot be resolved: {why}"),
            Self::Redirect(why) => write!(f, "its redirect {why}"),
            Self::Certificate(why) => write!(f, "the certificate of its server is not valid: {why}"),
            Self::Broken(why) => write!(f, "the connection failed: {why}"),
            Self::TimedOut(seconds) => write!(f, "there was no whole response within {seconds} s"),
        }
    }
}

impl Failure {
    pub fn of_connector(error: ConnectorError) -> Self {
        let (mut next, mut last): (Option<&(dyn StdError + 'static)>, _) = (Some(&error), String::new());
        while let Some(error) = next {
            if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref::<rustls::Error>() {
                return Self::Certificate(format!("{why:?}"));
            }
            last = error.to_string();
            // An I/O error's source is that of its payload.
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(payload) => Some(payload),
                None => error.source(),
            };
        }
        Self::Broken(last)
    }

    /// The same for a server to which a redirect led: by then, something was sent.
    pub fn after_redirect(self, url: &Url) -> Self {
        match self {
            Self::NotAllowed(why) => Self::Redirect(format!("leads to {}, which has {why}", url.without_query())),
            other => other,
        }
    }

    /// Whether asking again later may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unresolved(..) | Self::Broken(_) | Self::TimedOut(_))
    }

    pub fn wrong_setting(entry: &str) -> Error {
        let allowed =
            "ranges such as 10.0.0.0/8 with commas between them, or none; correct it and deploy the stack again";
        Error::invalid("parameters.HttpHookAddresses", entry, allowed)
    }

    /// `sending` is what was being done: `quiescing: PUT https://… of hook maintenance`.
    /// `next` is what a person does once the cause is corrected.
    pub fn into_error(self, sending: impl fmt::Display, next: &str) -> Error {
        let head = format!("{sending}: {self}");
        match self {
            Self::WrongSetting(entry) => Self::wrong_setting(&entry),
            Self::NotAllowed(_) => Error::AccessDenied(format!(
                "{head}. Nothing was sent. Correct the URL, or allow the address by the stack's parameter HttpHookAddresses"
            )),
            Self::Redirect(_) => Error::JobFailed(format!(
                "{head}. Name in the descriptor where the server really is, then {next}"
            )),
            Self::Certificate(_) => Error::JobFailed(format!(
                "{head}. Its certificate has to name the host, and a public authority has to have signed it. Correct it, then {next}"
            )),
            Self::Unresolved(..) | Self::Broken(_) | Self::TimedOut(_) => Error::Unavailable(format!(
                "{head}. Check that the server is up and can be reached from the Internet, where Holdfast's functions are; it is tried again"
            )),
        }
    }
}
