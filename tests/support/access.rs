//! The function that sees into a file system, in a lab: mounted where the lab keeps the file system's files.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use reqwest::Method;
use serde_json::json;

use crate::lab::{Lab, program, repository};

/// Writes the zip of a bootstrap, which Lambda takes: `python -c ZIP <bootstrap> <zip>`.
const ZIP: &str = "\
import sys, zipfile
with zipfile.ZipFile(sys.argv[2], 'w') as made:
    made.write(sys.argv[1], 'bootstrap')
";

/// Makes `holdfast-efs-<file system>` with what `infra/efs-access.yaml` gives it, in a second instead of a deployment's
/// seven; the demonstration deploys the template itself.
pub async fn deploy_efs_access(lab: &Lab, file_system: &str) -> Result<()> {
    let directories = lab.control(Method::GET, "efs", None).await?;
    let place = directories[file_system]
        .as_str()
        .with_context(|| format!("no directory of {file_system} in {directories}"))?;
    let zip = lab.directory().join(format!("efs-access-{file_system}.zip"));
    let zipped = Command::new(repository().join(".venv/bin/python"))
        .args(["-c", ZIP])
        .arg(program("functions"))
        .arg(&zip)
        .status()
        .context("zip the functions")?;
    ensure!(zipped.success(), "zipping the functions failed: {zipped}");
    let code = base64::engine::general_purpose::STANDARD.encode(std::fs::read(&zip)?);
    let request = json!({
        "FunctionName": format!("holdfast-efs-{file_system}"), "Runtime": "provided.al2023", "Handler": "efs-access",
        "Role": "arn:aws:iam::000000000000:role/efs-access", "Code": { "ZipFile": code }, "Timeout": 840,
        "Environment": { "Variables": { "MOUNT_PATH": place } },
    });
    lab.aws()?
        .rest("lambda", Method::POST, "/2015-03-31/functions", Some(request))
        .await
        .map(drop)
}
