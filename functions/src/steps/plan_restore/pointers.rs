//! Looks for what points at the resources that will be switched, and is switched by nothing.

mod aws;

use async_trait::async_trait;

pub use self::aws::Aws;
use super::switches::CuttingOver;
use crate::domain::descriptor::CutOverAction;
use crate::domain::resource::Target;
use crate::domain::restore::item::Item;
use crate::domain::restore::plan::{Beside, CutOverMode};
use crate::domain::restore::pointers::{NEVER_TOLD, Pointed, Pointer};
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
}

/// What was found, as the plan says it.
#[derive(Debug, Default)]
pub struct Found {
    pub faults: Vec<Fault>,
    pub remarks: Vec<String>,
}

/// Of every resource that a switch leads to the copy of. What may not be looked at fails no plan, and is said.
///
/// # Errors
/// Only those that pass by themselves.
pub async fn find(pointers: &dyn Pointers, cut_over: &CuttingOver, items: &[Item]) -> Result<Found> {
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
    let alarms = match moves {
        true => told(pointers.alarms().await)?,
        false => Ok(Vec::new()),
    };
    let mappings = match led.iter().any(|item| table(item).is_some()) {
        true => told(pointers.mappings().await)?,
        false => Ok(Vec::new()),
    };
    let switched = cut_over.switches.iter().filter_map(|switch| match &switch.action {
        CutOverAction::RdsProxy { proxy } => Some(proxy.as_str()),
        _ => None,
    });
    let switched: Vec<&str> = switched.collect();
    for item in led {
        let mut pointing = of_cluster(pointers, item).await?;
        pointing.extend(watching(item, &alarms));
        pointing.extend(reading(item, &mappings));
        let pointed = Pointed {
            resource: &item.planned.resource.name,
            target: &item.planned.resource.target,
            copy: copy(&item.planned.beside),
            renamed: cut_over.switches.iter().any(|switch| {
                switch.item_name() == item.planned.resource.name && matches!(switch.action, CutOverAction::Rename)
            }),
            proxies: &switched,
        };
        for pointer in pointing {
            found.faults.extend(pointed.fault(&pointer));
            found.remarks.extend(pointed.remark(&pointer));
        }
    }
    found.remarks.extend(moves.then(|| NEVER_TOLD.to_owned()));
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

/// Each of a list as a pointer, or one that says why there is no list.
fn each<T>(listed: Listed<T>, what: &'static str, pointer: impl FnMut(T) -> Pointer) -> Vec<Pointer> {
    match listed {
        Ok(found) => found.into_iter().map(pointer).collect(),
        Err(why) => vec![Pointer::Untold { what, why }],
    }
}

async fn of_cluster(pointers: &dyn Pointers, item: &Item) -> Result<Vec<Pointer>> {
    let Target::Aurora { cluster } = &item.planned.resource.target else {
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
    let dimension = match (target, &item.planned.beside) {
        (_, Beside::Directory { .. } | Beside::Nothing) => return None,
        (Target::Aurora { .. }, _) => "DBClusterIdentifier",
        (Target::Efs { .. }, _) => "FileSystemId",
        _ => "TableName",
    };
    Some((dimension, target.identifier()))
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
    match &item.planned.resource.target {
        Target::DynamoDb { table } => Some(table),
        _ => None,
    }
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

fn copy(beside: &Beside) -> &str {
    match beside {
        Beside::Cluster { cluster } => cluster,
        Beside::Table { table } => table,
        Beside::Directory { file_system } => file_system,
        Beside::FileSystem { .. } => "the new file system",
        Beside::Nothing => "",
    }
}

#[cfg(test)]
#[path = "pointers_tests.rs"]
mod tests;
