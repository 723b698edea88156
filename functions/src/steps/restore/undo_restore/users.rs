//! What a restore made is looked at from all sides before anything of it is removed: what is in use stays, and who uses it is
//! named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::lookup::UsageLookup;
use crate::catalog::Catalog;
use crate::domain::descriptor::{Descriptor, Fact, Switch, SwitchAction};
use crate::domain::kinds;
use crate::domain::reference::Reference;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::switches;
use crate::domain::usage::{CopyActivity, RestoredCopy, SkippedCheck, SwitchReference, UsageCheck, UsageReport, users};
use crate::error::{Class, Error, Result};
use crate::switches::Switches;

/// Where users are looked for.
pub struct Sources<'a> {
    pub catalog: &'a Catalog,
    pub switches: &'a Switches,
    pub looking: &'a dyn UsageLookup,
}

/// # Errors
/// `Conflict`, with every user and every look that was not possible; whatever is worth another try.
pub async fn ensure_unused(
    sources: &Sources<'_>,
    record: &RestoreRecord,
    items: &[RestoreItem],
    without: &BTreeSet<UsageCheck>,
    now: Timestamp,
) -> Result<()> {
    let copies: Vec<RestoredCopy> = items.iter().filter_map(RestoredCopy::of).collect();
    if copies.is_empty() {
        return Ok(());
    }
    let mut seen = UsageReport::default();
    descriptors(sources, &mut seen).await?;
    switches(sources, &copies, &mut seen).await?;
    if let Some(services) = record_check(UsageCheck::Services, sources.looking.services().await, &mut seen)? {
        seen.services = services;
    }
    access_points(sources, &copies, &mut seen).await?;
    // What is named needs no look at what was done with it.
    if users(&copies, &seen, without).is_empty() && !without.contains(&UsageCheck::Activity) {
        activity(sources, record, items, now, &mut seen).await?;
    }
    let users = users(&copies, &seen, without);
    if users.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = users.iter().map(ToString::to_string).collect();
    // A line each: a message names them all.
    Err(Error::Conflict(format!(
        "undoing restore {}: {} was removed, since what it made may be in use:\n{}",
        record.id,
        match record.undoing_at {
            Some(_) => "nothing more",
            None => "nothing",
        },
        words.join("\n")
    )))
}

async fn descriptors(sources: &Sources<'_>, seen: &mut UsageReport) -> Result<()> {
    let names = record_check(UsageCheck::Descriptors, sources.catalog.deployments().await, seen)?;
    for (name, _) in names.unwrap_or_default() {
        let descriptor = match sources.catalog.descriptor(&name).await {
            Err(Error::NotFound(_)) => continue,
            read => read,
        };
        if let Some(descriptor) = record_check(UsageCheck::Descriptors, descriptor, seen)? {
            seen.descriptors.push(descriptor);
        }
    }
    Ok(())
}

async fn switches(sources: &Sources<'_>, copies: &[RestoredCopy], seen: &mut UsageReport) -> Result<()> {
    let descriptors = std::mem::take(&mut seen.descriptors);
    for descriptor in &descriptors {
        for switch in &descriptor.cut_over {
            for copy in copies.iter().filter(|copy| concerns(switch, copy)) {
                let leads = references_copy(sources, switch, copy).await;
                if record_check(UsageCheck::Switches, leads, seen)? == Some(true) {
                    seen.references.push(switch_reference(descriptor, switch, copy));
                }
            }
        }
    }
    seen.descriptors = descriptors;
    Ok(())
}

