//! Checks in every way known whether a restore's copies are in use.

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
use crate::domain::usage::{CopyActivity, RestoredCopy, SkippedCheck, SwitchReference, UsageCheck, UsageReport};
use crate::error::{Class, Error, Result};
use crate::switches::Switches;

/// Where usage is looked up.
pub struct Sources<'a> {
    pub catalog: &'a Catalog,
    pub switches: &'a Switches,
    pub usage: &'a dyn UsageLookup,
}

/// A search for the users of copies, which reads what concerns all copies once.
pub struct UsageSearch<'a> {
    sources: Sources<'a>,
    /// The descriptors, and which of them could not be read.
    descriptors: UsageReport,
    /// The services, or that they could not be read, once they were asked for.
    services: Option<UsageReport>,
}

impl<'a> UsageSearch<'a> {
    /// Reads all descriptors of the catalog.
    ///
    /// # Errors
    /// Those worth retrying: a check that is not possible is part of the reports.
    pub async fn begin(sources: Sources<'a>) -> Result<Self> {
        let mut report = UsageReport::default();
        descriptors(&sources, &mut report).await?;
        Ok(Self {
            sources,
            descriptors: report,
            services: None,
        })
    }

    /// What uses these copies by their names, and which checks were not possible; without their activity.
    ///
    /// # Errors
    /// Those worth retrying.
    pub async fn of(&mut self, copies: &[RestoredCopy]) -> Result<UsageReport> {
        let mut report = self.descriptors.clone();
        switches(&self.sources, copies, &mut report).await?;
        let services = match self.services.take() {
            Some(known) => known,
            None => services(&self.sources).await?,
        };
        report.services.clone_from(&services.services);
        report.unseen.extend(services.unseen.iter().cloned());
        self.services = Some(services);
        access_points(&self.sources, copies, &mut report).await?;
        Ok(report)
    }

    /// Adds the recent activity on a restore's copies. Holdfast itself reads the copies, and connects to them, until the restore's
    /// run has ended; it writes nothing to them once they are restored.
    ///
    /// # Errors
    /// Those worth retrying.
    pub async fn add_activity(
        &self,
        record: &RestoreRecord,
        items: &[RestoreItem],
        now: Timestamp,
        report: &mut UsageReport,
    ) -> Result<()> {
        activity(&self.sources, record, items, now, report).await
    }
}

async fn descriptors(sources: &Sources<'_>, report: &mut UsageReport) -> Result<()> {
    let names = record_check(UsageCheck::Descriptors, sources.catalog.deployments().await, report)?;
    for (name, _) in names.unwrap_or_default() {
        let descriptor = match sources.catalog.descriptor(&name).await {
            Err(Error::NotFound(_)) => continue,
            read => read,
        };
        if let Some(descriptor) = record_check(UsageCheck::Descriptors, descriptor, report)? {
            report.descriptors.push(descriptor);
        }
    }
    Ok(())
}

async fn services(sources: &Sources<'_>) -> Result<UsageReport> {
    let mut report = UsageReport::default();
    let found = record_check(UsageCheck::Services, sources.usage.services().await, &mut report)?;
    report.services = found.unwrap_or_default();
    Ok(report)
}

async fn switches(sources: &Sources<'_>, copies: &[RestoredCopy], report: &mut UsageReport) -> Result<()> {
    let descriptors = std::mem::take(&mut report.descriptors);
    for descriptor in &descriptors {
        for switch in &descriptor.cut_over {
            for copy in copies.iter().filter(|copy| can_reference(switch, copy)) {
                let references = references_copy(sources, switch, copy).await;
                if record_check(UsageCheck::Switches, references, report)? == Some(true) {
                    report.references.push(switch_reference(descriptor, switch, copy));
                }
            }
        }
    }
    report.descriptors = descriptors;
    Ok(())
}

