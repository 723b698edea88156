//! Rolls back a restore whose execution ended early: its copies are removed, or its switches switched back.

use std::collections::BTreeMap;

use serde_json::json;

use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::machine::Machine;
use crate::domain::message::CleanUpAction;
use crate::domain::restore::item::{ItemStatus, RestoreItem};
use crate::domain::restore::kept_copies::keeps;
use crate::domain::restore::plan::OnFailure;
use crate::domain::restore::switch_progress::SwitchState;
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;
use crate::error::{Error, Result};
use crate::runs::state_machines::Machines;

/// Whether a machine was started for it.
#[derive(Debug, Clone)]
pub enum Rollback {
    Nothing,
    Begun(Machine),
    NotBegun(Machine, Error),
}

impl Rollback {
    /// Why the machine was not started, for a person.
    pub fn why(&self) -> Option<Reason> {
        let Rollback::NotBegun(machine, error) = self else {
            return None;
        };
        Some(Reason {
            subject: machine.name().to_owned(),
            error: error.name().to_owned(),
            message: error.to_string(),
        })
    }

    pub fn clean_up_action<'a>(&self, why: Option<&'a Reason>) -> CleanUpAction<'a> {
        match (self, why) {
            (Rollback::Begun(machine), _) => CleanUpAction::Begun(*machine),
            (Rollback::NotBegun(machine, _), Some(why)) => CleanUpAction::NotBegun(*machine, why),
            _ => CleanUpAction::Nothing,
        }
    }
}

/// The machine that has to roll back the run's restore, decided before its record is closed.
pub async fn rollback_machine(catalog: &Catalog, run: &Run, has_notified: bool) -> Result<Option<Machine>> {
    let Some(record) = catalog.restore(&run.deployment, &run.id).await? else {
        return Ok(None);
    };
    let items = catalog.items(&run.deployment, &run.id).await?;
    Ok(machine(&record, &items, has_notified))
}

/// An execution that notified on-call has already tried a rollback: only what it did not report is tried again.
fn machine(record: &RestoreRecord, items: &[RestoreItem], has_notified: bool) -> Option<Machine> {
    let untouched = |item: &RestoreItem| matches!(item.status, ItemStatus::Planned | ItemStatus::Undone);
    let created_any = !items.iter().all(untouched);
    let is_switched = record
        .switched
        .iter()
        .any(|switched| switched.state != SwitchState::Returned);
    match record.status {
        RestoreStatus::Switching => (!has_notified).then_some(Machine::UndoCutOver),
        RestoreStatus::Planned if record.plan.dry_run => None,
        // It was waiting for approval, and had created nothing.
        RestoreStatus::Planned if record.question.is_some() && !created_any => None,
        RestoreStatus::Planned | RestoreStatus::Running | RestoreStatus::Failed => {
            let checks = record.verification.as_ref().map(|found| found.checks.as_slice());
            // On-call was notified that the copies are kept: they only lack capacity.
            let kept = has_notified && keeps(items, checks.unwrap_or_default());
            let undo = record.plan.on_failure == OnFailure::Undo && record.left.is_empty() && !is_switched && !kept;
            (undo && (created_any || !has_notified)).then_some(Machine::UndoRestore)
        }
        // It ended while its copies were being removed.
        RestoreStatus::Undone => (created_any && record.left.is_empty()).then_some(Machine::UndoRestore),
        RestoreStatus::Restored | RestoreStatus::CutOver | RestoreStatus::SwitchedBack => None,
    }
}

/// Starts the machine, once for each restore. `arns` has the state machines that undo restores.
pub async fn start_rollback(
    machines: &dyn Machines,
    arns: &BTreeMap<Machine, String>,
    run: &Run,
    machine: Option<Machine>,
) -> Rollback {
    let Some(machine) = machine else {
        return Rollback::Nothing;
    };
    match start(machines, arns, run, machine).await {
        Ok(()) => {
            tracing::info!(deployment = %run.deployment, restore = %run.id, machine = machine.name(), "started");
            Rollback::Begun(machine)
        }
        Err(error) => Rollback::NotBegun(machine, error),
    }
}

async fn start(machines: &dyn Machines, arns: &BTreeMap<Machine, String>, run: &Run, machine: Machine) -> Result<()> {
    let Some(arn) = arns.get(&machine) else {
        return Err(Error::invalid(
            format!("environment.{}", machine.facts().setting.unwrap_or_default()),
            "(missing)",
            "the state machine's ARN: it comes from the stack's template; deploy the stack again",
        ));
    };
    let input = json!({"deployment": run.deployment, "restore": run.id});
    machines.start(arn, &format!("{}-clean-up", run.id), &input).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::restored;

    /// On-call was notified that they are kept.
    #[test]
    fn copies_that_only_lack_capacity_are_left_alone_after_their_run_has_said_so() {
        let run = restored::run();
        let record = restored::record(&run, RestoreStatus::Failed, &json!({}));
        let mut items = restored::items(&run, "failed");
        assert_eq!(machine(&record, &items, true), Some(Machine::UndoRestore));
        items[0].shortage.kept = true;
        assert_eq!(machine(&record, &items, true), None);
    }
}
