//! The command as it is run: how long it takes, and its peak memory.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use holdfast_tests::lab::program;
use tokio::process::Command;

use super::engine::Engine;

pub struct Measured {
    pub seconds: f64,
    pub peak_mib: f64,
    /// Standard output.
    pub output: String,
}

/// How often the peak is read: the system keeps it while the process runs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Runs `holdfast table` until it has succeeded.
pub async fn run(engine: &Engine, arguments: &[&str]) -> Result<Measured> {
    let start = Instant::now();
    let child = Command::new(program("holdfast"))
        .arg("table")
        .args(arguments)
        .env_clear()
        .env("AWS_ENDPOINT_URL", &engine.endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("starting holdfast; `make` builds it")?;
    let status = format!("/proc/{}/status", child.id().context("it has ended")?);
    let output = child.wait_with_output();
    tokio::pin!(output);
    let mut peak_kib = 0.0_f64;
    let output = loop {
        tokio::select! {
            output = &mut output => break output?,
            () = tokio::time::sleep(BETWEEN_LOOKS) => peak_kib = peak_kib.max(peak(&status).unwrap_or_default()),
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    ensure!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Measured {
        seconds,
        peak_mib: peak_kib / 1024.0,
        output: String::from_utf8(output.stdout)?,
    })
}

/// `VmHWM`, in KiB.
fn peak(status: &str) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
