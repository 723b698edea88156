//! Executions of `backup`, whether or not they succeeded.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::store::Condition;
use super::{Catalog, decode, decode_readable, encode, key, name_of};
use crate::domain::descriptor::Descriptor;
use crate::domain::hooks::HookRecord;
use crate::domain::job::Run;
use crate::domain::set::{Purpose, Reason, RunRecord};
use crate::error::{Error, Result};

/// A moment that a run passes once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMilestone {
    Quiesced,
    Resumed,
    Ended,
    Notified,
}

impl RunMilestone {
    fn attribute(self) -> &'static str {
        match self {
            RunMilestone::Quiesced => "quiesced_at",
            RunMilestone::Resumed => "resumed_at",
            RunMilestone::Ended => "ended_at",
            RunMilestone::Notified => "notified_at",
        }
    }
}

/// Attempts to add a warning while others add theirs: 40 resources may at the same time, and one of them succeeds each time.
const TRIES: usize = 50;

impl Catalog {
    /// Records a run with the descriptor that it was planned with; an existing record is left unchanged.
    pub async fn put_run(&self, run: &RunRecord, descriptor: &Descriptor) -> Result<()> {
        let mut item = encode(run)?;
        item.insert("descriptor".to_owned(), name_of(descriptor));
        self.store
            .put(&key(&run.deployment, sk(&run.id)), item, &Condition::Absent("pk"))
            .await?;
        Ok(())
    }

    /// The descriptor that a run was planned with: an application that was quiesced by one descriptor is resumed by the same one,
    /// even if another was applied meanwhile.
    ///
    /// # Errors
    /// `NotFound` if the run is not recorded.
    pub async fn planned_by(&self, run: &Run) -> Result<Descriptor> {
        let item = self
            .store
            .get(&key(&run.deployment, sk(&run.id)))
            .await?
            .ok_or_else(|| {
                Error::NotFound(format!(
                    "reading the plan of run {}: it is not in the catalog. Start a new run",
                    run.id
                ))
            })?;
        Descriptor::parse(item.get("descriptor").unwrap_or(&Value::Null))
    }

    /// The descriptor that a set was created with; `None` if its run is not recorded, or not readable by this version.
    pub async fn described_by(&self, deployment: &str, set: &str) -> Result<Option<Descriptor>> {
        let found = self.store.get(&key(deployment, sk(set))).await?;
        let found = found.as_ref().and_then(|item| item.get("descriptor"));
        Ok(found.and_then(|document| Descriptor::parse(document).ok()))
    }

    pub async fn run(&self, deployment: &str, id: &str) -> Result<Option<RunRecord>> {
        self.store.get(&key(deployment, sk(id))).await?.map(decode).transpose()
    }

    /// All readable runs of a deployment, the oldest first. An unreadable one is logged and skipped.
    pub async fn runs(&self, deployment: &str) -> Result<Vec<RunRecord>> {
        let items = self
            .store
            .query(&key(deployment, "").pk, "RUN#", &Condition::Always)
            .await?;
        let mut runs: Vec<RunRecord> = items.into_iter().filter_map(decode_readable).collect();
        runs.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        Ok(runs)
    }

    /// Records when a run passed a milestone; the first time counts. A run that is not recorded stays unrecorded.
    pub async fn mark_run(&self, deployment: &str, id: &str, mark: RunMilestone, at: Timestamp) -> Result<()> {
        let first = Condition::All(vec![Condition::Present("pk"), Condition::Absent(mark.attribute())]);
        let set = encode(&json!({ mark.attribute(): at }))?;
        self.store.update(&key(deployment, sk(id)), set, &first).await?;
        Ok(())
    }

    /// Records the hooks that have begun, or may have, if `before` is what is recorded. Whether it was.
    pub async fn note_hooks(
        &self,
        deployment: &str,
        id: &str,
        before: Option<&[HookRecord]>,
        hooks: &[HookRecord],
    ) -> Result<bool> {
        let set = encode(&json!({ "hooks": hooks }))?;
        self.store
            .update(&key(deployment, sk(id)), set, &hooks_are(before))
            .await
    }

    /// Records that the application has resumed from these hooks, unless other ones are recorded meanwhile. Whether it is recorded:
    /// the first time counts.
    pub async fn mark_resumed(
        &self,
        deployment: &str,
        id: &str,
        hooks: Option<&[HookRecord]>,
        at: Timestamp,
    ) -> Result<bool> {
        let resumed = RunMilestone::Resumed.attribute();
        let first = Condition::All(vec![hooks_are(hooks), Condition::Absent(resumed)]);
        let set = encode(&json!({ resumed: at }))?;
        if self.store.update(&key(deployment, sk(id)), set, &first).await? {
            return Ok(true);
        }
        let record = self.run(deployment, id).await?;
        Ok(record.is_none_or(|record| record.resumed_at.is_some()))
    }

    /// Records that an unrecorded run has ended: a step of it that is still running finds it ended and starts nothing. A recorded
    /// run only gets its milestone.
    pub async fn record_ended_run(&self, run: &Run, purpose: Purpose, at: Timestamp) -> Result<()> {
        let ended = RunRecord {
            ended_at: Some(at),
            ..RunRecord::begun(run, purpose)
        };
        self.store
            .update(
                &key(&run.deployment, sk(&run.id)),
                encode(&ended)?,
                &Condition::Absent("pk"),
            )
            .await?;
        self.mark_run(&run.deployment, &run.id, RunMilestone::Ended, at).await
    }

    /// Adds a warning to a run, once. A run that is not recorded stays unrecorded.
    pub async fn warn_run(&self, deployment: &str, id: &str, warning: Reason) -> Result<()> {
        for _ in 0..TRIES {
            let Some(run) = self.run(deployment, id).await? else {
                return Ok(());
            };
            if run.warnings.contains(&warning) {
                return Ok(());
            }
            let before = Condition::Equals("warnings", name_of(&run.warnings));
            let mut warnings = run.warnings;
            warnings.push(warning.clone());
            let set = encode(&json!({ "warnings": warnings }))?;
            if self.store.update(&key(deployment, sk(id)), set, &before).await? {
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!(
            "adding a warning to run {id}: its record keeps changing; it is tried again"
        )))
    }

    /// Deletes a run; already deleted is success.
    pub async fn delete_run(&self, deployment: &str, id: &str) -> Result<()> {
        self.store.delete(&key(deployment, sk(id)), &Condition::Always).await?;
        Ok(())
    }
}

/// That a run is recorded, with these hooks.
fn hooks_are(hooks: Option<&[HookRecord]>) -> Condition {
    match hooks {
        Some(hooks) => Condition::Equals("hooks", serde_json::to_value(hooks).unwrap_or_default()),
        None => Condition::All(vec![Condition::Present("pk"), Condition::Absent("hooks")]),
    }
}

fn sk(id: &str) -> String {
    format!("RUN#{id}")
}
