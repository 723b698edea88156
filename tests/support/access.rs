//! The function that mounts a file system, in a lab: it reads the directory where the lab keeps the file system's files.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use reqwest::Method;
use serde_json::{Value, json};

use crate::aws::{Refused, element};
use crate::lab::{Lab, program, repository};

/// Writes the zip of a bootstrap for Lambda: `python -c ZIP <bootstrap> <zip>`.
const ZIP: &str = "\
import sys, zipfile
with zipfile.ZipFile(sys.argv[2], 'w') as made:
    made.write(sys.argv[1], 'bootstrap')
";

/// Creates `holdfast-efs-<file system>` as in `infra/efs-access.yaml`, in one second instead of a deployment's seven; the
/// demo deploys the template itself.
pub async fn deploy_efs_access(lab: &Lab, file_system: &str) -> Result<()> {
    let directories = lab.control(Method::GET, "efs", None).await?;
    let place = directories[file_system]
        .as_str()
        .with_context(|| format!("no directory of {file_system} in {directories}"))?;
    let code = match code_of_stack(lab).await? {
        Some(code) => code,
        None => zipped(lab, file_system)?,
    };
    let request = json!({
        "FunctionName": format!("holdfast-efs-{file_system}"), "Runtime": "provided.al2023", "Handler": "efs-access",
        "Role": "arn:aws:iam::000000000000:role/efs-access", "Code": code, "Timeout": 840,
        "Environment": { "Variables": { "MOUNT_PATH": place } },
    });
    lab.aws()?
        .rest("lambda", Method::POST, "/2015-03-31/functions", Some(request))
        .await
        .map(drop)
}

/// Where the stack's deployment uploaded the functions' zip, so that tens of megabytes need not be uploaded again.
async fn code_of_stack(lab: &Lab) -> Result<Option<Value>> {
    let asked = [("StackName", "holdfast"), ("TemplateStage", "Processed")];
    let aws = lab.aws()?;
    let answer = aws.query("cloudformation", "2010-05-15", "GetTemplate", &asked).await;
    let template = match answer {
        Ok(template) => template,
        // The stack does not exist.
        Err(error) if error.is::<Refused>() => return Ok(None),
        Err(error) => return Err(error),
    };
    let body: Value = serde_json::from_str(&element(&template, "TemplateBody")?)?;
    let resources = body["Resources"].as_object().context("no resources")?;
    // Of two programs, the one with this step.
    let of_program = |one: &&Value| one["Type"] == "AWS::Lambda::Function" && one["Properties"]["Handler"] == "end-run";
    let function = resources.values().find(of_program);
    Ok(Some(
        function.context("a stack without functions")?["Properties"]["Code"].clone(),
    ))
}

/// The zip itself, for a lab without the stack.
fn zipped(lab: &Lab, file_system: &str) -> Result<Value> {
    let zip = lab.directory().join(format!("efs-access-{file_system}.zip"));
    let zipped = Command::new(repository().join(".venv/bin/python"))
        .args(["-c", ZIP])
        .arg(program("functions"))
        .arg(&zip)
        .status()
        .context("zip the functions")?;
    ensure!(zipped.success(), "zipping the functions failed: {zipped}");
    let code = base64::engine::general_purpose::STANDARD.encode(std::fs::read(&zip)?);
    Ok(json!({ "ZipFile": code }))
}
