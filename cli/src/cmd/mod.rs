//! The commands, one file each.

pub mod answer;
pub mod apply;
pub mod backup;
pub mod completions;
pub mod deployments;
pub mod diff;
pub mod discover;
pub mod infrastructure;
pub mod man;
pub mod protect;
pub mod rebuild_catalog;
pub mod restore;
pub mod restore_stack;
pub mod restores;
pub mod sets;
pub mod show;
pub mod table;
pub mod tidy;
pub mod undo;
pub mod watch;

use clap::CommandFactory;

use crate::args::{Cli, Command};
use crate::failure::Result;

pub async fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Apply(apply) => apply.run(&cli.global).await,
        Command::Deployments(deployments) => deployments.run(&cli.global).await,
        Command::Backup(backup) => backup.run(&cli.global).await,
        Command::Restore(restore) => restore.run(&cli.global).await,
        Command::RestoreStack(restore) => restore.run(&cli.global).await,
        Command::Approve(approve) => approve.run(&cli.global).await,
        Command::Reject(reject) => reject.run(&cli.global).await,
        Command::UndoCutOver(undo) => undo.run(&cli.global).await,
        Command::UndoRestore(undo) => undo.run(&cli.global).await,
        Command::Restores(restores) => restores.run(&cli.global).await,
        Command::Diff(diff) => diff.run(&cli.global).await,
        Command::Tidy(tidy) => tidy.run(&cli.global).await,
        Command::Infrastructure(infrastructure) => infrastructure.run(&cli.global).await,
        Command::Protect(protect) => protect.run(&cli.global).await,
        Command::RebuildCatalog(rebuild) => rebuild.run(&cli.global).await,
        Command::Sets(sets) => sets.run(&cli.global).await,
        Command::Show(show) => show.run(&cli.global).await,
        Command::Table(table) => table.run(&cli.global).await,
        Command::Watch(watch) => watch.run(&cli.global).await,
        Command::Discover(discover) => discover.run(&cli.global).await,
        Command::Completions(completions) => completions.run(Cli::command()),
        Command::Man(man) => man.run(Cli::command()),
    }
}
