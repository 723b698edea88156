//! The restore of each resource as it is being planned: from what, and beside what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Planning;
use crate::domain::names;
use crate::domain::pacing;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::item::{Item, ItemStatus};
use crate::domain::restore::plan::{Beside, Planned, Source};
use crate::domain::restore::request::Destination;
use crate::domain::restore::schedule;
use crate::domain::restore::settings::Settings;
use crate::domain::restore::shortage::Shortage;
use crate::domain::restore::stages::{self, Stages};
use crate::domain::set::{Point, Sample};
use crate::error::Result;

/// Longest `DBClusterIdentifier`.
const LONGEST_CLUSTER: usize = 63;
/// Longest name of a DynamoDB table.
const LONGEST_TABLE: usize = 255;

/// What one resource is restored from.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub resource: Resource,
    pub source: Source,
    /// The moment whose data the source holds.
    pub holds: Option<Timestamp>,
    pub size_bytes: Option<u64>,
    /// What was captured with a set; null without one.
    pub configuration: Value,
    pub sample: Option<Sample>,
}

impl Draft {
    /// From the recovery point of a set; `None` where there is none.
    pub fn of(point: &Point) -> Option<Self> {
        Some(Self {
            resource: point.resource.clone(),
            source: Source::of(point.recovery_point.as_ref()?),
            holds: point.captured_at,
            size_bytes: point.size_bytes,
            configuration: point.configuration.clone(),
            sample: point.sample.clone(),
        })
    }
}

/// How the copies are called, and where file systems go.
pub struct Naming<'a> {
    pub suffix: &'a str,
    /// Names that the operator gave to copies, by resource.
    pub given: &'a BTreeMap<String, String>,
    /// Where the operator wants file systems, by resource.
    pub into: &'a BTreeMap<String, Destination>,
    /// What the instances of clusters' copies get instead of what was captured, by resource.
    pub instance_classes: &'a BTreeMap<String, String>,
    pub ca_certificates: &'a BTreeMap<String, String>,
}

/// What is created for a resource: a cluster or table of a new name; a directory in a file system that is there, else (or where
/// it is asked for) a new file system.
async fn beside(planning: &Planning<'_>, resource: &Resource, naming: &Naming<'_>) -> Result<Beside> {
    let name = |source: &str, longest: usize| match naming.given.get(&resource.name) {
        Some(given) => given.clone(),
        None => names::copy_of(source, naming.suffix, longest),
    };
    Ok(match &resource.target {
        Target::Aurora { cluster } => Beside::Cluster {
            cluster: name(cluster, LONGEST_CLUSTER),
        },
        Target::DynamoDb { table } => Beside::Table {
            table: name(table, LONGEST_TABLE),
        },
        Target::Efs { file_system, .. } => {
            let new = match naming.into.get(&resource.name) {
                Some(destination) => *destination == Destination::FileSystem,
                None => !planning.needs.discovery.has_file_system(file_system).await?,
            };
            match new {
                true => Beside::FileSystem {
                    token: names::token(&planning.run.id, &resource.name, "file-system"),
                },
                false => Beside::Directory {
                    file_system: file_system.clone(),
                },
            }
        }
        Target::DynamodbPrefix { .. } | Target::Secret { .. } | Target::Parameters { .. } => Beside::Nothing,
    })
}

/// The item that a draft becomes.
pub async fn item(planning: &Planning<'_>, draft: Draft, naming: &Naming<'_>) -> Result<Item> {
    let Planning { needs, run, now, .. } = planning;
    let beside = beside(planning, &draft.resource, naming).await?;
    let class = naming.instance_classes.get(&draft.resource.name);
    let authority = naming.ca_certificates.get(&draft.resource.name);
    let timing = stages::timing(&draft.resource.name, None);
    let past = needs.catalog.timing(&run.deployment, &timing).await?;
    let loss_seconds = match beside {
        Beside::Nothing => None,
        _ => draft.holds.map(|holds| seconds_between(holds, *now)),
    };
    Ok(Item {
        restore: run.id.clone(),
        planned: Planned {
            resource: Resource {
                deadline_seconds: planning.descriptor.restore_deadline_seconds,
                ..draft.resource
            },
            source: draft.source,
            beside,
            holds: draft.holds,
            loss_seconds,
            size_bytes: draft.size_bytes,
            usual_seconds: pacing::usual(&past.durations),
            creates: Vec::new(),
        },
        status: ItemStatus::Planned,
        configuration: with_overrides(schedule::without_past(draft.configuration, *now), class, authority),
        sample: draft.sample,
        started_at: None,
        finished_at: None,
        percent: None,
        phase: None,
        stages: Stages::default(),
        made: None,
        busy_since: None,
        password_from: None,
        settings: Settings::default(),
        shortage: Shortage::default(),
        remarks: Vec::new(),
        checks: None,
        failure: None,
    })
}

/// What was captured of a cluster, with another class and another certificate authority of all of its instances: the copy gets
/// them, and is compared with them.
fn with_overrides(mut configuration: Value, class: Option<&String>, authority: Option<&String>) -> Value {
    if class.is_none() && authority.is_none() {
        return configuration;
    }
    // Of the one instance that a copy gets whose source was not captured.
    if let (Value::Null, Some(class)) = (&configuration, class) {
        return json!({ "InstanceClass": class });
    }
    let instances = configuration.get_mut("DBInstances").and_then(Value::as_array_mut);
    for instance in instances.into_iter().flatten() {
        if let Some(class) = class {
            instance["DBInstanceClass"] = json!(class);
        }
        if let Some(authority) = authority {
            instance["CACertificateIdentifier"] = json!(authority);
            if instance["CertificateDetails"].is_object() {
                instance["CertificateDetails"]["CAIdentifier"] = json!(authority);
            }
        }
    }
    configuration
}

fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}
