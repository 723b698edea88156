//! The new database that a dump is restored into: its creation, its mark, its settings, its removal.

use sha2::{Digest, Sha256};

use super::manifest::{DatabaseFacts, Grant, Setting};
use super::server::{Session, identifier, literal};
use crate::error::{Result, TransferError};

/// What the comment of a database says while, and after, a restore by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark<'a>(pub &'a str);

impl Mark<'_> {
    fn unfinished(&self) -> String {
        format!("holdfast restore {}: unfinished", self.0)
    }

    fn finished(&self) -> String {
        format!("holdfast restore {}", self.0)
    }

    /// The connection limit until the comment is set: the only option of `CREATE DATABASE` that can say whose the database is, so that an
    /// attempt whose connection was cut right after it is recognized. Above a billion, which nobody chooses.
    fn connection_limit(&self) -> u32 {
        let hash = Sha256::digest(self.unfinished());
        1_000_000_000 + u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % 1_000_000_000
    }
}

/// What has the name of the new database, with its id: a database that is created again has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// What another attempt of this restore left, or is still filling.
    Unfinished(u32),
    /// The result of this restore.
    Finished(u32),
}

/// Looks for a database of this name.
///
/// # Errors
/// `Conflict` if there is one that this restore did not create.
pub async fn look(session: &Session, name: &str, mark: &Mark<'_>) -> Result<Found> {
    let query = format!(
        "SELECT oid || ' ' || coalesce(shobj_description(oid, 'pg_database'), \
         CASE datconnlimit WHEN {} THEN {} ELSE '' END) FROM pg_database WHERE datname = {}",
        mark.connection_limit(),
        literal(&mark.unfinished()),
        literal(name)
    );
    let found = session.column("looking for the new database", &query).await?;
    let found = found.first().and_then(|text| text.split_once(' '));
    let Some((id, comment)) = found.and_then(|(id, comment)| Some((id.parse().ok()?, comment))) else {
        return Ok(Found::Nothing);
    };
    match comment {
        comment if *comment == mark.unfinished() => Ok(Found::Unfinished(id)),
        comment if *comment == mark.finished() => Ok(Found::Finished(id)),
        comment => Err(TransferError::Conflict(format!(
            "{}: database {name} exists, and is not by this restore (its comment is {comment:?}). Rename or drop it, or choose another name",
            session.place()
        ))),
    }
}

/// Creates the database as the dump's was created, and marks it as unfinished. Returns its id.
///
/// # Errors
/// `Conflict` if there is a database of this name by now; those of the server. One that was created and whose comment could not be set
/// stays, and the next attempt recognizes it by its connection limit.
pub async fn create(session: &Session, name: &str, owner: &str, facts: &DatabaseFacts, mark: &Mark<'_>) -> Result<u32> {
    let doing = format!("creating database {name}");
    session.execute(&doing, &creation(name, owner, facts, mark)).await?;
    // Both in one transaction, so that the id is that of the database that is marked.
    let statements = format!(
        "{}; SELECT oid FROM pg_database WHERE datname = {}",
        comment_statement(name, Some(&mark.unfinished())),
        literal(name)
    );
    let id = session.column(&doing, &statements).await?;
    let id = id.first().and_then(|id| id.parse().ok());
    id.ok_or_else(|| replaced(session, name, Found::Nothing))
}

/// `CREATE DATABASE` from `template0`, which has nothing in it that the dump has again.
fn creation(name: &str, owner: &str, facts: &DatabaseFacts, mark: &Mark<'_>) -> String {
    let mut statement = format!(
        "CREATE DATABASE {} TEMPLATE template0 OWNER {} CONNECTION LIMIT {} ENCODING {} LOCALE_PROVIDER {} LC_COLLATE {} LC_CTYPE {}",
        identifier(name),
        identifier(owner),
        mark.connection_limit(),
        literal(&facts.encoding),
        facts.locale_provider,
        literal(&facts.collate),
        literal(&facts.ctype),
    );
    let option = match facts.locale_provider.as_str() {
        "icu" => "ICU_LOCALE",
        "builtin" => "BUILTIN_LOCALE",
        _ => return statement,
    };
    if let Some(locale) = &facts.locale {
        statement.push_str(&format!(" {option} {}", literal(locale)));
    }
    if let Some(rules) = &facts.icu_rules {
        statement.push_str(&format!(" ICU_RULES {}", literal(rules)));
    }
    statement
}

/// Gives the database of this id what belongs to itself and not to its content, and marks it as finished, in one transaction.
///
/// # Errors
/// `Conflict` if another database has its name by now; those of the server. Then nothing is changed.
pub async fn finish(session: &Session, name: &str, id: u32, facts: &DatabaseFacts, mark: &Mark<'_>) -> Result<()> {
    let doing = format!("setting up database {name}");
    let finished = finish_in_transaction(session, &doing, name, id, facts, mark).await;
    let end = if finished.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = session.execute(&doing, end).await;
    finished.and(ended)
}

