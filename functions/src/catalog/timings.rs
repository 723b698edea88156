//! How long each resource's last sealed backups took.

use serde::{Deserialize, Serialize};

use super::store::Condition;
use super::{Catalog, decode, encode, key, name_of};
use crate::domain::set::Timing;
use crate::error::{Error, Result};

/// How many durations are kept.
const KEPT: usize = 10;
const TRIES: usize = 3;

/// The record: each duration with its set, so that a repeated write adds nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TimingRecord {
    resource: String,
    entries: Vec<TimingEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct TimingEntry {
    set: String,
    seconds: u64,
}

impl Catalog {
    /// The durations of a resource's last sealed backups; none without a history.
    pub async fn timing(&self, deployment: &str, resource: &str) -> Result<Timing> {
        let record = self.record(deployment, resource).await?;
        let durations = record.map(|record| record.entries.iter().map(|entry| entry.seconds).collect());
        Ok(Timing {
            resource: resource.to_owned(),
            durations: durations.unwrap_or_default(),
        })
    }

    /// Adds the duration of a resource's backup in a sealed set, once for each set.
    pub async fn add_timing(&self, deployment: &str, resource: &str, set: &str, seconds: u64) -> Result<()> {
        for _ in 0..TRIES {
            let record = self.record(deployment, resource).await?;
            let before = match &record {
                None => Condition::Absent("pk"),
                Some(record) => Condition::Equals("entries", name_of(&record.entries)),
            };
            let mut entries = record.map(|record| record.entries).unwrap_or_default();
            if entries.iter().any(|entry| entry.set == set) {
                return Ok(());
            }
            entries.push(TimingEntry {
                set: set.to_owned(),
                seconds,
            });
            entries.drain(..entries.len().saturating_sub(KEPT));
            let record = TimingRecord {
                resource: resource.to_owned(),
                entries,
            };
            if self
                .store
                .put(&key(deployment, sk(resource)), encode(&record)?, &before)
                .await?
            {
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!(
            "adding a duration of {resource}: its record keeps changing; it is tried again"
        )))
    }

    async fn record(&self, deployment: &str, resource: &str) -> Result<Option<TimingRecord>> {
        self.store
            .get(&key(deployment, sk(resource)))
            .await?
            .map(decode)
            .transpose()
    }
}

fn sk(resource: &str) -> String {
    format!("TIMING#{resource}")
}
