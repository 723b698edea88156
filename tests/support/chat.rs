//! The server of an application that is switched to maintenance, and builds its index, over HTTP. Each takes until it was asked once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What its administrator has to send.
pub const TOKEN: &str = "chat-t0ken";

/// How it treats one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 503, without an effect.
    Unavailable,
    /// HTTP 500, without an effect.
    Failed,
    /// The connection ends after the effect, without a response.
    Lost,
}

#[derive(Default)]
struct State {
    /// Whether it is in maintenance, and whether it will be once it was asked.
    maintenance: bool,
    wanted: Option<bool>,
    /// Tasks, and whether each has succeeded.
    tasks: Vec<bool>,
    /// Method, path, and the key by which it can be recognized.
    requests: Vec<(String, String)>,
    /// By the number of a request.
    faults: BTreeMap<usize, Fault>,
}

pub struct Chat {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Chat {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move { serve(connection, &state).await });
            }
        });
        Ok(Self { port, state })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Lets the request with this number, from now on, fail.
    pub fn fail(&self, number: usize, fault: Fault) {
        let mut state = locked(&self.state);
        let number = state.requests.len() + number;
        state.faults.insert(number, fault);
    }

    /// How many requests there were, and forgets faults that none of them reached.
    pub fn heal(&self) -> usize {
        let mut state = locked(&self.state);
        state.faults.clear();
        state.requests.len()
    }

    pub fn is_in_maintenance(&self) -> bool {
        let state = locked(&self.state);
        state.wanted.unwrap_or(state.maintenance)
    }

    /// Tasks that were begun and have succeeded.
    pub fn tasks(&self) -> Vec<bool> {
        locked(&self.state).tasks.clone()
    }

    /// Keys of the requests that change something.
    pub fn keys(&self) -> Vec<String> {
        let state = locked(&self.state);
        let changing = state.requests.iter().filter(|(method, _)| method != "GET");
        changing.map(|(_, key)| key.clone()).collect()
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut connection: TcpStream, state: &Mutex<State>) -> Result<()> {
    let request = read(&mut connection).await?;
    let Some((status, body)) = respond(&request, &mut locked(state)) else {
        return Ok(());
    };
    let body = body.to_string();
    let response = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(response.as_bytes()).await?;
    Ok(connection.shutdown().await?)
}

struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

async fn read(connection: &mut TcpStream) -> Result<Request> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = connection.read(&mut part).await?;
        anyhow::ensure!(read > 0, "the request ends early");
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .map_or(Ok(0), |length| length.parse::<usize>())?;
        if body.len() >= length {
            return Ok(Request {
                method: first.next().context("no method")?.to_owned(),
                path: first.next().context("no path")?.to_owned(),
                body: serde_json::from_str(body).unwrap_or_default(),
                headers,
            });
        }
    }
}

/// `None` for no response.
fn respond(request: &Request, state: &mut State) -> Option<(u16, Value)> {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let fault = state.faults.remove(&state.requests.len());
    state.requests.push((request.method.clone(), header("idempotency-key")));
    match fault {
        Some(Fault::Unavailable) => return Some((503, json!({ "message": "starting" }))),
        Some(Fault::Failed) => return Some((500, json!({ "message": "out of order" }))),
        Some(Fault::Lost) | None => {}
    }
    let response = match (request.method.as_str(), request.path.trim_start_matches('/')) {
        _ if header("authorization") != format!("Bearer {TOKEN}") => (401, json!({ "message": "who are you?" })),
        ("PUT", "maintenance") => {
            state.wanted = request.body["enabled"].as_bool();
            (202, json!({}))
        }
        ("GET", "maintenance") => {
            let shown = state.maintenance;
            state.maintenance = state.wanted.take().unwrap_or(shown);
            (200, json!({ "enabled": shown }))
        }
        ("POST", "index") => {
            state.tasks.push(false);
            (202, json!({ "task": state.tasks.len() - 1 }))
        }
        ("GET", path) => {
            let number: Option<usize> = path.strip_prefix("tasks/").and_then(|number| number.parse().ok());
            match number.and_then(|number| state.tasks.get_mut(number)) {
                Some(task) => {
                    let status = if std::mem::replace(task, true) {
                        "SUCCEEDED"
                    } else {
                        "RUNNING"
                    };
                    (200, json!({ "status": status }))
                }
                None => (404, json!({})),
            }
        }
        _ => (404, json!({})),
    };
    (fault != Some(Fault::Lost)).then_some(response)
}