async fn finish_in_transaction(
    session: &Session,
    doing: &str,
    name: &str,
    id: u32,
    facts: &DatabaseFacts,
    mark: &Mark<'_>,
) -> Result<()> {
    // The comment comes first: until the end of the transaction, it keeps the database from being dropped or renamed.
    let marked = comment_statement(name, Some(&mark.finished()));
    session.execute(doing, &format!("BEGIN; {marked}")).await?;
    match look(session, name, mark).await? {
        Found::Finished(found) if found == id => {}
        found => return Err(replaced(session, name, found)),
    }
    let mut statements: Vec<String> = facts.settings.iter().map(|setting| alteration(name, setting)).collect();
    if let Some(grants) = &facts.grants {
        let database = identifier(name);
        statements.push(format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC"));
        statements.extend(grants.iter().map(|grant| granting(name, grant)));
    }
    statements.push(format!(
        "ALTER DATABASE {} CONNECTION LIMIT {}",
        identifier(name),
        facts.connection_limit
    ));
    for statement in statements {
        session.execute(doing, &statement).await?;
    }
    Ok(())
}

fn alteration(name: &str, setting: &Setting) -> String {
    let database = identifier(name);
    let of = match &setting.role {
        Some(role) => format!("ROLE {} IN DATABASE {database}", identifier(role)),
        None => format!("DATABASE {database}"),
    };
    let value = if is_list(&setting.name) {
        let items = list_items(&setting.value);
        items.iter().map(|item| literal(item)).collect::<Vec<_>>().join(", ")
    } else {
        literal(&setting.value)
    };
    // A parameter of an extension has a dot in its name, each part of which is a name.
    let parameter = setting.name.split('.').map(identifier).collect::<Vec<_>>().join(".");
    format!("ALTER {of} SET {parameter} TO {value}")
}

/// Parameters whose value is a list of quoted names (`GUC_LIST_QUOTE` in PostgreSQL's source).
fn is_list(parameter: &str) -> bool {
    [
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    ]
    .contains(&parameter.to_ascii_lowercase().as_str())
}

/// The items of `"$user", public`.
fn list_items(value: &str) -> Vec<String> {
    let (mut items, mut item, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => item.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => items.push(std::mem::take(&mut item)),
            ' ' if !quoted => {}
            letter => item.push(letter),
        }
    }
    items.push(item);
    items
}

fn granting(name: &str, grant: &Grant) -> String {
    let to = grant.role.as_deref().map_or_else(|| "PUBLIC".to_owned(), identifier);
    let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
    format!(
        "GRANT {} ON DATABASE {} TO {to}{option}",
        grant.privilege,
        identifier(name)
    )
}

/// The statement that sets or removes a database's comment.
pub fn comment_statement(name: &str, comment: Option<&str>) -> String {
    let text = comment.map_or_else(|| "NULL".to_owned(), literal);
    format!("COMMENT ON DATABASE {} IS {text}", identifier(name))
}

fn replaced(session: &Session, name: &str, found: Found) -> TransferError {
    let found = match found {
        Found::Nothing => "is gone",
        Found::Unfinished(_) | Found::Finished(_) => "was created again",
    };
    TransferError::Conflict(format!(
        "{}: database {name} {found} since this attempt created it: another attempt of the same restore runs. Wait for its end",
        session.place()
    ))
}

/// Drops the database of this id, ending its sessions, if it has this name and this restore's mark; anything else stays.
///
/// # Errors
/// `Conflict` if a database without the mark has the name; those of the server.
pub async fn drop_marked(session: &Session, name: &str, id: u32, mark: &Mark<'_>) -> Result<()> {
    match look(session, name, mark).await? {
        Found::Unfinished(found) | Found::Finished(found) if found == id => {
            let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name));
            session.execute(&format!("dropping database {name}"), &statement).await
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_postgres_reads_them() {
        let written = |role: Option<&str>, name: &str, value: &str| {
            let setting = Setting {
                role: role.map(str::to_owned),
                name: name.to_owned(),
                value: value.to_owned(),
            };
            alteration("app", &setting)
        };
        assert_eq!(
            written(None, "search_path", "\"$user\", public, \"a, \"\"b\""),
            "ALTER DATABASE \"app\" SET \"search_path\" TO '$user', 'public', 'a, \"b'"
        );
        assert_eq!(
            written(Some("reader"), "app.tenant", "it's"),
            "ALTER ROLE \"reader\" IN DATABASE \"app\" SET \"app\".\"tenant\" TO 'it''s'"
        );
    }

    #[test]
    fn a_database_is_created_with_its_locale() {
        let mut facts = DatabaseFacts {
            name: "app".to_owned(),
            owner: "app".to_owned(),
            encoding: "UTF8".to_owned(),
            collate: "C".to_owned(),
            ctype: "C".to_owned(),
            locale_provider: "libc".to_owned(),
            locale: None,
            icu_rules: None,
            connection_limit: -1,
            comment: None,
            settings: Vec::new(),
            grants: None,
            roles: Vec::new(),
            owners: Vec::new(),
            guests: Vec::new(),
            extensions: std::collections::BTreeMap::new(),
            size: 0,
        };
        let libc = creation("app_copy", "app", &facts, &Mark("restore-1"));
        assert!(
            libc.ends_with("ENCODING 'UTF8' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"),
            "{libc}"
        );
        facts.locale_provider = "builtin".to_owned();
        facts.locale = Some("C.UTF-8".to_owned());
        assert!(creation("app_copy", "app", &facts, &Mark("restore-1")).ends_with("BUILTIN_LOCALE 'C.UTF-8'"));
    }
}
