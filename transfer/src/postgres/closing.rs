//! Closes a database to its application, and opens it again: by the privilege CONNECT.
//!
//! `CONNECTION LIMIT 0` would bind every login but a superuser's, and in RDS no login is one: neither the counts before a backup nor
//! those in a restored copy would get in, and nor would who is to open it again. A revoked CONNECT keeps out whom it names, and the copy that
//! is restored from such a moment accepts the passwords of the others, whom opening lets in.
//!
//! Sources: `CheckMyDatabase` in PostgreSQL's `src/backend/utils/init/postinit.c` (the limit and CONNECT are checked after the password),
//! <https://www.postgresql.org/docs/current/ddl-priv.html>.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::server::{Server, Session, identifier, literal};
use super::switch::MAY_END;
use crate::error::{Result, TransferError};

/// How the privileges of all roles are written. No role can have this name.
const PUBLIC: &str = "public";
/// The superuser with whom RDS itself looks after a server.
const RDS: &str = "rdsadmin";
/// `application_name` of our own sessions.
const OURS: &str = "holdfast";
/// The key of the lock by which closing and opening wait for each other.
const LOCK: i64 = 7_205_759_403_792_794;

/// Roles that a closed database keeps letting in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptRoles {
    /// Of our own logins. A session of theirs that is not ours is the application's.
    pub logins: Vec<String>,
    /// Of administrators, whose sessions stay.
    pub administrators: Vec<String>,
}

/// Who may connect to a database, as far as opening it needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Roles with the privilege, `public` for all.
    pub connect: Vec<String>,
    /// Roles that keep it while the database is closed, whether or not they had it by themselves.
    pub kept: Vec<String>,
}

impl Access {
    fn revoked(&self) -> impl Iterator<Item = &String> {
        self.connect.iter().filter(|role| !self.kept.contains(role))
    }

    /// Roles that have the privilege by themselves only while the database is closed.
    fn lent(&self) -> impl Iterator<Item = &String> {
        self.kept.iter().filter(|role| !self.connect.contains(role))
    }
}

/// Who may connect now; `None` if there is no such database.
///
/// # Errors
/// `NotFound` for a role of `kept` that does not exist.
pub async fn observe_access(server: &Server, database: &str, kept: &KeptRoles) -> Result<Option<Access>> {
    let session = server.connect(&server.maintenance_database).await?;
    let kept = all(server, &session, kept).await?;
    let connect = with_connect(&session, database).await?;
    Ok(connect.map(|connect| Access {
        connect: connect.into_iter().collect(),
        kept,
    }))
}

/// Checks that the database can be closed and opened again. One that does not exist is restored, not closed.
///
/// # Errors
/// `NotFound` for a role of `kept` that does not exist; `AccessDenied` or `Conflict` with what is in the way.
pub async fn check_closing(server: &Server, database: &str, kept: &KeptRoles) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    let kept = all(server, &session, kept).await?;
    if with_connect(&session, database).await?.is_none() {
        return Ok(());
    }
    let place = format!("{}: database {database}", server.address());
    let foreign = format!(
        "SELECT DISTINCT coalesce(r.rolname, {}) FROM ({}) g LEFT JOIN pg_roles r ON r.oid = g.grantee \
         WHERE g.grantor <> g.datdba OR g.is_grantable ORDER BY 1",
        literal(PUBLIC),
        grants(database)
    );
    let foreign = session.column("looking at who may grant CONNECT", &foreign).await?;
    if !foreign.is_empty() {
        return Err(TransferError::Conflict(format!(
            "{place}: CONNECT was granted to {} with the grant option, or by another role than the owner: it could not be put back as it \
             was. Let the owner grant it, without that option",
            foreign.join(", ")
        )));
    }
    let owned = format!(
        "SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = {}",
        literal(database)
    );
    if session.column("checking who owns the database", &owned).await? != ["t"] {
        return Err(TransferError::AccessDenied(format!(
            "{place}: login {} may not revoke CONNECT. Grant it the role that owns the database",
            server.user
        )));
    }
    let listed = list_of(&kept);
    let members = format!(
        "SELECT r.rolname FROM pg_roles r WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> ALL ({listed}) AND EXISTS \
         (SELECT FROM pg_roles k WHERE k.rolname = ANY ({listed}) AND pg_has_role(r.oid, k.oid, 'USAGE')) ORDER BY 1"
    );
    let members = session
        .column("looking for members of roles that stay", &members)
        .await?;
    match members.is_empty() {
        true => Ok(()),
        false => Err(stay_in(&place, &members)),
    }
}

