//! What the lab needs from the machine: a Python with its packages, ports.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The Python interpreter to use: the given one, else `HOLDFAST_LAB_PYTHON`, else the repository's `.venv`.
///
/// # Errors
/// If there is no such file, or `ministack` or `time-machine` is not installed for it.
pub fn python(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let from_environment = std::env::var_os("HOLDFAST_LAB_PYTHON").map(PathBuf::from);
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    let chosen = given.map(Path::to_owned).or(from_environment).unwrap_or(venv);
    if !chosen.exists() {
        bail!(
            "there is no Python at {}: run `make setup`, or name one with --python or HOLDFAST_LAB_PYTHON",
            chosen.display()
        );
    }
    Ok(chosen)
}

/// A port of the loopback interface that was free a moment ago.
///
/// # Errors
/// If the machine has none.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}
