//! Finds what refers to the resources that will be switched, and is not switched itself.

mod aws;

use async_trait::async_trait;

pub use self::aws::AwsDependentLookup;
use super::switches::CutOverPlan;
use crate::domain::descriptor::SwitchAction;
use crate::domain::job::Run;
use crate::domain::kinds::{self, aurora};
use crate::domain::restore::dependents::record::{Record, host_of_copy};
use crate::domain::restore::dependents::selection::{Selection, arn};
use crate::domain::restore::dependents::{Dependent, NEVER_TOLD, SwitchedResource};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::CutOverMode;
use crate::domain::restore::remark::Remark;
use crate::error::{Class, Fault, Result};

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

/// Asks AWS.
#[async_trait]
pub trait DependentLookup: Send + Sync {
    /// The proxies that have a cluster as target.
    async fn proxies(&self, cluster: &str) -> Result<Vec<String>>;

    /// The event subscriptions that name a cluster.
    async fn subscriptions(&self, cluster: &str) -> Result<Vec<String>>;

    /// All alarms of the Region.
    async fn alarms(&self) -> Result<Vec<Alarm>>;

    /// All event source mappings of the Region.
    async fn mappings(&self) -> Result<Vec<EventSourceMapping>>;

    /// The selections of the Region's backup plans.
    async fn selections(&self) -> Result<PartialList<Selection>>;

    /// The records in the account's hosted zones that resolve to one of these hosts.
    async fn records(&self, hosts: &[&str]) -> Result<PartialList<Record>>;
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
    dependents: &dyn DependentLookup,
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
    let hosts: Vec<&str> = not_renamed().flat_map(|item| hosts(item)).collect();
    let (alarms, mappings, selections, records) = tokio::join!(
        async {
            match any_watched {
                true => read_or_denied(dependents.alarms().await),
                false => Ok(Ok(Vec::new())),
            }
        },
        async {
            match switched_items.iter().any(|item| table(item).is_some()) {
                true => read_or_denied(dependents.mappings().await),
                false => Ok(Ok(Vec::new())),
            }
        },
        async {
            match not_renamed().next() {
                Some(_) => read(dependents.selections().await),
                None => nothing(),
            }
        },
        async {
            match hosts.is_empty() {
                true => nothing(),
                false => read(dependents.records(&hosts).await),
            }
        },
    );
    let (alarms, mappings) = (alarms?, mappings?);
    let switched_proxies = cut_over.switches.iter().filter_map(|switch| match &switch.action {
        SwitchAction::RdsProxy { proxy } => Some(proxy.as_str()),
        _ => None,
    });
    let switched_proxies: Vec<&str> = switched_proxies.collect();
    for item in switched_items {
        let mut dependents_found = of_cluster(dependents, item).await?;
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
    found.remarks.extend(any_watched.then(|| NEVER_TOLD.into()));
    Ok(found)
}

/// What AWS lists, or why the list could not be read.
type Listing<T> = std::result::Result<Vec<T>, String>;

fn read_or_denied<T>(list: Result<Vec<T>>) -> Result<Listing<T>> {
    match list {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.class() == Class::Final => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
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

/// Converts each entry of a list to a dependent; a list that could not be read becomes one that says why.
fn each<T>(list: Listing<T>, what: &'static str, dependent: impl FnMut(T) -> Dependent) -> Vec<Dependent> {
    match list {
        Ok(found) => found.into_iter().map(dependent).collect(),
        Err(why) => vec![Dependent::Untold { what, why }],
    }
}

async fn of_cluster(dependents: &dyn DependentLookup, item: &RestoreItem) -> Result<Vec<Dependent>> {
    let Some(cluster) = aurora::cluster(&item.planned.resource.target) else {
        return Ok(Vec::new());
    };
    let proxies = read_or_denied(dependents.proxies(cluster).await)?;
    let mut found = each(proxies, "RDS proxies", |proxy| Dependent::Proxy { proxy });
    let endpoints = item.configuration["DBClusterEndpoints"]
        .as_array()
        .into_iter()
        .flatten();
    let names = endpoints.filter_map(|endpoint| endpoint["DBClusterEndpointIdentifier"].as_str());
    found.extend(names.map(|name| Dependent::Endpoint {
        endpoint: name.to_owned(),
    }));
    let subscriptions = read_or_denied(dependents.subscriptions(cluster).await)?;
    found.extend(each(subscriptions, "event subscriptions", |name| {
        Dependent::Subscription { name }
    }));
    Ok(found)
}

/// The alarm dimension that identifies a resource; none if the copy is in the same file system.
fn watched(item: &RestoreItem) -> Option<(&'static str, &str)> {
    let target = &item.planned.resource.target;
    let kind =
        kinds::stateful(target).filter(|_| kinds::destination(&item.planned).is_some_and(|copy| copy.is_resource))?;
    Some((kind.alarm_dimension(), target.identifier()))
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
    each(alarms, "alarms", |alarm: Alarm| Dependent::Alarm { name: alarm.name })
}

fn table(item: &RestoreItem) -> Option<&str> {
    kinds::member_name(&item.planned.resource.target)
}

fn dependent_mappings(item: &RestoreItem, mappings: &Listing<EventSourceMapping>) -> Vec<Dependent> {
    let Some(table) = table(item) else {
        return Vec::new();
    };
    let stream = format!(":table/{table}/stream/");
    let is_affected = |mapping: &EventSourceMapping| mapping.source.contains(&stream);
    let mappings = mappings
        .clone()
        .map(|mappings| mappings.into_iter().filter(is_affected).collect());
    each(mappings, "event source mappings", |mapping: EventSourceMapping| {
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

/// The records that resolve to an endpoint of a cluster.
fn dependent_records(item: &RestoreItem, records: &PartialListing<Record>) -> Vec<Dependent> {
    let Some(cluster) = aurora::cluster(&item.planned.resource.target) else {
        return Vec::new();
    };
    let what = "Route 53 records";
    if hosts(item).next().is_none() {
        let why = "its endpoints were not captured".to_owned();
        return vec![Dependent::Untold { what, why }];
    }
    each_of(records, what, |record| {
        let host = hosts(item).find(|host| record.leads_to(host))?;
        let copy = kinds::planned_name(&item.planned);
        let host = host_of_copy(host, cluster, copy).unwrap_or_else(|| format!("<endpoint of {copy}>"));
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
        Err(why) => vec![Dependent::Untold { what, why: why.clone() }],
    }
}

/// The host names of a cluster's writer and reader endpoints.
fn hosts(item: &RestoreItem) -> impl Iterator<Item = &str> {
    let cluster = &item.configuration["DBCluster"];
    ["Endpoint", "ReaderEndpoint"]
        .into_iter()
        .filter_map(|name| cluster[name].as_str())
}

#[cfg(test)]
mod tests;
