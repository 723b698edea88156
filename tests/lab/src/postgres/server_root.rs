//! Where the servers' directories are and who runs the servers: PostgreSQL refuses to run as root, and its user must
//! be able to reach its data.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use nix::unistd::{Uid, User};
use tokio::process::Command;

/// A Unix socket's path may have 107 bytes; below the root follow `/<8 digits>/socket/.s.PGSQL.5432`.
const LONGEST_ROOT: usize = 72;

/// Where Linux keeps files in memory. Data directories have a thousand small files each: on disks with TRIM
/// for every freed block, removing those of a few clusters takes a minute.
const MEMORY: &str = "/dev/shm";
/// The memory that must be available for another directory in it: several labs run at once, each with clusters of about
/// 80 MB and snapshots of 30, and what they keep in memory is not there for their processes.
const ROOMY: u64 = 6 << 30;

/// Unprivileged users that Linux distributions have, in order of preference.
const UNPRIVILEGED: [&str; 3] = ["nobody", "postgres", "daemon"];

/// A directory, and the user that its servers run as.
pub struct ServerRoot {
    root: PathBuf,
    temporary: bool,
    user: Option<User>,
    next: AtomicU32,
}

impl ServerRoot {
    /// Prepares an empty directory in memory; `None` if there is no such file system, or the servers' user can't work in it.
    pub async fn in_memory() -> Result<Option<Self>> {
        if !roomy_memory() {
            return Ok(None);
        }
        let own = Path::new(MEMORY).join(own_name());
        Ok(Self::first_usable(&[(own, true)], &servers_user()?).await)
    }

    /// Prepares an empty directory on disk: `dir`, or a temporary one when the servers' user can't work in `dir` or its
    /// path is too long for a Unix socket. An earlier lab's files in `dir` are removed.
    pub async fn on_disk(dir: &Path) -> Result<Self> {
        let temporary = std::env::temp_dir().join(own_name());
        let candidates = [(dir.to_owned(), false), (temporary, true)];
        if let Some(place) = Self::first_usable(&candidates, &servers_user()?).await {
            return Ok(place);
        }
        bail!(
            "PostgreSQL's user can work neither in {} nor in {}: set TMPDIR to a directory that every user can enter",
            dir.display(),
            std::env::temp_dir().display()
        )
    }

    async fn first_usable(candidates: &[(PathBuf, bool)], user: &Option<User>) -> Option<Self> {
        for (root, temporary) in candidates {
            let place = Self {
                root: root.clone(),
                temporary: *temporary,
                user: user.clone(),
                next: AtomicU32::new(1),
            };
            if place.make_root().await.is_ok() && place.usable().await {
                return Some(place);
            }
            place.clean_up().await;
        }
        None
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// Writes a file that the servers' user owns, and nobody else reads.
    pub fn write(&self, file: &Path, text: &str) -> Result<()> {
        let what = || format!("writing {}", file.display());
        std::fs::write(file, text).with_context(what)?;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).with_context(what)?;
        if let Some(user) = &self.user {
            chown(file, Some(user.uid.as_raw()), Some(user.gid.as_raw())).with_context(what)?;
        }
        Ok(())
    }

    async fn make_root(&self) -> Result<()> {
        let root = &self.root;
        if root.exists() {
            tokio::fs::remove_dir_all(root)
                .await
                .with_context(|| format!("clearing {}", root.display()))?;
        }
        tokio::fs::create_dir_all(root)
            .await
            .with_context(|| format!("making {}", root.display()))?;
        self.own(root)
    }

    /// Gives a directory to the servers' user, and to nobody else.
    fn own(&self, dir: &Path) -> Result<()> {
        let what = || format!("giving {} to PostgreSQL's user", dir.display());
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).with_context(what)?;
        if let Some(user) = &self.user {
            chown(dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).with_context(what)?;
        }
        Ok(())
    }

    async fn usable(&self) -> bool {
        if self.root.as_os_str().len() > LONGEST_ROOT {
            return false;
        }
        let mut probe = self.command(Path::new("/bin/sh"));
        probe.arg("-c").arg("touch probe && rm probe");
        matches!(probe.output().await, Ok(output) if output.status.success())
    }

    /// A command run as the servers' user, in this place, in a process group of its own (so that Ctrl-C reaches only
    /// the lab, which then stops its servers in order), without the lab's environment.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    pub async fn new_directory(&self) -> Result<PathBuf> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let dir = self.root.join(format!("{number:04}"));
        tokio::fs::create_dir(&dir)
            .await
            .with_context(|| format!("making {}", dir.display()))?;
        self.own(&dir)?;
        Ok(dir)
    }

    pub async fn clean_up(&self) {
        if self.temporary
            && self.root.exists()
            && let Err(error) = tokio::fs::remove_dir_all(&self.root).await
        {
            tracing::warn!(dir = %self.root.display(), %error, "the clusters' temporary directory remains");
        }
    }
}

/// The name of this lab's directory.
fn own_name() -> String {
    format!("holdfast-lab-{}", crate::ids::hex(8))
}

/// Whether another directory in memory leaves enough for all processes of this machine.
pub fn roomy_memory() -> bool {
    let file_system = nix::sys::statvfs::statvfs(MEMORY);
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    file_system.is_ok_and(|fs| fs.blocks_available() * fs.fragment_size() >= ROOMY)
        && available_memory(&meminfo).is_some_and(|bytes| bytes >= ROOMY)
}

/// `MemAvailable` in the text of `/proc/meminfo`, in bytes.
fn available_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
}

/// The user to run servers as: an unprivileged one if we are root, else the current user (`None`).
fn servers_user() -> Result<Option<User>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    for name in UNPRIVILEGED {
        if let Some(user) = User::from_name(name).with_context(|| format!("looking up the user {name}"))? {
            return Ok(Some(user));
        }
    }
    bail!(
        "PostgreSQL doesn't run as root, and this machine has none of the users {UNPRIVILEGED:?}: run the lab as another user"
    )
}

/// Runs a command to its end; an exit status other than 0 is an error with what the command wrote.
pub async fn run(mut command: Command, doing: &str) -> Result<Output> {
    let output = command.output().await.with_context(|| doing.to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{doing}: {}: {}", output.status, said.trim());
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read_in_bytes() {
        let text = "MemTotal:       24576 kB\nMemFree:        1024 kB\nMemAvailable:       2048 kB\n";
        assert_eq!(available_memory(text), Some(2 << 20));
        assert_eq!(available_memory("MemFree: 1 kB\n"), None);
    }
}
