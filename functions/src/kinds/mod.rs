//! The kinds of resource. One trait, one file a kind; a step knows a kind only through the trait.
//!
//! A step that serves one kind builds that kind alone (`Aurora::from_config`), so that its binary holds no other kind's
//! client; a step that serves all of them asks [`Kinds`].

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use jiff::Timestamp;
use serde_json::Value;

use crate::aws::answer;
use crate::domain::job::{Progress, Run};
use crate::domain::rebuilding::Tagged;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::error::{Error, Result};

mod aurora;
mod dynamodb;
mod efs;
mod guarding;
mod keys;
pub mod optional;
mod parameters;
mod rescaling;
pub mod restoring;
mod scaling;
mod secret;
mod shared;
mod whose;

pub use aurora::Aurora;
pub use dynamodb::DynamoDb;
pub use efs::{Defaults, Efs};
pub use parameters::Parameters;
pub use secret::Secret;
pub use shared::timestamp;

/// What was started: a recovery point that is not yet restorable.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    pub recovery_point: RecoveryPoint,
    /// When AWS accepted the request; the job's elapsed time counts from here.
    pub started_at: Timestamp,
    /// The application has to stay quiesced until the job ends.
    pub holds_quiesce: bool,
}

/// What became of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// Seen gone.
    Gone,
    /// Accepted, but still there: look again in a later run.
    Underway,
    /// Another account, a vault lock, a hold or a missing permission keeps it; the reason is AWS's.
    Protected(String),
}

/// One kind of resource: how it is captured, backed up, watched, abandoned and deleted.
///
/// Every method may run twice, and may have succeeded before without anybody hearing of it.
#[async_trait]
pub trait Kind: Send + Sync {
    /// Reads what a restore of this resource does not bring back, as AWS describes it. Never a secret.
    async fn capture(&self, resource: &Resource) -> Result<Value>;

    /// Starts the backup, or adopts the one that an earlier call for the same run started.
    ///
    /// # Errors
    /// `NotReady` while the resource is in a state that ends by itself; `Conflict` when the name is taken by
    /// something that is not ours.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<Started>;

    /// Looks for what [`Kind::back_up`] started for this run, when nobody recorded what came of it. `None` for guards, which
    /// make nothing.
    ///
    /// # Errors
    /// `NotReady` while something that may be ours cannot be told yet.
    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>>;

    /// Looks once.
    async fn poll(&self, resource: &Resource, point: &RecoveryPoint) -> Result<Progress>;

    /// Starts a backup again whose job ended [`Progress::Hindered`], or adopts what an earlier call started so.
    ///
    /// # Errors
    /// `JobFailed` for a kind whose backups no other job hinders.
    async fn back_up_again(&self, _run: &Run, resource: &Resource, _point: &RecoveryPoint) -> Result<RecoveryPoint> {
        Err(Error::JobFailed(format!(
            "backing up {}: nothing that AWS does to it keeps a backup from beginning. Start a new run",
            resource.name
        )))
    }

    /// Gives up a job that has passed its deadline, where AWS can stop one.
    async fn abandon(&self, point: &RecoveryPoint) -> Result<()>;

    /// Tags the recovery point of a sealed set with how many recovery points the set has ([`names::TAG_SEALED`]), so that
    /// the set can be found without the catalog. Nothing to do where AWS keeps no tags on backups (tables), or nothing was
    /// made (guards).
    ///
    /// [`names::TAG_SEALED`]: crate::domain::names::TAG_SEALED
    async fn mark_sealed(&self, _point: &RecoveryPoint, _points: usize) -> Result<()> {
        Ok(())
    }

    /// All finished recovery points that carry our tags or our name, whoever's catalog knows of them; none for guards. `known`
    /// are resources of descriptors, which say where else to look.
    async fn tagged(&self, _known: &[Resource]) -> Result<Vec<Tagged>> {
        Ok(Vec::new())
    }

    /// Deletes a recovery point that carries this deployment's tags, and sees that it is gone; already gone is success.
    ///
    /// # Errors
    /// `Conflict` when it does not carry our tags.
    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion>;
}

/// Every kind.
#[derive(Clone)]
pub struct Kinds {
    pub aurora: Arc<dyn Kind>,
    pub efs: Arc<dyn Kind>,
    pub dynamodb: Arc<dyn Kind>,
    pub secret: Arc<dyn Kind>,
    pub parameters: Arc<dyn Kind>,
}

impl Kinds {
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
    pub fn all(kind: Arc<dyn Kind>) -> Self {
        Self {
            aurora: kind.clone(),
            efs: kind.clone(),
            dynamodb: kind.clone(),
            secret: kind.clone(),
            parameters: kind,
        }
    }

    /// The kind of a target.
    pub fn of(&self, target: &Target) -> &dyn Kind {
        match target {
            Target::Aurora { .. } => &*self.aurora,
            Target::Efs { .. } => &*self.efs,
            Target::DynamoDb { .. } | Target::DynamodbPrefix { .. } => &*self.dynamodb,
            Target::Secret { .. } => &*self.secret,
            Target::Parameters { .. } => &*self.parameters,
        }
    }
}
