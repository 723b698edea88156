//! How a database is reached.

use crate::domain::resource::Target;
use crate::domain::transfers::Placement;
use crate::domain::transfers::database_access::ServerAddress;
use crate::error::{Error, Result};

/// Postgres's own port.
pub const PORT: u16 = 5432;
/// The database that every new server has.
const MAINTENANCE_DATABASE: &str = "postgres";

/// A database, and how its data is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection<'a> {
    pub server: ServerAddress,
    pub database: &'a str,
    /// How many programs move rows at once.
    pub jobs: usize,
    /// Where the descriptor has the data moved; `None` if the plan decides.
    pub run_in: Option<Placement>,
}

/// The connection of a target.
///
/// # Errors
/// `InvalidInput` for a target of another kind.
pub fn connection(target: &Target) -> Result<Connection<'_>> {
    let Target::Postgres {
        database,
        host,
        port,
        login_secret,
        maintenance_database,
        jobs,
        run_in,
    } = target
    else {
        return Err(Error::invalid("kind", target.kind(), "postgres"));
    };
    let maintenance_database = maintenance_database.as_deref().unwrap_or(MAINTENANCE_DATABASE);
    Ok(Connection {
        server: ServerAddress {
            host: host.clone(),
            port: *port,
            login_secret: login_secret.clone(),
            maintenance_database: maintenance_database.to_owned(),
        },
        database,
        jobs: jobs.and_then(|jobs| usize::try_from(jobs).ok()).unwrap_or(1),
        run_in: *run_in,
    })
}

/// The server of a target.
///
/// # Errors
/// As [`connection`].
pub fn server(target: &Target) -> Result<ServerAddress> {
    connection(target).map(|connection| connection.server)
}

/// A captured database as today's descriptor reaches it, if it is on the same server: a set is older than a login that was replaced, or
/// than a task that its restore turned out to need.
pub fn reached_as(captured: &Target, today: &Target) -> Target {
    let server = |target: &Target| {
        connection(target)
            .ok()
            .map(|found| (found.server.host, found.server.port))
    };
    match server(captured) == server(today) {
        true => today.renamed(captured.identifier()),
        false => captured.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_an_older_set_is_reached_as_today() {
        let read = |database: &str, host: &str, secret: &str, run_in: Placement| Target::Postgres {
            database: database.to_owned(),
            host: host.to_owned(),
            port: 5432,
            login_secret: secret.to_owned(),
            maintenance_database: None,
            jobs: None,
            run_in: Some(run_in),
        };
        let captured = read("app", "db", "old", Placement::Function);
        let today = read("app_r2", "db", "new", Placement::Task);
        assert_eq!(reached_as(&captured, &today), read("app", "db", "new", Placement::Task));
        let elsewhere = read("app", "db2", "new", Placement::Task);
        assert_eq!(reached_as(&captured, &elsewhere), captured);
    }
}
