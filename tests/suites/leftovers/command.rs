//! The operator's command, as machines run it.

use std::process::{Output, Stdio};

use anyhow::{Context, Result};
use holdfast_tests::lab::program;
use serde_json::Value;

use crate::checks::Subject;

/// Runs `holdfast COMMAND NAME --json`, without a terminal.
pub async fn holdfast(subject: &Subject<'_>, command: &str, options: &[&str]) -> Result<Output> {
    let run = tokio::process::Command::new(program("holdfast"))
        .args([command, &subject.dataset.name, "--json"])
        .args(options)
        .envs(&subject.stage.stack.environment)
        .stdin(Stdio::null())
        .output();
    Ok(run.await?)
}

pub fn found(output: &Output) -> Result<Value> {
    serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))
}
