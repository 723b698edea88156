//! The kinds of resource. One trait, one file a kind; a step knows a kind only through the trait.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::error::Result;

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

    /// Looks once.
    async fn poll(&self, resource: &Resource, point: &RecoveryPoint) -> Result<Progress>;

    /// Gives up a job that has passed its deadline, where AWS can stop one.
    async fn abandon(&self, point: &RecoveryPoint) -> Result<()>;

    /// Deletes a recovery point that carries this deployment's tags, and sees that it is gone; already gone is success.
    ///
    /// # Errors
    /// `Conflict` when it does not carry our tags.
    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion>;
}
