//! Reads Terraform state of format version 4: the instances of managed resources, with their addresses.
//!
//! A state has secrets in clear text. No error shows a value of it but the few that name what is wrong, and nothing here can be
//! printed with `Debug`.
//!
//! Source: <https://github.com/hashicorp/terraform/blob/main/internal/states/statefile/version4.go>.

use serde_json::Value;

use crate::discover::{Finding, FoundResource, SourceAddress};

/// The format that Terraform 0.12 and newer, and `OpenTofu`, write.
const VERSION: u64 = 4;
const HOW: &str = "`terraform state pull > FILE` writes one";

/// A state file.
pub struct State {
    /// Increases with each change of the state.
    pub serial: u64,
    pub resources: Vec<StateResource>,
}

/// One instance of a managed resource.
pub struct StateResource {
    /// Such as `module.cumulus.aws_rds_cluster.main["a"]`.
    pub address: String,
    /// Such as `aws_rds_cluster`.
    pub kind: String,
    /// The label of its block.
    pub label: String,
    /// Its key in `for_each`.
    pub key: Option<String>,
    /// Whether Terraform replaces it on its next apply.
    pub is_tainted: bool,
    attributes: Value,
}

impl StateResource {
    /// An attribute that is a text, and not empty.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes[attribute].as_str().filter(|text| !text.is_empty())
    }

    /// An attribute of the only block of a name.
    pub fn text_in(&self, block: &str, attribute: &str) -> Option<&str> {
        let text = self.attributes[block][0][attribute].as_str();
        text.filter(|text| !text.is_empty())
    }

    /// What was found, with the resource's address.
    pub fn finding(&self, found: FoundResource, comments: Vec<String>) -> Finding {
        Finding {
            found,
            address: Some(SourceAddress::Terraform(self.address.clone())),
            comments,
        }
    }

    /// An attribute that is a whole number.
    pub fn number(&self, attribute: &str) -> Option<u64> {
        self.attributes[attribute].as_u64()
    }
}

/// # Errors
/// What is wrong with the text, and what is expected.
pub fn read(text: &str) -> Result<State, String> {
    // Serde's errors about syntax have a position, and nothing of the text; those about types would show values.
    let document: Value = serde_json::from_str(text).map_err(|error| {
        format!(
            "it is not JSON (line {}, column {}); expected a Terraform state: {HOW}",
            error.line(),
            error.column()
        )
    })?;
    check_version(&document)?;
    let serial = document["serial"]
        .as_u64()
        .ok_or_else(|| fault("serial", &document["serial"], "a whole number"))?;
    let mut resources = Vec::new();
    for (at, resource) in list(&document["resources"], "resources")?.iter().enumerate() {
        add_instances(&mut resources, resource, &format!("resources[{at}]"))?;
    }
    Ok(State { serial, resources })
}

fn check_version(document: &Value) -> Result<(), String> {
    let found = match &document["version"] {
        Value::Number(version) if version.as_u64() == Some(VERSION) => return Ok(()),
        Value::Number(version) if version.as_u64().is_some_and(|version| version < VERSION) => {
            return Err(format!(
                "version: {version} is not allowed; expected {VERSION}. An older Terraform wrote it: `terraform state pull` of Terraform 0.12 or \
                 newer upgrades it"
            ));
        }
        Value::Number(version) => format!("version: {version}"),
        Value::Null if !document["encrypted_data"].is_null() => {
            return Err(
                "it is encrypted; expected a state in clear text: `tofu state pull > FILE` writes one".to_owned(),
            );
        }
        Value::Null if !document["format_version"].is_null() => {
            "version: (missing), as in the output of `terraform show -json`,".to_owned()
        }
        Value::Null => "version: (missing)".to_owned(),
        other => format!("version: {}", type_of(other)),
    };
    Err(format!("{found} is not allowed; expected {VERSION}: {HOW}"))
}

fn add_instances(resources: &mut Vec<StateResource>, resource: &Value, path: &str) -> Result<(), String> {
    match resource["mode"].as_str() {
        Some("managed") => {}
        // What a data source reads is managed elsewhere.
        Some("data") => return Ok(()),
        _ => {
            let path = format!("{path}.mode");
            return Err(fault(&path, &resource["mode"], "managed or data"));
        }
    }
    let text = |field: &str| {
        let value = &resource[field];
        let text = value.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| fault(&format!("{path}.{field}"), value, "a name"))
    };
    let (kind, label) = (text("type")?, text("name")?);
    let module = match &resource["module"] {
        Value::Null => String::new(),
        _ => format!("{}.", text("module")?),
    };
    let path = format!("{path}.instances");
    for (at, instance) in list(&resource["instances"], &path)?.iter().enumerate() {
        // An object that Terraform has replaced, and not yet destroyed.
        if instance["deposed"].as_str().is_some_and(|key| !key.is_empty()) {
            continue;
        }
        let index = match &instance["index_key"] {
            Value::Null => String::new(),
            Value::Number(index) => format!("[{index}]"),
            Value::String(key) => format!("[{}]", quoted(key)),
            other => return Err(fault(&format!("{path}[{at}].index_key"), other, "a number or a text")),
        };
        let attributes = match &instance["attributes"] {
            Value::Null => &instance["attributes_flat"],
            attributes => attributes,
        };
        resources.push(StateResource {
            address: format!("{module}{kind}.{label}{index}"),
            kind: kind.to_owned(),
            label: label.to_owned(),
            key: instance["index_key"].as_str().map(str::to_owned),
            is_tainted: instance["status"] == "tainted",
            attributes: attributes.clone(),
        });
    }
    Ok(())
}

