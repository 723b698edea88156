//! Finds what refers to the resources that will be switched, and is not switched itself.

mod aws;

use async_trait::async_trait;

pub use self::aws::AwsDependentLookup;
use super::switches::CutOverPlan;
use crate::domain::descriptor::SwitchAction;
use crate::domain::job::Run;
use crate::domain::kinds;
use crate::domain::restore::dependents::record::{Record, host_of_copy};
use crate::domain::restore::dependents::selection::{Selection, arn};
use crate::domain::restore::dependents::{Dependent, Listing, NOT_SEARCHED, SwitchedResource, listing};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::CutOverMode;
use crate::domain::restore::remark::Remark;
use crate::error::{Fault, Result};
use crate::kinds::Kinds;

/// A CloudWatch alarm: its name, and the dimensions of its metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub name: String,
    pub dimensions: Vec<(String, String)>,
}

/// A Lambda event source mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSourceMapping {
    pub id: String,
    pub function: String,
    pub source: String,
}

/// The part of a long list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialList<T> {
    pub found: Vec<T>,
    /// Whether the list was read to its end.
    pub whole: bool,
}

/// Lists of a whole Region, of which any kind's resource may be in one.
#[async_trait]
pub trait DependentLookup: Send + Sync {
    /// All alarms of the Region.
    async fn alarms(&self) -> Result<Vec<Alarm>>;

    /// All event source mappings of the Region.
    async fn mappings(&self) -> Result<Vec<EventSourceMapping>>;

    /// The selections of the Region's backup plans.
    async fn selections(&self) -> Result<PartialList<Selection>>;

    /// The records in the account's hosted zones that resolve to one of these hosts.
    async fn records(&self, hosts: &[&str]) -> Result<PartialList<Record>>;
}

/// Where dependents are looked up.
pub struct Lookups<'a> {
    /// What only one kind has.
    pub kinds: &'a Kinds,
    /// Lists of the whole Region, each read once.
    pub regional: &'a dyn DependentLookup,
}

/// The dependents found, as faults and remarks of the plan.
#[derive(Debug, Default)]
pub struct DependentReport {
    pub faults: Vec<Fault>,
    pub remarks: Vec<Remark>,
}

/// Finds the dependents of every resource that will be switched. A list that cannot be read fails no plan, and is reported.
///
/// # Errors
/// Only transient ones.
pub async fn find(
    lookups: &Lookups<'_>,
    run: &Run,
    cut_over: &CutOverPlan,
    items: &[RestoreItem],
) -> Result<DependentReport> {
    let mut found = DependentReport::default();
    let is_switched = |item: &&RestoreItem| {
        let name = &item.planned.resource.name;
        cut_over.switches.iter().any(|switch| switch.item_name() == *name)
    };
    let switched_items: Vec<&RestoreItem> = items.iter().filter(is_switched).collect();
    if cut_over.mode == CutOverMode::No || switched_items.is_empty() {
        return Ok(found);
    }
    let any_watched = switched_items.iter().any(|item| watched(item).is_some());
    let renamed = |item: &RestoreItem| {
        cut_over.switches.iter().any(|switch| {
            switch.item_name() == item.planned.resource.name && matches!(switch.action, SwitchAction::Rename)
        })
    };
    let not_renamed = || {
        switched_items
            .iter()
            .filter(|item| !renamed(item) && watched(item).is_some())
    };
    let hosts: Vec<&str> = not_renamed().filter_map(|item| hosts(item)).flatten().collect();
    let (alarms, mappings, selections, records) = tokio::join!(
        async {
            match any_watched {
                true => listing(lookups.regional.alarms().await),
                false => Ok(Ok(Vec::new())),
            }
        },
        async {
            match switched_items.iter().any(|item| stream(item).is_some()) {
                true => listing(lookups.regional.mappings().await),
                false => Ok(Ok(Vec::new())),
            }
        },
        async {
            match not_renamed().next() {
                Some(_) => read(lookups.regional.selections().await),
                None => nothing(),
            }
        },
        async {
            match hosts.is_empty() {
                true => nothing(),
                false => read(lookups.regional.records(&hosts).await),
            }
        },
    );
    let (alarms, mappings) = (alarms?, mappings?);
    let switched_proxies = cut_over.switches.iter().filter_map(|switch| match &switch.action {
        SwitchAction::RdsProxy { proxy } => Some(proxy.as_str()),
        _ => None,
    });
    let switched_proxies: Vec<&str> = switched_proxies.collect();
    let records = records.map(|mut read| {
        read.found.retain(|record| !is_switched_record(cut_over, record));
        read
    });
    for item in switched_items {
        let mut dependents_found = lookups.kinds.of(&item.planned.resource.target).dependents(item).await?;
        dependents_found.extend(dependent_alarms(item, &alarms));
        dependents_found.extend(dependent_mappings(item, &mappings));
        if !renamed(item) {
            dependents_found.extend(dependent_selections(item, run, &selections));
            dependents_found.extend(dependent_records(item, &records));
        }
        let switched_resource = SwitchedResource {
            resource: &item.planned.resource.name,
            target: &item.planned.resource.target,
            copy: kinds::planned_name(&item.planned),
            renamed: renamed(item),
            proxies: &switched_proxies,
        };
        for dependent in dependents_found {
            found.faults.extend(switched_resource.fault(&dependent));
            let remark = switched_resource.remark(&dependent);
            found
                .remarks
                .extend(remark.map(|text| Remark::of(switched_resource.resource, text)));
        }
    }
    found.remarks.extend(any_watched.then(|| NOT_SEARCHED.into()));
    Ok(found)
}

