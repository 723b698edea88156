//! Updates the descriptor after a cut-over, and reverts that when it is undone. The changes are recorded with the restore before
//! the descriptor changes, so that the next call completes one that was interrupted between the two.

use jiff::Timestamp;

use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::descriptor_updates::{self, DescriptorChange};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_order;
use crate::domain::restore::switch_progress::SwitchState;
use crate::domain::set::Reason;
use crate::error::{Class, Error, Result};

/// Changes the descriptor to name what the switches refer to now. A change that is not possible is a warning on the run: the
/// application uses the copies anyway, and the next backup fails rather than back up something else.
///
/// # Errors
/// Only those worth retrying.
pub async fn apply(catalog: &Catalog, run: &Run, restore: &str, items: &[RestoreItem], now: Timestamp) -> Result<()> {
    let record = catalog.known_restore(&run.deployment, restore).await?;
    let changes = match record.followed.is_empty() {
        true => match record_changes(catalog, run, &record, items, now).await {
            Ok(changes) => changes,
            Err(error) => return warn(catalog, run, &[], error).await,
        },
        false => record.followed,
    };
    if changes.is_empty() {
        return Ok(());
    }
    let followed = catalog.change_descriptor(&run.deployment, |descriptor| {
        descriptor_updates::apply_changes(descriptor, &changes)
    });
    match followed.await {
        Ok(left) if left.is_empty() => Ok(()),
        Ok(left) => warn(catalog, run, &left, changed_meanwhile(&left)).await,
        Err(error) => warn(catalog, run, &changes, error).await,
    }
}

/// Records the changes to make.
async fn record_changes(
    catalog: &Catalog,
    run: &Run,
    record: &RestoreRecord,
    items: &[RestoreItem],
    now: Timestamp,
) -> Result<Vec<DescriptorChange>> {
    let in_use = descriptor_updates::in_use(&record.switched, items);
    let descriptor = catalog.descriptor(&run.deployment).await?;
    let mut changes = descriptor_updates::changes(&descriptor, &in_use, now);
    changes.extend(descriptor_updates::roots::changes(
        &descriptor,
        &record.switched,
        items,
        now,
    ));
    let recorded = catalog.change_restore(&run.deployment, &record.id, |record| {
        if record.followed.is_empty() {
            record.followed.clone_from(&changes);
        }
    });
    Ok(recorded.await?.followed)
}

/// Restores the descriptor's earlier names, for the resources whose switches are all switched back.
///
/// # Errors
/// Only those worth retrying.
pub async fn revert(catalog: &Catalog, run: &Run, restore: &str, now: Timestamp) -> Result<()> {
    let record = catalog.known_restore(&run.deployment, restore).await?;
    let stays = |change: &DescriptorChange| {
        let mut switched = record.switched.iter();
        switched.any(|of| {
            let is_back = of.state == SwitchState::Returned || switch_order::follows(of);
            !is_back && of.switch.item_name() == change.resource
        })
    };
    let changes: Vec<DescriptorChange> = record
        .followed
        .iter()
        .filter(|change| change.back_at.is_none() && !stays(change))
        .cloned()
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let reverted = catalog.change_descriptor(&run.deployment, |descriptor| {
        descriptor_updates::revert_changes(descriptor, &changes)
    });
    match reverted.await {
        // A name that somebody has changed since is left as it is.
        Ok(left) => {
            if !left.is_empty() {
                warn(catalog, run, &[], changed_meanwhile(&left)).await?;
            }
            let recorded = catalog.change_restore(&run.deployment, restore, |record| {
                for change in record.followed.iter_mut().filter(|change| changes.contains(change)) {
                    change.back_at = Some(now);
                }
            });
            recorded.await.map(drop)
        }
        Err(error) => warn(catalog, run, &[], error).await,
    }
}

fn changed_meanwhile(left: &[DescriptorChange]) -> Error {
    let paths: Vec<String> = left.iter().map(DescriptorChange::path).collect();
    Error::Conflict(format!("somebody changed {} meanwhile", paths.join(", ")))
}

/// Returns an error worth retrying; records any other as a warning with the manual remedy.
async fn warn(catalog: &Catalog, run: &Run, left: &[DescriptorChange], error: Error) -> Result<()> {
    if error.class() != Class::Final {
        return Err(error);
    }
    let names: Vec<String> = left
        .iter()
        .map(|change| format!("{} in place of {}", change.to, change.from))
        .collect();
    let by_hand = match names.is_empty() {
        true => "what the application uses".to_owned(),
        false => names.join(", "),
    };
    let warning = Reason {
        subject: "descriptor".to_owned(),
        error: error.name().to_owned(),
        message: format!(
            "the descriptor does not name what the application uses now: {error}. Write into it {by_hand}, and `holdfast apply \
             FILE`: until then, backups fail"
        ),
    };
    match catalog.warn_run(&run.deployment, &run.id, warning).await {
        // The switches stay switched, whether or not the warning can be recorded.
        Err(error) if error.class() == Class::Final => {
            tracing::error!(%error, "the descriptor does not name what is in use, and that could not be noted");
            Ok(())
        }
        recorded => recorded,
    }
}
