//! `holdfast-lab`: runs a lab in the foreground until it is interrupted.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use holdfast_lab::{Lab, LabConfig, WaitMode};
use tokio::signal::unix::{SignalKind, signal};

/// A local AWS account to try out and test Holdfast: real PostgreSQL clusters, real files, faults on request.
#[derive(Parser)]
struct Arguments {
    /// Port of the front door; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Directory for the lab's data, and for the file `env`.
    #[arg(long, default_value = ".lab")]
    dir: PathBuf,
    /// Python with the packages of tests/requirements-lab.txt.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Factor on Step Functions' waits and retry delays.
    #[arg(long, default_value_t = 0.05)]
    wait_scale: f64,
    /// Give waits and retry delays their full length by the lab's clock instead, for programs that move the clock.
    #[arg(long, conflicts_with = "wait_scale")]
    wait_by_clock: bool,
    /// Decides what AWS does not define: the order of lists, which instance is the writer.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Enforce IAM policies for MiniStack's services.
    #[arg(long)]
    auth: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let config = LabConfig {
        port: arguments.port,
        python: arguments.python,
        waits: if arguments.wait_by_clock {
            WaitMode::ByClock
        } else {
            WaitMode::Scaled(arguments.wait_scale)
        },
        auth: arguments.auth,
        seed: arguments.seed,
        ..LabConfig::new(arguments.dir)
    };
    let lab = tokio::select! {
        lab = Lab::start(config) => lab?,
        // Dropping an unfinished start drops the reaper, which ends what was started.
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    println!("ready {}", lab.endpoint());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    lab.stop().await;
    Ok(())
}
