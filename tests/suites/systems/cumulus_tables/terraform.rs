//! The owner's Terraform, which had the tables in a module with `for_each`, and lost them when the deployment was destroyed.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::deployment::{Cumulus, TABLES};
use crate::systems::terraform::planned;

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
    let lost = written(cumulus, "terraform.tfstate", &[])?;
    let mut plan = planned(cumulus.system.stage, &lost, blocks, Some(before)).await?;
    plan.sort_unstable();
    let granules = cumulus.table("Granules");
    let scaling = format!("import {SCALING} dynamodb/table/{granules}/{DIMENSION}");
    let tables = TABLES
        .iter()
        .map(|kind| format!("import {TABLE}[\"{kind}\"] {}", cumulus.table(kind)));
    ensure!(
        plan.iter().cloned().eq(std::iter::once(scaling).chain(tables)),
        "{plan:#?}\n{blocks}"
    );
    Ok(())
}
