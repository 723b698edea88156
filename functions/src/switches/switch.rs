//! The trait of a kind of switch.

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::descriptor::Switch;
use crate::domain::efs_access::roots::Mount;
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::error::{Error, Fault, Result};

/// Switches one kind of thing over to a restored copy, and back.
///
/// Every method may run twice, and an earlier call may have succeeded although its response was lost: it checks first. `item` is
/// the restored resource that the switch refers to.
#[async_trait]
pub trait SwitchDriver: Send + Sync {
    /// What would fail the switch later, one fault each; read-only, before anything is restored.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    async fn preflight(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>>;

    /// What the operator should know before anything is restored, such as how long the switch takes; read-only.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    async fn remarks(&self, _switch: &Switch, _item: &RestoreItem) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// What it refers to now, compared with a resource; read-only.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference>;

    /// The directories of a file system that it refers to now; read-only, and reads no secret.
    ///
    /// # Errors
    /// `NotFound` if what it names does not exist; else the error of the call to AWS.
    async fn mounts(&self, _switch: &Switch, _file_system: &str) -> Result<Vec<Mount>> {
        Ok(Vec::new())
    }

    /// Ensures that its new target exists; read-only, before any switch of the restore begins.
    ///
    /// # Errors
    /// Why it cannot be switched, and what to do.
    async fn ready(&self, _run: &Run, _switch: &Switch, _item: &RestoreItem) -> Result<()> {
        Ok(())
    }

    /// Whether its present value is this directory, or inside it; read-only.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    async fn holds_directory(&self, _: &Switch, _: &str) -> Result<bool> {
        Ok(false)
    }

    /// The present state, as far as switching back needs it. Never a secret: it is written to the catalog.
    async fn observe(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Value>;

    /// Switches, or checks the progress; called until it returns `Done` or `Failed`. `noted` is the record of the last call.
    ///
    /// # Errors
    /// `Conflict` if someone else changed what was observed.
    async fn apply(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress>;

    /// Switches back to `before`, or checks the progress. `after` is what `apply` returned or recorded; null if it is unknown
    /// whether it did anything. `noted` is the record of the last call of this method; null for the first.
    ///
    /// # Errors
    /// `Conflict` if someone else changed what was switched: their change stays.
    async fn revert(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress>;
}

/// A fault in what a switch names.
pub fn fault(switch: &Switch, field: &str, value: impl Into<String>, allowed: impl Into<String>) -> Fault {
    Fault {
        path: format!("cut_over.{}.{field}", switch.name),
        value: value.into(),
        allowed: allowed.into(),
    }
}

/// The error for a switch of another kind: the dispatch is wrong.
pub fn wrong_action(kind: &str, switch: &Switch) -> Error {
    Error::invalid(
        format!("cut_over.{}.kind", switch.name),
        format!("{:?}", switch.action),
        format!("{kind}, which is what is switched here"),
    )
}
