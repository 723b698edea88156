//! The hook that sends a request to a server of the deployment, and polls a URL until the work has ended.
//!
//! HTTP has no way to ask whether a request was received. That it is about to be sent is recorded before it is, and what its response
//! said afterwards: a request whose response was lost is sent again, with the same `Idempotency-Key`, by which a server may recognize
//! it; one that was never sent has nothing to undo.
//! Source: <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.

mod failure;
mod message;
mod responses;
mod secrets;
mod transport;
mod web;

use async_trait::async_trait;
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::message::Message;
use self::responses::{Sending, failed_poll, unexpected};
use self::secrets::{SecretValues, Secrets};
use self::transport::Internet;
use self::web::{Answer, Web};
use super::driver::{Call, HookDriver, HookProgress, HookSettings, fault, wrong_action};
use crate::domain::descriptor::{Hook, HookAction, Http, HttpPoll, HttpRequest};
use crate::domain::hooks::http::addresses::AllowedAddresses;
use crate::domain::hooks::http::polling::{Outcome, example_url, needs_response, outcome, poll_url};
use crate::domain::hooks::http::url::Url;
use crate::domain::names;
use crate::error::{Class, Error, Fault, Result};

/// Sends requests.
pub struct HttpHook {
    secrets: Secrets,
    web: Web,
}

/// What the run's record has of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Which request: its `Idempotency-Key`.
    key: String,
    /// Whether its response was as expected; if not, it may have been sent, and it may not.
    #[serde(default)]
    sent: bool,
    /// The URL that is polled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    poll: Option<String>,
}

impl Note {
    fn of(noted: &Value) -> Option<Self> {
        serde_json::from_value(noted.clone()).ok()
    }

    fn progress(&self) -> Result<HookProgress> {
        let note = serde_json::to_value(self);
        note.map(HookProgress::Noted)
            .map_err(|error| Error::JobFailed(format!("noting a request: {error}")))
    }
}

impl HttpHook {
    pub fn from_config(aws: &SdkConfig, settings: &HookSettings) -> Self {
        let allowed = settings.http_addresses.as_deref().map(AllowedAddresses::parse);
        Self {
            secrets: Secrets::from_config(aws),
            web: Web::new(Internet, allowed),
        }
    }

    async fn advance(&self, call: Call<'_>, undo: bool) -> Result<HookProgress> {
        let http = http_of(call.hook)?;
        let Some(request) = http.request(undo) else {
            return Err(wrong_action("http with `undo`", call.hook));
        };
        let key = key_of(call, undo);
        let own = if undo { call.undo_noted } else { call.noted };
        match Note::of(own).filter(|note| note.key == key) {
            None => {
                if undo {
                    let Some(act) = Note::of(call.noted) else {
                        return Ok(HookProgress::Done);
                    };
                    if let Some(told) = self.work_in_progress(call, &http.request, &act).await? {
                        return Ok(HookProgress::InProgress(format!("its own work to end: {told}")));
                    }
                }
                // What can be wrong before it is sent.
                let (_, message) = self.message(call, http, request, &key).await?;
                let sending = Sending::new(call, undo, request);
                let ready = self.web.ensure_reachable(&message).await;
                ready.map_err(|failure| failure.into_error(&sending, sending.next))?;
                let note = Note {
                    key,
                    sent: false,
                    poll: None,
                };
                note.progress()
            }
            Some(note) if !note.sent => self.send(call, undo, request, note).await,
            Some(note) => match (&note.poll, &request.poll) {
                (Some(polled), Some(poll)) => match self.look(call, undo, request, poll, polled).await? {
                    (Outcome::Succeeded, _) => Ok(HookProgress::Done),
                    (Outcome::Failed, told) => Err(failed_poll(&Sending::new(call, undo, request), &told)),
                    (Outcome::InProgress, told) => Ok(HookProgress::InProgress(told)),
                },
                _ => Ok(HookProgress::Done),
            },
        }
    }

