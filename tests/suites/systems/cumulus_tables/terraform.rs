//! The owner's Terraform, which had the tables in a module with `for_each`, and lost them when the deployment was destroyed.

use anyhow::{Result, ensure};
use holdfast_tests::lab::repository;
use serde_json::{Value, json};
use tokio::process::Command;

use super::deployment::{Cumulus, TABLES};

const TABLE: &str = "module.data_persistence.aws_dynamodb_table.table";
/// What is scaled of one table.
const DIMENSION: &str = "dynamodb:table:ReadCapacityUnits";
const SCALING: &str = "module.data_persistence.aws_appautoscaling_target.reads";

/// The state file from before the destroy, as Terraform keeps it.
pub fn state_before(cumulus: &Cumulus<'_>) -> Result<String> {
    let tables = TABLES.iter().map(|kind| {
        let id = cumulus.table(kind);
        json!({ "index_key": kind, "attributes": { "id": id, "name": id } })
    });
    let tables = json!({
        "mode": "managed", "module": "module.data_persistence", "type": "aws_dynamodb_table", "name": "table",
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": tables.collect::<Vec<Value>>(),
    });
    let of = format!("table/{}", cumulus.table("Granules"));
    let scaling = json!({
        "mode": "managed", "module": "module.data_persistence", "type": "aws_appautoscaling_target", "name": "reads",
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{ "attributes": {
            "id": of, "resource_id": of, "scalable_dimension": DIMENSION, "service_namespace": "dynamodb",
        } }],
    });
    written(cumulus, "terraform.tfstate.backup", &[tables, scaling])
}

fn written(cumulus: &Cumulus<'_>, name: &str, resources: &[Value]) -> Result<String> {
    let file = cumulus.system.stage.lab.directory().join(name);
    let state = json!({ "version": 4, "serial": 7, "resources": resources });
    std::fs::write(&file, state.to_string())?;
    Ok(file.to_string_lossy().into_owned())
}

/// Of these blocks, `terraform plan` says that it imports each table under its own address, and nothing else.
pub async fn imports(cumulus: &Cumulus<'_>, before: &str, blocks: &str) -> Result<()> {
    let file = cumulus.system.stage.lab.directory().join("restored.tf");
    std::fs::write(&file, blocks)?;
    let planned = Command::new(repository().join(".venv-sam/bin/python"))
        .arg(repository().join("tests/validators/terraform_plan.py"))
        .arg(written(cumulus, "terraform.tfstate", &[])?)
        .arg(&file)
        .arg(before)
        .output()
        .await?;
    let plan = String::from_utf8_lossy(&planned.stdout);
    ensure!(planned.status.success(), "{planned:?}\n{blocks}");
    let mut lines: Vec<&str> = plan.lines().collect();
    lines.sort_unstable();
    let granules = cumulus.table("Granules");
    let scaling = format!("import {SCALING} dynamodb/table/{granules}/{DIMENSION}");
    let tables = TABLES
        .iter()
        .map(|kind| format!("import {TABLE}[\"{kind}\"] {}", cumulus.table(kind)));
    ensure!(
        lines.into_iter().eq(std::iter::once(scaling).chain(tables)),
        "{plan}\n{blocks}"
    );
    Ok(())
}