async fn references_copy(sources: &Sources<'_>, switch: &Switch, copy: &RestoredCopy) -> Result<bool> {
    let kind = sources.switches.of(&switch.action);
    match copy {
        RestoredCopy::Resource { target, .. } => {
            // One value that refers to the copy is enough, whatever the others refer to.
            for one in one_switch_per_value(switch) {
                if kind.reference(&one, target).await? == Reference::Matches {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        RestoredCopy::Directory { directory, .. } => kind.holds_directory(switch, directory).await,
    }
}

/// A secret's switch, once for each of its values.
fn one_switch_per_value(switch: &Switch) -> Vec<Switch> {
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

/// Whether a switch can refer to this kind of copy. ECS services are checked separately; a rename refers to nothing.
fn can_reference(switch: &Switch, copy: &RestoredCopy) -> bool {
    let kind = copy.target().and_then(kinds::stateful);
    let fits = |fact: &Fact| match (fact, kind) {
        // Resources of a kind have the same port.
        (Fact::Port, _) => false,
        (Fact::Directory, kind) => kind.is_none(),
        (fact, kind) => kind.is_some_and(|kind| kind.has_fact(*fact)),
    };
    switches::of(&switch.action).references(&switch.action).iter().any(fits)
}

fn switch_reference(descriptor: &Descriptor, switch: &Switch, copy: &RestoredCopy) -> SwitchReference {
    SwitchReference {
        copy: copy.clone(),
        deployment: descriptor.deployment.clone(),
        switch: switch.name.clone(),
        what: switches::of(&switch.action).words(&switch.action),
    }
}

async fn access_points(sources: &Sources<'_>, copies: &[RestoredCopy], report: &mut UsageReport) -> Result<()> {
    let file_systems: BTreeSet<&str> = copies
        .iter()
        .filter_map(|copy| match copy {
            RestoredCopy::Directory { file_system, .. } => Some(file_system.as_str()),
            RestoredCopy::Resource { .. } => None,
        })
        .collect();
    for file_system in file_systems {
        let found = sources.usage.access_points(file_system).await;
        if let Some(found) = record_check(UsageCheck::AccessPoints, found, report)? {
            report.access_points.extend(found);
        }
    }
    Ok(())
}

async fn activity(
    sources: &Sources<'_>,
    record: &RestoreRecord,
    items: &[RestoreItem],
    now: Timestamp,
    report: &mut UsageReport,
) -> Result<()> {
    let run = sources.catalog.run(&record.deployment, &record.id).await;
    let verified_at = record.verification.as_ref().map(|verification| verification.at);
    let ended_at = match record_check(UsageCheck::Activity, run, report)? {
        Some(Some(run)) => run.ended_at,
        // A run that was deleted ended long ago.
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
        let (written_since, read_since) = match kinds::has_own_name(&item.planned) {
            // Whatever names it may use it from its creation on. AWS's own restore is no activity, and before the verification nobody of
            // ours has connected or read.
            true => {
                let since = item.started_at.unwrap_or(record.started_at);
                (since, if verified_at.is_none() { since } else { own_until })
            }
            false => (item.finished_at.unwrap_or(own_until), own_until),
        };
        let activity = sources
            .usage
            .activity(&copy, next_minute(written_since), next_minute(read_since), now)
            .await;
        for what in record_check(UsageCheck::Activity, activity, report)?.unwrap_or_default() {
            let active = CopyActivity {
                copy: copy.clone(),
                what,
            };
            found.insert(format!("{copy}: {}", active.what), active);
        }
    }
    report.activity.extend(found.into_values());
    Ok(())
}

/// The first whole minute after a time: metrics have one-minute resolution.
fn next_minute(time: Timestamp) -> Timestamp {
    let minutes = time.as_second().div_euclid(60) + 1;
    Timestamp::from_second(minutes * 60).unwrap_or(time)
}

/// Returns the result of a check; a check that is not possible is recorded as skipped.
///
/// # Errors
/// Those worth retrying.
fn record_check<T>(check: UsageCheck, result: Result<T>, report: &mut UsageReport) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.class() == Class::Final => {
            let why = error.to_string();
            if !report.unseen.iter().any(|skipped| skipped.why == why) {
                report.unseen.push(SkippedCheck { look: check, why });
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::resource::Target;

    fn parameter(value: Fact) -> Switch {
        Switch {
            name: "app".into(),
            resource: "database".into(),
            table: None,
            login: None,
            action: SwitchAction::Parameter {
                parameter: "/hubs/value".into(),
                value,
            },
        }
    }

    /// What cannot refer to a copy is not read: being refused to read it would keep the copy.
    #[test]
    fn a_port_is_not_read_and_a_host_is() {
        let target = Target::Aurora {
            cluster: "hubs-db-r1".into(),
        };
        let cluster = RestoredCopy::Resource {
            target,
            names: Vec::new(),
        };
        let directory = RestoredCopy::Directory {
            file_system: "fs-1".into(),
            directory: "/aws-backup-restore_x".into(),
        };
        for (fact, of_cluster, of_directory) in [
            (Fact::Host, true, false),
            (Fact::MasterSecret, true, false),
            (Fact::Port, false, false),
            (Fact::Table, false, false),
            (Fact::Directory, false, true),
        ] {
            let switch = parameter(fact);
            assert_eq!(can_reference(&switch, &cluster), of_cluster, "{fact:?}");
            assert_eq!(can_reference(&switch, &directory), of_directory, "{fact:?}");
        }
    }
}
