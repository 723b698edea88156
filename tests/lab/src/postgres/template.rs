//! One `initdb` per lab: every new cluster starts as a copy of its result.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{ADMIN, Postgres, server_root};

/// Small enough that twenty servers fit on a laptop; durable enough for a lab, which does not survive its machine.
/// Paths are relative to the data directory, so that a copy needs no edit.
const SETTINGS: &str = "
listen_addresses = ''
unix_socket_directories = '../socket'
unix_socket_permissions = 0777
max_connections = 60
shared_buffers = 12MB
dynamic_shared_memory_type = mmap
huge_pages = off
jit = off
max_worker_processes = 2
max_parallel_workers = 0
autovacuum_max_workers = 1
fsync = off
full_page_writes = on
wal_level = replica
max_wal_senders = 20
max_wal_size = 64MB
min_wal_size = 2MB
checkpoint_timeout = 30min
archive_mode = on
archive_command = 'cp %p ../archive/%f.part && mv ../archive/%f.part ../archive/%f'
archive_timeout = 30
hot_standby = off
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
include_if_exists = 'lab-recovery.conf'
";

/// All connections need a password, also the lab's own: clients reach the same socket through the listener.
const ACCESS: &str = "local all all scram-sha-256\nlocal replication rdsadmin scram-sha-256\n";

impl Postgres {
    /// The data directory that new clusters are copied from; created at the first call.
    pub(super) async fn template(&self) -> Result<&Path> {
        self.template
            .get_or_try_init(|| self.make_template())
            .await
            .map(PathBuf::as_path)
    }

    async fn make_template(&self) -> Result<PathBuf> {
        let home = self.new_home().await?;
        let data = home.join("data");
        let password_file = home.join("password");
        self.place
            .write(&password_file, &format!("{}\n", self.admin_password))?;
        let mut initdb = self.program("initdb");
        initdb.arg("-D").arg(&data).arg("--pwfile").arg(&password_file);
        initdb.args([
            "-U",
            ADMIN,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]);
        // Segments of 1 MB instead of 16: a base backup and a switch of the log cost little.
        initdb.args(["--auth=scram-sha-256", "--wal-segsize=1"]);
        server_root::run(initdb, "making the clusters' template with initdb").await?;
        std::fs::remove_file(&password_file)?;
        let settings = data.join("postgresql.conf");
        let mut text = std::fs::read_to_string(&settings)?;
        text.push_str(SETTINGS);
        self.place.write(&settings, &text)?;
        self.place.write(&data.join("pg_hba.conf"), ACCESS)?;
        Ok(data)
    }
}
