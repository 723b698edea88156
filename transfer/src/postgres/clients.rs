//! The client programs of several majors, and which of them fits.
//!
//! They are in a directory that `infra/postgres_clients.py` assembles: `<root>/postgres/<major>/bin`, beside each a `client.json` with what
//! its build can do. `pg_dump` refuses a server of a newer major; an archive restored by a newer `pg_restore` than the server sets
//! parameters that the server does not know; and no `pg_restore` reads an archive of a newer `pg_dump`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::version::{self, ServerVersion};
use crate::error::{Result, TransferError};

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    Zstd,
    Gzip,
}

/// What `client.json` says.
#[derive(Debug, Deserialize)]
struct Build {
    compression: Vec<Compression>,
}

/// The client programs of one major.
#[derive(Debug, Clone)]
pub struct Client {
    pub major: u32,
    /// With the minor: `17.10`.
    pub version: String,
    /// The better of what its build has.
    pub compression: Compression,
    programs: PathBuf,
    libraries: PathBuf,
}

impl Client {
    /// A command of this client, with nothing in its environment but what it needs to start and to write plain English.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("LD_LIBRARY_PATH", &self.libraries)
            .kill_on_drop(true);
        command
    }
}

/// All clients, by major.
#[derive(Debug, Clone)]
pub struct Clients(Vec<Client>);

impl Clients {
    /// Finds the clients below `root` and asks each for its version.
    ///
    /// # Errors
    /// `NotFound` if there is none; `JobFailed` if one does not start, such as one for another architecture.
    pub async fn find(root: &Path) -> Result<Self> {
        let unusable = |what: &Path, why: &dyn std::fmt::Display| {
            TransferError::JobFailed(format!(
                "{}: {why}. Build the layer of Postgres clients for this architecture again",
                what.display()
            ))
        };
        let mut found = Vec::new();
        let postgres = root.join("postgres");
        let Ok(entries) = std::fs::read_dir(&postgres) else {
            return Err(TransferError::NotFound(format!(
                "{} does not exist: attach the layer of Postgres clients to the function",
                postgres.display()
            )));
        };
        for entry in entries.flatten() {
            let home = entry.path();
            let description = home.join("client.json");
            if !description.is_file() {
                continue;
            }
            let text = std::fs::read(&description).map_err(|error| unusable(&description, &error))?;
            let build: Build = serde_json::from_slice(&text).map_err(|error| unusable(&description, &error))?;
            let mut client = Client {
                major: 0,
                version: String::new(),
                compression: build.compression.into_iter().min().unwrap_or(Compression::Gzip),
                programs: home.join("bin"),
                libraries: postgres.join("lib"),
            };
            let output = client.command("pg_dump").arg("--version").output().await;
            let output = output.map_err(|error| unusable(&client.programs, &error))?;
            let text = String::from_utf8_lossy(&output.stdout);
            (client.version, client.major) = version::of_program(&text)
                .ok_or_else(|| unusable(&client.programs, &String::from_utf8_lossy(&output.stderr)))?;
            found.push(client);
        }
        if found.is_empty() {
            return Err(TransferError::NotFound(format!(
                "{} has no clients",
                postgres.display()
            )));
        }
        found.sort_by_key(|client| client.major);
        Ok(Self(found))
    }

    /// The majors, for messages.
    #[must_use]
    pub fn majors(&self) -> Vec<u32> {
        self.0.iter().map(|client| client.major).collect()
    }

    /// The client that dumps from this server: the oldest that is not older than it, so that the dump can be restored by as many
    /// servers as possible, and by this one if there is a client of its own major.
    ///
    /// # Errors
    /// `InvalidInput` if the server is newer than every client.
    pub fn for_dump(&self, server: ServerVersion) -> Result<&Client> {
        self.0
            .iter()
            .find(|client| client.major >= server.major())
            .ok_or_else(|| {
                TransferError::invalid(
                    "server version",
                    format!("PostgreSQL {server}, which is newer than every client,"),
                    format!(
                        "at most {}: the layer has the clients of PostgreSQL {}. Add a newer one to infra/postgres-clients.txt and deploy again",
                        self.0.last().map_or(0, |client| client.major),
                        list(&self.majors())
                    ),
                )
            })
    }

