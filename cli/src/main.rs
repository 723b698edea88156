//! The operator's command: applies descriptors, starts and watches backups and restores, shows what can be restored.

mod args;
mod aws;
mod clock;
mod cloudformation;
mod cmd;
mod credentials;
mod discover;
mod document;
mod failure;
mod format;
mod global;
mod output;
mod question;
mod retention_reasons;
mod run_id;
mod schedule;
mod stack;
mod table;
#[cfg(test)]
mod testing;
mod time_argument;
mod topics;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Only the commands that move data themselves have something to do for several threads.
    let mut runtime = match cli.command {
        Command::Table(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let done = match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(cmd::run(&cli)),
        Err(error) => Err(Failure::NotDone(format!("starting: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}