/// Whether a switch points this record to the copy.
fn is_switched_record(cut_over: &CutOverPlan, found: &Record) -> bool {
    cut_over.switches.iter().any(|switch| match &switch.action {
        SwitchAction::Route53Record {
            hosted_zone, record, ..
        } => *hosted_zone == found.zone && found.name.trim_end_matches('.').eq_ignore_ascii_case(record),
        _ => false,
    })
}

/// The part of a list that was read, or why nothing was. No error fails the plan, since no restore needs these services.
type PartialListing<T> = std::result::Result<PartialList<T>, String>;

fn read<T>(list: Result<PartialList<T>>) -> PartialListing<T> {
    list.map_err(|error| error.to_string())
}

fn nothing<T>() -> PartialListing<T> {
    Ok(PartialList {
        found: Vec::new(),
        whole: true,
    })
}

/// The alarm dimension that identifies a resource; none if the copy is in the same file system.
fn watched(item: &RestoreItem) -> Option<(&'static str, &str)> {
    let target = &item.planned.resource.target;
    let kind =
        kinds::stateful(target).filter(|_| kinds::destination(&item.planned).is_some_and(|copy| copy.is_resource))?;
    Some((kind.alarm_dimension()?, target.identifier()))
}

fn dependent_alarms(item: &RestoreItem, alarms: &Listing<Alarm>) -> Vec<Dependent> {
    let Some((dimension, id)) = watched(item) else {
        return Vec::new();
    };
    let is_affected = |alarm: &Alarm| {
        alarm
            .dimensions
            .iter()
            .any(|(name, value)| name == dimension && value == id)
    };
    let alarms = alarms
        .clone()
        .map(|alarms| alarms.into_iter().filter(is_affected).collect());
    Dependent::each(alarms, "alarms", |alarm: Alarm| Dependent::Alarm { name: alarm.name })
}

/// What the ARN of an event source contains that reads the changes of an item's resource.
fn stream(item: &RestoreItem) -> Option<String> {
    let target = &item.planned.resource.target;
    kinds::stateful(target)?.stream(target)
}

fn dependent_mappings(item: &RestoreItem, mappings: &Listing<EventSourceMapping>) -> Vec<Dependent> {
    let Some(stream) = stream(item) else {
        return Vec::new();
    };
    let is_affected = |mapping: &EventSourceMapping| mapping.source.contains(&stream);
    let mappings = mappings
        .clone()
        .map(|mappings| mappings.into_iter().filter(is_affected).collect());
    Dependent::each(mappings, "event source mappings", |mapping: EventSourceMapping| {
        Dependent::EventSource {
            function: mapping.function,
            id: mapping.id,
        }
    })
}

/// The selections that include a resource but not its copy.
fn dependent_selections(item: &RestoreItem, run: &Run, selections: &PartialListing<Selection>) -> Vec<Dependent> {
    let target = &item.planned.resource.target;
    let identifier = |identifier: &str| arn(target, identifier, &run.execution);
    let copy = identifier(kinds::planned_name(&item.planned));
    let (Some(old), Some(copy), Some(_)) = (identifier(target.identifier()), copy, watched(item)) else {
        return Vec::new();
    };
    each_of(selections, "selections of AWS Backup plans", |selection| {
        let named = selection.passes_over(&copy, &old)?;
        Some(Dependent::Selection {
            plan: selection.plan.clone(),
            id: selection.id.clone(),
            name: selection.name.clone(),
            named: named.to_owned(),
        })
    })
}

/// The records that resolve to a host name of an item's resource.
fn dependent_records(item: &RestoreItem, records: &PartialListing<Record>) -> Vec<Dependent> {
    let Some(hosts) = hosts(item) else {
        return Vec::new();
    };
    let what = "Route 53 records";
    if hosts.is_empty() {
        let why = "its endpoints were not captured".to_owned();
        return vec![Dependent::Unknown { what, why }];
    }
    each_of(records, what, |record| {
        let host = hosts.iter().find(|host| record.leads_to(host))?;
        let (source, copy) = (
            item.planned.resource.target.identifier(),
            kinds::planned_name(&item.planned),
        );
        let host = host_of_copy(host, source, copy).unwrap_or_else(|| format!("<endpoint of {copy}>"));
        let record = record.clone();
        Some(Dependent::Record { record, host })
    })
}

fn each_of<T>(
    read: &PartialListing<T>,
    what: &'static str,
    dependent: impl Fn(&T) -> Option<Dependent>,
) -> Vec<Dependent> {
    match read {
        Ok(read) => {
            let more = (!read.whole).then_some(Dependent::Unread { what });
            read.found.iter().filter_map(dependent).chain(more).collect()
        }
        Err(why) => vec![Dependent::Unknown { what, why: why.clone() }],
    }
}

/// The host names by which clients reach an item's resource; `None` for a kind that has none.
fn hosts(item: &RestoreItem) -> Option<Vec<&str>> {
    kinds::stateful(&item.planned.resource.target)?.hosts(&item.configuration)
}

#[cfg(test)]
mod tests;
