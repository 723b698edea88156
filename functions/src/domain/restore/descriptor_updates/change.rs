//! A name that the descriptor holds differently since a cut-over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A name in a descriptor that led to the old resource, and the one that leads to the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptorChange {
    /// How the restore calls the resource: `database`, or of a prefix `tables.rooms`.
    pub resource: String,
    #[serde(flatten)]
    pub place: DescriptorField,
    /// The field that holds it: `cluster`, `table`, `file_system`, `roots`, `secret` or `login`.
    pub field: String,
    pub from: String,
    pub to: String,
    /// When it was changed.
    pub at: Timestamp,
    /// When it was changed back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_at: Option<Timestamp>,
}

/// Where in a descriptor a resource is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", content = "name", rename_all = "snake_case")]
pub enum DescriptorField {
    /// The resource of this name: its cluster, table or file system.
    Resource(String),
    /// The `table` of this probe.
    Probe(String),
    /// The `table` of this switch.
    Switch(String),
    /// One of the `roots` of the resource of this name.
    Root(String),
    /// The `secret` of this probe.
    ProbeSecret(String),
    /// The `login` of this switch.
    Login(String),
}

impl DescriptorChange {
    /// Its path in the descriptor's document, such as `resources.database.cluster`.
    pub fn path(&self) -> String {
        let (section, name) = match &self.place {
            DescriptorField::Resource(name) | DescriptorField::Root(name) => ("resources", name),
            DescriptorField::Probe(name) | DescriptorField::ProbeSecret(name) => ("probes", name),
            DescriptorField::Switch(name) | DescriptorField::Login(name) => ("cut_over", name),
        };
        format!("{section}.{name}.{}", self.field)
    }
}
