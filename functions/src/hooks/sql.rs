//! The hook on a database of the deployment: closes it to its application and opens it again, or executes statements.
//!
//! It acts where the descriptor's resource is: once a restore is cut over, on what was restored. What it does there, the function
//! `database-access` does, which alone reaches databases and reads their logins.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::clusters;
use crate::aws::lazy::Lazy;
use crate::domain::descriptor::{Hook, HookAction, HookPlace, Sql};
use crate::domain::hooks::HookPhase;
use crate::domain::kinds::{aurora, postgres};
use crate::domain::probe::ensure_countable;
use crate::domain::transfers::database_access::{Connected, DatabaseAction, KeptLogins, Obstacles, ServerAddress};
use crate::error::{Error, Fault, Result};
use crate::transfers::{TransferSettings, Transfers};

/// The database that every cluster of Aurora PostgreSQL has.
const MAINTENANCE_DATABASE: &str = "postgres";

/// Closes and opens databases, and changes them.
pub struct SqlHook {
    transfers: Transfers,
    rds: Lazy<Client>,
}

impl SqlHook {
    pub fn from_config(aws: &SdkConfig, transfers: &TransferSettings) -> Self {
        Self {
            transfers: Transfers::new(aws, transfers.clone()).if_denied("Set the stack's parameter SqlHooks to on"),
            rds: Lazy::new(aws, Client::new),
        }
    }

    /// The server with the database: of a cluster, its writer. `None` for a cluster that does not exist.
    async fn server(&self, hook: &Hook) -> Result<Option<ServerAddress>> {
        let place = place(hook)?;
        let Some(cluster) = aurora::cluster(&place.target) else {
            return Ok(Some(ServerAddress {
                login_secret: place.secret.clone(),
                ..postgres::server(&place.target)?
            }));
        };
        let Some(found) = clusters::find(&self.rds, cluster).await? else {
            return Ok(None);
        };
        let doing = format!(
            "finding the database of hook {}: looking up the endpoint of cluster",
            hook.name
        );
        ensure_countable(cluster, found.engine().unwrap_or_default())?;
        let port = found.port().and_then(|port| u16::try_from(port).ok());
        let (Some(host), Some(port)) = (found.endpoint(), port) else {
            return Err(Error::NotReady(format!(
                "{doing} {cluster}: RDS shows none yet; its status is {}",
                found.status().unwrap_or("unknown")
            )));
        };
        Ok(Some(ServerAddress {
            host: host.to_owned(),
            port,
            login_secret: place.secret.clone(),
            maintenance_database: MAINTENANCE_DATABASE.to_owned(),
        }))
    }

    /// The answer of `database-access`; `None` if the server does not exist: what is gone is restored, and nothing is to be done in it before.
    async fn ask<A: DeserializeOwned>(&self, doing: &str, hook: &Hook, action: DatabaseAction) -> Result<Option<A>> {
        let Some(server) = self.server(hook).await? else {
            return Ok(None);
        };
        match self.transfers.database(&server, action).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                let text = format!("{doing}: hook {}: {error}", hook.name);
                Err(error.saying(text))
            }
        }
    }

    async fn execute(&self, call: Call<'_>, statements: &[String], undo: bool) -> Result<HookProgress> {
        let action = DatabaseAction::Execute {
            database: place(call.hook)?.database.clone(),
            statements: statements.to_vec(),
        };
        let executed: Option<bool> = self.ask(call.doing(undo), call.hook, action).await?;
        // A server that is gone is restored: nothing is to be done in it before, and nothing to be undone.
        let needs_none = call.phase == HookPhase::Quiesce && (!undo || executed.is_none());
        match executed == Some(true) || needs_none {
            true => Ok(HookProgress::Done),
            false => Err(missing(call, undo)?),
        }
    }
}