    /// What an undo waits for: one that ends before the work that it undoes has undone nothing of it.
    async fn work_in_progress(&self, call: Call<'_>, request: &HttpRequest, act: &Note) -> Result<Option<String>> {
        let (true, Some(polled), Some(poll)) = (call.is_working, &act.poll, &request.poll) else {
            return Ok(None);
        };
        match self.look(call, true, request, poll, polled).await {
            Ok((Outcome::InProgress, told)) => Ok(Some(told)),
            Err(error) if error.class() != Class::Final => Err(error),
            // If it cannot be asked, the hook may have failed for that reason: it is undone all the same.
            Ok(_) | Err(_) => Ok(None),
        }
    }

    async fn message(
        &self,
        call: Call<'_>,
        http: &Http,
        request: &HttpRequest,
        key: &str,
    ) -> Result<(SecretValues, Message)> {
        let headers = http.headers(request);
        let values = self.secrets.read(call.hook, headers, &request.body).await?;
        let message = Message::of_request(request, headers, key, &values);
        let message = message.map_err(|fault| Error::InvalidInput(vec![fault.of(call.hook)]))?;
        Ok((values, message))
    }

    async fn send(&self, call: Call<'_>, undo: bool, request: &HttpRequest, note: Note) -> Result<HookProgress> {
        let http = http_of(call.hook)?;
        let sending = Sending::new(call, undo, request);
        let (values, message) = self.message(call, http, request, &note.key).await?;
        let is_expected = |status: u16| match request.expected_status.is_empty() {
            true => (200..300).contains(&status),
            false => request.expected_status.contains(&status),
        };
        let sent = self
            .web
            .exchange(&message, call.hook.timeout_seconds, is_expected)
            .await;
        let answer = sent.map_err(|failure| failure.into_error(&sending, sending.next))?;
        if !is_expected(answer.status) {
            return Err(unexpected(&sending, &answer, &values));
        }
        let poll = match &request.poll {
            Some(poll) => Some(polled(poll, &answer, &values).map_err(|why| sending.failed(&why))?),
            None => None,
        };
        let note = Note {
            sent: true,
            poll,
            ..note
        };
        note.progress()
    }

    /// What a poll shows, and the same in words.
    async fn look(
        &self,
        call: Call<'_>,
        undo: bool,
        request: &HttpRequest,
        poll: &HttpPoll,
        polled: &str,
    ) -> Result<(Outcome, String)> {
        let headers = http_of(call.hook)?.poll_headers(request, poll);
        let values = self.secrets.read(call.hook, headers, &Value::Null).await?;
        let message = Message::of_poll(polled, headers, &values);
        let message = message.map_err(|fault| Error::InvalidInput(vec![fault.of(call.hook)]))?;
        let named = |status: u16| {
            let conditions = [Some(&poll.success), poll.failure.as_ref()];
            conditions
                .into_iter()
                .flatten()
                .any(|condition| condition.status.contains(&status))
        };
        let shown = message.url.without_query();
        match self.web.exchange(&message, call.hook.timeout_seconds, named).await {
            Ok(answer) => {
                let outcome = outcome(poll, answer.status, answer.json().as_ref());
                Ok((
                    outcome,
                    format!("GET {shown}, which returned {}", told(poll, &answer, &values)),
                ))
            }
            // An application that restarts does not respond for a while: the hook's timeout decides.
            Err(failure) if failure.is_passing() => Ok((Outcome::InProgress, format!("GET {shown}: {failure}"))),
            Err(failure) => {
                let sending = Sending::polling(call, undo, &shown);
                Err(failure.into_error(&sending, sending.next))
            }
        }
    }
}

