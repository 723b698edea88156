//! Holdfast's own stack: where the catalog and the machines are.

use aws_config::SdkConfig;
use holdfast::catalog::Catalog;
use holdfast::domain::descriptor::Descriptor;
use holdfast::error::Error;
use holdfast::kinds::Defaults;
use holdfast::transfers::TransferSettings;

use crate::aws;
use crate::cloudformation;
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::schedule::Schedule;

/// What a command needs to know about a deployed Holdfast.
pub struct Stack {
    pub config: SdkConfig,
    /// Its own name.
    pub name: String,
    /// ARN of the machine `backup`.
    pub backup_machine: String,
    /// ARN of the machine `restore`.
    pub restore_machine: String,
    /// ARN of the machine `undo-restore`.
    pub undo_restore_machine: String,
    /// ARN of the machine `undo-cut-over`.
    pub undo_cut_over_machine: String,
    /// Name of the default vault for file systems.
    pub vault: String,
    /// ARN of the default role for AWS Backup.
    pub backup_role: String,
    /// What moves data, and where it is kept.
    pub transfers: TransferSettings,
    /// ARN of the default topic.
    pub on_call_topic: String,
    pub catalog: Catalog,
    /// When `nightly` runs.
    pub schedule: Schedule,
    /// ` --stack NAME --region REGION --profile NAME`, as far as they were given, for commands that are suggested to the
    /// operator; empty by default.
    pub option: String,
}

impl Stack {
    /// Reads the stack's outputs.
    ///
    /// # Errors
    /// `NotFound` if there is no such stack in this account and Region, or if it is not Holdfast's.
    pub async fn open(global: &Global) -> Result<Stack> {
        let config = aws::sdk_config(global).await?;
        let name = global.stack.as_deref().unwrap_or(DEFAULT_NAME);
        let stack = cloudformation::describe(
            &config,
            name,
            "Deploy Holdfast there (`make deploy`), or name its stack with --stack, its Region with --region, its account with \
             --profile.",
        )
        .await?;
        let table = output(&stack, name, "CatalogTable")?;
        let backup_machine = output(&stack, name, "BackupStateMachineArn")?;
        let restore_machine = output(&stack, name, "RestoreStateMachineArn")?;
        let undo_restore_machine = output(&stack, name, "UndoRestoreStateMachineArn")?;
        let undo_cut_over_machine = output(&stack, name, "UndoCutOverStateMachineArn")?;
        let vault = output(&stack, name, "BackupVaultName")?;
        let backup_role = output(&stack, name, "BackupRoleArn")?;
        let transfers = TransferSettings {
            machine: output(&stack, name, "TransferStateMachineArn")?,
            bucket: output(&stack, name, "ArchiveBucket")?,
        };
        let on_call_topic = output(&stack, name, "OnCallTopicArn")?;
        let catalog = Catalog::new(aws_sdk_dynamodb::Client::new(&config), table);
        Ok(Stack {
            config,
            name: name.to_owned(),
            backup_machine,
            restore_machine,
            undo_restore_machine,
            undo_cut_over_machine,
            vault,
            backup_role,
            transfers,
            on_call_topic,
            catalog,
            schedule: Schedule::of(&stack.parameters),
            option: option(global),
        })
    }

    /// Opens the stack to change something, after printing the account and Region.
    ///
    /// # Errors
    /// As [`Stack::open`].
    pub async fn open_to_change(global: &Global) -> Result<Stack> {
        let stack = Stack::open(global).await?;
        // Not to standard output, which may be JSON.
        eprintln!("{}", place(&stack.name, &stack.backup_machine));
        Ok(stack)
    }
}

impl Stack {
    /// What the stack has for resources that name nothing of their own.
    pub fn defaults(&self) -> Defaults {
        Defaults {
            vault: self.vault.clone(),
            role: self.backup_role.clone(),
            transfers: self.transfers.clone(),
        }
    }

    /// The descriptor for a run that is about to be started.
    ///
    /// # Errors
    /// `NotFound` if there is no such deployment, `Wrong` if its descriptor is no longer valid.
    pub async fn descriptor(&self, deployment: &str) -> Result<Descriptor> {
        match self.catalog.descriptor(deployment).await {
            Err(error @ Error::InvalidInput(_)) => Err(Failure::Wrong(format!(
                "{error}\nThe descriptor of {deployment} in the catalog is no longer valid; nothing was started. Correct it, then: \
                 holdfast apply{} FILE",
                self.option
            ))),
            other => Ok(other?),
        }
    }
}

/// The account and Region of a stack, from the ARN of one of its machines.
fn place(stack: &str, machine: &str) -> String {
    let part = |at| machine.split(':').nth(at).unwrap_or_default();
    format!("Account {}, Region {}, stack {stack}.", part(4), part(3))
}

fn option(global: &Global) -> String {
    let stack = global.stack.as_ref().filter(|name| *name != DEFAULT_NAME);
    let given = [
        ("stack", stack),
        ("region", global.region.as_ref()),
        ("profile", global.profile.as_ref()),
    ];
    let given = given
        .into_iter()
        .filter_map(|(option, value)| Some(format!(" --{option} {}", value?)));
    given.collect()
}

/// The name that `make deploy` gives it.
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
        let given = |stack: Option<&str>| Global {
            stack: stack.map(str::to_owned),
            ..Global::default()
        };
        assert_eq!(option(&given(None)), "");
        assert_eq!(option(&given(Some("holdfast"))), "");
        assert_eq!(option(&given(Some("hf"))), " --stack hf");
    }

    #[test]
    fn suggested_commands_go_to_the_same_account_and_region() {
        let global = Global {
            region: Some("eu-west-1".into()),
            profile: Some("prod".into()),
            ..Global::default()
        };
        assert_eq!(option(&global), " --region eu-west-1 --profile prod");
    }

    #[test]
    fn a_machine_tells_the_account_and_the_region() {
        let machine = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:holdfast-backup";
        assert_eq!(
            place("hf", machine),
            "Account 123456789012, Region cn-north-1, stack hf."
        );
    }
}
