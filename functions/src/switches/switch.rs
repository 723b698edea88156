//! What every kind of switch does.

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
/// Every method may run twice, and may have succeeded before without anybody hearing of it: it finds out by looking. `item` is
/// the restored resource to which the switch leads.
#[async_trait]
pub trait SwitchDriver: Send + Sync {
    /// What would make the switch fail later, one a thing; reads only, before anything is restored.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn preflight(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>>;

    /// What the operator should know of it before anything is restored, such as how long it takes; reads only.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn remarks(&self, _switch: &Switch, _item: &RestoreItem) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Where it leads now, as against a resource; reads only.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference>;

    /// The directories of a file system to which it leads now; reads only, and no secret.
    ///
    /// # Errors
    /// `NotFound` where what it names is not there; else where AWS could not be asked.
    async fn mounts(&self, _switch: &Switch, _file_system: &str) -> Result<Vec<Mount>> {
        Ok(Vec::new())
    }

    /// Sees that what it is to lead to is there; reads only, before any switch of the restore is begun.
    ///
    /// # Errors
    /// Why it cannot be switched, and what to do.
    async fn ready(&self, _run: &Run, _switch: &Switch, _item: &RestoreItem) -> Result<()> {
        Ok(())
    }

    /// Whether what it holds now is this directory, or lies in it; reads only.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn holds_directory(&self, _: &Switch, _: &str) -> Result<bool> {
        Ok(false)
    }

    /// What is there before, as much as it takes to go back. Never a secret: it is written to the catalog.
    async fn observe(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Value>;

    /// Switches, or looks how far that is; called until it answers `Done` or `Failed`. `noted` is what the last call noted.
    ///
    /// # Errors
    /// `Conflict` when somebody else changed what was observed.
    async fn apply(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress>;

    /// Switches back to `before`, or looks how far that is. `after` is what `apply` answered, or noted; null where nobody
    /// knows whether it did anything.
    ///
    /// # Errors
    /// `Conflict` when somebody else changed what was switched: theirs stays.
    async fn revert(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
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

/// A switch of another kind reached this one: the dispatch is wrong.
pub fn wrong_action(kind: &str, switch: &Switch) -> Error {
    Error::invalid(
        format!("cut_over.{}.kind", switch.name),
        format!("{:?}", switch.action),
        format!("{kind}, which is what is switched here"),
    )
}
