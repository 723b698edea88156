//! What a restore made is looked at from all sides before anything of it is removed: what is in use stays, and who uses it is
//! named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::looking::Looking;
use crate::catalog::Catalog;
use crate::domain::descriptor::{CutOver, CutOverAction, Descriptor, Fact};
use crate::domain::kinds;
use crate::domain::lead::Lead;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::Item;
use crate::domain::usage::{Activity, Copy, Leads, Look, Seen, Unseen, users};
use crate::error::{Class, Error, Result};
use crate::switches::Switches;

/// Where users are looked for.
pub struct Sources<'a> {
    pub catalog: &'a Catalog,
    pub switches: &'a Switches,
    pub looking: &'a dyn Looking,
}

/// # Errors
/// `Conflict`, with every user and every look that was not possible; whatever is worth another try.
pub async fn see_unused(
    sources: &Sources<'_>,
    record: &RestoreRecord,
    items: &[Item],
    without: &BTreeSet<Look>,
    now: Timestamp,
) -> Result<()> {
    let copies: Vec<Copy> = items.iter().filter_map(Copy::of).collect();
    if copies.is_empty() {
        return Ok(());
    }
    let mut seen = Seen::default();
    descriptors(sources, &mut seen).await?;
    switches(sources, &copies, &mut seen).await?;
    if let Some(services) = noted(Look::Services, sources.looking.services().await, &mut seen)? {
        seen.services = services;
    }
    access_points(sources, &copies, &mut seen).await?;
    // What is named needs no look at what was done with it.
    if users(&copies, &seen, without).is_empty() && !without.contains(&Look::Activity) {
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

async fn descriptors(sources: &Sources<'_>, seen: &mut Seen) -> Result<()> {
    let names = noted(Look::Descriptors, sources.catalog.deployments().await, seen)?;
    for (name, _) in names.unwrap_or_default() {
        let descriptor = match sources.catalog.descriptor(&name).await {
            Err(Error::NotFound(_)) => continue,
            read => read,
        };
        if let Some(descriptor) = noted(Look::Descriptors, descriptor, seen)? {
            seen.descriptors.push(descriptor);
        }
    }
    Ok(())
}

async fn switches(sources: &Sources<'_>, copies: &[Copy], seen: &mut Seen) -> Result<()> {
    let descriptors = std::mem::take(&mut seen.descriptors);
    for descriptor in &descriptors {
        for switch in &descriptor.cut_over {
            for copy in copies.iter().filter(|copy| concerns(switch, copy)) {
                let leads = leads(sources, switch, copy).await;
                if noted(Look::Switches, leads, seen)? == Some(true) {
                    seen.leads.push(lead_of(descriptor, switch, copy));
                }
            }
        }
    }
    seen.descriptors = descriptors;
    Ok(())
}

async fn leads(sources: &Sources<'_>, switch: &CutOver, copy: &Copy) -> Result<bool> {
    let kind = sources.switches.of(&switch.action);
    match copy {
        Copy::Resource { target, .. } => {
            // One value that leads there is a user, wherever the others lead.
            for one in each_value(switch) {
                if kind.lead(&one, target).await? == Lead::There {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Copy::Directory { directory, .. } => kind.holds_directory(switch, directory).await,
    }
}

/// The switch once for each value of a secret.
fn each_value(switch: &CutOver) -> Vec<CutOver> {
    let CutOverAction::Secret { secret, values } = &switch.action else {
        return vec![switch.clone()];
    };
    let one = |(key, fact): (&String, &Fact)| CutOver {
        action: CutOverAction::Secret {
            secret: secret.clone(),
            values: BTreeMap::from([(key.clone(), *fact)]),
        },
        ..switch.clone()
    };
    values.iter().map(one).collect()
}

/// Whether a switch can hold something of this kind of copy. Services are looked at by themselves; a rename leads nowhere.
fn concerns(switch: &CutOver, copy: &Copy) -> bool {
    let kind = copy.target().and_then(kinds::stateful);
    let tells = |fact: &Fact| match kind {
        Some(kind) => *fact != Fact::Directory && kind.facts().iter().any(|(_, of_kind)| of_kind == fact),
        None => *fact == Fact::Directory,
    };
    match &switch.action {
        CutOverAction::Parameter { value, .. } => tells(value),
        CutOverAction::Secret { values, .. } => values.values().any(tells),
        CutOverAction::RdsProxy { .. } => kind.is_some_and(|kind| kind.switches().contains(&"rds_proxy")),
        CutOverAction::EcsService { .. } | CutOverAction::Rename => false,
    }
}

fn lead_of(descriptor: &Descriptor, switch: &CutOver, copy: &Copy) -> Leads {
    Leads {
        copy: copy.clone(),
        deployment: descriptor.deployment.clone(),
        switch: switch.name.clone(),
        what: match &switch.action {
            CutOverAction::Parameter { parameter, .. } => format!("parameter {parameter}"),
            CutOverAction::Secret { secret, .. } => format!("secret {secret}"),
            CutOverAction::EcsService { cluster, service, .. } => format!("service {service} of cluster {cluster}"),
            CutOverAction::RdsProxy { proxy } => format!("RDS Proxy {proxy}"),
            CutOverAction::Rename => "a cluster's name".to_owned(),
        },
    }
}

async fn access_points(sources: &Sources<'_>, copies: &[Copy], seen: &mut Seen) -> Result<()> {
    let file_systems: BTreeSet<&str> = copies
        .iter()
        .filter_map(|copy| match copy {
            Copy::Directory { file_system, .. } => Some(file_system.as_str()),
            Copy::Resource { .. } => None,
        })
        .collect();
    for file_system in file_systems {
        let found = sources.looking.access_points(file_system).await;
        if let Some(found) = noted(Look::AccessPoints, found, seen)? {
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
    items: &[Item],
    now: Timestamp,
    seen: &mut Seen,
) -> Result<()> {
    let run = sources.catalog.run(&record.deployment, &record.id).await;
    let verified_at = record.verification.as_ref().map(|verification| verification.at);
    let ended_at = match noted(Look::Activity, run, seen)? {
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
    let mut found: BTreeMap<String, Activity> = BTreeMap::new();
    for item in items {
        let Some(copy) = Copy::of(item) else { continue };
        let written_since = item.finished_at.unwrap_or(own_until);
        let looked = sources
            .looking
            .activity(&copy, next_minute(written_since), next_minute(own_until), now)
            .await;
        for what in noted(Look::Activity, looked, seen)?.unwrap_or_default() {
            let active = Activity {
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
fn noted<T>(look: Look, looked: Result<T>, seen: &mut Seen) -> Result<Option<T>> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.class() == Class::Final => {
            let why = error.to_string();
            if !seen.unseen.iter().any(|unseen| unseen.why == why) {
                seen.unseen.push(Unseen { look, why });
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
