//! The snapshot that a dump is taken in: exported, so that every `pg_dump` and the probes see the same rows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::server::{Server, Session};
use super::version::ServerVersion;
use crate::error::{Result, TransferError};

/// A named count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub name: String,
    /// A query that returns one non-negative integer.
    pub sql: String,
    /// After so many seconds, the server ends it.
    pub timeout_seconds: u32,
}

/// The counts of probes, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub counted: BTreeMap<String, i64>,
    /// Why the others could not be counted.
    pub failed: BTreeMap<String, String>,
}

/// An open transaction whose snapshot others can use. It ends when this is dropped.
pub struct Snapshot {
    session: Session,
    /// As `pg_dump --snapshot` takes it.
    pub id: String,
    /// By the server's clock, after the snapshot was taken.
    pub captured_at: Timestamp,
    pub server: ServerVersion,
}

impl Snapshot {
    /// Begins the transaction and exports its snapshot.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn take(server: &Server, database: &str) -> Result<Self> {
        let session = server.connect(database).await?;
        session.allow_long_transactions().await?;
        let version = session.version().await?;
        let doing = "taking a snapshot";
        session
            .execute(
                doing,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog",
            )
            .await?;
        // Two statements: the first takes the snapshot, so that the second's time is later than it.
        let id = session.column(doing, "SELECT pg_export_snapshot()").await?;
        let time = session
            .column(
                doing,
                "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
            )
            .await?;
        let (Some(id), Some(captured_at)) = (id.first(), time.first().and_then(|time| time.parse().ok())) else {
            return Err(TransferError::VerificationFailed(format!(
                "{}: the server exported no snapshot",
                session.place()
            )));
        };
        Ok(Self {
            id: id.clone(),
            captured_at,
            server: version,
            session,
        })
    }

    /// The session in whose transaction the snapshot is read.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Counts every probe in this snapshot.
    ///
    /// # Errors
    /// As [`count`].
    pub async fn count(&self, probes: &[Probe]) -> Result<Counts> {
        count(&self.session, probes).await
    }

    /// Ends the transaction: an error if the session did not live until here. Returns how many seconds it was open, by the server's clock.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn end(self) -> Result<u64> {
        let doing = "ending the snapshot";
        let open = "SELECT ceil(extract(epoch FROM clock_timestamp() - now()))::bigint";
        let open = self.session.column(doing, open).await?;
        self.session.execute(doing, "COMMIT").await?;
        Ok(open.first().and_then(|seconds| seconds.parse().ok()).unwrap_or(0))
    }
}

/// Counts every probe in a session, in its transaction, with `search_path` as its user has it. One that fails leaves the transaction, and
/// with it the snapshot, as it was.
///
/// # Errors
/// Those of the connection: without it, there is no snapshot any more.
pub async fn count(session: &Session, probes: &[Probe]) -> Result<Counts> {
    let mut counts = Counts::default();
    for probe in probes {
        let doing = format!("counting probe {}", probe.name);
        let limit = u64::from(probe.timeout_seconds) * 1000;
        let begin = format!("SAVEPOINT probe; SET LOCAL statement_timeout = {limit}; SET LOCAL search_path TO DEFAULT");
        session.execute(&doing, &begin).await?;
        match session.rows(&doing, &probe.sql).await.and_then(|rows| {
            the_integer(&rows).ok_or_else(|| {
                TransferError::VerificationFailed(format!(
                    "{doing} in {}: the query returned something else than one non-negative integer. Make it a `select count(*) …`",
                    session.place()
                ))
            })
        }) {
            Ok(count) => {
                counts.counted.insert(probe.name.clone(), count);
            }
            Err(error) => {
                counts.failed.insert(probe.name.clone(), error.to_string());
            }
        }
        session.execute(&doing, "ROLLBACK TO SAVEPOINT probe").await?;
    }
    Ok(counts)
}

fn the_integer(rows: &[Vec<Option<String>>]) -> Option<i64> {
    match rows {
        [row] if row.len() == 1 => row[0].as_deref()?.parse::<i64>().ok().filter(|value| *value >= 0),
        _ => None,
    }
}

/// Counts every probe in a read-only session of its own, for a restored copy.
///
/// # Errors
/// As [`count`].
pub async fn count_in(server: &Server, database: &str, probes: &[Probe]) -> Result<Counts> {
    let session = server.connect(database).await?;
    session.allow_long_transactions().await?;
    let doing = "counting probes";
    session
        .execute(doing, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    count(&session, probes).await
}

/// The probes whose counts differ, in words; probes that one side lacks are reported too.
#[must_use]
pub fn differences(dumped: &BTreeMap<String, i64>, restored: &BTreeMap<String, i64>) -> Vec<String> {
    let mut names: Vec<&String> = dumped.keys().chain(restored.keys()).collect();
    names.sort();
    names.dedup();
    let shown = |count: Option<&i64>| count.map_or_else(|| "not counted".to_owned(), ToString::to_string);
    names
        .into_iter()
        .filter(|name| dumped.get(*name) != restored.get(*name))
        .map(|name| {
            format!(
                "{name}: {} at the dump, {} in the copy",
                shown(dumped.get(name)),
                shown(restored.get(name))
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_differs_or_is_missing_is_reported() {
        let counts = |pairs: &[(&str, i64)]| pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let dumped = counts(&[("users", 562), ("orders", 3)]);
        assert!(differences(&dumped, &dumped).is_empty());
        assert_eq!(
            differences(&dumped, &counts(&[("users", 0), ("more", 1)])),
            [
                "more: not counted at the dump, 1 in the copy",
                "orders: 3 at the dump, not counted in the copy",
                "users: 562 at the dump, 0 in the copy"
            ]
        );
    }
}
