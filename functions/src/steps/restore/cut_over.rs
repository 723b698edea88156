//! `cut-over`: applies the switches of a restore, one after the other in the descriptor's order, each recorded before anything is
//! changed. Called until it is done.

use jiff::Timestamp;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::domain::descriptor::Switch;
use crate::domain::job::Run;
use crate::domain::pacing;
use crate::domain::restore::item::{ItemStatus, RestoreItem};
use crate::domain::restore::switch_order::applied;
use crate::domain::restore::switch_progress::{SwitchProgress, SwitchRecord, SwitchState};
use crate::domain::restore::verdict::VerificationOutcome;
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::error::{Class, Error, Result};
use crate::runs::closing;
use crate::runs::descriptor_updates;
pub use crate::runs::needs::SwitchNeeds as Needs;
pub use crate::runs::switching::{Input, Output};
use crate::runs::switching::{elapsed, late, reason};
use crate::switches::{Switches, item_of};

mod secret_versions;

const DOING: &str = "cutting over";
/// Calls of a switch that reverts what a call in flight has applied.
const CALLS_IN_FLIGHT: usize = 3;

/// A switch that fails is a result, not an error: the machine then switches back.
///
/// # Errors
/// `Conflict` for a run that has ended, and for a restore that is not proven or was switched back; `NotReady` while a backup runs
/// that began while the restore waited for approval; else those worth retrying.
pub async fn handle(needs: &Needs, Input { run, restore, now }: Input) -> Result<Output> {
    let catalog = &needs.catalog;
    closing::ensure_not_ended(catalog, &run, DOING).await?;
    // If the restore waited for approval, a backup may have begun meanwhile.
    let is_running = |borrower: String| async move { needs.executions.is_running(&borrower).await };
    catalog.reclaim_lease(&run, is_running).await?;
    let record = catalog.known_restore(&run.deployment, &restore).await?;
    ensure_proven(&record)?;
    if record.status == RestoreStatus::CutOver {
        return Ok(Output::succeeded());
    }
    let items = catalog.items(&run.deployment, &restore).await?;
    let (switches, _) = applied(&catalog.planned_by(&run).await?.cut_over, &items);
    if record.switched.is_empty()
        && let Some(unready) = ensure_ready(needs, &run, &record, &switches, &items).await?
    {
        return Ok(unready);
    }
    let mut is_empty = true;
    for switch in &switches {
        let Some(item) = item_of(switch, &items) else { continue };
        is_empty = false;
        let step = SwitchStep {
            catalog,
            switches: &needs.switches,
            run: &run,
            restore: &restore,
            switch,
            item,
            now,
        };
        match step.advance(&record).await {
            Ok(None) => {}
            Ok(Some(underway)) => return Ok(underway),
            Err(error) if error.class() != Class::Final => return Err(error),
            Err(error) => return fail(catalog, &run, &restore, switch, &error).await,
        }
    }
    // With nothing to switch, the application does not use the copies.
    if !is_empty {
        descriptor_updates::apply(catalog, &run, &restore, &items, now).await?;
        let changed = catalog.change_restore(&run.deployment, &restore, |record| {
            if record.status == RestoreStatus::Switching {
                record.status = RestoreStatus::CutOver;
            }
        });
        changed.await?;
    }
    tracing::info!(deployment = %run.deployment, %restore, switches = switches.len(), "cut over");
    Ok(Output::succeeded())
}

/// Checks that every switch can be applied, before the first one is: a later failure would leave the cut-over half-way. `None` if
/// all are ready.
async fn ensure_ready(
    needs: &Needs,
    run: &Run,
    record: &RestoreRecord,
    switches: &[Switch],
    items: &[RestoreItem],
) -> Result<Option<Output>> {
    for switch in switches {
        let Some(item) = item_of(switch, items) else { continue };
        let ready = match ensure_restored(switch, item) {
            Ok(()) => needs.switches.of(&switch.action).ready(run, switch, item).await,
            unrestored => unrestored,
        };
        match ready {
            Ok(()) => {}
            Err(error) if error.class() != Class::Final => return Err(error),
            Err(error) => return fail(&needs.catalog, run, &record.id, switch, &error).await.map(Some),
        }
    }
    // The application must log in with the same secret versions as the checks did.
    if let Some(first) = switches.iter().find(|switch| item_of(switch, items).is_some())
        && let Err(error) = secret_versions::ensure_current(&needs.switches, run, record, first, items).await
    {
        return match error.class() {
            Class::Final => fail(&needs.catalog, run, &record.id, first, &error).await.map(Some),
            Class::Transient | Class::Waiting => Err(error),
        };
    }
    Ok(None)
}

fn ensure_restored(switch: &Switch, item: &RestoreItem) -> Result<()> {
    if item.status == ItemStatus::Restored {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "{DOING}: switch {} needs {}, which is not restored. Check the restore's items",
        switch.name, item.planned.resource.name
    )))
}

/// Only a restore that was verified, or that an operator accepted as unproven, may be cut over.
fn ensure_proven(record: &RestoreRecord) -> Result<()> {
    let refused = |why: &str, next: &str| {
        Err(Error::Conflict(format!(
            "{DOING} to restore {}: {why}. Nothing was switched. {next}",
            record.id
        )))
    };
    match (&record.verification, record.status) {
        (None, _) => refused("it has not been verified", "Start a new restore"),
        (Some(found), _) if found.outcome == VerificationOutcome::Failed => refused(
            "its verification failed",
            "See the checks with `holdfast restores`, then start a new restore",
        ),
        (_, RestoreStatus::SwitchedBack) => refused("it was switched back", "Start a new restore to cut over again"),
        (_, RestoreStatus::Undone) => refused("its copies were removed", "Start a new restore"),
        _ => Ok(()),
    }
}

