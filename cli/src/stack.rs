//! Holdfast's own stack: where the catalog and the machines are.

use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::Stack as Description;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use holdfast::catalog::Catalog;

use crate::args::Global;
use crate::aws;
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
        let stack = describe(
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

/// Any stack, by its name or ARN; `next` tells what to do where there is none.
pub async fn describe(config: &SdkConfig, name: &str, next: &str) -> Result<Description> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let region = config.region().map_or("", |region| region.as_ref());
    let nowhere = || Failure::NotFound(format!("describing stack {name}: there is none in {region}. {next}"));
    match client.describe_stacks().stack_name(name).send().await {
        Ok(answer) => answer.stacks.unwrap_or_default().into_iter().next().ok_or_else(nowhere),
        // CloudFormation has no code of its own for a stack that does not exist.
        Err(error)
            if error.code() == Some("ValidationError")
                && error.message().is_some_and(|m| m.contains("does not exist")) =>
        {
            Err(nowhere())
        }
        Err(error) => Err(aws::failure("describing stack", name, error)),
    }
}

fn output(stack: &Description, name: &str, key: &str) -> Result<String> {
    let status = stack.stack_status().map_or("", |status| status.as_str());
    stack
        .outputs()
        .iter()
        .find(|output| output.output_key() == Some(key))
        .and_then(|output| output.output_value().map(str::to_owned))
        .ok_or_else(|| {
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
