//! Holdfast's own stack: where the catalog and the machines are.

use aws_config::SdkConfig;
use holdfast::catalog::Catalog;

use crate::args::Global;
use crate::aws;
use crate::cloudformation;
use crate::failure::{Failure, Result};

/// What a command needs of a deployed Holdfast.
pub struct Stack {
    pub config: SdkConfig,
    /// ARN of the machine `backup`.
    pub backup_machine: String,
    /// ARN of the machine `restore`.
    pub restore_machine: String,
    /// ARN of the machine `undo-restore`.
    pub undo_restore_machine: String,
    /// ARN of the machine `undo-cut-over`.
    pub undo_cut_over_machine: String,
    /// Name of the vault of file systems whose descriptor names no other.
    pub vault: String,
    /// ARN of the role under which AWS Backup works where a descriptor names no other.
    pub backup_role: String,
    pub catalog: Catalog,
    /// ` --stack NAME` for commands that are suggested to the operator; empty where they need none.
    pub option: String,
}

impl Stack {
    /// Reads the stack's outputs.
    ///
    /// # Errors
    /// `NotFound` where there is no such stack in this account and Region, or where it is not Holdfast's.
    pub async fn open(global: &Global) -> Result<Stack> {
        let config = aws::sdk_config(global).await?;
        let name = global.stack.as_deref().unwrap_or(DEFAULT_NAME);
        let stack = cloudformation::describe(
            &config,
            name,
            "Deploy Holdfast there (`make deploy`), or name its stack with --stack.",
        )
        .await?;
        let table = output(&stack, name, "CatalogTable")?;
        let backup_machine = output(&stack, name, "BackupStateMachineArn")?;
        let restore_machine = output(&stack, name, "RestoreStateMachineArn")?;
        let undo_restore_machine = output(&stack, name, "UndoRestoreStateMachineArn")?;
        let undo_cut_over_machine = output(&stack, name, "UndoCutOverStateMachineArn")?;
        let vault = output(&stack, name, "BackupVaultName")?;
        let backup_role = output(&stack, name, "BackupRoleArn")?;
        let catalog = Catalog::new(aws_sdk_dynamodb::Client::new(&config), table);
        Ok(Stack {
            config,
            backup_machine,
            restore_machine,
            undo_restore_machine,
            undo_cut_over_machine,
            vault,
            backup_role,
            catalog,
            option: option(global.stack.as_deref()),
        })
    }
}

fn option(stack: Option<&str>) -> String {
    match stack {
        Some(name) if name != DEFAULT_NAME => format!(" --stack {name}"),
        _ => String::new(),
    }
}

/// The name under which `make deploy` creates it.
pub const DEFAULT_NAME: &str = "holdfast";

fn output(stack: &cloudformation::Stack, name: &str, key: &str) -> Result<String> {
    let status = &stack.status;
    stack.outputs.get(key).cloned().ok_or_else(|| {
        Failure::NotFound(format!(
            "reading the outputs of stack {name}: it has no output {key} (its status is {status}). Name Holdfast's own \
                 stack with --stack, or finish its deployment (`make deploy`)."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_commands_name_the_stack_only_where_they_must() {
        assert_eq!(option(None), "");
        assert_eq!(option(Some("holdfast")), "");
        assert_eq!(option(Some("hf")), " --stack hf");
    }
}
