//! Events of the second program's steps: the orders of the machine `transfer`, and the questions of a kind's driver.

use anyhow::{Result, bail};
use holdfast::domain::transfers::Order;
use holdfast::domain::transfers::archive_access::ArchiveRequest;
use holdfast::domain::transfers::database_access::DatabaseRequest;
use holdfast::steps::transfer::export_table;
use serde_json::{Value, json};

use super::events::{TIME, database, read_by, run};

const FOLDER: &str = "dumps/hubs-prod/ledger/hubs-prod-20261120-021500-630a";

/// The event of a step, by its name in the template.
///
/// # Errors
/// If there is none for it, or the step would not parse it.
pub fn event(step: &str) -> Result<Value> {
    match step {
        "archive-access" => read_by::<ArchiveRequest>(json!({ "action": "verify_dump", "folder": FOLDER })),
        "database-access" => {
            let mut server = database();
            server["maintenance_database"] = json!("postgres");
            let event = json!({ "server": server, "action": "describe", "database": "ledger" });
            read_by::<DatabaseRequest>(event)
        }
        "export-table" => read_by::<export_table::Input>(json!({
            "run": run(), "resource": "rooms", "table": "hubs-rooms", "archive": { "method": "scan" },
            "prefix": "tables/hubs-prod/rooms/hubs-prod-20261120-021500-630a/", "at": TIME, "now": TIME,
        })),
        "write-dump" | "load-dump" => {
            read_by::<Order>(json!({ "run": run(), "resource": database(), "folder": FOLDER }))
        }
        _ => bail!("the bench has no event for it: give it one in tests/bench/starts/transfers.rs"),
    }
}

#[cfg(test)]
mod tests {
    use holdfast::steps::TRANSFERS;

    use super::*;

    #[test]
    fn every_step_has_an_event_that_it_reads() {
        let refused: Vec<String> = TRANSFERS
            .iter()
            .filter_map(|step| event(step).err().map(|error| format!("{step}: {error:#}")))
            .collect();
        assert_eq!(refused, Vec::<String>::new());
    }
}