#[async_trait]
impl HookDriver for SqlHook {
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let (sql, database) = (sql_of(hook)?, place(hook)?.database.clone());
        let action = match sql.close {
            true => DatabaseAction::CheckClosing {
                database: database.clone(),
                kept: kept(hook)?,
            },
            false => DatabaseAction::CheckConnection {
                database: database.clone(),
            },
        };
        let found: Option<Obstacles> = match self.ask("checking the database", hook, action).await {
            Err(Error::InvalidInput(faults)) => {
                let why: Vec<String> = faults.iter().map(Fault::to_string).collect();
                let value = format!("{}, which cannot be used ({}),", sql.resource, why.join("; "));
                return Ok(Some(fault(hook, "resource", value, "a PostgreSQL database")));
            }
            found => found?,
        };
        // What is gone is restored: nothing of it is to be closed before.
        Ok(found.unwrap_or_default().faults.into_iter().next().map(|(name, text)| {
            let allowed = match sql.close {
                true => "a database that the hook's login can close and open again",
                false => "a database to which the hook's login connects",
            };
            fault(hook, "database", format!("{database} ({name}: {text})"), allowed)
        }))
    }

    async fn observe(&self, hook: &Hook) -> Result<Value> {
        if !sql_of(hook)?.close {
            return Ok(Value::Null);
        }
        let database = place(hook)?.database.clone();
        let action = DatabaseAction::ObserveAccess {
            database: database.clone(),
            kept: kept(hook)?,
        };
        let asked = self.ask("looking at who may connect", hook, action).await;
        let access: Option<Value> = asked.map_err(|error| {
            let text = format!(
                "{error}. If this database is what is broken, leave the hook out of the descriptor until it is restored"
            );
            error.saying(text)
        })?;
        Ok(match access.filter(Value::is_object) {
            Some(mut access) => {
                access["database"] = json!(database);
                access
            }
            None => json!({ "gone": true, "database": database }),
        })
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        let (sql, database) = (sql_of(call.hook)?, place(call.hook)?.database.clone());
        if !sql.close {
            return self.execute(call, &sql.statements, false).await;
        }
        if call.before["gone"] == true {
            return Ok(HookProgress::Done);
        }
        let action = DatabaseAction::Close {
            database: database.clone(),
            kept: kept(call.hook)?,
            before: recorded(call, false)?,
        };
        let connected: Option<Connected> = self.ask(call.doing(false), call.hook, action).await?;
        let connected = connected.unwrap_or_default();
        Ok(match connected.sessions.is_empty() {
            true => HookProgress::Done,
            false => HookProgress::InProgress(format!(
                "sessions in database {database} to end: {}",
                connected.sessions.join(", ")
            )),
        })
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        let sql = sql_of(call.hook)?;
        if !sql.close {
            return self.execute(call, &sql.undo, true).await;
        }
        // Nothing was closed, and nothing restored in its place.
        if call.before["gone"] == true && self.server(call.hook).await?.is_none() {
            return Ok(HookProgress::Done);
        }
        let action = DatabaseAction::Open {
            database: place(call.hook)?.database.clone(),
            before: recorded(call, true)?,
        };
        match self.ask::<()>(call.doing(true), call.hook, action).await? {
            Some(()) => Ok(HookProgress::Done),
            None => Err(missing(call, true)?),
        }
    }
}

/// The error where a database has to exist.
fn missing(call: Call<'_>, undo: bool) -> Result<Error> {
    let place = place(call.hook)?;
    Ok(Error::NotFound(format!(
        "{}: hook {}: database {} of {} {} does not exist",
        call.doing(undo),
        call.hook.name,
        place.database,
        place.target.field(),
        place.target.identifier()
    )))
}

fn sql_of(hook: &Hook) -> Result<&Sql> {
    match &hook.action {
        HookAction::Sql(sql) => Ok(sql),
        _ => Err(wrong_action("sql", hook)),
    }
}

fn place(hook: &Hook) -> Result<&HookPlace> {
    let place = hook.place.as_ref();
    place.ok_or_else(|| {
        Error::invalid(
            format!("hooks.{}.resource", hook.name),
            "a resource that is not known",
            "a resource of the same descriptor",
        )
    })
}

fn kept(hook: &Hook) -> Result<KeptLogins> {
    Ok(KeptLogins {
        secrets: place(hook)?.others.clone(),
        roles: sql_of(hook)?.except.clone(),
    })
}

fn recorded(call: Call<'_>, undo: bool) -> Result<Value> {
    match call.before["connect"].is_array() {
        true => Ok(call.before.clone()),
        false => Err(Error::NotFound(format!(
            "{}: hook {}: who could connect before is not known",
            call.doing(undo),
            call.hook.name
        ))),
    }
}

#[cfg(test)]
mod tests;