    /// The client that restores a dump by `dumped_by` (a major of `pg_dump`) into this server: the newest that is not newer than
    /// the server, and not older than the dump.
    ///
    /// # Errors
    /// `InvalidInput` if there is none.
    pub fn for_restore(&self, dumped_by: u32, server: ServerVersion) -> Result<&Client> {
        let mut fitting = self.0.iter().rev().filter(|client| client.major <= server.major());
        fitting.find(|client| client.major >= dumped_by).ok_or_else(|| {
            TransferError::invalid(
                "server version",
                format!("PostgreSQL {server}"),
                format!(
                    "one for which there is a pg_restore not newer than the server and not older than the dump, which pg_dump {dumped_by} \
                     made; the layer has PostgreSQL {}",
                    list(&self.majors())
                ),
            )
        })
    }

    /// The oldest client that can read an archive by `dumped_by`.
    ///
    /// # Errors
    /// `InvalidInput` if every client is older.
    pub fn for_reading(&self, dumped_by: u32) -> Result<&Client> {
        self.0.iter().find(|client| client.major >= dumped_by).ok_or_else(|| {
            TransferError::invalid(
                "dump",
                format!("one that pg_dump {dumped_by} made"),
                format!(
                    "one by at most the newest client: the layer has PostgreSQL {}",
                    list(&self.majors())
                ),
            )
        })
    }

    /// The client by which this server can be dumped so that the dump can be restored into it again: that of its own major.
    ///
    /// # Errors
    /// `InvalidInput` if there is none.
    pub fn for_backup(&self, server: ServerVersion) -> Result<&Client> {
        let client = self.for_dump(server)?;
        self.for_restore(client.major, server)
    }
}

fn list(majors: &[u32]) -> String {
    majors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn clients(majors: &[u32]) -> Clients {
        let client = |major: &u32| Client {
            major: *major,
            version: format!("{major}.1"),
            compression: Compression::Gzip,
            programs: PathBuf::new(),
            libraries: PathBuf::new(),
        };
        Clients(majors.iter().map(client).collect())
    }

    #[test]
    fn a_server_is_dumped_by_the_oldest_client_that_is_not_older() {
        let clients = clients(&[16, 17, 18]);
        let dumped = |version| clients.for_dump(ServerVersion(version)).map(|client| client.major);
        assert_eq!(dumped(140_009), Ok(16));
        assert_eq!(dumped(160_014), Ok(16));
        assert_eq!(dumped(170_000), Ok(17));
        assert_eq!(dumped(180_006), Ok(18));
        let refused = dumped(190_001).unwrap_err();
        assert_eq!(refused.name(), "InvalidInput");
        assert!(refused.to_string().contains("PostgreSQL 19.1"), "{refused}");
        assert!(refused.to_string().contains("16, 17, 18"), "{refused}");
    }

    #[test]
    fn a_dump_is_restored_by_a_client_between_it_and_the_server() {
        let clients = clients(&[16, 17, 18]);
        let restored = |by, version| {
            clients
                .for_restore(by, ServerVersion(version))
                .map(|client| client.major)
        };
        assert_eq!(restored(16, 160_014), Ok(16));
        assert_eq!(restored(16, 180_006), Ok(18));
        assert_eq!(restored(17, 190_001), Ok(18));
        assert_eq!(restored(17, 160_014).unwrap_err().name(), "InvalidInput");
        assert_eq!(restored(16, 150_000).unwrap_err().name(), "InvalidInput");
    }

    #[test]
    fn a_dump_of_a_server_without_a_client_of_its_own_does_not_go_back_there() {
        let clients = clients(&[16, 18]);
        let by = |version| clients.for_backup(ServerVersion(version)).map(|client| client.major);
        assert_eq!(by(160_014), Ok(16));
        for version in [150_000, 170_010, 190_001] {
            let refused = by(version).unwrap_err();
            assert_eq!(refused.name(), "InvalidInput");
            let shown = format!("PostgreSQL {}", ServerVersion(version));
            assert!(refused.to_string().contains(&shown), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_directory_without_clients_is_reported_by_name() {
        let empty = tempfile::tempdir().unwrap();
        let error = Clients::find(empty.path()).await.unwrap_err();
        assert_eq!(error.name(), "NotFound");
        std::fs::create_dir_all(empty.path().join("postgres/17")).unwrap();
        assert_eq!(Clients::find(empty.path()).await.unwrap_err().name(), "NotFound");
        std::fs::write(
            empty.path().join("postgres/17/client.json"),
            r#"{"compression":["zstd"]}"#,
        )
        .unwrap();
        assert_eq!(Clients::find(empty.path()).await.unwrap_err().name(), "JobFailed");
    }
}
