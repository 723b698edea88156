//! What a database costs, and how a person drops one.

use super::{Postgres, connection};
use crate::domain::kinds::upkeep::{MonthlyCost, Upkeep};
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;

impl Upkeep for Postgres {
    /// Its server is paid for with or without it, and what its server's storage costs is not known.
    fn monthly_cost(&self, _: &RestoreItem) -> MonthlyCost {
        MonthlyCost::of([("the storage of its server", None)])
    }

    fn removal_commands(&self, target: &Target) -> Vec<String> {
        let Ok(connection) = connection(target) else {
            return Vec::new();
        };
        let server = connection.server;
        vec![format!(
            "psql --host {} --port {} --dbname {} --command 'DROP DATABASE \"{}\"'",
            server.host, server.port, server.maintenance_database, connection.database
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_dropped_from_another_of_its_server() {
        let target = Target::Postgres {
            database: "shop-r1".into(),
            host: "db.example".into(),
            port: 5433,
            login_secret: "login".into(),
            maintenance_database: None,
            jobs: None,
            run_in: None,
        };
        assert_eq!(
            Postgres.removal_commands(&target),
            ["psql --host db.example --port 5433 --dbname postgres --command 'DROP DATABASE \"shop-r1\"'"]
        );
    }
}
