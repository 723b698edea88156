//! Finds what would fail a database's restore, before anything is changed.

use serde_json::Value;

use super::{Postgres, database, planned};
use crate::domain::job::Run;
use crate::domain::restore::item::RestoreItem;
use crate::domain::transfers::DumpFacts;
use crate::domain::transfers::archive_access::ArchiveRequest;
use crate::domain::transfers::database_access::{DatabaseAction, Obstacles};
use crate::error::{Fault, Result};
use crate::kinds::{Preflight, fault, part};

/// Checks the dump as the archive has it, then what the server needs: a client for it, roles, extensions, and a free name.
pub async fn check(postgres: &Postgres, run: &Run, item: &RestoreItem) -> Result<Preflight> {
    let name = &item.planned.resource.name;
    let (folder, copy) = planned(item)?;
    let server = database(&item.planned.resource)?.server;
    let mut preflight = Preflight {
        remarks: attached(&item.configuration),
        ..Preflight::default()
    };
    let verify = ArchiveRequest::VerifyDump {
        folder: folder.to_owned(),
    };
    match postgres.transfers.archive::<DumpFacts>(&verify).await {
        Ok(facts) => preflight.remarks.extend(facts.remarks),
        Err(error) => {
            let path = format!("resources.{name}.source");
            preflight.faults.push(fault(&path, folder, error)?);
            return Ok(preflight);
        }
    }
    let action = DatabaseAction::CheckRestore {
        folder: folder.to_owned(),
        database: copy.to_owned(),
        restore: run.id.clone(),
    };
    let found: Obstacles = match postgres.transfers.database(&server, action).await {
        Ok(found) => found,
        Err(error) => {
            let path = format!("resources.{name}.target");
            preflight.faults.push(fault(&path, copy, error)?);
            return Ok(preflight);
        }
    };
    preflight
        .faults
        .extend(found.faults.into_iter().map(|(error, text)| Fault {
            path: format!("resources.{name}.target"),
            value: format!("{copy} ({error}: {text})"),
            allowed: "a new database on a server that has what the dump needs".to_owned(),
        }));
    Ok(preflight)
}

/// What is attached to the source and does nothing in a copy.
fn attached(configuration: &Value) -> Vec<String> {
    let names = part(configuration, "attached").as_array().cloned().unwrap_or_default();
    names
        .iter()
        .filter_map(Value::as_str)
        .map(|what| {
            format!(
                "{what} is of the database that was dumped; the copy has none that is active: create it again by hand"
            )
        })
        .collect()
}
