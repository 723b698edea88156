//! The endpoint of one started function: a Lambda runtime API with one event, and an AWS that refuses every call. Each process
//! gets a port of its own, so that an earlier process can neither take its event nor send its response.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The first response of a function, and its time.
pub struct Answer {
    pub at: Instant,
    /// The output, or `errorType` and `errorMessage`.
    pub body: Value,
    /// AWS calls that were refused before it.
    pub calls: usize,
}

/// One process's runtime API and AWS.
pub struct Endpoint {
    /// `127.0.0.1:<port>`.
    pub address: String,
    pub answer: oneshot::Receiver<Answer>,
    server: JoinHandle<()>,
}

struct Desk {
    event: Mutex<Option<String>>,
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
    calls: AtomicUsize,
}

impl Endpoint {
    /// Listens, with the event for the first request.
    pub async fn open(event: &Value) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("opening a port")?;
        let address = listener.local_addr()?.to_string();
        let (sender, answer) = oneshot::channel();
        let desk = Arc::new(Desk {
            event: Mutex::new(Some(event.to_string())),
            answer: Mutex::new(Some(sender)),
            calls: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(answered))
            .fallback(any(refuse))
            .with_state(desk);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            answer,
            server,
        })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The first `next` returns the event; a second one never ends, as in a warm Lambda function without work.
async fn next(State(desk): State<Arc<Desk>>) -> Response {
    let Some(event) = take(&desk.event) else {
        return std::future::pending().await;
    };
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000000"),
        ("Lambda-Runtime-Deadline-Ms", "9999999999999"),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench",
        ),
        ("Content-Type", "application/json"),
    ];
    (headers, event).into_response()
}

async fn answered(State(desk): State<Arc<Desk>>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    if let Some(answer) = take(&desk.answer) {
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let calls = desk.calls.load(Ordering::Relaxed);
        let _ = answer.send(Answer { at, body, calls });
    }
    StatusCode::ACCEPTED
}

/// Access denied, in the call's protocol.
async fn refuse(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    desk.calls.fetch_add(1, Ordering::Relaxed);
    let form = headers
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if form {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>\
                   <RequestId>0</RequestId></ErrorResponse>";
        return (StatusCode::FORBIDDEN, [("content-type", "text/xml")], xml).into_response();
    }
    let body = json!({ "__type": "AccessDeniedException", "message": "no" }).to_string();
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amzn-errortype", "AccessDeniedException"),
    ];
    (StatusCode::BAD_REQUEST, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NEXT: &str = "/2018-06-01/runtime/invocation/next";
    const ERROR: &str = "/2018-06-01/runtime/invocation/1/error";

    #[tokio::test]
    async fn an_answer_comes_with_the_calls_that_were_made_before_it() {
        let mut endpoint = Endpoint::open(&json!({ "n": 1 })).await.unwrap();
        let (http, base) = (reqwest::Client::new(), format!("http://{}", endpoint.address));
        let event: Value = http
            .get(format!("{base}{NEXT}"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(event, json!({ "n": 1 }));
        let call = http.post(&base).body("{}").send().await.unwrap();
        assert_eq!(call.headers()["x-amzn-errortype"], "AccessDeniedException");
        let answer = http
            .post(format!("{base}{ERROR}"))
            .body(r#"{"errorType":"AccessDenied"}"#);
        answer.send().await.unwrap();
        http.post(format!("{base}{ERROR}")).body("{}").send().await.unwrap();
        let first = (&mut endpoint.answer).await.unwrap();
        assert_eq!((first.calls, first.body), (1, json!({ "errorType": "AccessDenied" })));
    }

    #[tokio::test]
    async fn what_an_earlier_process_asks_late_takes_no_event_of_the_next_one() {
        let earlier = Endpoint::open(&json!({ "n": 1 })).await.unwrap();
        let later = Endpoint::open(&json!({ "n": 2 })).await.unwrap();
        let http = reqwest::Client::new();
        let ask = |endpoint: &Endpoint| http.get(format!("http://{}{NEXT}", endpoint.address)).send();
        ask(&earlier).await.unwrap();
        let late = tokio::spawn(ask(&earlier));
        let event: Value = ask(&later).await.unwrap().json().await.unwrap();
        assert_eq!(event, json!({ "n": 2 }));
        assert!(!late.is_finished(), "a warm function without work waits");
        late.abort();
    }
}
