//! What the snapshot shows of the database: how to create it again, who is named in it, and which tables it has.

use serde::Deserialize;

use super::manifest::{DatabaseFacts, Grant, Guest, Setting};
use super::server::Session;
use super::tables::Table;
use crate::error::{Result, TransferError};

/// The database's own row, by its names in any version: a column that a version lacks is absent.
const DATABASE: &str = "SELECT (to_jsonb(d) - 'datacl' || jsonb_build_object('owner', pg_get_userbyid(datdba), \
    'encoding_name', pg_encoding_to_char(encoding), 'comment', shobj_description(oid, 'pg_database'), \
    'size', pg_database_size(oid), 'has_grants', datacl IS NOT NULL))::text FROM pg_database d WHERE datname = current_database()";

const SETTINGS: &str = "SELECT r.rolname, unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase \
    LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE d.datname = current_database() ORDER BY 1, 2";

const GRANTS: &str = "SELECT r.rolname, g.privilege_type, g.is_grantable FROM pg_database d, aclexplode(d.datacl) g \
    LEFT JOIN pg_roles r ON r.oid = g.grantee WHERE d.datname = current_database() AND (g.grantee = 0 OR r.oid IS NOT NULL) ORDER BY 1, 2";

/// The role that initialized the server, if `pg_dump` gives something to it: Postgres records no dependency on that role. What belongs to an
/// extension, or to something else (the type of a table's rows, a range's constructors), is created with that.
const FIRST_ROLE: &str = "SELECT r.rolname FROM pg_roles r WHERE r.oid = 10 AND (\
    EXISTS (SELECT 1 FROM pg_namespace WHERE nspowner = 10 AND nspname = 'public') \
    OR EXISTS (SELECT 1 FROM pg_largeobject_metadata WHERE lomowner = 10) \
    OR EXISTS (SELECT 1 FROM (SELECT 'pg_class'::regclass AS class, oid, relnamespace AS schema FROM pg_class \
            WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') \
        UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc WHERE proowner = 10 \
        UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type WHERE typowner = 10 \
        UNION ALL SELECT 'pg_namespace'::regclass, oid, oid FROM pg_namespace WHERE nspowner = 10) o \
        JOIN pg_namespace n ON n.oid = o.schema WHERE o.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
        AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype IN ('e', 'i'))))";

/// Roles that own something or have a privilege.
const ROLES: &str = "SELECT r.rolname FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid JOIN pg_database d ON \
    d.datname = current_database() WHERE s.refclassid = 'pg_authid'::regclass AND (s.dbid = d.oid OR (s.dbid = 0 AND s.classid = \
    'pg_database'::regclass AND s.objid = d.oid)) \
    UNION SELECT r.rolname FROM pg_roles r JOIN pg_database d ON d.datdba = r.oid WHERE d.datname = current_database()";

/// Owners of what `pg_dump` gives to them: neither the extensions, nor what belongs to one, nor the users of user mappings.
const OWNERS: &str = "SELECT r.rolname FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid JOIN pg_database d ON \
    d.datname = current_database() AND s.dbid = d.oid WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND s.classid NOT IN \
    ('pg_extension'::regclass, 'pg_user_mapping'::regclass) AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = s.classid AND \
    e.objid = s.objid AND e.deptype = 'e')";

/// Of each pair of an owner and the other owner of a schema, something of the first in the schema of the second.
const GUESTS: &str = "SELECT DISTINCT ON (2, 3) format('%I.%I', n.nspname, o.name), pg_get_userbyid(o.owner), pg_get_userbyid(n.nspowner) FROM (\
        SELECT oid, 'pg_class'::regclass AS class, relname AS name, relnamespace AS schema, relowner AS owner FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') \
        UNION ALL SELECT oid, 'pg_proc'::regclass, proname, pronamespace, proowner FROM pg_proc) o \
    JOIN pg_namespace n ON n.oid = o.schema WHERE o.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
    AND o.owner <> n.nspowner AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid \
    AND e.deptype IN ('e', 'i')) ORDER BY 2, 3, 1";

