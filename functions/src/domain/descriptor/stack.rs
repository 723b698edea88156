//! The `stack` of a descriptor: the CloudFormation stack that the deployment is, and which of its parameters are filled from a set
//! when a new stack is created from its template.

use std::collections::BTreeMap;

use serde::Serialize;

/// A stack, and what fills its restore parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeploymentStack {
    pub name: String,
    /// By the name of the parameter. If empty, those of Hubs, of which the template has any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub restore_parameters: BTreeMap<String, RestoreParameter>,
}

/// What fills one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreParameter {
    /// Name of the resource whose recovery point is meant; `None` for what is of no resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    pub value: StackValue,
}

/// What a parameter of a new stack can be filled with from a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StackValue {
    /// Name of a cluster snapshot.
    Snapshot,
    /// Name of the vault of a recovery point of AWS Backup.
    Vault,
    /// ARN of a recovery point of AWS Backup.
    RecoveryPoint,
    /// ARN of a secret.
    Secret,
    /// Name of the old stack.
    Stack,
}

impl StackValue {
    pub const ALL: [StackValue; 5] = [
        StackValue::Snapshot,
        StackValue::Vault,
        StackValue::RecoveryPoint,
        StackValue::Secret,
        StackValue::Stack,
    ];

    /// Its name in a descriptor.
    pub fn name(self) -> &'static str {
        match self {
            StackValue::Snapshot => "snapshot",
            StackValue::Vault => "vault",
            StackValue::RecoveryPoint => "recovery_point",
            StackValue::Secret => "secret",
            StackValue::Stack => "stack",
        }
    }
}