async fn references_copy(sources: &Sources<'_>, switch: &Switch, copy: &RestoredCopy) -> Result<bool> {
    let kind = sources.switches.of(&switch.action);
    match copy {
        RestoredCopy::Resource { target, .. } => {
            // One value that leads there is a user, wherever the others lead.
            for one in each_value(switch) {
                if kind.reference(&one, target).await? == Reference::Matches {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        RestoredCopy::Directory { directory, .. } => kind.holds_directory(switch, directory).await,
    }
}

/// The switch once for each value of a secret.
fn each_value(switch: &Switch) -> Vec<Switch> {
    let SwitchAction::Secret { secret, values } = &switch.action else {
        return vec![switch.clone()];
    };
    let one = |(key, fact): (&String, &Fact)| Switch {
        action: SwitchAction::Secret {
            secret: secret.clone(),
            values: BTreeMap::from([(key.clone(), *fact)]),
        },
        ..switch.clone()
    };
    values.iter().map(one).collect()
}

/// Whether a switch can hold something of this kind of copy. Services are looked at by themselves; a rename leads nowhere.
fn concerns(switch: &Switch, copy: &RestoredCopy) -> bool {
    let kind = copy.target().and_then(kinds::stateful);
    let tells = |fact: &Fact| match kind {
        Some(kind) => *fact != Fact::Directory && kind.facts().iter().any(|(_, of_kind)| of_kind == fact),
        None => *fact == Fact::Directory,
    };
    switches::of(&switch.action)
        .references(&switch.action)
        .iter()
        .any(tells)
}

fn switch_reference(descriptor: &Descriptor, switch: &Switch, copy: &RestoredCopy) -> SwitchReference {
    SwitchReference {
        copy: copy.clone(),
        deployment: descriptor.deployment.clone(),
        switch: switch.name.clone(),
        what: switches::of(&switch.action).words(&switch.action),
    }
}

async fn access_points(sources: &Sources<'_>, copies: &[RestoredCopy], seen: &mut UsageReport) -> Result<()> {
    let file_systems: BTreeSet<&str> = copies
        .iter()
        .filter_map(|copy| match copy {
            RestoredCopy::Directory { file_system, .. } => Some(file_system.as_str()),
            RestoredCopy::Resource { .. } => None,
        })
        .collect();
    for file_system in file_systems {
        let found = sources.looking.access_points(file_system).await;
        if let Some(found) = record_check(UsageCheck::AccessPoints, found, seen)? {
            seen.access_points.extend(found);
        }
    }
    Ok(())
}

/// Holdfast itself reads the copies, and connects to them, until the restore's run has ended; it writes nothing to them after
/// they are restored.
async fn activity(
    sources: &Sources<'_>,
    record: &RestoreRecord,
    items: &[RestoreItem],
    now: Timestamp,
    seen: &mut UsageReport,
) -> Result<()> {
    let run = sources.catalog.run(&record.deployment, &record.id).await;
    let verified_at = record.verification.as_ref().map(|verification| verification.at);
    let ended_at = match record_check(UsageCheck::Activity, run, seen)? {
        Some(Some(run)) => run.ended_at,
        // A run that is forgotten ended long ago.
        Some(None) => Some(record.started_at),
        None => None,
    };
    let own_until = match (ended_at, verified_at) {
        (Some(ended), Some(verified)) => ended.max(verified),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => now,
    };
    let mut found: BTreeMap<String, CopyActivity> = BTreeMap::new();
    for item in items {
        let Some(copy) = RestoredCopy::of(item) else { continue };
        let written_since = item.finished_at.unwrap_or(own_until);
        let looked = sources
            .looking
            .activity(&copy, next_minute(written_since), next_minute(own_until), now)
            .await;
        for what in record_check(UsageCheck::Activity, looked, seen)?.unwrap_or_default() {
            let active = CopyActivity {
                copy: copy.clone(),
                what,
            };
            found.insert(format!("{copy}: {}", active.what), active);
        }
    }
    seen.activity.extend(found.into_values());
    Ok(())
}

/// The first whole minute after a time: metrics are kept by the minute.
fn next_minute(time: Timestamp) -> Timestamp {
    let minutes = time.as_second().div_euclid(60) + 1;
    Timestamp::from_second(minutes * 60).unwrap_or(time)
}

/// What was looked at; what cannot be is noted as such.
///
/// # Errors
/// Whatever is worth another try.
fn record_check<T>(look: UsageCheck, looked: Result<T>, seen: &mut UsageReport) -> Result<Option<T>> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.class() == Class::Final => {
            let why = error.to_string();
            if !seen.unseen.iter().any(|unseen| unseen.why == why) {
                seen.unseen.push(SkippedCheck { look, why });
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