/// A key of `for_each` as Terraform writes it in an address.
fn quoted(key: &str) -> String {
    let quoted = Value::from(key).to_string();
    quoted.replace("${", "$${").replace("%{", "%%{")
}

fn list<'a>(value: &'a Value, path: &str) -> Result<&'a Vec<Value>, String> {
    value.as_array().ok_or_else(|| fault(path, value, "a list"))
}

fn fault(path: &str, value: &Value, allowed: &str) -> String {
    format!(
        "{path}: {} is not allowed; expected {allowed}. The file is no state that Terraform wrote: {HOW}",
        type_of(value)
    )
}

/// What a value is, without the value, which may be a secret.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "(missing)",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn fault_of(document: &Value) -> String {
        read(&document.to_string()).err().unwrap()
    }

    fn with(resource: &Value) -> Value {
        json!({"version": 4, "terraform_version": "1.9.5", "serial": 7, "lineage": "l", "outputs": {}, "resources": [resource]})
    }

    #[test]
    fn every_instance_has_the_address_that_terraform_gives_it() {
        let resource = json!({
            "module": "module.cumulus.module.data[\"a\"]", "mode": "managed", "type": "aws_dynamodb_table", "name": "t",
            "instances": [
                {"index_key": "main", "attributes": {"id": "a"}},
                {"index_key": 1, "attributes": {"id": "b"}, "status": "tainted"},
                {"attributes": {"id": "c"}},
                {"index_key": "a\"${b}", "attributes": {"id": "d"}},
                {"index_key": "main", "attributes": {"id": "old"}, "deposed": "0a1b2c3d"},
            ],
        });
        let state = read(&with(&resource).to_string()).ok().unwrap();
        let all: Vec<(&str, bool)> = state.resources.iter().map(|of| (&*of.address, of.is_tainted)).collect();
        let begins = "module.cumulus.module.data[\"a\"].aws_dynamodb_table.t";
        assert_eq!(
            all,
            [
                (&*format!("{begins}[\"main\"]"), false),
                (&*format!("{begins}[1]"), true),
                (begins, false),
                (&*format!("{begins}[\"a\\\"$${{b}}\"]"), false),
            ]
        );
        assert_eq!(state.serial, 7);
    }

    #[test]
    fn what_a_data_source_reads_is_managed_elsewhere() {
        let resource =
            json!({"mode": "data", "type": "aws_rds_cluster", "name": "x", "instances": [{"attributes": {"id": "a"}}]});
        assert!(read(&with(&resource).to_string()).ok().unwrap().resources.is_empty());
    }

    #[test]
    fn every_other_version_is_refused_with_what_to_do() {
        for (document, parts) in [
            (
                json!({"version": 3, "modules": []}),
                ["version: 3 ", "0.12 or newer upgrades it"],
            ),
            (
                json!({"version": 5, "serial": 1, "resources": []}),
                ["version: 5 ", "expected 4"],
            ),
            (json!({"version": "4"}), ["version: a text ", "expected 4"]),
            (
                json!({"format_version": "1.0", "values": {}}),
                ["terraform show -json", "terraform state pull > FILE"],
            ),
            (
                json!({"encrypted_data": "x", "meta": {}}),
                ["encrypted", "tofu state pull"],
            ),
            (json!({}), ["version: (missing) ", "expected 4"]),
            (json!([]), ["version: (missing) ", "expected 4"]),
        ] {
            let fault = fault_of(&document);
            assert!(parts.iter().all(|part| fault.contains(part)), "{fault}");
        }
        let fault = read("terraform {\n  backend = 1 }").err().unwrap();
        assert!(
            fault.contains("not JSON (line 1") && fault.contains("state pull"),
            "{fault}"
        );
    }

    #[test]
    fn a_broken_state_is_refused_by_path_and_without_its_values() {
        let managed =
            |instances: Value| with(&json!({"mode": "managed", "type": "t", "name": "n", "instances": instances}));
        let document = |field: &str, value: Value| {
            let mut document = with(&json!({}));
            document[field] = value;
            document
        };
        for (broken, path) in [
            (document("resources", json!("hunter2")), "resources: a text"),
            (document("serial", json!("hunter2")), "serial: a text"),
            (with(&json!({"mode": "hunter2"})), "resources[0].mode: a text"),
            (
                with(&json!({"mode": "managed", "name": "n"})),
                "resources[0].type: (missing)",
            ),
            (managed(json!({"hunter2": 1})), "resources[0].instances: a mapping"),
            (
                managed(json!([{"index_key": ["hunter2"]}])),
                "resources[0].instances[0].index_key: a list",
            ),
        ] {
            let fault = fault_of(&broken);
            assert!(fault.starts_with(path) && !fault.contains("hunter2"), "{fault}");
        }
    }
}
