//! What a kind of resource does: [`Backup`], [`Recovery`] and [`Restore`]. A step knows a kind only through them.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackups};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Fault, Result};

/// One kind of resource.
pub trait Kind: Backup + Recovery + Restore {}

impl<K: Backup + Recovery + Restore> Kind for K {}

/// What was started: a recovery point that is not yet restorable.
#[derive(Debug, Clone, PartialEq)]
pub struct StartedBackup {
    pub recovery_point: RecoveryPoint,
    /// When AWS accepted the request; the job's elapsed time counts from here.
    pub started_at: Timestamp,
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

/// How one kind of resource is captured, backed up, watched, abandoned and deleted.
///
/// Every method may run twice, and may have succeeded before without anybody hearing of it.
#[async_trait]
pub trait Backup: Send + Sync {
    /// Reads what a restore of this resource does not bring back, as AWS describes it. Never a secret.
    async fn capture(&self, resource: &Resource) -> Result<Value>;

    /// Starts the backup, or adopts the one that an earlier call for the same run started.
    ///
    /// # Errors
    /// `NotReady` while the resource is in a state that ends by itself; `Conflict` when the name is taken by
    /// something that is not ours.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup>;

    /// Looks for what [`Backup::back_up`] started for this run, when nobody recorded what came of it. `None` for guards, which
    /// make nothing.
    ///
    /// # Errors
    /// `NotReady` while something that may be ours cannot be told yet.
    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>>;

    /// Looks once.
    async fn poll(&self, resource: &Resource, point: &RecoveryPoint) -> Result<Progress>;

    /// Starts a backup again whose job ended [`Progress::Blocked`], or adopts what an earlier call started so.
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
    async fn tagged(&self, _known: &[Resource]) -> Result<Vec<TaggedPoint>> {
        Ok(Vec::new())
    }

    /// Deletes a recovery point that carries this deployment's tags, and sees that it is gone; already gone is success.
    ///
    /// # Errors
    /// `Conflict` when it does not carry our tags.
    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion>;
}

/// What one kind of resource can be restored from as AWS has it now, and into what. Nothing of it changes anything.
#[async_trait]
pub trait Recovery: Send + Sync {
    /// Whether the resource is there to be backed up. Of a pattern, and of what is only guarded, always.
    async fn exists(&self, target: &Target) -> Result<bool>;

    /// Its continuous backup; of a resource that is gone the newest that AWS has retained. `None` for a kind without, and where
    /// it is off.
    async fn continuous_backup(&self, target: &Target) -> Result<Option<ContinuousBackup>>;

    /// What AWS has kept of it that can be found without the catalog, of moments that are not after `before`.
    async fn retained_backups(
        &self,
        deployment: &str,
        target: &Target,
        before: Option<Timestamp>,
    ) -> Result<RetainedBackups>;

    /// Where its copy goes.
    async fn destination(&self, run: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Destination>;

    /// What was captured, with what the operator wants of the copy instead: the copy gets it, and is compared with it.
    fn overridden(&self, configuration: Value, overrides: &Overrides<'_>) -> Value;
}

/// What a look ahead found, before anything is touched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preflight {
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
    /// Checks all that the restore needs: source restorable, keys, groups, engine version, target name free, quotas.
    /// What is wrong is a fault, not an error.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<Preflight>;

    /// Looks at what is there, does what comes next, and tells how far it is. Called until it answers `Restored` or `Failed`.
    ///
    /// # Errors
    /// `Conflict` when the target's name is taken by something that is not ours; `NotReady` for states that end by themselves.
    async fn advance(&self, run: &Run, item: &RestoreItem) -> Result<RestoreProgress>;

    /// Removes what `advance` made for this run, and nothing else: also what a half-done or unheard-of create left. Called
    /// until it answers `Gone` or `Left`.
    async fn undo(&self, run: &Run, item: &RestoreItem) -> Result<UndoProgress>;

    /// Compares the copy with the captured configuration and the sample: one check for each thing that differs or could not be
    /// told, and one `Same` for each part (configuration, items, files) in which nothing differs.
    async fn compare(&self, run: &Run, item: &RestoreItem, at_rest: bool) -> Result<Vec<Check>>;

    /// Reads a few things of the resource, to compare a restore with; `None` where nothing can be sampled. `configuration` is what
    /// was just captured of it.
    async fn sample(&self, resource: &Resource, configuration: &Value) -> Result<Option<Sample>>;
}
