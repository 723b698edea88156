//! One running server: a data directory, an archive of its log, a socket.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::sync::Mutex;

use super::Postgres;

/// Long enough for a recovery on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often a file of another process is polled.
const LOOK: Duration = Duration::from_millis(10);

/// A PostgreSQL server that the lab started.
///
/// Its home holds `data`, `archive` (finished segments of its log), `socket`, `base` (the base backup that
/// point-in-time recovery starts from), `log`, and after a recovery `wal` (the segments it was recovered from).
pub struct Server {
    postgres: Arc<Postgres>,
    home: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Server {
    /// Starts a new, empty server.
    ///
    /// # Errors
    /// If the template can't be created or copied, or the server doesn't start: with the end of its log.
    pub async fn create(postgres: &Arc<Postgres>) -> Result<Self> {
        let home = postgres.new_home().await?;
        let template = postgres.template().await?;
        postgres.copy(template, &home.join("data")).await?;
        Self::start(postgres, &home).await
    }

    /// Starts a server on the data directory in `home`, and waits until it accepts connections: after recovery, if the
    /// data directory asks for one.
    ///
    /// # Errors
    /// If it doesn't start: with the end of its log.
    pub async fn start(postgres: &Arc<Postgres>, home: &Path) -> Result<Self> {
        for part in ["archive", "socket"] {
            let mut mkdir = postgres.place.command(Path::new("mkdir"));
            mkdir.arg("-p").arg(home.join(part));
            super::server_root::run(mkdir, "making a server's directories").await?;
        }
        let log_file = home.join("log");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log_file)
            .with_context(|| format!("opening {}", log_file.display()))?;
        let mut command = postgres.program("postgres");
        command.arg("-D").arg(home.join("data"));
        command.stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
        let mut child = command.spawn().context("starting postgres")?;
        // A postmaster overwrites its environment, where the reaper would find its mark.
        if let Some(id) = child.id() {
            postgres.world.reaper.watch(id);
        }
        wait_until_ready(&mut child, home).await?;
        Ok(Self {
            postgres: postgres.clone(),
            home: home.to_owned(),
            child: Mutex::new(Some(child)),
        })
    }

    /// The directory with everything of this server.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The socket that the server listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.socket_directory().join(".s.PGSQL.5432")
    }

    pub(super) fn socket_directory(&self) -> PathBuf {
        self.home.join("socket")
    }

    pub(super) fn postgres(&self) -> &Arc<Postgres> {
        &self.postgres
    }

    /// Stops the server at once, cutting its connections; what was committed stays in the data directory's log.
    /// Does nothing if it is stopped.
    pub async fn stop(&self) {
        let Some(mut child) = self.child.lock().await.take() else {
            return;
        };
        let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) else {
            return;
        };
        // SIGINT is PostgreSQL's fast shutdown: clients are disconnected, the log is finished and archived.
        if let Err(error) = kill(Pid::from_raw(id), Signal::SIGINT) {
            tracing::warn!(id, %error, "can't stop a PostgreSQL server");
        }
        if tokio::time::timeout(STOP_LIMIT, child.wait()).await.is_err() {
            let _ = kill(Pid::from_raw(id), Signal::SIGQUIT);
            let _ = child.wait().await;
        }
        self.postgres.world.reaper.forget(id.unsigned_abs());
    }
}

/// Waits for the line that the postmaster writes into its pid file when it accepts connections.
async fn wait_until_ready(child: &mut Child, home: &Path) -> Result<()> {
    let pid_file = home.join("data/postmaster.pid");
    let started = Instant::now();
    loop {
        let ready = std::fs::read_to_string(&pid_file)
            .is_ok_and(|text| text.lines().nth(7).is_some_and(|status| status.trim() == "ready"));
        if ready {
            return Ok(());
        }
        if let Some(status) = child.try_wait().context("looking at postgres")? {
            bail!("postgres ended with {status}: {}", end_of_log(home));
        }
        if started.elapsed() > START_LIMIT {
            bail!(
                "postgres isn't ready after {} s: {}",
                START_LIMIT.as_secs(),
                end_of_log(home)
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn end_of_log(home: &Path) -> String {
    let log = std::fs::read_to_string(home.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(6)..].join(" / ")
}
