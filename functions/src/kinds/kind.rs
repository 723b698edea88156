//! The traits of a kind of resource: [`Backup`], [`Recovery`], [`Restore`], [`Discovery`], [`Dependents`] and [`Logins`]. A step
//! knows a kind only through them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::job::{Progress, Run};
use crate::domain::kinds::Safeguard;
use crate::domain::probe::Endpoint;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::dependents::Dependent;
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackups};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Fault, Result};

/// One kind of resource.
pub trait Kind: Backup + Recovery + Restore + Discovery + Dependents + Logins {}

impl<K: Backup + Recovery + Restore + Discovery + Dependents + Logins> Kind for K {}

/// A backup that was started: a recovery point that is not yet restorable.
#[derive(Debug, Clone, PartialEq)]
pub struct StartedBackup {
    pub recovery_point: RecoveryPoint,
    /// When AWS accepted the request; the job's elapsed time counts from here.
    pub started_at: Timestamp,
}

/// The outcome of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// Confirmed as deleted.
    Gone,
    /// Accepted, but still there: a later run checks again.
    Underway,
    /// Another account, a vault lock, a hold or a missing permission prevents it; the reason is AWS's.
    Protected(String),
}

/// How one kind of resource is captured, backed up, polled, abandoned and deleted.
///
/// Every method may run twice, and an earlier call may have succeeded although its response was lost.
#[async_trait]
pub trait Backup: Send + Sync {
    /// Captures what a restore of this resource does not restore, as AWS describes it. Never a secret.
    async fn capture(&self, resource: &Resource) -> Result<Value>;

    /// Starts the backup, or adopts the one that an earlier call for the same run started.
    ///
    /// # Errors
    /// `NotReady` while the resource is in a transient state; `Conflict` if the name is taken by something that is not this run's.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup>;

    /// Finds what [`Backup::back_up`] started for this run, if its result was not recorded. `None` for guards, which create
    /// nothing.
    ///
    /// # Errors
    /// `Unavailable` while it cannot be determined whether something is this run's, such as before AWS shows its tags.
    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>>;

    /// Polls once.
    async fn poll(&self, resource: &Resource, point: &RecoveryPoint) -> Result<Progress>;

    /// Starts a backup again whose job ended [`Progress::Blocked`], or adopts the job that an earlier call started.
    ///
    /// # Errors
    /// `JobFailed` for a kind whose backups no other job blocks.
    async fn back_up_again(&self, _run: &Run, resource: &Resource, _point: &RecoveryPoint) -> Result<RecoveryPoint> {
        Err(Error::JobFailed(format!(
            "backing up {}: nothing that AWS does to it keeps a backup from beginning. Start a new run",
            resource.name
        )))
    }

    /// Abandons a job that has passed its deadline; stops it if AWS can.
    async fn abandon(&self, point: &RecoveryPoint) -> Result<()>;

    /// What could protect a resource itself, apart from its backups, and is off now; empty for a kind without.
    async fn safeguards_off(&self, _target: &Target) -> Result<Vec<Safeguard>> {
        Ok(Vec::new())
    }

    /// Turns one of them on, unless it is on by now.
    ///
    /// # Errors
    /// `NotReady` while AWS applies another change to the resource; `InvalidInput` for a kind without.
    async fn turn_on(&self, _safeguard: Safeguard, target: &Target) -> Result<()> {
        Err(Error::invalid("kind", target.kind(), "a kind with safeguards"))
    }

    /// Tags the recovery point of a sealed set with the number of the set's recovery points ([`names::TAG_SEALED`]), so that the
    /// set can be found without the catalog. Does nothing if AWS keeps no tags on backups (tables), or nothing was created
    /// (guards).
    ///
    /// [`names::TAG_SEALED`]: crate::domain::names::TAG_SEALED
    async fn mark_sealed(&self, point: &RecoveryPoint, points: usize) -> Result<()>;

    /// All finished recovery points with Holdfast's tags or names, whether or not a catalog knows them; none for guards. `known`
    /// are resources of descriptors, which determine where else to search.
    async fn tagged(&self, _known: &[Resource]) -> Result<Vec<TaggedPoint>> {
        Ok(Vec::new())
    }

    /// Deletes a recovery point that carries this deployment's tags, and checks that it is gone; already gone is success.
    ///
    /// # Errors
    /// `Conflict` if it does not carry this deployment's tags.
    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion>;
}

/// What one kind of resource can be restored from, as AWS has it now, and into what. No method changes anything.
#[async_trait]
pub trait Recovery: Send + Sync {
    /// Whether the resource exists and can be backed up. Always true for a pattern, and for a guarded resource.
    async fn exists(&self, target: &Target) -> Result<bool>;

    /// Its continuous backup; for a deleted resource, the newest that AWS has retained. `None` for a kind without, and if it is
    /// off.
    async fn continuous_backup(&self, target: &Target) -> Result<Option<ContinuousBackup>>;

    /// The backups that AWS retains, no later than `before`, and that can be found without the catalog.
    async fn retained_backups(
        &self,
        deployment: &str,
        target: &Target,
        before: Option<Timestamp>,
    ) -> Result<RetainedBackups>;