#[async_trait]
impl HookDriver for HttpHook {
    /// Sends nothing. Outside of the stack's functions, a host may have other addresses, and the secrets are not read.
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let http = http_of(hook)?;
        if !self.web.knows_addresses() {
            return Ok(None);
        }
        for undo in [false, true] {
            let Some(request) = http.request(undo) else { continue };
            let prefix = if undo { "undo." } else { "" };
            let polled = request
                .poll
                .as_ref()
                .map(|poll| (format!("{prefix}poll.url"), &poll.url));
            for (field, text) in [(format!("{prefix}url"), &request.url)].into_iter().chain(polled) {
                let Some(url) = example_url(text) else { continue };
                if let Some(fault) = self.web.fault(hook, &field, &url).await? {
                    return Ok(Some(fault));
                }
            }
            let headers = [
                http.headers(request),
                request.poll.as_ref().and_then(|poll| http.poll_headers(request, poll)),
            ];
            for (headers, body) in headers.into_iter().zip([&request.body, &Value::Null]) {
                let read = match self.secrets.read(hook, headers, body).await {
                    Ok(values) => Message::of_request(request, headers, "", &values)
                        .map_err(|fault| fault.of(hook))
                        .err()
                        .or_else(|| shown_secret(hook, prefix, request, &values)),
                    Err(Error::InvalidInput(faults)) => faults.into_iter().next(),
                    Err(error) => return Err(error),
                };
                if read.is_some() {
                    return Ok(read);
                }
            }
        }
        Ok(None)
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, false).await
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, true).await
    }
}

fn http_of(hook: &Hook) -> Result<&Http> {
    match &hook.action {
        HookAction::Http(http) => Ok(http),
        _ => Err(wrong_action("http", hook)),
    }
}

/// The same for every attempt to send one request. An undo follows what its work noted: one from before it undoes nothing of it.
fn key_of(call: Call<'_>, undo: bool) -> String {
    let after = if undo { call.noted.to_string() } else { String::new() };
    let parts = [
        &call.run.id,
        &call.hook.name,
        call.action(undo),
        &call.attempt.to_string(),
        &after,
    ];
    names::digest(&parts.join("/"))[..32].to_owned()
}

/// A secret in the fixed part of a poll's URL, which is recorded.
fn shown_secret(hook: &Hook, prefix: &str, request: &HttpRequest, values: &SecretValues) -> Option<Fault> {
    let poll = request
        .poll
        .as_ref()
        .filter(|poll| values.masked(&poll.url) != poll.url)?;
    let found = format!(
        "{}, which holds a value of the secrets that the request sends,",
        values.masked(&poll.url)
    );
    Some(fault(
        hook,
        &format!("{prefix}poll.url"),
        found,
        "a URL without it: the URL is recorded",
    ))
}

/// The URL to poll.
///
/// # Errors
/// Why there is none.
fn polled(poll: &HttpPoll, answer: &Answer, values: &SecretValues) -> std::result::Result<String, String> {
    if needs_response(poll) && answer.is_cut {
        return Err("its response is too long to read the value from it that `poll.url` needs".to_owned());
    }
    let url = poll_url(poll, answer.json().as_ref()).map_err(|pointer| {
        format!(
            "its response has no text or number at {pointer}, which `poll.url` needs: {}",
            answer.text(values)
        )
    })?;
    // It is recorded.
    match Url::parse(&url).is_some() && values.masked(&url) == url {
        true => Ok(url),
        false => Err("with the value from its response, `poll.url` is no URL, or holds a secret".to_owned()),
    }
}

/// What a poll returned: `HTTP 200 with RUNNING at /status`.
fn told(poll: &HttpPoll, answer: &Answer, values: &SecretValues) -> String {
    let status = format!("HTTP {}", answer.status);
    let Some(pointer) = &poll.success.pointer else {
        return status;
    };
    match answer.json() {
        _ if answer.is_cut => format!("{status} with a response that is too long to be read"),
        None => format!("{status} without JSON"),
        Some(body) => match body.pointer(pointer) {
            Some(found) => format!("{status} with {} at {pointer}", values.shortened(&found.to_string())),
            None => format!("{status} with nothing at {pointer}"),
        },
    }
}

#[cfg(test)]
mod tests;