const EXTENSIONS: &str = "SELECT extname, extversion FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1";

/// Tables with rows of their own that `pg_dump` dumps: not a partitioned table itself, nor what an extension created.
const TABLES: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS \
    (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')";

const LARGE_OBJECTS: &str = "SELECT pg_table_size('pg_largeobject')";

/// The columns of `pg_database` that are read, and what the query adds.
#[derive(Debug, Deserialize)]
struct Row {
    datname: String,
    owner: String,
    encoding_name: String,
    datcollate: String,
    datctype: String,
    /// Since 15.
    datlocprovider: Option<String>,
    /// Since 17; before, of ICU's alone.
    #[serde(alias = "daticulocale")]
    datlocale: Option<String>,
    /// Since 16.
    daticurules: Option<String>,
    datconnlimit: i32,
    comment: Option<String>,
    size: u64,
    has_grants: bool,
}

/// What a snapshot's session shows.
pub struct Shown {
    pub database: DatabaseFacts,
    pub tables: Vec<Table>,
    /// Bytes of large objects.
    pub large_objects: u64,
}

/// Reads all of it in the session's transaction.
///
/// # Errors
/// Those of the server; `VerificationFailed` if it shows something that cannot be read.
pub async fn read(session: &Session) -> Result<Shown> {
    let doing = "reading what a new database needs";
    let text = session.column(doing, DATABASE).await?;
    let row: Row = text
        .first()
        .ok_or_else(|| unreadable(session, "no database"))
        .and_then(|text| serde_json::from_str(text).map_err(|error| unreadable(session, &error.to_string())))?;
    let grants = session
        .rows(doing, GRANTS)
        .await?
        .into_iter()
        .filter_map(grant)
        .collect();
    let tables = format!(
        "SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), pg_table_size(c.oid) {TABLES} ORDER BY 1, 2"
    );
    let tables = session.rows("reading the sizes of tables", &tables).await?;
    let large_objects = session
        .column("reading the size of large objects", LARGE_OBJECTS)
        .await?;
    let database = DatabaseFacts {
        name: row.datname,
        owner: row.owner,
        encoding: row.encoding_name,
        collate: row.datcollate,
        ctype: row.datctype,
        locale_provider: provider(row.datlocprovider.as_deref()).to_owned(),
        locale: row.datlocale,
        icu_rules: row.daticurules,
        connection_limit: row.datconnlimit,
        comment: row.comment,
        settings: session
            .rows(doing, SETTINGS)
            .await?
            .into_iter()
            .filter_map(setting)
            .collect(),
        grants: row.has_grants.then_some(grants),
        roles: session
            .column(doing, &format!("{ROLES} UNION {FIRST_ROLE} ORDER BY 1"))
            .await?,
        owners: session
            .column(doing, &format!("{OWNERS} UNION {FIRST_ROLE} ORDER BY 1"))
            .await?,
        guests: session
            .rows(doing, GUESTS)
            .await?
            .into_iter()
            .filter_map(guest)
            .collect(),
        extensions: session
            .rows(doing, EXTENSIONS)
            .await?
            .into_iter()
            .filter_map(pair)
            .collect(),
        size: row.size,
    };
    Ok(Shown {
        database,
        tables: tables.into_iter().filter_map(table).collect(),
        large_objects: large_objects.first().and_then(|size| size.parse().ok()).unwrap_or(0),
    })
}

/// Checks that no table was truncated or rewritten since the snapshot was taken: it would be empty in the snapshot
/// ("Caveats" of "Concurrency Control", PostgreSQL's documentation). To be called in the session's transaction while every table is locked
/// by a `pg_dump`, so that none can be from then on.
///
/// # Errors
/// `Unavailable` with their names; those of the server.
pub async fn ensure_not_replaced(session: &Session) -> Result<()> {
    // `pg_class` is read as of the snapshot, `pg_relation_filenode` as of now.
    let query = format!(
        "SELECT format('%I.%I', n.nspname, c.relname) {TABLES} AND c.relfilenode IS DISTINCT FROM pg_relation_filenode(c.oid) ORDER BY 1"
    );
    let replaced = session.column("looking for truncated tables", &query).await?;
    if replaced.is_empty() {
        return Ok(());
    }
    Err(TransferError::Unavailable(format!(
        "{}: truncated or rewritten just when the dump began, so that a dump would lack their rows: {}. Trying again helps, unless a job \
         truncates tables at this time: then back up at another one",
        session.place(),
        replaced.join(", ")
    )))
}

fn unreadable(session: &Session, why: &str) -> TransferError {
    TransferError::VerificationFailed(format!(
        "{}: the server's own catalog cannot be read: {why}",
        session.place()
    ))
}

fn provider(letter: Option<&str>) -> &'static str {
    match letter {
        Some("i") => "icu",
        Some("b") => "builtin",
        _ => "libc",
    }
}