    /// Where its copy is created.
    async fn destination(&self, run: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Destination>;

    /// Why the recovery point of a sealed set can no longer be restored, as text; `None` if it can. Nothing is asked of a kind whose
    /// recovery points no stack is created from (`Profile::stack_values`).
    async fn lost(&self, _point: &RecoveryPoint) -> Result<Option<String>> {
        Ok(None)
    }

    /// The captured configuration with the operator's overrides: the copy gets them, and is compared with them.
    fn overridden(&self, configuration: Value, overrides: &Overrides<'_>) -> Value;
}

/// What a preflight found, before anything is changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preflight {
    /// What would fail the restore later, one fault each: `resources.<name>.<field>`, the value, and what is needed (and how the
    /// operator gets it).
    pub faults: Vec<Fault>,
    /// What the operator should know, and what would not be covered.
    pub remarks: Vec<String>,
    /// What will be created in addition to the copy itself, as text.
    pub creates: Vec<String>,
    /// EC2 security groups that have to exist.
    pub security_groups: Vec<String>,
}

/// Restores one kind of resource, always beside what exists. `item.planned` is the source and the destination; `item.configuration`
/// is the captured configuration.
///
/// Every method may run twice, and an earlier call may have succeeded although its response was lost: it checks first, and a
/// resource that it finds by name counts as this run's only if tags (`names::restore_tags`), source or token show it.
#[async_trait]
pub trait Restore: Send + Sync {
    /// Checks everything that the restore needs: source restorable, keys, groups, engine version, target name free, quotas.
    /// A problem is a fault, not an error.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<Preflight>;

    /// Checks what exists, performs the next step, and returns the progress. Called until it returns `Restored` or `Failed`.
    ///
    /// # Errors
    /// `Conflict` if the target's name is taken by something that is not this run's; `NotReady` for transient states.
    async fn advance(&self, run: &Run, item: &RestoreItem) -> Result<RestoreProgress>;

    /// Removes what `advance` created for this run, and nothing else: including the result of a partial create or of one whose
    /// response was lost. Called until it returns `Gone` or `Remains`.
    async fn undo(&self, run: &Run, item: &RestoreItem) -> Result<UndoProgress>;

    /// Compares the copy with the captured configuration and the sample: one check for each difference or part that could not be
    /// determined, and one `Same` for each part (configuration, items, files) without differences.
    async fn compare(&self, run: &Run, item: &RestoreItem, at_rest: bool) -> Result<Vec<Check>>;

    /// Reads a small sample of the resource, to compare a restore with; `None` if nothing can be sampled. `configuration` is what
    /// was just captured.
    async fn sample(&self, resource: &Resource, configuration: &Value) -> Result<Option<Sample>>;
}

/// How many backups of a kind exist in the Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupQuota {
    pub used: u64,
    pub most: u64,
}

/// What a backup asks about a kind before it begins. No method changes anything.
#[async_trait]
pub trait Discovery: Send + Sync {
    /// The names of all resources that a pattern matches, copies of restores included.
    ///
    /// # Errors
    /// `InvalidInput` for what is no pattern of this kind.
    async fn matching(&self, pattern: &Target) -> Result<Vec<String>>;

    /// The names of all copies that restores created, by their tags; without those that have their own names again, which are no
    /// copies. None for a kind without patterns.
    async fn copies(&self) -> Result<BTreeSet<String>>;

    /// Where rows are counted.
    ///
    /// # Errors
    /// `NotFound` if the resource or its endpoint does not exist; `InvalidInput` for one in which no SQL is counted.
    async fn endpoint(&self, target: &Target) -> Result<Endpoint>;

    /// What would fail every backup of a resource and only asking it shows, for the operator who applies its descriptor; empty if
    /// nothing would, and for a kind whose backups AWS alone creates.
    ///
    /// # Errors
    /// If it cannot be asked, which says nothing about its backups.
    async fn obstacles(&self, _resource: &Resource) -> Result<Vec<Fault>> {
        Ok(Vec::new())
    }

    /// How many of its backups exist in the Region, and how many may; `None` if AWS does not limit them, or does not report it.
    async fn backup_quota(&self) -> Result<Option<BackupQuota>>;
}

/// What refers to a resource and will not follow a cut-over.
#[async_trait]
pub trait Dependents: Send + Sync {
    /// The dependents that only this kind has. A list that cannot be read becomes a dependent that says why.
    ///
    /// # Errors
    /// Only transient ones.
    async fn dependents(&self, item: &RestoreItem) -> Result<Vec<Dependent>>;
}

/// The master user of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterUser {
    pub name: Option<String>,
    /// The copy's status, in AWS's word.
    pub status: String,
    /// Whether its password can be set now.
    pub is_available: bool,
}

/// The logins of a copy that AWS changes.
#[async_trait]
pub trait Logins: Send + Sync {
    /// The master user of an item's copy; `None` if there is no copy with this restore's tag.
    ///
    /// # Errors
    /// `InvalidInput` for a kind without logins.
    async fn master_user(&self, item: &RestoreItem) -> Result<Option<MasterUser>>;

    /// Asks AWS to set the master password of an item's copy, which [`Logins::master_user`] returned.
    ///
    /// # Errors
    /// `JobFailed` for a password that AWS does not accept; the message does not contain it. `InvalidInput` for a kind without
    /// logins.
    async fn set_master_password(&self, item: &RestoreItem, password: &str) -> Result<()>;
}
