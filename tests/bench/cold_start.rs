//! Each bootstrap is started as Lambda starts it: with a runtime API to ask for its first event, and an AWS endpoint
//! that refuses every call. So each run holds one AWS call, and ends with the first answer, which is the refusal.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const RUNS: usize = 20;

/// What one start showed.
struct Start {
    milliseconds: f64,
    peak_mib: f64,
    calls: usize,
}

/// The answers of a Lambda runtime API and of an AWS that refuses.
#[derive(Clone)]
struct Desk {
    event: Arc<Mutex<Value>>,
    answered: mpsc::Sender<Instant>,
    calls: Arc<Mutex<usize>>,
}

/// Measures all functions, alternating with the bare runtime, and prints the medians.
pub async fn print(functions: &[(String, PathBuf)]) -> Result<()> {
    let bare = holdfast_tests::lab::repository().join("target/lambda/bare/bootstrap");
    let (sender, mut answers) = mpsc::channel(16);
    let desk = Desk {
        event: Arc::default(),
        answered: sender,
        calls: Arc::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(answered))
        .fallback(any(refuse))
        .with_state(desk.clone());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    println!("cold start: process start to first answer, one refused AWS call included; medians of {RUNS}");
    println!(
        "{:<24} {:>9} {:>12} {:>10} {:>9}",
        "function", "ms", "times bare", "peak MiB", "targets"
    );
    let mut bare_starts = Vec::new();
    for (step, bootstrap) in functions {
        let mut starts = Vec::new();
        for _ in 0..RUNS {
            bare_starts.push(start(&bare, &address, json!({}), &desk, &mut answers).await?);
            starts.push(start(bootstrap, &address, event_for(step), &desk, &mut answers).await?);
        }
        let recent = &bare_starts[bare_starts.len() - RUNS..];
        let ratio = median(&starts, |start| start.milliseconds) / median(recent, |start| start.milliseconds);
        let peak = median(&starts, |start| start.peak_mib);
        let verdict = if ratio <= 3.0 && peak < 12.0 { "met" } else { "MISSED" };
        let calls = median(&starts, |start| start.calls as f64);
        let note = if calls < 1.0 { "  (no AWS call was made)" } else { "" };
        println!(
            "{step:<24} {:>9.1} {ratio:>12.2} {peak:>10.1} {verdict:>9}{note}",
            median(&starts, |start| start.milliseconds)
        );
    }
    let bare_peak = median(&bare_starts, |start| start.peak_mib);
    println!(
        "{:<24} {:>9.1} {:>12.2} {bare_peak:>10.1}\n",
        "(lambda_runtime alone)",
        median(&bare_starts, |start| start.milliseconds),
        1.0
    );
    server.abort();
    Ok(())
}

async fn start(
    bootstrap: &Path,
    address: &str,
    event: Value,
    desk: &Desk,
    answers: &mut mpsc::Receiver<Instant>,
) -> Result<Start> {
    *desk.event.lock().map_err(|_| anyhow::anyhow!("a handler panicked"))? = event;
    *desk.calls.lock().map_err(|_| anyhow::anyhow!("a handler panicked"))? = 0;
    let endpoint = format!("http://{address}");
    let started = Instant::now();
    let mut child = Command::new(bootstrap)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "bench"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
            ("CATALOG_TABLE", "catalog"),
            ("ONCALL_TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:on-call"),
            ("BACKUP_VAULT", "vault"),
            ("BACKUP_ROLE_ARN", "arn:aws:iam::000000000000:role/backup"),
            (
                "NIGHTLY_STATE_MACHINE_ARN",
                "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-nightly",
            ),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| bootstrap.display().to_string())?;
    let answer = tokio::time::timeout(Duration::from_secs(30), answers.recv()).await;
    let peak_mib = peak_mib(child.id());
    child.kill()?;
    child.wait()?;
    let answered = answer
        .with_context(|| format!("{} gave no answer", bootstrap.display()))?
        .context("the desk closed")?;
    let calls = *desk.calls.lock().map_err(|_| anyhow::anyhow!("a handler panicked"))?;
    Ok(Start {
        milliseconds: (answered - started).as_secs_f64() * 1000.0,
        peak_mib: peak_mib?,
        calls,
    })
}

/// `VmHWM` of a process that is still there.
fn peak_mib(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .context("no VmHWM")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib / 1024.0)
}

