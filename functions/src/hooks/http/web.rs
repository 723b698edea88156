//! One request and its response: to addresses that may be reached, through redirects, within a limit of time and size.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use tokio::time::timeout;

use super::super::driver::fault;
use super::failure::Failure;
use super::message::Message;
use super::secrets::SecretValues;
use super::transport::Transport;
use crate::domain::descriptor::Hook;
use crate::domain::hooks::http::addresses::AllowedAddresses;
use crate::domain::hooks::http::url::Url;
use crate::error::{Error, Fault, Result};

/// How long a request may take, with its redirects and the reading of its response.
const LONGEST_SECONDS: u64 = 20;
const MOST_REDIRECTS: usize = 5;
/// Bytes of a response that are read.
const LARGEST: usize = 256 * 1024;

pub struct Web {
    transport: Arc<dyn Transport>,
    /// `None` outside of the stack's functions; an error for a list that cannot be read.
    allowed: Option<std::result::Result<AllowedAddresses, String>>,
}

/// A response.
pub struct Answer {
    pub status: u16,
    /// Seconds, or a time, after which the server asks to be asked again.
    pub retry_after: Option<String>,
    /// Where a redirect leads that was not followed.
    pub location: Option<String>,
    body: Vec<u8>,
    /// Whether the body is longer than what was read.
    pub is_cut: bool,
}

impl Answer {
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body for a message.
    pub fn text(&self, values: &SecretValues) -> String {
        match values.shortened(&String::from_utf8_lossy(&self.body)) {
            text if text.is_empty() => "no text".to_owned(),
            text => text,
        }
    }
}

impl Web {
    pub fn new(
        transport: impl Transport + 'static,
        allowed: Option<std::result::Result<AllowedAddresses, String>>,
    ) -> Self {
        Self {
            transport: Arc::new(transport),
            allowed,
        }
    }

    pub fn knows_addresses(&self) -> bool {
        self.allowed.is_some()
    }

    /// Why a URL of a hook cannot be called; `None` if it can.
    ///
    /// # Errors
    /// `NotFound` if its host has no address now.
    pub async fn fault(&self, hook: &Hook, field: &str, url: &Url) -> Result<Option<Fault>> {
        match self.addresses(url).await {
            Ok(_) => Ok(None),
            Err(Failure::NotAllowed(why)) => {
                let allowed = "a server with public addresses over https, or one in the ranges of the stack's parameter HttpHookAddresses";
                Ok(Some(fault(
                    hook,
                    field,
                    format!("{}, which has {why},", url.host),
                    allowed,
                )))
            }
            Err(Failure::WrongSetting(entry)) => Err(Failure::wrong_setting(&entry)),
            Err(other) => Err(Error::NotFound(format!(
                "looking for {} of hook {}: {other}",
                url.host, hook.name
            ))),
        }
    }

    /// # Errors
    /// Why the message's server may not be called. Nothing is sent.
    pub async fn ensure_reachable(&self, message: &Message) -> std::result::Result<(), Failure> {
        self.addresses(&message.url).await.map(drop)
    }

    /// Sends a message and reads the response, through redirects unless their status is the one that is `wanted`.
    pub async fn exchange(
        &self,
        message: &Message,
        hook_seconds: u64,
        wanted: impl Fn(u16) -> bool,
    ) -> std::result::Result<Answer, Failure> {
        let seconds = hook_seconds.min(LONGEST_SECONDS);
        let exchanged = timeout(Duration::from_secs(seconds), self.followed(message, wanted)).await;
        exchanged.unwrap_or(Err(Failure::TimedOut(seconds)))
    }

    async fn followed(&self, message: &Message, wanted: impl Fn(u16) -> bool) -> std::result::Result<Answer, Failure> {
        let mut url = message.url.clone();
        for hop in 0..=MOST_REDIRECTS {
            let addresses = match self.addresses(&url).await {
                Err(failure) if hop > 0 => return Err(failure.after_redirect(&url)),
                addresses => addresses?,
            };
            let response = self.transport.send(wire(message, &url)?, addresses).await;
            let response = response.map_err(Failure::of_connector)?;
            let status = response.status().as_u16();
            let location = response.headers().get("location").map(str::to_owned);
            let next = location
                .as_deref()
                .filter(|_| !wanted(status) && is_followed(&message.method, status));
            let Some(next) = next else {
                return answer(response, location).await;
            };
            let next = url
                .join(next)
                .ok_or(Failure::Redirect("is no URL of a server".to_owned()))?;
            if message.is_secret && !url.may_hand_on_to(&next) {
                let why = format!(
                    "leads to {}, another server, which does not get the secrets of this one",
                    next.without_query()
                );
                return Err(Failure::Redirect(why));
            }
            url = next;
        }
        Err(Failure::Redirect(format!("is the {}th", MOST_REDIRECTS + 1)))
    }

    async fn addresses(&self, url: &Url) -> std::result::Result<Vec<IpAddr>, Failure> {
        let allowed = match &self.allowed {
            Some(Ok(allowed)) => allowed,
            Some(Err(entry)) => return Err(Failure::WrongSetting(entry.clone())),
            None => return Err(Failure::WrongSetting("(missing)".to_owned())),
        };
        let found = match url.address() {
            Some(address) => Ok(vec![address]),
            None => self.transport.resolve(&url.host).await,
        };
        let found = found.map_err(|error| Failure::Unresolved(url.host.clone(), error.to_string()))?;
        if found.is_empty() {
            return Err(Failure::Unresolved(url.host.clone(), "it has no address".to_owned()));
        }
        // All of them: which one is connected to is not known beforehand.
        match found.iter().find_map(|address| allowed.refusal(*address, url.is_plain)) {
            Some(why) => Err(Failure::NotAllowed(why)),
            None => Ok(found),
        }
    }
}

/// A request that changes something is repeated only where its method and body stay: after 301 to 303, browsers read the new URL instead,
/// and success would be that of reading.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#name-redirection-3xx>.
fn is_followed(method: &str, status: u16) -> bool {
    matches!((method, status), (_, 307 | 308) | ("GET", 301..=303))
}

fn wire(message: &Message, url: &Url) -> std::result::Result<HttpRequest, Failure> {
    let body = message
        .body
        .as_ref()
        .map_or_else(SdkBody::empty, |body| SdkBody::from(body.as_str()));
    let mut request = HttpRequest::new(body);
    let unsendable = |_| Failure::Broken("the request cannot be written".to_owned());
    request.set_method(&message.method).map_err(unsendable)?;
    request.set_uri(url.to_string()).map_err(unsendable)?;
    for (name, value) in &message.headers {
        let named = request.headers_mut().try_append(name.clone(), value.clone());
        named.map_err(unsendable)?;
    }
    Ok(request)
}

async fn answer(response: HttpResponse, location: Option<String>) -> std::result::Result<Answer, Failure> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").map(str::to_owned);
    let mut stream = ByteStream::new(response.into_body());
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(read) = stream.next().await {
        let read = read.map_err(|error| Failure::Broken(error.to_string()))?;
        let room = LARGEST - body.len();
        body.extend_from_slice(&read[..read.len().min(room)]);
        if read.len() > room {
            is_cut = true;
            break;
        }
    }
    Ok(Answer {
        status,
        retry_after,
        location,
        body,
        is_cut,
    })
}