async fn fail(catalog: &Catalog, run: &Run, restore: &str, switch: &Switch, error: &Error) -> Result<Output> {
    let reason = reason(&switch.name, error);
    let recorded = catalog.change_restore(&run.deployment, restore, |record| {
        if !record.reasons.contains(&reason) {
            record.reasons.push(reason.clone());
        }
    });
    recorded.await?;
    tracing::warn!(deployment = %run.deployment, %restore, switch = %switch.name, error = error.name(), "not switched");
    Ok(Output::failed(&[reason]))
}

/// One switch of one call.
struct SwitchStep<'a> {
    catalog: &'a Catalog,
    switches: &'a Switches,
    run: &'a Run,
    restore: &'a str,
    switch: &'a Switch,
    item: &'a RestoreItem,
    now: Timestamp,
}

impl SwitchStep<'_> {
    /// Begins or continues. `None` once it is done; else what it waits for.
    async fn advance(&self, record: &RestoreRecord) -> Result<Option<Output>> {
        let begun = match find_record(record, self.switch) {
            Some(switched) if switched.state == SwitchState::Done => return Ok(None),
            Some(switched) => switched.clone(),
            None => self.begin(record).await?,
        };
        self.ensure_begun(&begun)?;
        closing::ensure_not_ended(self.catalog, self.run, DOING).await?;
        let kind = self.switches.of(&self.switch.action);
        let applied = kind
            .apply(self.run, self.switch, self.item, &begun.before, &begun.after)
            .await?;
        match applied {
            SwitchProgress::Done(after) => {
                self.record(&begun.before, SwitchState::Done, after).await?;
                Ok(None)
            }
            SwitchProgress::Underway { phase, noted } => {
                let elapsed = elapsed(&begun, self.now);
                if noted != begun.after {
                    self.record(&begun.before, SwitchState::Begun, noted).await?;
                }
                if pacing::past_deadline(elapsed, begun.deadline_seconds()) {
                    return Err(late("switching", &begun, &phase));
                }
                Ok(Some(Output::in_progress(phase, elapsed, begun.deadline_seconds())))
            }
            SwitchProgress::Failed(reason) => Err(Error::JobFailed(reason)),
        }
    }

    /// Records the present value, before anything is changed.
    async fn begin(&self, record: &RestoreRecord) -> Result<SwitchRecord> {
        ensure_restored(self.switch, self.item)?;
        let kind = self.switches.of(&self.switch.action);
        let before = kind.observe(self.run, self.switch, self.item).await?;
        secret_versions::ensure_version(record, self.switch, &before)?;
        let begun = SwitchRecord {
            switch: self.switch.clone(),
            state: SwitchState::Begun,
            before,
            after: Value::Null,
            returning: Value::Null,
            at: Some(self.now),
        };
        let recorded = self
            .catalog
            .change_restore(&self.run.deployment, self.restore, |record| {
                if find_record(record, self.switch).is_none() && ensure_proven(record).is_ok() {
                    record.status = RestoreStatus::Switching;
                    record.switched.push(begun.clone());
                }
            });
        let recorded = recorded.await?;
        ensure_proven(&recorded)?;
        // Another call may have begun it: then its observation counts.
        Ok(find_record(&recorded, self.switch).cloned().unwrap_or(begun))
    }

    fn ensure_begun(&self, switched: &SwitchRecord) -> Result<()> {
        match switched.state {
            SwitchState::Begun | SwitchState::Done => Ok(()),
            SwitchState::Returning | SwitchState::Returned => Err(Error::Conflict(format!(
                "{DOING}: switch {} is being switched back. Start a new restore to cut over again",
                self.switch.name
            ))),
        }
    }

    /// Records the switch's progress. If it was switched back while this call applied it, switches it back again.
    async fn record(&self, before: &Value, state: SwitchState, after: Value) -> Result<()> {
        let recorded =
            self.catalog
                .change_restore(&self.run.deployment, self.restore, |record| {
                    let begun = record.switched.iter_mut().find(|switched| {
                        switched.switch.name == self.switch.name && switched.state == SwitchState::Begun
                    });
                    if let Some(switched) = begun {
                        switched.after = after.clone();
                        if state == SwitchState::Done {
                            (switched.state, switched.at) = (state, Some(self.now));
                        }
                    }
                });
        let recorded = recorded.await?;
        let Some(stored) = find_record(&recorded, self.switch) else {
            return Ok(());
        };
        let still_begun = self.ensure_begun(stored);
        if still_begun.is_err() {
            let kind = self.switches.of(&self.switch.action);
            // A call may only note what the next one does.
            let mut noted = Value::Null;
            for _ in 0..CALLS_IN_FLIGHT {
                let reverting = kind.revert(self.run, self.switch, self.item, before, &after, &noted);
                match reverting.await? {
                    SwitchProgress::Underway { noted: next, .. } if next != noted => noted = next,
                    _ => break,
                }
            }
        }
        still_begun
    }
}

fn find_record<'a>(record: &'a RestoreRecord, switch: &Switch) -> Option<&'a SwitchRecord> {
    record
        .switched
        .iter()
        .find(|switched| switched.switch.name == switch.name)
}

#[cfg(test)]
mod tests;
