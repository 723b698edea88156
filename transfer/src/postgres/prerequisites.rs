//! Whether a server, and a login, have what a dump needs: known before anything is created.

use super::manifest::DatabaseFacts;
use super::server::{Session, literal};
use crate::error::{Result, TransferError};

/// Checks that the server has every role that the dump names, and every extension; and that the login may create the database, give
/// things to their owners, and change the settings of roles.
///
/// Whether it may create an extension that is not trusted is not checked: services such as RDS allow it to roles of their own.
///
/// # Errors
/// `InvalidInput` with all that is missing; `AccessDenied` with what the login lacks.
pub async fn ensure(session: &Session, facts: &DatabaseFacts, owner: &str) -> Result<()> {
    ensure_roles(session, facts, owner).await?;
    let query = "SELECT name FROM pg_available_extensions";
    let present = session.column("reading the server's extensions", query).await?;
    let wanted: Vec<String> = facts.extensions.keys().cloned().collect();
    ensure_all(
        "extensions",
        &wanted,
        &present,
        "install their packages, or restore into a server that has them",
    )?;
    ensure_rights(session, facts, owner).await
}

async fn ensure_roles(session: &Session, facts: &DatabaseFacts, owner: &str) -> Result<()> {
    let mut roles = facts.roles.clone();
    let named = facts.grants.iter().flatten().filter_map(|grant| grant.role.clone());
    roles.extend(named.chain(facts.settings.iter().filter_map(|setting| setting.role.clone())));
    roles.push(owner.to_owned());
    let present = session
        .column("reading the server's roles", "SELECT rolname FROM pg_roles")
        .await?;
    ensure_all(
        "roles",
        &roles,
        &present,
        "CREATE ROLE them first: globals.sql of the dump has the statements, without passwords",
    )
}

fn ensure_all(what: &str, wanted: &[String], present: &[String], next: &str) -> Result<()> {
    let mut missing: Vec<&str> = wanted
        .iter()
        .filter(|name| !present.contains(name))
        .map(String::as_str)
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    Err(TransferError::invalid(
        format!("{what} of the target server"),
        format!("a server without {}", missing.join(", ")),
        format!("one with all that the dump names; {next}"),
    ))
}

/// Sources: "CREATE DATABASE" (CREATEDB), "ALTER TABLE" (to change the owner, one has to be able to SET ROLE to the new one, which needs
/// CREATE on the schema) and "ALTER ROLE" (to change another role's settings, CREATEROLE and ADMIN OPTION on it) in PostgreSQL's documentation.
async fn ensure_rights(session: &Session, facts: &DatabaseFacts, owner: &str) -> Result<()> {
    let listed = |names: &mut dyn Iterator<Item = &str>| names.map(literal).collect::<Vec<_>>().join(", ");
    let owners = listed(&mut facts.owners.iter().map(String::as_str).chain([owner]));
    let set = listed(
        &mut facts
            .settings
            .iter()
            .filter_map(|setting| setting.role.as_deref())
            .chain([""]),
    );
    let query = format!(
        "SELECT 'CREATEDB' FROM pg_roles WHERE rolname = current_user AND NOT (rolcreatedb OR rolsuper) \
         UNION ALL SELECT CASE WHEN rolsuper THEN format('to be a superuser, as %I is, which owns something in it', rolname) \
         ELSE format('%I, by GRANT %I TO %I WITH INHERIT TRUE, SET TRUE', rolname, rolname, current_user) END FROM pg_roles \
         WHERE rolname IN ({owners}) AND NOT (pg_has_role(current_user, oid, 'SET') AND pg_has_role(current_user, oid, 'USAGE')) \
         UNION ALL SELECT 'CREATEROLE and the ADMIN OPTION on ' || rolname FROM pg_roles r WHERE rolname IN ({set}) AND rolname <> current_user \
         AND NOT (SELECT own.rolsuper OR (own.rolcreaterole AND pg_has_role(current_user, r.oid, 'USAGE WITH ADMIN OPTION')) FROM pg_roles own \
         WHERE own.rolname = current_user) ORDER BY 1"
    );
    let doing = "checking what the login may do";
    let mut lacking = session.column(doing, &query).await?;
    for guest in &facts.guests {
        let host = match guest.schema_owner.as_str() {
            "pg_database_owner" => owner,
            other => other,
        };
        let query = format!(
            "SELECT format('that %I, which owns %s, has the privileges of %I, which owns its schema: GRANT %I TO %I', g.rolname, {}, \
             h.rolname, h.rolname, g.rolname) FROM pg_roles g, pg_roles h, pg_roles own WHERE g.rolname = {} AND h.rolname = {} AND \
             own.rolname = current_user AND NOT own.rolsuper AND NOT pg_has_role(g.oid, h.oid, 'USAGE')",
            literal(&guest.name),
            literal(&guest.owner),
            literal(host)
        );
        lacking.extend(session.column(doing, &query).await?);
    }
    if lacking.is_empty() {
        return Ok(());
    }
    Err(TransferError::AccessDenied(format!(
        "{}: the login cannot restore this dump, as a superuser could. It needs {}",
        session.place(),
        lacking.join("; ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named_once() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let missing = ensure_all("roles", &names(&["b", "a", "c", "b"]), &names(&["c"]), "create them");
        let message = missing.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            message.starts_with("roles of the target server: a server without a, b is not allowed"),
            "{message}"
        );
        assert!(ensure_all("roles", &names(&["c"]), &names(&["c"]), "").is_ok());
    }
}
