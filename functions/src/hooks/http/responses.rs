//! What the response to a request means for its hook.

use std::fmt;

use super::super::driver::Call;
use super::secrets::SecretValues;
use super::web::Answer;
use crate::domain::descriptor::HttpRequest;
use crate::domain::hooks::http::target;
use crate::error::Error;

/// What was being done, at the beginning of an error's sentence: `quiescing: PUT https://… of hook maintenance`.
pub struct Sending {
    head: String,
    hook: String,
    /// What a person does once the cause of a failure is corrected.
    pub next: &'static str,
}

impl fmt::Display for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of hook {}", self.head, self.hook)
    }
}

impl Sending {
    pub fn new(call: Call<'_>, undo: bool, request: &HttpRequest) -> Self {
        Self {
            head: format!("{}: {}", call.doing(undo), target(request)),
            hook: call.hook.name.clone(),
            next: call.next(undo),
        }
    }

    pub fn polling(call: Call<'_>, undo: bool, url: &str) -> Self {
        Self {
            head: format!("{}: GET {url}", call.doing(undo)),
            hook: call.hook.name.clone(),
            next: call.next(undo),
        }
    }

    pub fn failed(&self, why: &str) -> Error {
        Error::JobFailed(format!(
            "{self}: {why}. Correct the hook in the descriptor, then {}",
            self.next
        ))
    }
}

/// The error for a status that is not expected.
pub fn unexpected(sending: &Sending, answer: &Answer, values: &SecretValues) -> Error {
    let (status, text) = (answer.status, answer.text(values));
    let head = format!("{sending} returned HTTP {status}: {text}");
    let asked = match &answer.retry_after {
        Some(after) => format!(" The server asks to wait (Retry-After: {}).", values.shortened(after)),
        None => String::new(),
    };
    match status {
        429 => Error::Throttled(format!(
            "{head}.{asked} Trying again may help; if this continues, raise the server's limit"
        )),
        408 | 425 | 502..=504 => Error::Unavailable(format!(
            "{head}.{asked} Trying again may help; if this continues, look at the server's log"
        )),
        300..=399 => {
            let location = answer.location.as_deref().unwrap_or("nowhere");
            Error::JobFailed(format!(
                "{head}. It is redirected to {}; after such a redirect a request that changes something is not repeated. Name that URL in the \
                 descriptor, or the status in `expected_status` if it means success",
                values.shortened(location)
            ))
        }
        401 | 403 => Error::JobFailed(format!(
            "{head}. Check the secret in its headers, and what the server allows its owner, then {}",
            sending.next
        )),
        _ => Error::JobFailed(format!(
            "{head}. Correct what the server reports, or name the status in `expected_status` if it means success; then {}",
            sending.next
        )),
    }
}

/// The error for work that has failed, as its poll shows.
pub fn failed_poll(sending: &Sending, told: &str) -> Error {
    Error::JobFailed(format!(
        "{sending}: its work has failed, by {told}. See the server's log, correct it, then {}",
        sending.next
    ))
}
