//! A server's backups: the base backup, a consistent copy of its data directory; and the archive of its log.
//! Base backups are tar files: a data directory has a thousand small files, which are slow to remove.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{ADMIN, Server, server_root};

const ARCHIVE_LIMIT: Duration = Duration::from_secs(30);

impl Server {
    /// Takes a base backup into the directory `<to>/data`, as `base.tar` and `pg_wal.tar`. It holds everything committed
    /// before this call, and nothing committed after its return.
    ///
    /// # Errors
    /// The error output of `pg_basebackup`.
    pub async fn base_backup(&self, to: &Path) -> Result<()> {
        let mut command = self.postgres().program("pg_basebackup");
        command
            .arg("-h")
            .arg(self.socket_directory())
            .arg("-D")
            .arg(to.join("data"));
        command.args([
            "-U",
            ADMIN,
            "-F",
            "tar",
            "-c",
            "fast",
            "-X",
            "stream",
            "--no-sync",
            "--no-manifest",
        ]);
        let doing = format!("taking a base backup of {}", self.home().display());
        server_root::run(command, &doing).await.map(drop)
    }

    /// Writes everything committed so far into the archive: commits a marker, ends the segment of the log, and waits
    /// until the segment is in the archive. Without a commit *after* a target time PostgreSQL's recovery doesn't
    /// know that it has reached it.
    ///
    /// # Errors
    /// If the server doesn't respond, or archives nothing for 30 s.
    pub async fn archive_now(&self) -> Result<()> {
        let script = "SELECT pg_current_xact_id();\nSELECT pg_walfile_name(pg_switch_wal());";
        let answer = self.sql("postgres", script).await?;
        let segment = answer.lines().last().context("pg_switch_wal answered nothing")?;
        let file = self.home().join("archive").join(segment);
        let started = Instant::now();
        while !file.exists() {
            if started.elapsed() > ARCHIVE_LIMIT {
                bail!("{} isn't archived after {} s", file.display(), ARCHIVE_LIMIT.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}
