//! The zip for Lambda, compressed as by `sam deploy`: one for all functions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::report::{Figure, Report};
use crate::starts::Shipped;

/// KiB. It was 4,549 when all steps became one program; a dependency that makes it grow has to be worth it.
const MOST_KIB: f64 = 5_000.0;

/// Zips the shipped files.
pub fn measure(report: &mut Report) {
    report.table("sizes: the one zip of all functions", &["zip KiB", "bootstrap KiB"]);
    let functions = Shipped::here().functions;
    match zip_kib(&functions).and_then(|zip| Ok((zip, kib(&functions)?))) {
        Ok((zip, bootstrap)) => report.row(
            "functions",
            &[Figure::at_most(zip, 0, MOST_KIB), Figure::plain(bootstrap, 0)],
        ),
        Err(error) => report.broken("functions", &error),
    }
}

/// The size of the zip with this bootstrap in it.
fn zip_kib(bootstrap: &Path) -> Result<f64> {
    let scratch = std::env::temp_dir().join(format!("holdfast-bench-{}.zip", std::process::id()));
    let zip = Command::new("python3")
        .args(["-m", "zipfile", "-c"])
        .arg(&scratch)
        .arg(bootstrap)
        .status()
        .context("python3 -m zipfile")?;
    ensure!(zip.success(), "zipping {}; `make build` makes it", bootstrap.display());
    let size = kib(&scratch);
    std::fs::remove_file(&scratch)?;
    size
}

fn kib(file: &Path) -> Result<f64> {
    let size = std::fs::metadata(file)
        .with_context(|| file.display().to_string())?
        .len();
    Ok(size as f64 / 1024.0)
}
