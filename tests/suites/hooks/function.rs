//! The function of a hook that succeeds whatever the action.

use std::process::Command;

use anyhow::{Result, ensure};
use base64::Engine;
use holdfast_tests::lab::program;
use reqwest::Method;
use serde_json::json;

use crate::stage::Stage;

/// Creates a function that returns its input.
pub async fn create_function(stage: &Stage, name: &str) -> Result<()> {
    let directory = stage.lab.directory().join(name);
    std::fs::create_dir_all(&directory)?;
    std::fs::copy(program("bare"), directory.join("bootstrap"))?;
    let zipped = Command::new("python3")
        .args(["-m", "zipfile", "-c", "hook.zip", "bootstrap"])
        .current_dir(&directory)
        .status()?;
    ensure!(zipped.success(), "zip the hook");
    let zip = base64::engine::general_purpose::STANDARD.encode(std::fs::read(directory.join("hook.zip"))?);
    let request = json!({
        "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Role": "arn:aws:iam::000000000000:role/hook", "Code": { "ZipFile": zip },
    });
    stage
        .aws
        .rest("lambda", Method::POST, "/2015-03-31/functions", Some(request))
        .await
        .map(drop)
}
