//! Switches applications from a database to its restored copy by renaming both in one transaction, and back.
//!
//! The names are what applications connect to: after the switch, `app` is the copy, and the old database keeps a side name. Where
//! things are is read again each time, so that each direction may run twice.

use super::server::{Server, Session, identifier, literal};
use super::target::set_comment;
use crate::error::{Result, TransferError};

/// How often sessions are ended and the renaming tried: an administrator's new session may come in between.
const ATTEMPTS: u32 = 3;
/// How long the server waits for a session to end, in milliseconds.
const END_SESSION: u32 = 5_000;

/// Which databases change names. The ids are those before the switch: names alone could be of other databases by now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SwitchPlan {
    /// The name that applications use.
    pub live: String,
    /// The copy's name.
    pub copy: String,
    /// The name that the old database gets.
    pub side: String,
    pub live_id: u32,
    pub copy_id: u32,
    /// How many connections the old database and the copy allow; -1 for no limit.
    pub live_limit: i32,
    pub copy_limit: i32,
    /// The old database's comment, which the copy gets; a switch back returns the copy's.
    pub live_comment: Option<String>,
    pub copy_comment: Option<String>,
}

/// What the names refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchState {
    /// The live name is the old database's.
    Before,
    /// The live name is the copy's.
    After,
}

/// A database of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Database {
    id: u32,
    name: String,
    limit: i32,
    comment: Option<String>,
}

/// Plans the switch, and checks that it is possible.
///
/// # Errors
/// `NotFound` if a database does not exist; `Conflict` if the side name is taken; `AccessDenied` if the login may not rename them.
pub async fn plan(server: &Server, live: &str, copy: &str, side: &str) -> Result<SwitchPlan> {
    let session = server.connect(&server.maintenance_database).await?;
    let databases = list(&session).await?;
    let find = |name: &str| databases.iter().find(|database| database.name == name);
    let exists = |name: &str| {
        find(name)
            .ok_or_else(|| TransferError::NotFound(format!("{}: database {name} does not exist", server.address())))
    };
    let (old, new) = (exists(live)?, exists(copy)?);
    if find(side).is_some() {
        return Err(TransferError::Conflict(format!(
            "{}: database {side} exists, and the old database would get its name. Rename or drop it",
            server.address()
        )));
    }
    ensure_allowed(&session, &[live, copy]).await?;
    Ok(SwitchPlan {
        live: live.to_owned(),
        copy: copy.to_owned(),
        side: side.to_owned(),
        live_id: old.id,
        copy_id: new.id,
        live_limit: old.limit,
        copy_limit: new.limit,
        live_comment: old.comment.clone(),
        copy_comment: new.comment.clone(),
    })
}

/// What the plan's names refer to now.
///
/// # Errors
/// `Conflict` if they refer to other databases than the plan's.
pub async fn observe(server: &Server, plan: &SwitchPlan) -> Result<SwitchState> {
    let session = server.connect(&server.maintenance_database).await?;
    state(&list(&session).await?, plan, &server.address())
}

/// Renames the old database to its side name and the copy to the live name. The old database keeps a limit of no connections, which
/// still lets superusers in.
///
/// # Errors
/// `Conflict` if the names refer to other databases, or sessions cannot be ended. Then both have their names of before, and their
/// limits.
pub async fn apply(server: &Server, plan: &SwitchPlan) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    if state(&list(&session).await?, plan, &server.address())? == SwitchState::Before {
        let leaving = [
            (plan.live.as_str(), plan.live_limit),
            (plan.copy.as_str(), plan.copy_limit),
        ];
        let renames = [
            (plan.live.as_str(), plan.side.as_str()),
            (plan.copy.as_str(), plan.live.as_str()),
        ];
        rename(&session, leaving, renames).await?;
    }
    set_limit(&session, &plan.side, 0).await?;
    set_limit(&session, &plan.live, plan.live_limit).await?;
    set_comment(&session, &plan.live, plan.live_comment.as_deref()).await
}

/// Renames both back.
///
/// # Errors
/// As [`apply`].
pub async fn revert(server: &Server, plan: &SwitchPlan) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    if state(&list(&session).await?, plan, &server.address())? == SwitchState::After {
        let leaving = [(plan.live.as_str(), plan.live_limit), (plan.side.as_str(), 0)];
        let renames = [
            (plan.live.as_str(), plan.copy.as_str()),
            (plan.side.as_str(), plan.live.as_str()),
        ];
        rename(&session, leaving, renames).await?;
    }
    set_limit(&session, &plan.live, plan.live_limit).await?;
    set_limit(&session, &plan.copy, plan.copy_limit).await?;
    set_comment(&session, &plan.copy, plan.copy_comment.as_deref()).await
}

fn state(databases: &[Database], plan: &SwitchPlan, server: &str) -> Result<SwitchState> {
    let id = |name: &str| {
        databases
            .iter()
            .find(|database| database.name == name)
            .map(|database| database.id)
    };
    match (id(&plan.live), id(&plan.copy), id(&plan.side)) {
        (Some(live), Some(copy), None) if (live, copy) == (plan.live_id, plan.copy_id) => Ok(SwitchState::Before),
        (Some(live), None, Some(side)) if (live, side) == (plan.copy_id, plan.live_id) => Ok(SwitchState::After),
        _ => {
            let shown = |name: &str| match id(name) {
                None => format!("{name} does not exist"),
                Some(id) if id == plan.live_id => format!("{name} is the old database"),
                Some(id) if id == plan.copy_id => format!("{name} is the copy"),
                Some(_) => format!("{name} is another database"),
            };
            Err(TransferError::Conflict(format!(
                "{server}: the databases were renamed or replaced since the switch was planned: {}, {}, {}. Nothing was changed; \
                 rename them by hand",
                shown(&plan.live),
                shown(&plan.copy),
                shown(&plan.side)
            )))
        }
    }
}

