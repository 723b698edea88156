//! What a cut-over switches. One trait, one file a kind; a step knows a kind only through the trait.
//!
//! Nothing is deleted here, and nothing is overwritten that changed since it was observed: what somebody else did meanwhile is
//! a `Conflict`, which says what to do.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::Value;

use crate::domain::descriptor::{CutOver, CutOverAction};
use crate::domain::job::Run;
use crate::domain::lead::Lead;
use crate::domain::mounted::roots::Mount;
use crate::domain::resource::Target;
use crate::domain::restore::item::Item;
use crate::domain::restore::remark::Remark;
use crate::domain::restore::switching::Switching;
use crate::error::{Error, Fault, Result};

mod directories;
mod ecs_service;
pub mod facts;
mod parameter;
mod places;
mod rds_proxy;
mod rename;
mod secret;
#[cfg(test)]
pub(crate) mod testing;

pub use ecs_service::EcsService;
pub use parameter::Parameter;
pub use rds_proxy::RdsProxy;
pub use rename::Rename;
pub use secret::Secret;

/// Switches one kind of thing over to a restored copy, and back.
///
/// Every method may run twice, and may have succeeded before without anybody hearing of it: it finds out by looking. `item` is
/// the restored resource to which the switch leads.
#[async_trait]
pub trait Switch: Send + Sync {
    /// What would make the switch fail later, one a thing; reads only, before anything is restored.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn preflight(&self, run: &Run, switch: &CutOver, item: &Item) -> Result<Vec<Fault>>;

    /// What the operator should know of it before anything is restored, such as how long it takes; reads only.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn remarks(&self, _switch: &CutOver, _item: &Item) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Where it leads now, as against a resource; reads only.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn lead(&self, switch: &CutOver, target: &Target) -> Result<Lead>;

    /// The directories of a file system to which it leads now; reads only, and no secret.
    ///
    /// # Errors
    /// `NotFound` where what it names is not there; else where AWS could not be asked.
    async fn mounts(&self, _switch: &CutOver, _file_system: &str) -> Result<Vec<Mount>> {
        Ok(Vec::new())
    }

    /// Sees that what it is to lead to is there; reads only, before any switch of the restore is begun.
    ///
    /// # Errors
    /// Why it cannot be switched, and what to do.
    async fn ready(&self, _run: &Run, _switch: &CutOver, _item: &Item) -> Result<()> {
        Ok(())
    }

    /// Whether what it holds now is this directory, or lies in it; reads only.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    async fn holds_directory(&self, _: &CutOver, _: &str) -> Result<bool> {
        Ok(false)
    }

    /// What is there before, as much as it takes to go back. Never a secret: it is written to the catalog.
    async fn observe(&self, run: &Run, switch: &CutOver, item: &Item) -> Result<Value>;

    /// Switches, or looks how far that is; called until it answers `Done` or `Failed`. `noted` is what the last call noted.
    ///
    /// # Errors
    /// `Conflict` when somebody else changed what was observed.
    async fn apply(&self, run: &Run, switch: &CutOver, item: &Item, before: &Value, noted: &Value)
    -> Result<Switching>;

    /// Switches back to `before`, or looks how far that is. `after` is what `apply` answered, or noted; null where nobody
    /// knows whether it did anything.
    ///
    /// # Errors
    /// `Conflict` when somebody else changed what was switched: theirs stays.
    async fn revert(
        &self,
        run: &Run,
        switch: &CutOver,
        item: &Item,
        before: &Value,
        after: &Value,
    ) -> Result<Switching>;
}

/// Every kind.
#[derive(Clone)]
pub struct Switches {
    pub secret: Arc<dyn Switch>,
    pub parameter: Arc<dyn Switch>,
    pub ecs_service: Arc<dyn Switch>,
    pub rds_proxy: Arc<dyn Switch>,
    pub rename: Arc<dyn Switch>,
}

impl Switches {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            secret: Arc::new(Secret::from_config(aws)),
            parameter: Arc::new(Parameter::from_config(aws)),
            ecs_service: Arc::new(EcsService::from_config(aws)),
            rds_proxy: Arc::new(RdsProxy::from_config(aws)),
            rename: Arc::new(Rename::from_config(aws)),
        }
    }

    /// One kind in every place.
    pub fn all(switch: Arc<dyn Switch>) -> Self {
        Self {
            secret: switch.clone(),
            parameter: switch.clone(),
            ecs_service: switch.clone(),
            rds_proxy: switch.clone(),
            rename: switch,
        }
    }

    pub fn of(&self, action: &CutOverAction) -> &dyn Switch {
        match action {
            CutOverAction::Secret { .. } => &*self.secret,
            CutOverAction::Parameter { .. } => &*self.parameter,
            CutOverAction::EcsService { .. } => &*self.ecs_service,
            CutOverAction::RdsProxy { .. } => &*self.rds_proxy,
            CutOverAction::Rename => &*self.rename,
        }
    }

    /// Everything that would make one of these switches fail. Switches of resources that are not restored are passed over.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    pub async fn preflight(&self, run: &Run, switches: &[CutOver], items: &[Item]) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for switch in switches {
            if let Some(item) = item_of(switch, items) {
                faults.extend(self.of(&switch.action).preflight(run, switch, item).await?);
            }
        }
        Ok(faults)
    }

    /// What there is to say of these switches. Those of resources that are not restored are passed over.
    ///
    /// # Errors
    /// Only where AWS could not be asked.
    pub async fn remarks(&self, switches: &[CutOver], items: &[Item]) -> Result<Vec<Remark>> {
        let mut remarks = Vec::new();
        for switch in switches {
            if let Some(item) = item_of(switch, items) {
                let resource = &item.planned.resource.name;
                let told = self.of(&switch.action).remarks(switch, item).await?;
                remarks.extend(told.into_iter().map(|text| Remark::of(resource, text)));
            }
        }
        Ok(remarks)
    }
}

/// The restored resource to which a switch leads; `None` when it is not restored.
pub fn item_of<'a>(switch: &CutOver, items: &'a [Item]) -> Option<&'a Item> {
    let name = switch.item_name();
    items.iter().find(|item| item.planned.resource.name == name)
}

/// A fault in what a switch names.
fn fault(switch: &CutOver, field: &str, value: impl Into<String>, allowed: impl Into<String>) -> Fault {
    Fault {
        path: format!("cut_over.{}.{field}", switch.name),
        value: value.into(),
        allowed: allowed.into(),
    }
}

/// A switch of another kind reached this one: the dispatch is wrong.
fn wrong_action(kind: &str, switch: &CutOver) -> Error {
    Error::invalid(
        format!("cut_over.{}.kind", switch.name),
        format!("{:?}", switch.action),
        format!("{kind}, which is what is switched here"),
    )
}

#[cfg(test)]
mod tests;