/// Revokes CONNECT from whom `before` names, and ends their sessions. Returns whose sessions have not ended yet; empty once nobody but the
/// roles that are kept is connected, or can connect, or if there is no such database.
///
/// # Errors
/// `Conflict` if somebody was granted CONNECT meanwhile, in which case nothing is changed; `JobFailed` for sessions that nothing keeps out.
pub async fn close(server: &Server, database: &str, kept: &KeptRoles, before: &Access) -> Result<Vec<String>> {
    let session = server.connect(&server.maintenance_database).await?;
    let Some(now) = with_connect(&session, database).await? else {
        return Ok(Vec::new());
    };
    let place = format!("{}: database {database}", server.address());
    let known = |role: &&String| before.connect.contains(role) || before.kept.contains(role);
    let unknown: Vec<&str> = now.iter().filter(|role| !known(role)).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(TransferError::Conflict(format!(
            "{place}: somebody granted CONNECT to {} while it was being closed; nothing more was revoked. Start a new run",
            unknown.join(", ")
        )));
    }
    let on = identifier(database);
    let grants = before.kept.iter().filter(|role| !now.contains(*role));
    let grants = grants.map(|role| format!("GRANT CONNECT ON DATABASE {on} TO {}", grantee(role)));
    let revokes = before.revoked().filter(|role| now.contains(*role));
    let revokes = revokes.map(|role| format!("REVOKE CONNECT ON DATABASE {on} FROM {}", grantee(role)));
    change(&session, "closing", grants.chain(revokes).collect()).await?;

    let listed = list_of(&before.kept);
    let inside = format!(
        "SELECT rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> ALL ({listed}) AND \
         has_database_privilege(oid, {}, 'CONNECT') ORDER BY 1",
        literal(database)
    );
    let inside = session.column("checking who can still connect", &inside).await?;
    if !inside.is_empty() {
        return Err(stay_in(&place, &inside));
    }
    end_sessions(&session, database, &listed).await?;
    unwanted(&session, &place, database, kept).await?;
    remaining(&session, &place, database, &listed).await
}

/// Grants CONNECT to those who had it, as far as they exist, and revokes it from those who had it only meanwhile. What somebody else granted stays.
///
/// # Errors
/// `NotFound` if there is no such database; `AccessDenied` if the privileges did not change.
pub async fn open(server: &Server, database: &str, before: &Access) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    let gone = || TransferError::NotFound(format!("{}: database {database} does not exist", server.address()));
    let now = with_connect(&session, database).await?.ok_or_else(gone)?;
    let roles = session.column("listing roles", "SELECT rolname FROM pg_roles").await?;
    let exists = |role: &str| role == PUBLIC || roles.iter().any(|known| known == role);
    let on = identifier(database);
    let missing = before
        .connect
        .iter()
        .filter(|role| exists(role) && !now.contains(*role));
    let grants = missing.map(|role| format!("GRANT CONNECT ON DATABASE {on} TO {}", grantee(role)));
    let lent = before.lent().filter(|role| now.contains(*role));
    let revokes = lent.map(|role| format!("REVOKE CONNECT ON DATABASE {on} FROM {}", grantee(role)));
    change(&session, "opening", grants.chain(revokes).collect()).await?;
    let now = with_connect(&session, database).await?.ok_or_else(gone)?;
    let closed: Vec<&str> = before
        .connect
        .iter()
        .filter(|role| exists(role) && !now.contains(*role))
        .map(String::as_str)
        .collect();
    match closed.is_empty() {
        true => Ok(()),
        false => Err(TransferError::AccessDenied(format!(
            "{}: database {database}: login {} may not grant CONNECT to {}. Grant the login the role that owns the database",
            server.address(),
            server.user,
            closed.join(", ")
        ))),
    }
}

/// The grants of CONNECT, the default ones included.
fn grants(database: &str) -> String {
    format!(
        "SELECT d.datdba, g.* FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) g \
         WHERE d.datname = {} AND g.privilege_type = 'CONNECT'",
        literal(database)
    )
}

/// Roles with the privilege; `None` if there is no such database.
async fn with_connect(session: &Session, database: &str) -> Result<Option<BTreeSet<String>>> {
    let exists = format!("SELECT datname FROM pg_database WHERE datname = {}", literal(database));
    if session.column("looking for the database", &exists).await?.is_empty() {
        return Ok(None);
    }
    let query = format!(
        "SELECT DISTINCT coalesce(r.rolname, {}) FROM ({}) g LEFT JOIN pg_roles r ON r.oid = g.grantee",
        literal(PUBLIC),
        grants(database)
    );
    let roles = session.column("looking at who may connect", &query).await?;
    Ok(Some(roles.into_iter().collect()))
}

