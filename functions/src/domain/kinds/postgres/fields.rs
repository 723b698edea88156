//! The fields of a database in a descriptor.

use super::connection;
use crate::domain::descriptor::formats::{self, visible};
use crate::domain::descriptor::reader::{Faults, Object, TextFormat};
use crate::domain::resource::Target;
use crate::domain::transfers::Placement;

pub const NAMES: &[&str] = &[
    "database",
    "host",
    "port",
    "login_secret",
    "maintenance_database",
    "jobs",
    "run_in",
];

const HOST: TextFormat = visible(
    "the host name of a Postgres server, which its certificate names: without a port, a user or a scheme",
    |text| {
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        text.len() <= 253 && text.split('.').all(label)
    },
);
const PLACEMENT: TextFormat = visible("function or task", |text| Placement::named(text).is_some());
/// Each takes connections, memory and a share of the network.
const MOST_JOBS: u32 = 16;
const MOST_PORT: u32 = 65_535;

/// Reads them; `None` only if there is a fault.
pub fn read(faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
    let database = object.text(faults, "database", &formats::DATABASE);
    let host = object.text(faults, "host", &HOST);
    let port = object.optional_number(faults, "port", 1, MOST_PORT);
    let login_secret = object.text(faults, "login_secret", &formats::SECRET);
    let maintenance_database = object.optional_text(faults, "maintenance_database", &formats::DATABASE);
    let jobs = object.optional_number(faults, "jobs", 1, MOST_JOBS);
    let run_in = object.optional_text(faults, "run_in", &PLACEMENT);
    Some(Target::Postgres {
        database: database?,
        host: host?.to_ascii_lowercase(),
        port: port
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(connection::PORT),
        login_secret: login_secret?,
        maintenance_database,
        jobs,
        run_in: run_in.as_deref().and_then(Placement::named),
    })
}
