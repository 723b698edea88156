//! The command line: commands, options and their help.

use clap::{Parser, Subcommand};

use crate::cmd::{
    answer, apply, backup, completions, deployments, diff, discover, infrastructure, man, protect, rebuild_catalog,
    restore, restore_stack, restores, sets, show, table, tidy, undo, watch,
};
use crate::global::Global;

/// Back up whole AWS deployments, and restore them.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Apply(apply::Apply),
    Deployments(deployments::Deployments),
    Backup(backup::Backup),
    Restore(Box<restore::Restore>),
    RestoreStack(Box<restore_stack::RestoreStack>),
    Approve(answer::Approve),
    Reject(answer::Reject),
    UndoCutOver(undo::UndoCutOver),
    UndoRestore(undo::UndoRestore),
    Restores(restores::Restores),
    Tidy(tidy::Tidy),
    Diff(diff::Diff),
    Infrastructure(infrastructure::Infrastructure),
    Protect(protect::Protect),
    RebuildCatalog(rebuild_catalog::RebuildCatalog),
    Sets(sets::Sets),
    Show(show::Show),
    Watch(watch::Watch),
    Discover(discover::Discover),
    Table(table::Table),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Shown at the end of `--help`; `Failure::code` returns them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done; for `watch` and `--watch`: the set is sealed, the restore has succeeded
  1    the backup or the restore failed, or what was asked did not succeed; for `diff`: something differs
  2    wrong usage, or an invalid descriptor
  3    no such stack, deployment, set, restore or execution
  4    AWS refused, or could not be reached
  130  stopped by Ctrl-C; a run that was watched continues

Credentials and Region are found as by the AWS CLI: environment, profile, SSO, container or instance role.";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [
            "holdfast --stack x --json sets hubs",
            "holdfast sets hubs --stack x --json",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(
                (cli.global.stack.as_deref(), cli.global.json),
                (Some("x"), true),
                "{line}"
            );
        }
    }

    /// Fails at 8e363f8: they were mixed.
    #[test]
    fn help_shows_a_commands_own_options_before_those_of_every_command() {
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands_mut().filter(|command| command.get_name() != "help") {
            let (own, name) = (command.clone(), command.get_name().to_owned());
            let help = command.render_long_help().to_string();
            let (before, after) = help.split_once("\nOptions of every command:").unwrap();
            let global = |long: &str| matches!(long, "stack" | "json" | "region" | "profile");
            for long in own.get_arguments().filter_map(|argument| argument.get_long()) {
                let shown = format!("--{long}");
                assert_eq!(after.contains(&shown), global(long), "{name} {shown}");
                assert!(global(long) || before.contains(&shown), "{name} {shown}");
            }
        }
    }

    #[test]
    fn wrong_usage_has_exit_code_2() {
        for line in [
            "holdfast",
            "holdfast restore",
            "holdfast restore hubs --before 2026-11-20T02:00:00Z --at 2026-11-20T02:00:00Z",
            "holdfast restore hubs --only a --except b",
            "holdfast approve",
            "holdfast apply",
            "holdfast show hubs",
            "holdfast sets hubs --yaml",
        ] {
            assert_eq!(
                Cli::try_parse_from(line.split(' ')).unwrap_err().exit_code(),
                2,
                "{line}"
            );
        }
    }
}
