//! `rename`: what was restored gets the name of its source, which gets a side name. How depends on what has the name.

mod clusters;
mod databases;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::Value;

use self::clusters::ClusterRenames;
use self::databases::DatabaseRenames;
use super::switch::{SwitchDriver, wrong_action};
use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::job::Run;
use crate::domain::kinds;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::error::{Fault, Result};
use crate::transfers::TransferSettings;

pub struct Rename {
    clusters: ClusterRenames,
    databases: DatabaseRenames,
}

impl Rename {
    pub fn from_config(aws: &SdkConfig, transfers: &TransferSettings) -> Self {
        Self {
            clusters: ClusterRenames::from_config(aws),
            databases: DatabaseRenames::from_config(aws, transfers),
        }
    }

    /// A database has a name on its server, everything else one in AWS.
    fn of(&self, target: &Target) -> &dyn SwitchDriver {
        let is_database = kinds::stateful(target).is_some_and(|kind| kind.own_login(target).is_some());
        match is_database {
            true => &self.databases,
            false => &self.clusters,
        }
    }
}

#[async_trait]
impl SwitchDriver for Rename {
    async fn preflight(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        ensure_rename_action(switch)?;
        self.of(target(item)).preflight(run, switch, item).await
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        ensure_rename_action(switch)?;
        self.of(target).reference(switch, target).await
    }

    async fn observe(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Value> {
        ensure_rename_action(switch)?;
        self.of(target(item)).observe(run, switch, item).await
    }

    async fn apply(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        self.of(target(item)).apply(run, switch, item, before, noted).await
    }

    async fn revert(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        self.of(target(item))
            .revert(run, switch, item, before, after, noted)
            .await
    }
}

fn target(item: &RestoreItem) -> &Target {
    &item.planned.resource.target
}

fn ensure_rename_action(switch: &Switch) -> Result<()> {
    match switch.action {
        SwitchAction::Rename => Ok(()),
        _ => Err(wrong_action("rename", switch)),
    }
}
