//! Whether the set can still be restored: the recovery points that the new stack is created from, and every secret and parameter without
//! which no backup can be restored. Read-only calls.

use holdfast::domain::job::Run;
use holdfast::domain::kinds::{self, is_guard};
use holdfast::domain::restore::item::RestoreItem;
use holdfast::domain::restore::plan::{Destination, PlannedResource};
use holdfast::domain::set::Point;
use holdfast::kinds::Kinds;

use super::prepared::Prepared;
use crate::failure::{Failure, Result};
use crate::stack::Stack;

/// # Errors
/// `NotDone` with everything that keeps the set from being restored; `Aws` if it cannot be asked.
pub async fn ensure_restorable(stack: &Stack, prepared: &Prepared) -> Result<()> {
    let kinds = Kinds::from_config(&stack.config, &stack.defaults());
    let (mut refused, mut remarks) = (Vec::new(), Vec::new());
    for point in &prepared.points {
        let name = &point.resource.name;
        let kind = kinds.of(&point.resource.target);
        if is_guard(&point.resource.target)
            && let Some(item) = guarded(prepared, point)
        {
            let found = kind.preflight(&run_of(prepared), &item).await?;
            remarks.extend(found.remarks);
            if !found.faults.is_empty() {
                refused.extend(found.faults.iter().map(ToString::to_string));
                continue;
            }
        }
        let is_used = prepared
            .filled
            .iter()
            .any(|filled| filled.point.as_ref().is_some_and(|used| used.resource.name == *name));
        if let Some(recovery_point) = point.recovery_point.as_ref().filter(|_| is_used)
            && let Some(why) = kind.lost(recovery_point).await?
        {
            refused.push(format!("{name}: {why}"));
        }
    }
    // A password that was changed since is not the restored database's.
    for remark in remarks {
        eprintln!("{remark}: the restored data has what was set at backup");
    }
    match refused.is_empty() {
        true => Ok(()),
        false => Err(Failure::NotDone(format!(
            "restoring {} into a new stack: set {} cannot be restored now:\n  {}\nCorrect that, or choose another set (holdfast sets{} {}). \
             Nothing was changed.",
            prepared.deployment,
            prepared.set.id,
            refused.join("\n  "),
            prepared.option,
            prepared.deployment
        ))),
    }
}

/// A guard's recorded versions, as a restore compares them.
fn guarded(prepared: &Prepared, point: &Point) -> Option<RestoreItem> {
    let source = kinds::of(&point.resource.target).source(point.recovery_point.as_ref()?)?;
    let planned = PlannedResource {
        resource: point.resource.clone(),
        source,
        destination: Destination::Nothing,
        holds: point.captured_at,
        loss_seconds: None,
        size_bytes: None,
        usual_seconds: None,
        creates: Vec::new(),
    };
    Some(RestoreItem::planned(prepared.set.id.clone(), planned))
}

fn run_of(prepared: &Prepared) -> Run {
    Run {
        deployment: prepared.deployment.clone(),
        id: prepared.set.id.clone(),
        execution: prepared.set.execution.clone(),
        started_at: prepared.set.started_at,
    }
}
