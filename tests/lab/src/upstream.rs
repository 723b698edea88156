//! The client of MiniStack: calls are passed on unchanged, byte for byte.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::service::{Answer, Call};

/// MiniStack keeps a connection open for 75 seconds after its last response.
const KEEP: Duration = Duration::from_secs(20);

/// A client of the MiniStack on a port of this machine.
#[derive(Debug)]
pub struct Upstream {
    port: u16,
    /// Connections that have had a response, and when: a new one for each call costs MiniStack as much as the call.
    idle: Mutex<Vec<(Instant, SendRequest<Body>)>>,
}

/// Why MiniStack did not respond.
#[derive(Debug)]
pub struct UpstreamError(String);

impl std::fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "MiniStack did not respond: {} (see ministack.log in the lab's directory)",
            self.0
        )
    }
}

impl std::error::Error for UpstreamError {}

impl Upstream {
    /// A client of `127.0.0.1:port`.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self {
            port,
            idle: Mutex::default(),
        }
    }

    /// Passes a call on and returns the response.
    ///
    /// # Errors
    /// If there is no connection or no complete response.
    pub async fn pass_on(&self, call: &Call) -> Result<Answer, UpstreamError> {
        let target = match call.query.as_str() {
            "" => call.path.clone(),
            query => format!("{}?{query}", call.path),
        };
        self.send(call.method.clone(), &target, &call.headers, call.body.clone())
            .await
    }

    /// Makes a call of the lab's own: `service` is the signing name, `target` the `X-Amz-Target` of the JSON
    /// protocols, empty for the others.
    ///
    /// # Errors
    /// If there is no connection or no complete response.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        service: &str,
        target: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, UpstreamError> {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            crate::world::REGION
        );
        let content_type = if target.is_empty() {
            "application/json"
        } else {
            "application/x-amz-json-1.0"
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", credential.as_str()),
            ("content-type", content_type),
            ("x-amz-target", target),
        ] {
            if let (false, Ok(value)) = (value.is_empty(), value.parse()) {
                headers.insert(name, value);
            }
        }
        self.send(method, path, &headers, body.into()).await
    }

    async fn send(
        &self,
        method: Method,
        target: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answer, UpstreamError> {
        let failed = |error: &dyn std::fmt::Display| UpstreamError(error.to_string());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut sender = match self.idle_connection() {
            Some(sender) => sender,
            None => connect(address).await?,
        };
        let head = method == Method::HEAD;
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            let ours = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
            if !ours.contains(name) && name.as_str() != "expect" {
                request = request.header(name, value);
            }
        }
        if !headers.contains_key(HOST) {
            request = request.header(HOST, address.to_string());
        }
        request = request.header(CONTENT_LENGTH, body.len());
        let request = request.body(Body::from(body)).map_err(|e| failed(&e))?;
        let response = sender.send_request(request).await.map_err(|e| failed(&e))?;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(Body::new(body), usize::MAX)
            .await
            .map_err(|e| failed(&e))?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((Instant::now(), sender));
        let dropped = |name: &hyper::header::HeaderName| {
            [CONNECTION, TRANSFER_ENCODING].contains(name) || (name == CONTENT_LENGTH && !head)
        };
        let headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .filter(|(name, _)| !dropped(name))
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let status = parts.status.as_u16();
        let error_code = (status >= 400).then(|| crate::call::error_code(&parts.headers, &body));
        Ok(Answer {
            status,
            headers,
            content_type: String::new(),
            body,
            error_code,
        })
    }

    /// The connection that was used last, if it is still usable.
    fn idle_connection(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, sender)| since.elapsed() < KEEP && !sender.is_closed());
        let ready = idle.iter().rposition(|(_, sender)| sender.is_ready())?;
        Some(idle.remove(ready).1)
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Body>, UpstreamError> {
    let failed = |error: &dyn std::fmt::Display| UpstreamError(error.to_string());
    let stream = TcpStream::connect(address).await.map_err(|e| failed(&e))?;
    let _ = stream.set_nodelay(true);
    let (sender, connection) = hyper::client::conn::http1::Builder::new()
        .preserve_header_case(true)
        .handshake::<_, Body>(TokioIo::new(stream))
        .await
        .map_err(|e| failed(&e))?;
    tokio::spawn(connection);
    Ok(sender)
}