fn pair(row: Vec<Option<String>>) -> Option<(String, String)> {
    let [name, value] = <[Option<String>; 2]>::try_from(row).ok()?;
    Some((name?, value?))
}

fn setting(row: Vec<Option<String>>) -> Option<Setting> {
    let [role, setting] = <[Option<String>; 2]>::try_from(row).ok()?;
    let setting = setting?;
    let (name, value) = setting.split_once('=')?;
    Some(Setting {
        role,
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

fn grant(row: Vec<Option<String>>) -> Option<Grant> {
    let [role, privilege, grantable] = <[Option<String>; 3]>::try_from(row).ok()?;
    Some(Grant {
        role,
        privilege: privilege?,
        grantable: grantable? == "t",
    })
}

fn guest(row: Vec<Option<String>>) -> Option<Guest> {
    let [name, owner, schema_owner] = <[Option<String>; 3]>::try_from(row).ok()?;
    Some(Guest {
        name: name?,
        owner: owner?,
        schema_owner: schema_owner?,
    })
}

fn table(row: Vec<Option<String>>) -> Option<Table> {
    let [schema, name, owner, size] = <[Option<String>; 4]>::try_from(row).ok()?;
    Some(Table {
        schema: schema?,
        name: name?,
        owner: owner?,
        size: size?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_database_is_read_from_the_catalogs_of_several_versions() {
        let row = |more: &str| -> Row {
            let text = format!(
                r#"{{"oid": 5, "datname": "app", "owner": "app", "encoding_name": "UTF8", "datcollate": "C", "datctype": "C",
                "datconnlimit": -1, "comment": null, "size": 7, "has_grants": false {more}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        assert_eq!(row("").datlocale, None);
        let sixteen = row(r#", "datlocprovider": "i", "daticulocale": "de", "daticurules": "&a < b""#);
        assert_eq!(sixteen.datlocale.as_deref(), Some("de"));
        assert_eq!(provider(sixteen.datlocprovider.as_deref()), "icu");
        let seventeen = row(r#", "datlocprovider": "b", "datlocale": "C.UTF-8""#);
        assert_eq!(provider(seventeen.datlocprovider.as_deref()), "builtin");
        assert_eq!(seventeen.datlocale.as_deref(), Some("C.UTF-8"));
    }

    #[test]
    fn settings_and_privileges_are_read() {
        let some = |text: &str| Some(text.to_owned());
        let set = setting(vec![None, some("search_path=app, public")]).unwrap();
        assert_eq!((set.name.as_str(), set.value.as_str()), ("search_path", "app, public"));
        let given = grant(vec![some("reader"), some("CONNECT"), some("f")]).unwrap();
        assert_eq!((given.role.as_deref(), given.grantable), (Some("reader"), false));
    }
}
