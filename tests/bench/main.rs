//! `make bench`: what Holdfast costs. Every figure comes from one run, and every target is a ratio or a size.
#![allow(clippy::disallowed_methods)]

/// Process start to first answer, and peak memory, of each function against a bare runtime.
mod cold_start;
/// State transitions and cost of a night and of a restore.
mod cost;
/// How often jobs are looked at, and how late their end is seen.
mod pacing;
/// What a restore takes beside the jobs of AWS.
mod restoring;
/// Sizes of what is shipped.
mod sizes;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use holdfast_tests::report::end;

#[tokio::main]
async fn main() -> ExitCode {
    end(bench().await)
}

async fn bench() -> Result<()> {
    // `bench restore` takes the part that needs nothing but the lab.
    if std::env::args().nth(1).as_deref() == Some("restore") {
        return cost::print(&restoring::print().await?);
    }
    let functions = functions()?;
    cold_start::print(&functions).await?;
    sizes::print(&functions)?;
    pacing::print();
    cost::print(&restoring::print().await?)
}

/// The shipped bootstraps, by the name of their step.
fn functions() -> Result<Vec<(String, PathBuf)>> {
    let directory = holdfast_tests::lab::repository().join("target/lambda");
    let entries =
        std::fs::read_dir(&directory).with_context(|| format!("{}: `make build` makes it", directory.display()))?;
    let mut functions = Vec::new();
    for entry in entries {
        let entry = entry?;
        let bootstrap = entry.path().join("bootstrap");
        if entry.file_name() != "bare" && bootstrap.is_file() {
            functions.push((entry.file_name().to_string_lossy().into_owned(), bootstrap));
        }
    }
    functions.sort();
    anyhow::ensure!(
        !functions.is_empty(),
        "no bootstrap below {}; `make build` makes them",
        directory.display()
    );
    Ok(functions)
}
