//! Looks for what points at the resources that will be switched, and is switched by nothing.

mod aws;

use async_trait::async_trait;

pub use self::aws::Aws;
use super::switches::CuttingOver;
use crate::domain::descriptor::CutOverAction;
use crate::domain::job::Run;
use crate::domain::kinds::{self, aurora, dynamodb};
use crate::domain::restore::item::Item;
use crate::domain::restore::plan::CutOverMode;
use crate::domain::restore::pointers::record::{Record, host_of_copy};
use crate::domain::restore::pointers::selection::{Selection, arn};
use crate::domain::restore::pointers::{NEVER_TOLD, Pointed, Pointer};
use crate::domain::restore::remark::Remark;
use crate::error::{Class, Fault, Result};

/// A CloudWatch alarm: its name, and the dimensions of what it watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub name: String,
    pub dimensions: Vec<(String, String)>,
}

/// A Lambda event source mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub id: String,
    pub function: String,
    pub source: String,
}

/// What was read of a long list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    pub found: Vec<T>,
    /// Whether there is no more of it.
    pub whole: bool,
}

/// Asks AWS.
#[async_trait]
pub trait Pointers: Send + Sync {
    /// The proxies that lead to a cluster.
    async fn proxies(&self, cluster: &str) -> Result<Vec<String>>;

    /// The event subscriptions that name a cluster.
    async fn subscriptions(&self, cluster: &str) -> Result<Vec<String>>;

    /// All alarms of the Region.
    async fn alarms(&self) -> Result<Vec<Alarm>>;

    /// All event source mappings of the Region.
    async fn mappings(&self) -> Result<Vec<Mapping>>;

    /// The selections of the Region's backup plans.
    async fn selections(&self) -> Result<Read<Selection>>;

    /// The records of the account's hosted zones that lead to one of these hosts.
    async fn records(&self, hosts: &[&str]) -> Result<Read<Record>>;
}

/// What was found, as the plan says it.
#[derive(Debug, Default)]
pub struct Found {
    pub faults: Vec<Fault>,
    pub remarks: Vec<Remark>,
}

/// Of every resource that a switch leads to the copy of. What may not be looked at fails no plan, and is said.
///
/// # Errors
/// Only those that pass by themselves.
pub async fn find(pointers: &dyn Pointers, run: &Run, cut_over: &CuttingOver, items: &[Item]) -> Result<Found> {
    let mut found = Found::default();
    let led = |item: &&Item| {
        let name = &item.planned.resource.name;
        cut_over.switches.iter().any(|switch| switch.item_name() == *name)
    };
    let led: Vec<&Item> = items.iter().filter(led).collect();
    if cut_over.mode == CutOverMode::No || led.is_empty() {
        return Ok(found);
    }
    let moves = led.iter().any(|item| watched(item).is_some());
    let renamed = |item: &Item| {
        cut_over.switches.iter().any(|switch| {
            switch.item_name() == item.planned.resource.name && matches!(switch.action, CutOverAction::Rename)
        })
    };
    let staying = || led.iter().filter(|item| !renamed(item) && watched(item).is_some());
    let hosts: Vec<&str> = staying().flat_map(|item| hosts(item)).collect();
    let (alarms, mappings, selections, records) = tokio::join!(
        async {
            match moves {
                true => told(pointers.alarms().await),
                false => Ok(Ok(Vec::new())),
            }
        },
        async {
            match led.iter().any(|item| table(item).is_some()) {
                true => told(pointers.mappings().await),
                false => Ok(Ok(Vec::new())),
            }
        },
        async {
            match staying().next() {
                Some(_) => tried(pointers.selections().await),
                None => nothing(),
            }
        },
        async {
            match hosts.is_empty() {
                true => nothing(),
                false => tried(pointers.records(&hosts).await),
            }
        },
    );
    let (alarms, mappings) = (alarms?, mappings?);
    let switched = cut_over.switches.iter().filter_map(|switch| match &switch.action {
        CutOverAction::RdsProxy { proxy } => Some(proxy.as_str()),
        _ => None,
    });
    let switched: Vec<&str> = switched.collect();
    for item in led {
        let mut pointing = of_cluster(pointers, item).await?;
        pointing.extend(watching(item, &alarms));
        pointing.extend(reading(item, &mappings));
        if !renamed(item) {
            pointing.extend(backing_up(item, run, &selections));
            pointing.extend(leading(item, &records));
        }
        let pointed = Pointed {
            resource: &item.planned.resource.name,
            target: &item.planned.resource.target,
            copy: item.planned.beside.name(),
            renamed: renamed(item),
            proxies: &switched,
        };
        for pointer in pointing {
            found.faults.extend(pointed.fault(&pointer));
            let remark = pointed.remark(&pointer);
            found
                .remarks
                .extend(remark.map(|text| Remark::of(pointed.resource, text)));
        }
    }
    found.remarks.extend(moves.then(|| NEVER_TOLD.into()));
    Ok(found)
}

/// What AWS lists, or why it does not.
type Listed<T> = std::result::Result<Vec<T>, String>;

