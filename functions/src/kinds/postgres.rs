//! `postgres`: a Postgres database, dumped to the stack's archive in S3, and restored as a new database of the same server.
//!
//! Dumps and restores are jobs of our own (the machine `transfer`); everything else about databases and dumps is asked of the functions
//! that reach them.

mod backup;
mod compare;
mod dependents;
mod discovery;
mod listing;
mod logins;
mod placement;
mod preflight;
mod recovery;
mod restore;
#[cfg(test)]
pub(super) mod tests;

use aws_config::SdkConfig;

use super::Defaults;
use super::shared::{wrong_point, wrong_target};
use crate::domain::kinds::postgres::{Connection, connection};
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::{Destination, Source};
use crate::error::{Error, Result};
use crate::transfers::Transfers;

const KIND: &str = "postgres";
/// The steps that the jobs run.
const DUMP: &str = "write-dump";
const LOAD: &str = "load-dump";

pub struct Postgres {
    transfers: Transfers,
}

impl Postgres {
    pub fn from_config(aws: &SdkConfig, defaults: &Defaults) -> Self {
        Self {
            transfers: Transfers::new(aws, defaults.transfers.clone()),
        }
    }
}

fn database(resource: &Resource) -> Result<Connection<'_>> {
    connection(&resource.target).map_err(|_| wrong_target(KIND, resource))
}

/// The folder of a dump, and the execution that writes it.
fn parts(point: &RecoveryPoint) -> Result<(&str, &str)> {
    match point {
        RecoveryPoint::DatabaseDump { folder, execution, .. } => Ok((folder, execution)),
        other => Err(wrong_point(KIND, other)),
    }
}

/// The dump's folder and the new database's name.
fn planned(item: &RestoreItem) -> Result<(&str, &str)> {
    match (&item.planned.source, &item.planned.destination) {
        (Source::DatabaseDump { folder, .. }, Destination::Database { database, .. }) => Ok((folder, database)),
        (source, destination) => Err(Error::invalid(
            format!("resources.{}", item.planned.resource.name),
            format!("{source:?} into {destination:?}"),
            "a dump into a database",
        )),
    }
}