/// All roles that are kept, with the login of this server itself.
async fn all(server: &Server, session: &Session, kept: &KeptRoles) -> Result<Vec<String>> {
    let named = kept.logins.iter().chain(&kept.administrators).chain([&server.user]);
    let named: BTreeSet<&String> = named.collect();
    let roles = session.column("listing roles", "SELECT rolname FROM pg_roles").await?;
    let unknown: Vec<&str> = named
        .iter()
        .filter(|role| !roles.contains(**role))
        .map(|role| role.as_str())
        .collect();
    match unknown.is_empty() {
        true => Ok(named.into_iter().cloned().collect()),
        false => Err(TransferError::NotFound(format!(
            "{}: there is no role {}. Correct `except` of the hook, or the login in the secret of a probe",
            server.address(),
            unknown.join(", ")
        ))),
    }
}

/// Makes changes in one transaction, one call after another.
async fn change(session: &Session, doing: &str, statements: Vec<String>) -> Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    let lock = format!("SELECT pg_advisory_xact_lock({LOCK})");
    let statements = [vec![lock], statements].concat().join("; ");
    session.execute(&format!("{doing} a database"), &statements).await
}

/// Sessions of clients; a subscription's or a task's is none.
fn sessions(database: &str) -> String {
    format!(
        "FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid WHERE a.datname = {} AND a.pid <> pg_backend_pid() AND \
         coalesce(a.backend_type, 'client backend') = 'client backend' AND a.pid NOT IN (SELECT pid FROM pg_stat_replication) AND \
         a.usename <> {}",
        literal(database),
        literal(RDS)
    )
}

async fn end_sessions(session: &Session, database: &str, kept: &str) -> Result<()> {
    let query = format!(
        "SELECT pg_terminate_backend(a.pid) {} AND NOT r.rolsuper AND a.usename <> ALL ({kept}) AND {MAY_END}",
        sessions(database)
    );
    session
        .rows("ending the sessions of the database", &query)
        .await
        .map(drop)
}

/// Checks that nobody is connected who can connect again at once.
async fn unwanted(session: &Session, place: &str, database: &str, kept: &KeptRoles) -> Result<()> {
    let query = format!(
        "SELECT DISTINCT a.usename {} AND (r.rolsuper OR a.usename = ANY ({})) AND a.usename <> ALL ({}) AND a.application_name <> {} ORDER BY 1",
        sessions(database),
        list_of(&[kept.logins.as_slice(), &[session.user().to_owned()]].concat()),
        list_of(&kept.administrators),
        literal(OURS)
    );
    let roles = session.column("looking for sessions that stay", &query).await?;
    match roles.is_empty() {
        true => Ok(()),
        false => Err(TransferError::JobFailed(format!(
            "{place}: clients other than Holdfast are connected as {}, whom closing does not keep out: superusers, or the logins of Holdfast \
             itself. Let the application log in as another role; if these are sessions of administrators, end them, or name the role in \
             `except` of the hook",
            roles.join(", ")
        ))),
    }
}

async fn remaining(session: &Session, place: &str, database: &str, kept: &str) -> Result<Vec<String>> {
    let query = format!(
        "SELECT a.usename, count(*), bool_and({MAY_END}) {} AND NOT r.rolsuper AND a.usename <> ALL ({kept}) GROUP BY 1 ORDER BY 1",
        sessions(database)
    );
    let rows = session.rows("looking for sessions", &query).await?;
    let (mut waiting, mut forbidden) = (Vec::new(), Vec::new());
    for row in rows {
        let [Some(role), Some(count), may_end] = row.as_slice() else {
            continue;
        };
        match may_end.as_deref() == Some("t") {
            true => waiting.push(format!("{count} of {role}")),
            false => forbidden.push(role.clone()),
        }
    }
    match forbidden.is_empty() {
        true => Ok(waiting),
        false => Err(TransferError::AccessDenied(format!(
            "{place}: the login may not end the sessions of {}. Grant it pg_signal_backend, or these roles",
            forbidden.join(", ")
        ))),
    }
}

fn stay_in(place: &str, roles: &[String]) -> TransferError {
    TransferError::Conflict(format!(
        "{place}: {} could still connect, as members of a role that keeps its access. Revoke that membership, or name them in `except` of the \
         hook",
        roles.join(", ")
    ))
}

fn grantee(role: &str) -> String {
    match role {
        PUBLIC => "PUBLIC".to_owned(),
        role => identifier(role),
    }
}

/// For `= ANY (…)` and `<> ALL (…)`.
fn list_of(roles: &[String]) -> String {
    let roles: Vec<String> = roles.iter().map(|role| literal(role)).collect();
    format!("ARRAY[{}]::text[]", roles.join(", "))
}
