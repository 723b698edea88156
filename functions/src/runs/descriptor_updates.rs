//! The descriptor follows a cut-over, and comes back with it. What is to change is recorded with the restore before the
//! descriptor is changed, so that a call that dies between the two is made good by the next.

use jiff::Timestamp;

use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::descriptor_updates::{self, DescriptorChange};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::SwitchState;
use crate::domain::set::Reason;
use crate::error::{Class, Error, Result};

/// Lets the descriptor name what the switches lead to. One that cannot be changed is a warning on the run: the application uses
/// the copies all the same, and the next backup fails rather than back up something else.
///
/// # Errors
/// Whatever is worth another try.
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
        Ok(left) => warn(catalog, run, &left, changed(&left)).await,
        Err(error) => warn(catalog, run, &changes, error).await,
    }
}

/// Records what is to change.
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
    let noted = catalog.change_restore(&run.deployment, &record.id, |record| {
        if record.followed.is_empty() {
            record.followed.clone_from(&changes);
        }
    });
    Ok(noted.await?.followed)
}

/// Lets the descriptor name again what it named before, of the resources of which everything is switched back.
///
/// # Errors
/// Whatever is worth another try.
pub async fn revert(catalog: &Catalog, run: &Run, restore: &str, now: Timestamp) -> Result<()> {
    let record = catalog.known_restore(&run.deployment, restore).await?;
    let stays = |change: &DescriptorChange| {
        let mut switched = record.switched.iter();
        switched.any(|of| of.state != SwitchState::Returned && of.switch.item_name() == change.resource)
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
    let taken_back = catalog.change_descriptor(&run.deployment, |descriptor| {
        descriptor_updates::revert_changes(descriptor, &changes)
    });
    match taken_back.await {
        // A name that somebody wrote since is theirs.
        Ok(left) => {
            if !left.is_empty() {
                warn(catalog, run, &[], changed(&left)).await?;
            }
            let noted = catalog.change_restore(&run.deployment, restore, |record| {
                for change in record.followed.iter_mut().filter(|change| changes.contains(change)) {
                    change.back_at = Some(now);
                }
            });
            noted.await.map(drop)
        }
        Err(error) => warn(catalog, run, &[], error).await,
    }
}

fn changed(left: &[DescriptorChange]) -> Error {
    let paths: Vec<String> = left.iter().map(DescriptorChange::path).collect();
    Error::Conflict(format!("somebody changed {} meanwhile", paths.join(", ")))
}

/// What is worth another try is an error; the rest says what to do by hand.
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
        // What is switched stays so, whether or not it can be noted.
        Err(error) if error.class() == Class::Final => {
            tracing::error!(%error, "the descriptor does not name what is in use, and that could not be noted");
            Ok(())
        }
        noted => noted,
    }
}
