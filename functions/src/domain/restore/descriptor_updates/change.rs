//! A name in the descriptor that a cut-over changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The replacement of an old resource's name in a descriptor by the copy's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptorChange {
    /// The restore's name for the resource: `database`, or for a prefix `tables.rooms`.
    pub resource: String,
    #[serde(flatten)]
    pub place: DescriptorField,
    /// The field: `cluster`, `table`, `file_system`, `roots`, `secret` or `login`.
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
    /// The `secret` of this hook.
    HookSecret(String),
}

impl DescriptorChange {
    /// Its path in the descriptor's document, such as `resources.database.cluster`.
    pub fn path(&self) -> String {
        let (section, name) = match &self.place {
            DescriptorField::Resource(name) | DescriptorField::Root(name) => ("resources", name),
            DescriptorField::Probe(name) | DescriptorField::ProbeSecret(name) => ("probes", name),
            DescriptorField::Switch(name) | DescriptorField::Login(name) => ("cut_over", name),
            DescriptorField::HookSecret(name) => ("hooks", name),
        };
        format!("{section}.{name}.{}", self.field)
    }
}
