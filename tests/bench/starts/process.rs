//! One start: a bootstrap is run as Lambda runs it, requests its first event, and is killed after its response.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::endpoint::Endpoint;

/// How long a first response may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The measurements of one start.
#[derive(Debug)]
pub struct Start {
    /// From the start of the process to its response.
    pub milliseconds: f64,
    /// Its peak memory, in MiB.
    pub peak_mib: f64,
    /// AWS calls before the response.
    pub calls: f64,
    /// The response: an output, or `errorType` and `errorMessage`.
    pub answer: Value,
}

/// Starts `bootstrap` as the function of `step`, and waits for its answer to `event`.
///
/// # Errors
/// If it can't be started, ends before it responds, or does not respond within ten seconds.
pub async fn start(bootstrap: &Path, step: &str, event: &Value) -> Result<Start> {
    let mut endpoint = Endpoint::open(event).await?;
    let url = format!("http://{}", endpoint.address);
    let started = Instant::now();
    let mut child = Command::new(bootstrap)
        .env_clear()
        .envs(ENVIRONMENT)
        .env("_HANDLER", step)
        .env("AWS_LAMBDA_RUNTIME_API", &endpoint.address)
        .env("AWS_ENDPOINT_URL", &url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", bootstrap.display()))?;
    let answer = tokio::select! {
        answer = &mut endpoint.answer => answer.context("the runtime API ended")?,
        status = child.wait() => bail!("it ended before it answered ({}): {}", status?, last_words(&mut child).await),
        () = tokio::time::sleep(PATIENCE) => bail!("no answer within {} s", PATIENCE.as_secs()),
    };
    let peak_mib = child.id().context("it ended with its answer").and_then(peak_mib)?;
    child.kill().await?;
    Ok(Start {
        milliseconds: (answer.at - started).as_secs_f64() * 1000.0,
        peak_mib,
        calls: answer.calls as f64,
        answer: answer.body,
    })
}

/// The environment that Lambda sets for every function, and the template for some.
const ENVIRONMENT: [(&str, &str); 18] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
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
    (
        "UNDO_RESTORE_STATE_MACHINE_ARN",
        "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-undo-restore",
    ),
    (
        "UNDO_CUT_OVER_STATE_MACHINE_ARN",
        "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-undo-cut-over",
    ),
    (
        "TRANSFER_STATE_MACHINE_ARN",
        "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-transfer",
    ),
    ("ARCHIVE_BUCKET", "archive"),
    ("MOUNT_PATH", env!("CARGO_MANIFEST_DIR")),
];

/// `VmHWM` of a running process.
fn peak_mib(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .context("no VmHWM")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib / 1024.0)
}

/// The last line that a process which has ended wrote to standard error.
async fn last_words(child: &mut Child) -> String {
    let mut said = Vec::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.read_to_end(&mut said).await;
    }
    let said = String::from_utf8_lossy(&said);
    said.lines().last().unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_process_that_dies_is_told_of_with_its_last_words() {
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("bootstrap");
        std::fs::write(&script, "#!/bin/sh\necho \"no step $_HANDLER\" >&2\nexit 3\n").unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let error = start(&script, "seal-set", &json!({})).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "it ended before it answered (exit status: 3): no step seal-set"
        );
    }

    #[tokio::test]
    async fn a_bootstrap_that_is_not_there_is_named() {
        let error = start(Path::new("/nowhere/bootstrap"), "notify", &json!({}))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "starting /nowhere/bootstrap");
    }
}
