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

use args::Cli;
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
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
