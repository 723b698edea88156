//! New servers from backups.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;

use super::{Postgres, Server, server_root};

/// From the directory `$1` with a base backup to the data directory `$2`.
const UNPACK: &str = r#"mkdir -m 700 "$2" && tar -xf "$1/base.tar" -C "$2" && tar -xf "$1/pg_wal.tar" -C "$2/pg_wal""#;

/// How far a recovery goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the end of what was archived.
    Latest,
    /// Up to and including the last commit at or before a time, on the machine's clock.
    Time(Timestamp),
}

impl Postgres {
    /// Prepares the home of a server with the data of a base backup at `<backup>/data`.
    ///
    /// # Errors
    /// If it can't be unpacked.
    pub async fn home_from_backup(&self, backup: &Path) -> Result<std::path::PathBuf> {
        let home = self.new_home().await?;
        let mut unpack = self.place.command(Path::new("/bin/sh"));
        unpack
            .arg("-c")
            .arg(UNPACK)
            .arg("unpack")
            .arg(backup.join("data"))
            .arg(home.join("data"));
        let doing = format!("unpacking the base backup {}", backup.display());
        server_root::run(unpack, &doing).await?;
        // A backup of a server that was itself recovered holds that recovery's target.
        let _ = std::fs::remove_file(home.join("data/lab-recovery.conf"));
        Ok(home)
    }

    /// Prepares the home of a server that, once started, recovers from the base backup and the archive in `source`
    /// (a server's home) to `target`.
    ///
    /// # Errors
    /// If a copy fails.
    pub async fn home_for_recovery(&self, source: &Path, target: Target) -> Result<std::path::PathBuf> {
        let home = self.home_from_backup(&source.join("base")).await?;
        self.copy(&source.join("archive"), &home.join("wal")).await?;
        let mut settings = String::from(
            "restore_command = 'cp ../wal/%f %p'\nrecovery_target_action = 'promote'\nrecovery_target_timeline = 'latest'\n",
        );
        if let Target::Time(time) = target {
            let time = time.strftime("%Y-%m-%d %H:%M:%S%.6f+00");
            settings.push_str(&format!(
                "recovery_target_time = '{time}'\nrecovery_target_inclusive = on\n"
            ));
        }
        self.place.write(&home.join("data/lab-recovery.conf"), &settings)?;
        self.place.write(&home.join("data/recovery.signal"), "")?;
        Ok(home)
    }
}

impl Server {
    /// Takes the base backup that later recoveries start from, into `base` of the server's home.
    ///
    /// # Errors
    /// As [`Server::base_backup`].
    pub async fn start_backups(self: &Arc<Self>) -> Result<()> {
        self.base_backup(&self.home().join("base")).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::postgres::testing;

    async fn rows(server: &Server) -> String {
        server
            .sql("postgres", "SELECT coalesce(string_agg(v, ',' ORDER BY v), '') FROM t")
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_backup_holds_its_moment_and_recovery_stops_at_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let postgres = Postgres::prepare(&testing::world(dir.path())).await.unwrap();
        let server = Arc::new(Server::create(&postgres).await.unwrap());
        server.create_master("hubs", "a'b\\c", Some("ret")).await.unwrap();
        server.start_backups().await.unwrap();
        server
            .sql("postgres", "CREATE TABLE t (v text); INSERT INTO t VALUES ('a')")
            .await
            .unwrap();
        let snapshot = postgres.new_home().await.unwrap();
        server.base_backup(&snapshot).await.unwrap();
        let between = Timestamp::now();
        server.sql("postgres", "INSERT INTO t VALUES ('b')").await.unwrap();
        server.archive_now().await.unwrap();

        let home = postgres.home_from_backup(&snapshot).await.unwrap();
        let restored = Server::start(&postgres, &home).await.unwrap();
        assert_eq!(rows(&restored).await, "a");

        let home = postgres
            .home_for_recovery(server.home(), Target::Time(between))
            .await
            .unwrap();
        let recovered = Arc::new(Server::start(&postgres, &home).await.unwrap());
        assert_eq!(rows(&recovered).await, "a");
        recovered.start_backups().await.unwrap();
        recovered.sql("postgres", "INSERT INTO t VALUES ('c')").await.unwrap();
        recovered.archive_now().await.unwrap();

        let home = postgres
            .home_for_recovery(recovered.home(), Target::Latest)
            .await
            .unwrap();
        let again = Server::start(&postgres, &home).await.unwrap();
        assert_eq!(rows(&again).await, "a,c");

        let home = postgres.home_for_recovery(server.home(), Target::Latest).await.unwrap();
        let latest = Server::start(&postgres, &home).await.unwrap();
        assert_eq!(rows(&latest).await, "a,b");
        for server in [&*server, &restored, &*recovered, &again, &latest] {
            server.stop().await;
        }
        assert!(!server.socket().exists());
        postgres.clean_up().await;
    }
}