/// Limits both databases to no connections, ends their sessions, and renames them in one transaction. If that fails, the limits are
/// put back.
async fn rename(session: &Session, leaving: [(&str, i32); 2], renames: [(&str, &str); 2]) -> Result<()> {
    let mut last = TransferError::Conflict(String::new());
    for _ in 0..ATTEMPTS {
        for (name, _) in leaving {
            set_limit(session, name, 0).await?;
        }
        let renamed = match end_sessions(session, leaving.map(|(name, _)| name)).await {
            Ok(()) => rename_both(session, renames).await,
            failed => failed,
        };
        match renamed {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
        if !matches!(last, TransferError::Conflict(_)) {
            break;
        }
    }
    for (name, limit) in leaving {
        if let Err(left) = set_limit(session, name, limit).await {
            tracing::warn!(%left, database = name, "a database keeps its limit of no connections");
        }
    }
    Err(last)
}

async fn rename_both(session: &Session, renames: [(&str, &str); 2]) -> Result<()> {
    let statements =
        renames.map(|(from, to)| format!("ALTER DATABASE {} RENAME TO {}", identifier(from), identifier(to)));
    let doing = "renaming databases";
    // Several statements in one message are one transaction; a failure in it leaves nothing open.
    session.execute(doing, &statements.join("; ")).await
}

async fn set_limit(session: &Session, name: &str, limit: i32) -> Result<()> {
    let statement = format!("ALTER DATABASE {} CONNECTION LIMIT {limit}", identifier(name));
    session
        .execute(&format!("limiting the connections to database {name}"), &statement)
        .await
}

/// Ends every session of these databases; the server waits until each has ended.
async fn end_sessions(session: &Session, names: [&str; 2]) -> Result<()> {
    let query = format!(
        "SELECT pg_terminate_backend(pid, {END_SESSION}) FROM pg_stat_activity WHERE datname IN ({}) AND pid <> pg_backend_pid() \
         AND backend_type = 'client backend'",
        names.map(literal).join(", ")
    );
    session
        .rows("ending the sessions of both databases", &query)
        .await
        .map(drop)
}

async fn ensure_allowed(session: &Session, names: &[&str]) -> Result<()> {
    let query = format!(
        "SELECT datname FROM pg_database d WHERE datname IN ({}) AND NOT (pg_has_role(current_user, datdba, 'USAGE') \
         AND (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user))",
        names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ")
    );
    let refused = session
        .column("checking that both databases can be renamed", &query)
        .await?;
    if refused.is_empty() {
        return Ok(());
    }
    Err(TransferError::AccessDenied(format!(
        "{}: the login may not rename {}: it has to own them, directly or through a role, and to have CREATEDB",
        session.place(),
        refused.join(", ")
    )))
}

async fn list(session: &Session) -> Result<Vec<Database>> {
    let query = "SELECT oid, datname, datconnlimit, shobj_description(oid, 'pg_database') FROM pg_database";
    let rows = session.rows("listing databases", query).await?;
    Ok(rows.into_iter().filter_map(database).collect())
}

fn database(row: Vec<Option<String>>) -> Option<Database> {
    let [id, name, limit, comment] = <[Option<String>; 4]>::try_from(row).ok()?;
    Some(Database {
        id: id?.parse().ok()?,
        name: name?,
        limit: limit?.parse().ok()?,
        comment,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn seen(pairs: &[(u32, &str)]) -> Result<SwitchState> {
        let database = |(id, name): &(u32, &str)| Database {
            id: *id,
            name: (*name).to_owned(),
            limit: -1,
            comment: None,
        };
        let plan = SwitchPlan {
            live: "app".to_owned(),
            copy: "app_copy".to_owned(),
            side: "app_old".to_owned(),
            live_id: 1,
            copy_id: 2,
            live_limit: -1,
            copy_limit: -1,
            live_comment: None,
            copy_comment: None,
        };
        state(&pairs.iter().map(database).collect::<Vec<_>>(), &plan, "db:5432")
    }

    #[test]
    fn the_state_is_read_from_names_and_ids() {
        assert_eq!(seen(&[(1, "app"), (2, "app_copy")]).unwrap(), SwitchState::Before);
        assert_eq!(seen(&[(2, "app"), (1, "app_old")]).unwrap(), SwitchState::After);
    }

    #[test]
    fn other_databases_of_these_names_are_a_conflict() {
        for other in [
            &[(3, "app"), (2, "app_copy")][..],
            &[(1, "app")],
            &[(2, "app"), (3, "app_old")],
            &[(1, "app"), (2, "app_copy"), (3, "app_old")],
            &[],
        ] {
            assert_eq!(seen(other).unwrap_err().name(), "Conflict");
        }
        let message = seen(&[(3, "app"), (2, "app_copy")]).unwrap_err().to_string();
        assert!(
            message.contains("app is another database, app_copy is the copy, app_old does not exist"),
            "{message}"
        );
    }
}
