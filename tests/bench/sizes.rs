//! The zips that go to Lambda, compressed as `sam deploy` compresses them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Prints each function's zip and the bootstrap in it.
pub fn print(functions: &[(String, PathBuf)]) -> Result<()> {
    println!("shipped sizes");
    println!("{:<24} {:>12} {:>12}", "function", "zip KiB", "bootstrap KiB");
    let scratch = std::env::temp_dir().join(format!("holdfast-bench-{}.zip", std::process::id()));
    let mut total = 0;
    for (step, bootstrap) in functions {
        let zip = Command::new("python3")
            .args(["-m", "zipfile", "-c"])
            .arg(&scratch)
            .arg(bootstrap)
            .status()
            .context("python3 -m zipfile")?;
        ensure!(zip.success(), "zip {}", bootstrap.display());
        let packed = std::fs::metadata(&scratch)?.len();
        total += packed;
        println!(
            "{step:<24} {:>12} {:>12}",
            packed / 1024,
            std::fs::metadata(bootstrap)?.len() / 1024
        );
    }
    std::fs::remove_file(&scratch)?;
    println!("{:<24} {:>12}\n", "all", total / 1024);
    Ok(())
}
