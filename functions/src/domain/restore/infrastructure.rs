//! What a restore leaves to do in the infrastructure's source, so that the next deployment does not take it back.

use serde::{Deserialize, Serialize};

/// Ready to paste.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infrastructure {
    /// `import` and `removed` blocks, for Terraform 1.7 and newer.
    pub terraform: String,
    /// `terraform state rm` and `terraform import` commands, for older ones.
    pub terraform_commands: String,
    /// The `ResourcesToImport` of a CloudFormation change set, as JSON.
    pub cloudformation: String,
    /// Patches of task definition volumes, one a service; empty without any.
    pub ecs: String,
}
