//! All the data of a deployment, live and in a restore's copies, and the damage of an incident.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::aws::{Aws, text};
use crate::dataset::{Dataset, delete_items};
use crate::ledger;
use crate::readback::{files_below, items};

/// Rows, files and items.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    pub users: Vec<String>,
    /// Path and checksum, without the directories of restores.
    pub files: BTreeMap<String, String>,
    /// By table, then by id.
    pub tables: BTreeMap<String, BTreeMap<String, Value>>,
    /// Of the database that is dumped.
    pub accounts: Vec<String>,
}

impl Data {
    /// The deployment's data now.
    pub async fn of(aws: &Aws, dataset: &Dataset) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for table in &dataset.tables {
            tables.insert(table.clone(), items(aws, table).await?);
        }
        let mut files = files_below(dataset.directory())?;
        files.retain(|path, _| !path.starts_with("aws-backup-"));
        Ok(Self {
            users: dataset.users(&dataset.cluster).await?,
            files,
            tables,
            accounts: match &dataset.ledger {
                Some(ledger) => ledger.accounts(ledger::DATABASE).await?,
                None => Vec::new(),
            },
        })
    }

    /// The data in the copies that a restore `made`, by resource, as in the catalog.
    pub async fn in_copies(aws: &Aws, dataset: &Dataset, made: &BTreeMap<String, Value>) -> Result<Self> {
        let place = |resource: &str, field: &str| -> Result<&str> {
            let made = made.get(resource);
            text(made.with_context(|| format!("no copy of {resource}"))?, field)
        };
        let mut tables = BTreeMap::new();
        for table in &dataset.tables {
            let copy = place(&format!("tables.{table}"), "/table")?;
            tables.insert(table.clone(), items(aws, copy).await?);
        }
        Ok(Self {
            users: dataset.users(place("database", "/cluster")?).await?,
            files: files_below(&restored_directory(dataset, made)?)?,
            tables,
            accounts: match &dataset.ledger {
                Some(ledger) => {
                    ledger
                        .accounts(&ledger.copy(place("ledger", "/database")?).await?)
                        .await?
                }
                None => Vec::new(),
            },
        })
    }

    pub fn items(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }
}

/// Where a restore put the files.
pub fn restored_directory(dataset: &Dataset, made: &BTreeMap<String, Value>) -> Result<PathBuf> {
    let directory = text(made.get("storage").context("no copy of the files")?, "/directory")?;
    Ok(dataset.directory().join(directory.trim_start_matches('/')))
}

/// Deletes all users, damages every second file, deletes every second item.
pub async fn incident(aws: &Aws, dataset: &Dataset) -> Result<()> {
    dataset.execute("delete from hubs; delete from users").await?;
    if let Some(ledger) = &dataset.ledger {
        ledger
            .execute(ledger::DATABASE, "delete from entries; delete from accounts")
            .await?;
    }
    for path in files_below(dataset.directory())?.into_keys().step_by(2) {
        if !path.starts_with("aws-backup-") {
            std::fs::write(dataset.directory().join(path), "damaged")?;
        }
    }
    for table in &dataset.tables {
        let there = items(aws, table).await?;
        delete_items(aws, table, there.keys().step_by(2)).await?;
    }
    Ok(())
}
