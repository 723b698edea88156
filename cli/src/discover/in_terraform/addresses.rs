//! Where a Terraform state has what a restore replaces.

use std::collections::BTreeMap;

use holdfast::domain::restore::infrastructure::StateAddresses;
use holdfast::domain::restore::infrastructure::place::SCALABLE_TARGET;

use super::state::{self, StateResource};
use crate::failure::{Failure, Result};

/// The addresses of everything in a state file's text. `origin` is the file's name.
///
/// # Errors
/// `Wrong` for a text that is no state of format version 4.
pub fn addresses(origin: &str, text: &str) -> Result<StateAddresses> {
    let state =
        state::read(text).map_err(|fault| Failure::Wrong(format!("reading the Terraform state {origin}: {fault}")))?;
    let mut found = BTreeMap::<(&str, String), Vec<&str>>::new();
    for resource in &state.resources {
        if let Some(id) = import_id(resource) {
            found.entry((&resource.kind, id)).or_default().push(&resource.address);
        }
    }
    let mut addresses = StateAddresses::default();
    for ((kind, id), at) in found {
        // Of several Regions or servers, for example: a person has to choose.
        if let [address] = at[..] {
            addresses.insert(kind, id, address);
        }
    }
    Ok(addresses)
}

/// As `terraform import` takes it (documentation of Terraform's AWS provider, "Import" of each resource).
fn import_id(resource: &StateResource) -> Option<String> {
    if resource.kind == SCALABLE_TARGET {
        let parts = ["service_namespace", "resource_id", "scalable_dimension"].map(|part| resource.text(part));
        let parts: Option<Vec<&str>> = parts.into_iter().collect();
        return Some(parts?.join("/"));
    }
    resource.text("id").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn managed(kind: &str, name: &str, module: &str, instances: &Value) -> Value {
        json!({"mode": "managed", "module": module, "type": kind, "name": name, "instances": instances})
    }

    #[test]
    fn each_resource_is_found_by_the_id_that_terraform_imports() {
        let tables = json!([
            {"index_key": "Granules", "attributes": {"id": "cumulus-GranulesTable"}},
            {"index_key": "a(b)", "attributes": {"id": "odd"}},
        ]);
        let scaled = json!([{"attributes": {
            "id": "table/cumulus-GranulesTable", "resource_id": "table/cumulus-GranulesTable",
            "scalable_dimension": "dynamodb:table:ReadCapacityUnits", "service_namespace": "dynamodb",
        }}]);
        let twice = json!([{"attributes": {"id": "app"}}]);
        let text = json!({"version": 4, "serial": 1, "resources": [
            managed("aws_dynamodb_table", "table", "module.data[\"prod\"]", &tables),
            managed(SCALABLE_TARGET, "reads", "module.data[\"prod\"]", &scaled),
            managed("postgresql_database", "one", "module.a", &twice),
            managed("postgresql_database", "one", "module.b", &twice),
        ]});
        let mut expected = StateAddresses::default();
        expected.insert(
            "aws_dynamodb_table",
            "cumulus-GranulesTable".to_owned(),
            "module.data[\"prod\"].aws_dynamodb_table.table[\"Granules\"]",
        );
        expected.insert(
            SCALABLE_TARGET,
            "dynamodb/table/cumulus-GranulesTable/dynamodb:table:ReadCapacityUnits".to_owned(),
            "module.data[\"prod\"].aws_appautoscaling_target.reads",
        );
        assert_eq!(addresses("terraform.tfstate", &text.to_string()).unwrap(), expected);
        assert_eq!(addresses("x", "{}").unwrap_err().code(), 2);
    }
}
