//! Backup sets, from `running` to their end.

use jiff::Timestamp;
use serde_json::json;

use super::store::Condition;
use super::{Catalog, decode, decode_readable, encode, key, name_of};
use crate::domain::set::{BackupSet, Point, Reason, SetStatus};
use crate::error::{Error, Result};

impl Catalog {
    /// Begins a set, with status `running`. The same execution may begin it again.
    ///
    /// # Errors
    /// `Conflict` if the set belongs to another execution, or has ended.
    pub async fn begin_set(&self, set: &BackupSet) -> Result<()> {
        let key = key(&set.deployment, sk(&set.id));
        let item = encode(set)?;
        let ours = Condition::All(vec![
            Condition::Equals("execution", json!(set.execution)),
            Condition::Equals("status", name_of(SetStatus::Running)),
        ]);
        if self
            .store
            .put(&key, item, &Condition::Any(vec![Condition::Absent("pk"), ours]))
            .await?
        {
            return Ok(());
        }
        Err(Error::Conflict(format!(
            "beginning set {}: the catalog holds a set of this id that has ended or belongs to another execution. Start a \
             new run",
            set.id
        )))
    }

    /// Records a set that was found without the catalog. Its points are written first: a set counts only once its own record
    /// exists. Existing records are left unchanged. Returns whether the set was new.
    pub async fn adopt_set(&self, set: &BackupSet, points: &[Point]) -> Result<bool> {
        for point in points {
            self.begin_point(&set.deployment, point).await?;
        }
        let key = key(&set.deployment, sk(&set.id));
        self.store.put(&key, encode(set)?, &Condition::Absent("pk")).await
    }

    pub async fn set(&self, deployment: &str, id: &str) -> Result<Option<BackupSet>> {
        self.store.get(&key(deployment, sk(id))).await?.map(decode).transpose()
    }

    /// All readable sets of a deployment, the oldest first. An unreadable one is logged and skipped.
    pub async fn sets(&self, deployment: &str) -> Result<Vec<BackupSet>> {
        // Points have the prefix of their sets; of the two, only a set has an id of its own.
        let items = self
            .store
            .query(&key(deployment, "").pk, "SET#", &Condition::Present("id"))
            .await?;
        let mut sets: Vec<BackupSet> = items.into_iter().filter_map(decode_readable).collect();
        sets.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        Ok(sets)
    }

    /// Closes a running set as sealed or failed, by one conditional write, and returns the status that is now in the catalog: a set
    /// that is already closed is left unchanged.
    ///
    /// # Errors
    /// `Conflict` if the set is missing, or belongs to another execution.
    pub async fn close_set(&self, set: &BackupSet) -> Result<SetStatus> {
        let ours = Condition::All(vec![
            Condition::Equals("status", name_of(SetStatus::Running)),
            Condition::Equals("execution", json!(set.execution)),
        ]);
        if self
            .store
            .update(&key(&set.deployment, sk(&set.id)), encode(set)?, &ours)
            .await?
        {
            return Ok(set.status);
        }
        match self.set(&set.deployment, &set.id).await? {
            Some(found) if found.execution == set.execution => Ok(found.status),
            _ => Err(Error::Conflict(format!(
                "closing set {}: the catalog holds no such set of execution {}. Start a new run",
                set.id, set.execution
            ))),
        }
    }

    /// Closes a set as failed if it is still running; returns its status now, or `None` if there is no such set.
    pub async fn fail_set(
        &self,
        deployment: &str,
        id: &str,
        reasons: &[Reason],
        now: Timestamp,
    ) -> Result<Option<SetStatus>> {
        match self.set(deployment, id).await? {
            None => Ok(None),
            Some(mut set) if set.status == SetStatus::Running => {
                set.status = SetStatus::Failed;
                set.ended_at = Some(now);
                set.reasons.extend_from_slice(reasons);
                self.close_set(&set).await.map(Some)
            }
            Some(set) => Ok(Some(set.status)),
        }
    }

    /// Marks a set whose recovery points are being deleted: from then on it is never offered for restore.
    ///
    /// # Errors
    /// `Conflict` while the set is running.
    pub async fn expire_set(&self, deployment: &str, id: &str) -> Result<()> {
        let ended = [SetStatus::Sealed, SetStatus::Failed, SetStatus::Expiring];
        let ended = ended
            .into_iter()
            .map(|status| Condition::Equals("status", name_of(status)))
            .collect();
        let expiring = encode(&json!({ "status": SetStatus::Expiring }))?;
        if self
            .store
            .update(&key(deployment, sk(id)), expiring, &Condition::Any(ended))
            .await?
        {
            return Ok(());
        }
        match self.set(deployment, id).await? {
            None => Ok(()),
            Some(_) => Err(Error::Conflict(format!("expiring set {id}: its run has not ended"))),
        }
    }

    /// Deletes the record of an expiring set; already deleted is success.
    pub async fn delete_set(&self, deployment: &str, id: &str) -> Result<()> {
        let expiring = Condition::Equals("status", name_of(SetStatus::Expiring));
        self.store.delete(&key(deployment, sk(id)), &expiring).await?;
        Ok(())
    }
}

fn sk(id: &str) -> String {
    format!("SET#{id}")
}
