//! How a kind restores: what it foresees, what it does next, how it undoes.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::Value;

use super::{Aurora, Defaults, DynamoDb, Efs, Parameters, Secret};
use crate::domain::job::Run;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::item::{Advance, Item, Made, Undoing};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Class, Error, Fault, Result};

/// What a look ahead found, before anything is touched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Foreseen {
    /// What would make the restore fail later, one a thing: `resources.<name>.<field>`, what is there, what is needed
    /// (and how the operator gets it).
    pub faults: Vec<Fault>,
    /// What the operator should know, and what would not be covered.
    pub remarks: Vec<String>,
    /// What will be created beside the copy itself, in words.
    pub creates: Vec<String>,
    /// EC2 security groups that have to exist.
    pub security_groups: Vec<String>,
}

/// Restores one kind of resource, always beside what is there. `item.planned` says from what and into what;
/// `item.configuration` is what was captured.
///
/// Every method may run twice, and may have succeeded before without anybody hearing of it: it finds out by looking,
/// and what it finds by name is ours only where tags (`names::restore_tags`), source or token say so.
#[async_trait]
pub trait Restore: Send + Sync {
    /// Looks at all that the restore needs: source restorable, keys, groups, engine version, target name free, quotas.
    /// What is wrong is a fault, not an error.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn foresee(&self, run: &Run, item: &Item) -> Result<Foreseen>;

    /// Looks at what is there, does what comes next, and tells how far it is. Called until it answers `Restored` or `Failed`.
    ///
    /// # Errors
    /// `Conflict` when the target's name is taken by something that is not ours; `NotReady` for states that end by themselves.
    async fn advance(&self, run: &Run, item: &Item) -> Result<Advance>;

    /// Removes what `advance` made for this run, and nothing else: also what a half-done or unheard-of create left. Called
    /// until it answers `Gone` or `Left`.
    async fn undo(&self, run: &Run, item: &Item) -> Result<Undoing>;

    /// Compares the copy with the captured configuration and the sample: one check for each thing that differs or could not be
    /// told, and one `Same` for each part (configuration, items, files) in which nothing differs.
    async fn compare(&self, run: &Run, item: &Item, at_rest: bool) -> Result<Vec<Check>>;

    /// Reads a few things of the resource, to compare a restore with; `None` where nothing can be sampled. `configuration` is what
    /// was just captured of it.
    async fn sample(&self, resource: &Resource, configuration: &Value) -> Result<Option<Sample>>;
}

/// How each kind restores.
#[derive(Clone)]
pub struct Restores {
    pub aurora: Arc<dyn Restore>,
    pub efs: Arc<dyn Restore>,
    pub dynamodb: Arc<dyn Restore>,
    pub secret: Arc<dyn Restore>,
    pub parameters: Arc<dyn Restore>,
}

impl Restores {
    /// Every kind, with clients of one configuration. `defaults` is where AWS Backup puts what names no vault or role.
    pub fn from_config(aws: &SdkConfig, defaults: Defaults) -> Self {
        Self {
            aurora: Arc::new(Aurora::from_config(aws)),
            efs: Arc::new(Efs::from_config(aws, defaults)),
            dynamodb: Arc::new(DynamoDb::from_config(aws)),
            secret: Arc::new(Secret::from_config(aws)),
            parameters: Arc::new(Parameters::from_config(aws)),
        }
    }

    /// One kind in every place.
    pub fn all(kind: Arc<dyn Restore>) -> Self {
        Self {
            aurora: kind.clone(),
            efs: kind.clone(),
            dynamodb: kind.clone(),
            secret: kind.clone(),
            parameters: kind,
        }
    }

    /// How a target's kind restores.
    pub fn of(&self, target: &Target) -> &dyn Restore {
        match target {
            Target::Aurora { .. } => &*self.aurora,
            Target::Efs { .. } => &*self.efs,
            Target::DynamoDb { .. } | Target::DynamodbPrefix { .. } => &*self.dynamodb,
            Target::Secret { .. } => &*self.secret,
            Target::Parameters { .. } => &*self.parameters,
        }
    }
}

/// The copy, as a resource of its kind: what `capture` takes to describe it. `None` while nothing is made.
pub fn copy(item: &Item) -> Option<Resource> {
    let target = match (item.made.as_ref()?, &item.planned.resource.target) {
        (Made::Cluster { cluster, .. }, _) => Target::Aurora {
            cluster: cluster.clone(),
        },
        (Made::Table { table, .. }, _) => Target::DynamoDb { table: table.clone() },
        (Made::Directory { file_system, .. }, Target::Efs { vault, role, .. })
        | (
            Made::FileSystem {
                file_system: Some(file_system),
                ..
            },
            Target::Efs { vault, role, .. },
        ) => Target::Efs {
            file_system: file_system.clone(),
            vault: vault.clone(),
            role: role.clone(),
        },
        _ => return None,
    };
    Some(Resource {
        target,
        ..item.planned.resource.clone()
    })
}

/// What stands in a restore's way, as a fault: `value` at `path`, and what went wrong.
///
/// # Errors
/// The error itself, where trying again may change it.
pub fn fault(path: &str, value: &str, error: Error) -> Result<Fault> {
    match (error.class(), &error) {
        (Class::Final, _) | (_, Error::NotReady(_)) => Ok(Fault {
            path: path.to_owned(),
            value: format!("{value} ({}: {error})", error.name()),
            allowed: "one that can be used".to_owned(),
        }),
        _ => Err(error),
    }
}

/// A captured configuration's part: null where it was not captured.
pub fn part<'a>(configuration: &'a Value, name: &str) -> &'a Value {
    configuration.get(name).unwrap_or(&Value::Null)
}
