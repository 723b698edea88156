//! Where a database's data is moved: in a function, or in a task if 15 minutes could be too short.

use std::time::Duration;

use holdfast_transfer::postgres::{self as engine, PastRun, Work};

use super::{Postgres, database};
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::transfers::archive_access::{ArchiveRequest, Dumps};
use crate::domain::transfers::{Placement, dumps_of_resource};
use crate::error::{Class, Result};

impl Postgres {
    /// By the size of the database and how long its last dumps took, unless the descriptor decides.
    pub(super) async fn place_dump(&self, run: &Run, resource: &Resource, bytes: u64) -> Result<Placement> {
        if let Some(forced) = database(resource)?.run_in {
            return Ok(forced);
        }
        let request = ArchiveRequest::ListDumps {
            folder: dumps_of_resource(&run.deployment, &resource.name),
        };
        // How long earlier dumps took is worth no failure.
        let listed = match self.transfers.archive(&request).await {
            Err(error) if error.class() == Class::Final => Dumps { dumps: Vec::new() },
            listed => listed?,
        };
        let past: Vec<PastRun> = listed
            .dumps
            .iter()
            .filter(|dump| dump.facts.seconds > 0)
            .map(|dump| PastRun {
                duration: Duration::from_secs(dump.facts.seconds),
                database_bytes: dump.facts.database_bytes,
            })
            .collect();
        Ok(decide(Work::Dump, bytes, &past))
    }

    /// By the size of the database that was dumped, unless the descriptor decides.
    pub(super) fn place_load(&self, resource: &Resource, bytes: u64) -> Result<Placement> {
        let forced = database(resource)?.run_in;
        Ok(forced.unwrap_or_else(|| decide(Work::Restore, bytes, &[])))
    }
}

fn decide(work: Work, bytes: u64, past: &[PastRun]) -> Placement {
    match engine::decide_placement(None, work, bytes, past) {
        engine::Placement::Function => Placement::Function,
        engine::Placement::Task => Placement::Task,
    }
}
