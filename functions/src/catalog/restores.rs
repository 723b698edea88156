//! Restores and their items.

use serde_json::json;

use super::store::{Condition, Key};
use super::{Catalog, decode, decode_readable, encode, key, name_of, text};
use crate::domain::restore::item::{ItemStatus, RestoreItem};
use crate::domain::restore::leftovers::PastRestore;
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::usage::RestoredCopy;
use crate::error::{Error, Result};

/// Attempts to change a record that others change concurrently.
const TRIES: usize = 5;

impl Catalog {
    /// Records a restore and its items, unless it is already recorded.
    ///
    /// # Errors
    /// `Conflict` if another execution has recorded a restore of this id.
    pub async fn begin_restore(&self, record: &RestoreRecord, items: &[RestoreItem]) -> Result<()> {
        for item in items {
            let place = place(&record.deployment, &record.id, &item.planned.resource.name);
            self.store.put(&place, encode(item)?, &Condition::Absent("pk")).await?;
        }
        let key = key(&record.deployment, sk(&record.id));
        let ours = Condition::Any(vec![
            Condition::Absent("pk"),
            Condition::All(vec![
                Condition::Equals("execution", json!(record.execution)),
                Condition::Equals("status", name_of(RestoreStatus::Planned)),
            ]),
        ]);
        if self.store.put(&key, encode(record)?, &ours).await? {
            return Ok(());
        }
        match self.restore(&record.deployment, &record.id).await? {
            Some(found) if found.execution == record.execution => Ok(()),
            _ => Err(Error::Conflict(format!(
                "recording restore {}: the catalog holds one of this id by another execution. Start a new run",
                record.id
            ))),
        }
    }

    pub async fn restore(&self, deployment: &str, id: &str) -> Result<Option<RestoreRecord>> {
        self.store.get(&key(deployment, sk(id))).await?.map(decode).transpose()
    }

    /// A restore that has to exist.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn known_restore(&self, deployment: &str, id: &str) -> Result<RestoreRecord> {
        self.restore(deployment, id).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "reading restore {id} of {deployment}: it is not in the catalog. `holdfast restores {deployment}` lists them"
            ))
        })
    }

    /// All readable restores of a deployment, the oldest first.
    pub async fn restores(&self, deployment: &str) -> Result<Vec<RestoreRecord>> {
        let found = self
            .store
            .query(&key(deployment, "").pk, "RESTORE#", &Condition::Present("plan"))
            .await?;
        let mut restores: Vec<RestoreRecord> = found.into_iter().filter_map(decode_readable).collect();
        restores.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        Ok(restores)
    }

    /// All readable restores of a deployment with their items, the oldest first, by one query. Those that left nothing, dry runs
    /// among them, count as ended.
    pub async fn past_restores(&self, deployment: &str) -> Result<Vec<PastRestore>> {
        let pk = key(deployment, "").pk;
        let mut past: Vec<PastRestore> = Vec::new();
        let mut items: Vec<RestoreItem> = Vec::new();
        for found in self.store.query(&pk, "RESTORE#", &Condition::Always).await? {
            match text(&found, "sk").contains("#ITEM#") {
                true => items.extend(decode_readable(found)),
                false => past.extend(decode_readable(found).map(|record| PastRestore {
                    record,
                    items: Vec::new(),
                    has_ended: true,
                })),
            }
        }
        for of in &mut past {
            let (own, others) = items.into_iter().partition(|item| item.restore == of.record.id);
            (of.items, items) = (own, others);
            if of.items.iter().any(|item| RestoredCopy::of(item).is_some()) {
                let run = self.run(deployment, &of.record.id).await?;
                // A run that was deleted ended long ago.
                of.has_ended = run.is_none_or(|run| run.ended_at.is_some());
            }
        }
        past.sort_by(|a, b| (a.record.started_at, &a.record.id).cmp(&(b.record.started_at, &b.record.id)));
        Ok(past)
    }

    /// Changes a restore's record, also while others change it: `change` may run more than once.
    ///
    /// # Errors
    /// `NotFound` for a restore that is not recorded; `Unavailable` if it keeps changing.
    pub async fn change_restore(
        &self,
        deployment: &str,
        id: &str,
        change: impl Fn(&mut RestoreRecord),
    ) -> Result<RestoreRecord> {
        for _ in 0..TRIES {
            let before = self.known_restore(deployment, id).await?;
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                return Ok(after);
            }
            // `version` counts the changes: a record that changed meanwhile is read again.
            let found = self.store.get(&key(deployment, sk(id))).await?.unwrap_or_default();
            let held: RestoreRecord = decode(found.clone())?;
            if held != before {
                continue;
            }
            let version = found.get("version").cloned();
            let unchanged = match &version {
                Some(version) => Condition::Equals("version", version.clone()),
                None => Condition::All(vec![Condition::Present("pk"), Condition::Absent("version")]),
            };
            let mut item = encode(&after)?;
            let next = version.and_then(|version| version.as_u64()).unwrap_or(0) + 1;
            item.insert("version".to_owned(), json!(next));
            if self.store.put(&key(deployment, sk(id)), item, &unchanged).await? {
                return Ok(after);
            }
        }
        Err(Error::Unavailable(format!(
            "writing restore {id} to the catalog: its record keeps changing; it is tried again"
        )))
    }

    pub async fn item(&self, deployment: &str, restore: &str, resource: &str) -> Result<Option<RestoreItem>> {
        self.store
            .get(&place(deployment, restore, resource))
            .await?
            .map(decode)
            .transpose()
    }

    /// All items of a restore, by resource name.
    pub async fn items(&self, deployment: &str, restore: &str) -> Result<Vec<RestoreItem>> {
        let pk = key(deployment, "").pk;
        let found = self
            .store
            .query(&pk, &format!("RESTORE#{restore}#ITEM#"), &Condition::Always)
            .await?;
        found.into_iter().map(decode).collect()
    }

    /// Writes an item, unless it is undone: a late poll does not overwrite that. Returns the item that is now in the catalog.
    pub async fn put_item(&self, deployment: &str, item: &RestoreItem) -> Result<RestoreItem> {
        let resource = &item.planned.resource.name;
        let place = place(deployment, &item.restore, resource);
        let open = [
            ItemStatus::Planned,
            ItemStatus::InProgress,
            ItemStatus::Restored,
            ItemStatus::Failed,
        ];
        let open = open.map(|status| Condition::Equals("status", name_of(status)));
        let undone = item.status == ItemStatus::Undone;
        let condition = if undone {
            Condition::Present("pk")
        } else {
            Condition::Any(open.into())
        };
        if self.store.put(&place, encode(item)?, &condition).await? {
            return Ok(item.clone());
        }
        let found = self.item(deployment, &item.restore, resource).await?;
        Ok(found.unwrap_or_else(|| item.clone()))
    }
}

fn sk(id: &str) -> String {
    format!("RESTORE#{id}")
}

fn place(deployment: &str, restore: &str, resource: &str) -> Key {
    key(deployment, format!("RESTORE#{restore}#ITEM#{resource}"))
}