fn median(starts: &[Start], figure: impl Fn(&Start) -> f64) -> f64 {
    let mut figures: Vec<f64> = starts.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The first `next` gets the event; a second one never ends, as in a warm Lambda without work.
async fn next(State(desk): State<Desk>) -> Response {
    let event = desk
        .event
        .lock()
        .map(|mut event| std::mem::take(&mut *event))
        .unwrap_or_default();
    if event.is_null() {
        std::future::pending::<()>().await;
    }
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000000"),
        ("Lambda-Runtime-Deadline-Ms", "9999999999999"),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench",
        ),
        ("Content-Type", "application/json"),
    ];
    (headers, event.to_string()).into_response()
}

async fn answered(State(desk): State<Desk>) -> StatusCode {
    let _ = desk.answered.send(Instant::now()).await;
    StatusCode::ACCEPTED
}

/// Access denied, in the protocol that the call came in.
async fn refuse(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if let Ok(mut calls) = desk.calls.lock() {
        *calls += 1;
    }
    let form = headers
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if form {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>0</RequestId></ErrorResponse>";
        return (StatusCode::FORBIDDEN, [("content-type", "text/xml")], xml).into_response();
    }
    let body = json!({ "__type": "AccessDeniedException", "message": "no" }).to_string();
    (
        StatusCode::BAD_REQUEST,
        [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amzn-errortype", "AccessDeniedException"),
        ],
        body,
    )
        .into_response()
}

/// An event that each step accepts.
fn event_for(step: &str) -> Value {
    let arn = "arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:bench";
    let time = "2026-01-01T00:00:00Z";
    let run =
        json!({ "deployment": "bench", "set": "bench-20260101-000000-0000", "execution": arn, "started_at": time });
    let resource = |kind: Value| {
        let mut resource = json!({ "name": "thing", "deadline_seconds": 3600 });
        if let (Some(all), Some(more)) = (resource.as_object_mut(), kind.as_object()) {
            all.extend(more.clone());
        }
        resource
    };
    let start = |kind: Value| json!({ "run": run, "resource": resource(kind), "now": time });
    let identity = json!({ "event": "backup", "request": { "deployment": "bench" }, "execution": arn, "started_at": time, "failure": null, "now": time });
    let probe = json!({
        "name": "users", "kind": "sql", "sql": "select 1", "cluster": "c", "endpoint": { "host": "127.0.0.1", "port": 5432 },
        "secret": "s", "database": "d", "timeout_seconds": 30,
    });
    match step {
        "list-due-deployments" => json!({ "execution": arn, "started_at": time }),
        "quiesce" | "resume" | "prune-sets" => json!({ "run": run, "now": time }),
        "count-rows" => json!({ "run": run, "probe": probe }),
        "count-items" => {
            json!({ "run": run, "probe": { "name": "rooms", "kind": "items", "table": "t", "resource": "thing", "timeout_seconds": 30 } })
        }
        "snapshot-cluster" => start(json!({ "kind": "aurora", "cluster": "c" })),
        "back-up-file-system" => start(json!({ "kind": "efs", "file_system": "fs-0123456789abcdef0" })),
        "back-up-table" => start(json!({ "kind": "dynamodb", "table": "t" })),
        "check-secrets" => start(json!({ "kind": "secret", "secret": "s" })),
        "poll-status" => json!({ "run": run, "now": time, "job": {
            "resource": resource(json!({ "kind": "aurora", "cluster": "c" })), "status": "in_progress", "wait_seconds": 10, "started_at": time,
            "recovery_point": { "type": "cluster_snapshot", "id": "x", "arn": "arn:aws:rds:us-east-1:000000000000:cluster-snapshot:x" } } }),
        "seal-set" => {
            json!({ "run": run, "groups": [], "probes": [], "failure": null, "now": time })
        }
        "clean-up" => {
            json!({ "version": "0", "id": "1", "source": "aws.states", "detail-type": "Step Functions Execution Status Change", "time": time,
            "account": "000000000000", "region": "us-east-1", "resources": [arn],
            "detail": { "executionArn": arn, "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-backup", "name": "bench",
                "status": "ABORTED", "startDate": 1767225600000i64, "stopDate": 1767225601000i64, "input": "{\"deployment\":\"bench\"}", "output": null } })
        }
        _ => identity,
    }
}
