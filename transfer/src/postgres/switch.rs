//! Switches applications from a database to its restored copy by renaming both in one transaction, and back.
//!
//! The names are what applications connect to: after the switch, `app` is the copy, and the old database keeps a side name. Where
//! things are is read again each time, so that each direction may run twice.
//!
//! Everything that a switch changes (both names, both limits of connections, one comment) is one transaction, and nothing is changed
//! before it: whatever is cut off or fails, applications have the old database or the copy, with its limit. Postgres renames a
//! database only when nobody is connected to it. `ALTER DATABASE … RENAME` first takes the lock for which new sessions wait, then waits up
//! to five seconds for the others to end (`RenameDatabase`, `CountOtherDBBackends` and `InitPostgres` in PostgreSQL's source); a second
//! session ends them meanwhile.

use std::pin::pin;

use super::server::{Server, Session, identifier, literal};
use super::target::comment_statement;
use crate::error::{Result, TransferError};

/// How often the renaming is tried, if sessions did not end in time.
const ATTEMPTS: u32 = 3;
/// How long the server waits for a session to end, in milliseconds.
const END_SESSION: u32 = 1_000;

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
    let (old, new) = (find(server, &databases, live)?, find(server, &databases, copy)?);
    ensure_free(server, &databases, side)?;
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

/// Checks, before the copy exists, that the old database can be renamed.
///
/// # Errors
/// As [`plan`].
pub async fn check(server: &Server, live: &str, side: &str) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    let databases = list(&session).await?;
    find(server, &databases, live)?;
    ensure_free(server, &databases, side)?;
    ensure_allowed(&session, &[live]).await?;
    ensure_sessions_can_end(&session, live).await
}

/// The sessions of roles; those of autovacuum have none, and the server itself ends them for a rename (`CountOtherDBBackends`).
const SESSIONS: &str = "FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid WHERE a.pid <> pg_backend_pid()";

/// Whether the login may end a session: one of a role whose privileges it has, or with `pg_signal_backend` one of every role that is no
/// superuser. A statement that tries to end another one fails as a whole.
pub(super) const MAY_END: &str = "(NOT r.rolsuper OR (SELECT own.rolsuper FROM pg_roles own WHERE own.rolname = current_user)) AND \
    (pg_has_role(current_user, r.oid, 'USAGE') OR pg_has_role(current_user, 'pg_signal_backend', 'USAGE'))";

/// Checks that the login may end the sessions that the database has now.
async fn ensure_sessions_can_end(session: &Session, live: &str) -> Result<()> {
    let query = format!(
        "SELECT DISTINCT a.usename {SESSIONS} AND a.datname = {} AND NOT ({MAY_END}) ORDER BY 1",
        literal(live)
    );
    let roles = session
        .column("checking whose sessions a switch has to end", &query)
        .await?;
    if roles.is_empty() {
        return Ok(());
    }
    Err(TransferError::AccessDenied(format!(
        "{}: database {live} is used by {}, whose sessions the login may not end, so it cannot be renamed. Grant the login \
         pg_signal_backend or these roles; end the sessions of a superuser by hand",
        session.place(),
        roles.join(", ")
    )))
}

fn find<'a>(server: &Server, databases: &'a [Database], name: &str) -> Result<&'a Database> {
    let found = databases.iter().find(|database| database.name == name);
    found.ok_or_else(|| TransferError::NotFound(format!("{}: database {name} does not exist", server.address())))
}

fn ensure_free(server: &Server, databases: &[Database], side: &str) -> Result<()> {
    if databases.iter().any(|database| database.name == side) {
        return Err(TransferError::Conflict(format!(
            "{}: database {side} exists, and the old database would get its name. Rename or drop it",
            server.address()
        )));
    }
    Ok(())
}

/// What the plan's names refer to now.
///
/// # Errors
/// `Conflict` if they refer to other databases than the plan's.
pub async fn observe(server: &Server, plan: &SwitchPlan) -> Result<SwitchState> {
    let session = server.connect(&server.maintenance_database).await?;
    state(&list(&session).await?, plan, &server.address())
}

/// Renames the old database to its side name and the copy to the live name. The old database gets a limit of no connections, which
/// still lets superusers in.
///
/// # Errors
/// `Conflict` if the names refer to other databases, or sessions cannot be ended; those of the server. After an error, all is as before,
/// unless the connection was cut: then [`observe`] says whether the switch was made.
pub async fn apply(server: &Server, plan: &SwitchPlan) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    if state(&list(&session).await?, plan, &server.address())? == SwitchState::After {
        return Ok(());
    }
    let statements = [
        rename(&plan.live, &plan.side),
        rename(&plan.copy, &plan.live),
        limit(&plan.side, 0),
        limit(&plan.live, plan.live_limit),
        comment_statement(&plan.live, plan.live_comment.as_deref()),
    ];
    carry_out(server, &session, [&plan.live, &plan.copy], &statements).await
}

/// Renames both back.
///
/// # Errors
/// As [`apply`].
pub async fn revert(server: &Server, plan: &SwitchPlan) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    if state(&list(&session).await?, plan, &server.address())? == SwitchState::Before {
        return Ok(());
    }
    let statements = [
        rename(&plan.live, &plan.copy),
        rename(&plan.side, &plan.live),
        limit(&plan.live, plan.live_limit),
        limit(&plan.copy, plan.copy_limit),
        comment_statement(&plan.copy, plan.copy_comment.as_deref()),
    ];
    carry_out(server, &session, [&plan.live, &plan.side], &statements).await
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

/// Executes the statements in one transaction, while the sessions of both databases are ended.
async fn carry_out(server: &Server, session: &Session, leaving: [&str; 2], statements: &[String]) -> Result<()> {
    let helper = server.connect(&server.maintenance_database).await?;
    // Several statements in one message are one transaction; a failure in it leaves nothing open.
    let statements = statements.join("; ");
    let mut last = TransferError::Conflict(String::new());
    for _ in 0..ATTEMPTS {
        let mut renaming = pin!(session.execute("renaming databases", &statements));
        let (renamed, unended) = tokio::select! {
            renamed = &mut renaming => (renamed, None),
            error = keep_ending_sessions(&helper, leaving) => (renaming.await, Some(error)),
        };
        match (renamed, unended) {
            // Why the sessions did not end says more than that they did not.
            (Err(TransferError::Conflict(_)), Some(error)) => return Err(error),
            (Err(error @ TransferError::Conflict(_)), None) => last = error,
            (renamed, _) => return renamed,
        }
    }
    for name in leaving {
        ensure_sessions_can_end(session, name).await?;
    }
    Err(last)
}

fn rename(from: &str, to: &str) -> String {
    format!("ALTER DATABASE {} RENAME TO {}", identifier(from), identifier(to))
}

fn limit(name: &str, connections: i32) -> String {
    format!("ALTER DATABASE {} CONNECTION LIMIT {connections}", identifier(name))
}

/// Ends every session of these databases that it may end, of walsenders and background workers too, again and again: one that connected
/// just before the renaming began may not be listed yet. Returns only when it cannot.
async fn keep_ending_sessions(helper: &Session, names: [&str; 2]) -> TransferError {
    // The server sleeps between two looks, not this program: it knows nothing of time.
    let query = format!(
        "SELECT pg_terminate_backend(a.pid, {END_SESSION}) {SESSIONS} AND a.datname IN ({}) AND {MAY_END} \
         UNION ALL SELECT pg_sleep(0.02) IS NULL",
        names.map(literal).join(", ")
    );
    loop {
        if let Err(error) = helper.rows("ending the sessions of both databases", &query).await {
            return error;
        }
    }
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
