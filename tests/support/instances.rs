//! Instances with the agent of Systems Manager: directories of the lab, in which a command's script runs.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::lab::Lab;

/// The id of an instance, from its name.
pub fn id(name: &str) -> String {
    let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("i-{:0>17}", &digits[digits.len().saturating_sub(17)..])
}

/// Creates one with its name as the tag `role`, to which Holdfast may send commands; returns its directory.
pub fn create(lab: &Lab, name: &str) -> Result<PathBuf> {
    let directory = lab.directory().join("nodes").join(id(name));
    std::fs::create_dir_all(&directory)?;
    let tags = json!({ "role": name, "HoldfastHooks": "allowed" });
    std::fs::write(directory.join("tags.json"), tags.to_string())?;
    Ok(directory)
}
