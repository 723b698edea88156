//! `undo-cut-over`: reverts exactly what a restore switched, in reverse order, and keeps the copies. Restarts come last. Called
//! until it is done.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::job::Run;
use crate::domain::pacing;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_order;
use crate::domain::restore::switch_progress::{SwitchProgress, SwitchRecord, SwitchState};
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;
use crate::error::{Class, Error, Result};
use crate::runs::descriptor_updates;
pub use crate::runs::needs::SwitchNeeds as Needs;
pub use crate::runs::switching::{Input, Output};
use crate::runs::switching::{elapsed, late, reason, subject};
use crate::switches::item_of;

/// A switch that cannot be reverted is a result, not an error. The switches of its resource that were applied before it stay too;
/// all others are reverted.
///
/// # Errors
/// `NotFound` for a restore that is not recorded; else those worth retrying.
pub async fn handle(needs: &Needs, Input { run, restore, now }: Input) -> Result<Output> {
    let record = needs.catalog.known_restore(&run.deployment, &restore).await?;
    let items = needs.catalog.items(&run.deployment, &restore).await?;
    let (mut failed, mut kept) = (Vec::new(), BTreeSet::new());
    for switched in switch_order::to_switch_back(&record.switched) {
        let name = switched.switch.name.as_str();
        if switched.state == SwitchState::Returned || kept.contains(&switched.switch.resource) {
            continue;
        }
        let returning = needs
            .catalog
            .change_restore(&run.deployment, &restore, |record| {
                change(record, name, |switched| {
                    if !matches!(switched.state, SwitchState::Returning | SwitchState::Returned) {
                        (switched.state, switched.at) = (SwitchState::Returning, Some(now));
                    }
                });
            })
            .await?;
        let returning = returning.switched.iter().find(|switched| switched.switch.name == name);
        let returning = returning.unwrap_or(switched);
        let error = match revert(needs, &run, returning, &items).await {
            Ok(SwitchProgress::Done(found)) => {
                let returned = needs.catalog.change_restore(&run.deployment, &restore, |record| {
                    change(record, name, |switched| {
                        switched.state = SwitchState::Returned;
                        switched.at = Some(now);
                        switched.after = found.clone();
                        switched.returning = Value::Null;
                    });
                });
                returned.await?;
                continue;
            }
            Ok(SwitchProgress::Underway { phase, noted }) => {
                if noted != returning.returning {
                    let recorded = needs.catalog.change_restore(&run.deployment, &restore, |record| {
                        change(record, name, |switched| switched.returning = noted.clone());
                    });
                    recorded.await?;
                }
                let elapsed = elapsed(returning, now);
                if !pacing::past_deadline(elapsed, returning.deadline_seconds()) {
                    return Ok(Output::in_progress(phase, elapsed, returning.deadline_seconds()));
                }
                late("switching back", returning, &phase)
            }
            Ok(SwitchProgress::Failed(reason)) => Error::JobFailed(reason),
            Err(error) if error.class() != Class::Final => return Err(error),
            Err(error) => error,
        };
        tracing::warn!(deployment = %run.deployment, %restore, switch = name, error = error.name(), "not switched back");
        failed.push(reason(name, &error));
        // Nothing was applied on top of a restart: another one is not left out because of it.
        if !switch_order::follows(switched) {
            kept.insert(switched.switch.resource.clone());
        }
    }
    close(needs, &run, &restore, &failed).await?;
    descriptor_updates::revert(&needs.catalog, &run, &restore, now).await?;
    if failed.is_empty() {
        tracing::info!(deployment = %run.deployment, %restore, switches = record.switched.len(), "switched back");
        return Ok(Output::succeeded());
    }
    Ok(Output::failed(&failed))
}

async fn revert(needs: &Needs, run: &Run, switched: &SwitchRecord, items: &[RestoreItem]) -> Result<SwitchProgress> {
    let Some(item) = item_of(&switched.switch, items) else {
        return Err(Error::NotFound(format!(
            "switching {} back: the catalog has no item of {}. Switch back by hand; what was there before: {}",
            switched.switch.name, switched.switch.resource, switched.before
        )));
    };
    let kind = needs.switches.of(&switched.switch.action);
    let SwitchRecord {
        switch,
        before,
        after,
        returning,
        ..
    } = switched;
    kind.revert(run, switch, item, before, after, returning).await
}

/// Records the result: the switches that could not be reverted, or that all are switched back.
async fn close(needs: &Needs, run: &Run, restore: &str, failed: &[Reason]) -> Result<()> {
    let closed = needs.catalog.change_restore(&run.deployment, restore, |record| {
        let switches: Vec<String> = record
            .switched
            .iter()
            .map(|switched| subject(&switched.switch.name))
            .collect();
        record.left.retain(|left| !switches.contains(&left.subject));
        record.left.extend(failed.iter().cloned());
        for reason in failed {
            // The next try starts again.
            let again = |switched: &mut SwitchRecord| {
                if subject(&switched.switch.name) == reason.subject && switched.state == SwitchState::Returning {
                    (switched.state, switched.at) = (SwitchState::Begun, None);
                    switched.returning = Value::Null;
                }
            };
            record.switched.iter_mut().for_each(again);
        }
        let all_back = record
            .switched
            .iter()
            .all(|switched| switched.state == SwitchState::Returned);
        if all_back && !record.switched.is_empty() {
            record.status = RestoreStatus::SwitchedBack;
        }
    });
    closed.await.map(drop)
}

fn change(record: &mut RestoreRecord, name: &str, change: impl Fn(&mut SwitchRecord)) {
    let named = |switched: &&mut SwitchRecord| switched.switch.name == name;
    record.switched.iter_mut().filter(named).for_each(change);
}

#[cfg(test)]
mod tests;
