//! The rename of a database: the old database gets a side name and the copy its name in one transaction of their server; applications that
//! name the database follow. Nothing is deleted. Databases are distinguished by their ids, which a rename does not change.

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use crate::domain::descriptor::Switch;
use crate::domain::job::Run;
use crate::domain::kinds::postgres::{connection, server};
use crate::domain::names;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::domain::transfers::database_access::{DatabaseAction, Obstacles};
use crate::error::{Error, Fault, Result};
use crate::switches::switch::{SwitchDriver, fault};
use crate::transfers::{TransferSettings, Transfers};

/// PostgreSQL's longest name, in bytes.
const LONGEST: usize = 63;

pub struct DatabaseRenames {
    transfers: Transfers,
}

impl DatabaseRenames {
    pub fn from_config(aws: &SdkConfig, transfers: &TransferSettings) -> Self {
        Self {
            transfers: Transfers::new(aws, transfers.clone()),
        }
    }

    /// Asks for something that the plan in `before` is needed for.
    async fn carry_out(
        &self,
        item: &RestoreItem,
        before: &Value,
        action: impl FnOnce(Value) -> DatabaseAction,
    ) -> Result<SwitchProgress> {
        let plan = before.get("plan").filter(|plan| plan.is_object()).ok_or_else(|| {
            Error::VerificationFailed(
                "reading the state before a rename: it has no plan. Rename the databases by hand".to_owned(),
            )
        })?;
        let server = server(&item.planned.resource.target)?;
        self.transfers.database::<Value>(&server, action(plan.clone())).await?;
        Ok(SwitchProgress::Done(json!({ "database": before["database"] })))
    }
}

#[async_trait]
impl SwitchDriver for DatabaseRenames {
    async fn preflight(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let of = connection(&item.planned.resource.target)?;
        let action = DatabaseAction::CheckSwitch {
            live: of.database.to_owned(),
            side: side_name(run, of.database),
        };
        let found: Obstacles = self.transfers.database(&of.server, action).await?;
        let name = &item.planned.resource.name;
        let faults = found.faults.into_iter().map(|(error, text)| {
            let value = format!("{} ({error}: {text})", of.database);
            let needed = match error.as_str() {
                "NotFound" => format!(
                    "a database that exists, to be renamed. It is gone: restore it under its own name instead, with `names`: \
                     {{\"{name}\": \"{}\"}} and `cut_over`: \"no\"",
                    of.database
                ),
                _ => "a database that can be renamed, and a free side name".to_owned(),
            };
            fault(switch, "resource", value, &needed)
        });
        Ok(faults.collect())
    }

    /// The name is the resource's own: it refers to nothing else.
    async fn reference(&self, _: &Switch, _: &Target) -> Result<Reference> {
        Ok(Reference::Unrelated)
    }

    async fn observe(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Value> {
        let of = connection(&item.planned.resource.target)?;
        let Some(CreatedResource::Database { database: copy, .. }) = &item.created else {
            return Err(Error::invalid(
                format!("cut_over.{}.resource", switch.name),
                &item.planned.resource.name,
                "a database that was restored",
            ));
        };
        let side = side_name(run, of.database);
        let action = DatabaseAction::PlanSwitch {
            live: of.database.to_owned(),
            copy: copy.clone(),
            side: side.clone(),
        };
        let plan: Value = self.transfers.database(&of.server, action).await?;
        let old = plan["live_id"].to_string();
        Ok(json!({ "database": of.database, "side": side, "copy": copy, "old": old, "plan": plan }))
    }

    async fn apply(
        &self,
        _: &Run,
        _: &Switch,
        item: &RestoreItem,
        before: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        self.carry_out(item, before, |plan| DatabaseAction::ApplySwitch { plan })
            .await
    }

    async fn revert(
        &self,
        _: &Run,
        _: &Switch,
        item: &RestoreItem,
        before: &Value,
        _: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        self.carry_out(item, before, |plan| DatabaseAction::RevertSwitch { plan })
            .await
    }
}

/// `<database>_before_<suffix>`, which needs no quotes: a database's name once its copy has the original name.
fn side_name(run: &Run, database: &str) -> String {
    let suffix = names::suffix(run).replace('-', "_");
    let kept = LONGEST.saturating_sub(suffix.len() + "_before_".len());
    let end = (0..=kept.min(database.len()))
        .rev()
        .find(|end| database.is_char_boundary(*end));
    format!("{}_before_{suffix}", &database[..end.unwrap_or(0)])
}