fn told<T>(asked: Result<Vec<T>>) -> Result<Listed<T>> {
    match asked {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.class() == Class::Final => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

/// What was read of a list, or why nothing was. Where it takes a service that no restore needs, no failure of it is one of the plan.
type Tried<T> = std::result::Result<Read<T>, String>;

fn tried<T>(asked: Result<Read<T>>) -> Tried<T> {
    asked.map_err(|error| error.to_string())
}

fn nothing<T>() -> Tried<T> {
    Ok(Read {
        found: Vec::new(),
        whole: true,
    })
}

/// Each of a list as a pointer, or one that says why there is no list.
fn each<T>(listed: Listed<T>, what: &'static str, pointer: impl FnMut(T) -> Pointer) -> Vec<Pointer> {
    match listed {
        Ok(found) => found.into_iter().map(pointer).collect(),
        Err(why) => vec![Pointer::Untold { what, why }],
    }
}

async fn of_cluster(pointers: &dyn Pointers, item: &Item) -> Result<Vec<Pointer>> {
    let Some(cluster) = aurora::cluster(&item.planned.resource.target) else {
        return Ok(Vec::new());
    };
    let proxies = told(pointers.proxies(cluster).await)?;
    let mut found = each(proxies, "RDS proxies", |proxy| Pointer::Proxy { proxy });
    let endpoints = item.configuration["DBClusterEndpoints"]
        .as_array()
        .into_iter()
        .flatten();
    let names = endpoints.filter_map(|endpoint| endpoint["DBClusterEndpointIdentifier"].as_str());
    found.extend(names.map(|name| Pointer::Endpoint {
        endpoint: name.to_owned(),
    }));
    let subscriptions = told(pointers.subscriptions(cluster).await)?;
    found.extend(each(subscriptions, "event subscriptions", |name| {
        Pointer::Subscription { name }
    }));
    Ok(found)
}

/// The dimension of alarms by which a resource is watched; none where the copy lies in the same file system.
fn watched(item: &Item) -> Option<(&'static str, &str)> {
    let target = &item.planned.resource.target;
    let kind = kinds::stateful(target).filter(|_| item.planned.beside.is_resource())?;
    Some((kind.alarm_dimension(), target.identifier()))
}

fn watching(item: &Item, alarms: &Listed<Alarm>) -> Vec<Pointer> {
    let Some((dimension, id)) = watched(item) else {
        return Vec::new();
    };
    let of_it = |alarm: &Alarm| {
        alarm
            .dimensions
            .iter()
            .any(|(name, value)| name == dimension && value == id)
    };
    let alarms = alarms.clone().map(|alarms| alarms.into_iter().filter(of_it).collect());
    each(alarms, "alarms", |alarm: Alarm| Pointer::Alarm { name: alarm.name })
}

fn table(item: &Item) -> Option<&str> {
    dynamodb::table(&item.planned.resource.target)
}

fn reading(item: &Item, mappings: &Listed<Mapping>) -> Vec<Pointer> {
    let Some(table) = table(item) else {
        return Vec::new();
    };
    let stream = format!(":table/{table}/stream/");
    let of_it = |mapping: &Mapping| mapping.source.contains(&stream);
    let mappings = mappings
        .clone()
        .map(|mappings| mappings.into_iter().filter(of_it).collect());
    each(mappings, "event source mappings", |mapping: Mapping| {
        Pointer::EventSource {
            function: mapping.function,
            id: mapping.id,
        }
    })
}

/// The selections that have a resource and not its copy.
fn backing_up(item: &Item, run: &Run, selections: &Tried<Selection>) -> Vec<Pointer> {
    let target = &item.planned.resource.target;
    let identifier = |identifier: &str| arn(target, identifier, &run.execution);
    let copy = identifier(item.planned.beside.name());
    let (Some(old), Some(copy), Some(_)) = (identifier(target.identifier()), copy, watched(item)) else {
        return Vec::new();
    };
    each_of(selections, "selections of AWS Backup plans", |selection| {
        let named = selection.passes_over(&copy, &old)?;
        Some(Pointer::Selection {
            plan: selection.plan.clone(),
            id: selection.id.clone(),
            name: selection.name.clone(),
            named: named.to_owned(),
        })
    })
}

/// The records that lead to an endpoint of a cluster.
fn leading(item: &Item, records: &Tried<Record>) -> Vec<Pointer> {
    let Some(cluster) = aurora::cluster(&item.planned.resource.target) else {
        return Vec::new();
    };
    let what = "Route 53 records";
    if hosts(item).next().is_none() {
        let why = "its endpoints were not captured".to_owned();
        return vec![Pointer::Untold { what, why }];
    }
    each_of(records, what, |record| {
        let host = hosts(item).find(|host| record.leads_to(host))?;
        let copy = item.planned.beside.name();
        let host = host_of_copy(host, cluster, copy).unwrap_or_else(|| format!("<endpoint of {copy}>"));
        let record = record.clone();
        Some(Pointer::Record { record, host })
    })
}

fn each_of<T>(tried: &Tried<T>, what: &'static str, pointer: impl Fn(&T) -> Option<Pointer>) -> Vec<Pointer> {
    match tried {
        Ok(read) => {
            let more = (!read.whole).then_some(Pointer::Unread { what });
            read.found.iter().filter_map(pointer).chain(more).collect()
        }
        Err(why) => vec![Pointer::Untold { what, why: why.clone() }],
    }
}

/// The host names of a cluster's writer and of its readers.
fn hosts(item: &Item) -> impl Iterator<Item = &str> {
    let cluster = &item.configuration["DBCluster"];
    ["Endpoint", "ReaderEndpoint"]
        .into_iter()
        .filter_map(|name| cluster[name].as_str())
}

#[cfg(test)]
mod tests;
