//! What the owner's Terraform makes of the blocks that a restore prints.

use anyhow::{Result, ensure};
use holdfast_tests::lab::repository;
use tokio::process::Command;

use crate::stage::Stage;

/// The lines of `terraform plan` for these blocks beside a state file: `forget ADDRESS ID`, `import ADDRESS ID`. It must add, replace and
/// destroy nothing. `before` is a state file with what the source has, where the state has lost it.
pub async fn planned(stage: &Stage, state: &str, blocks: &str, before: Option<&str>) -> Result<Vec<String>> {
    let file = stage.lab.directory().join("restored.tf");
    std::fs::write(&file, blocks)?;
    let planned = Command::new(repository().join(".venv-sam/bin/python"))
        .arg(repository().join("tests/validators/terraform_plan.py"))
        .arg(state)
        .arg(&file)
        .args(before)
        .output()
        .await?;
    ensure!(planned.status.success(), "{planned:?}\n{blocks}");
    Ok(String::from_utf8(planned.stdout)?.lines().map(str::to_owned).collect())
}
