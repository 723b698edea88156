//! The zips that go to Lambda, compressed as `sam deploy` compresses them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use holdfast::steps::NAMES;

use crate::before::ZIPS;
use crate::report::{Figure, Report};
use crate::starts::Shipped;

/// A zip is at most so many times what it was.
const TIMES_BEFORE: f64 = 1.2;

/// Zips what is shipped, and holds it against each function's zip of before.
pub fn measure(report: &mut Report) {
    report.table(
        &format!("sizes: each function's zip, at most {TIMES_BEFORE} times what it was at commit 8e363f8"),
        &["zip KiB", "bootstrap KiB"],
    );
    let functions = Shipped::here().functions;
    let sizes = zip_kib(&functions).and_then(|zip| Ok((zip, kib(&functions)?)));
    let (zip, bootstrap) = match sizes {
        Ok(sizes) => sizes,
        Err(error) => return report.broken("every function", &error),
    };
    for step in NAMES {
        match ZIPS.iter().find(|(name, _)| name == step) {
            Some((_, before)) => {
                let most = *before as f64 * TIMES_BEFORE;
                report.row(step, &[Figure::at_most(zip, 0, most), Figure::plain(bootstrap, 0)]);
            }
            None => report.broken(step, &anyhow::anyhow!("tests/bench/before.rs has no zip of it")),
        }
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
