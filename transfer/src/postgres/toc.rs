//! An archive's table of contents, as `pg_restore --list` prints it.

use std::collections::BTreeMap;

use super::tables::{Table, pattern};
use crate::error::{Result, TransferError};

/// What the list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// All entries.
    pub entries: usize,
    /// The entries with the rows of a table, as the list names it: schema, name and owner, with spaces between them.
    pub tables: Vec<String>,
    /// The major of the `pg_dump` that made the archive.
    pub dumped_by: u32,
}

/// Reads the list. `archive` names it in errors.
///
/// # Errors
/// `VerificationFailed` if it is not the list of an archive.
pub fn parse(archive: &str, list: &str) -> Result<Contents> {
    let header = |name: &str| {
        let lines = list.lines().filter_map(|line| line.strip_prefix(';'));
        let mut values = lines.filter_map(|line| line.trim().strip_prefix(name));
        values.next().map(str::trim)
    };
    let dumped_by = header("Dumped by pg_dump version:")
        .and_then(|version| version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    let (Some(dumped_by), Some(_)) = (dumped_by, header("TOC Entries:")) else {
        return Err(TransferError::VerificationFailed(format!(
            "{archive} is empty or no archive: pg_restore --list shows no header. Start a new dump"
        )));
    };
    let lines = list
        .lines()
        .filter(|line| !line.starts_with(';') && !line.trim().is_empty());
    let descriptions: Vec<&str> = lines.filter_map(description).collect();
    Ok(Contents {
        entries: descriptions.len(),
        tables: descriptions
            .iter()
            .filter_map(|text| text.strip_prefix("TABLE DATA "))
            .map(str::to_owned)
            .collect(),
        dumped_by,
    })
}

/// What follows the numbers of `3410; 0 16389 TABLE DATA public users owner`.
fn description(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("; ")?;
    let (_, rest) = rest.split_once(' ')?;
    rest.split_once(' ').map(|(_, description)| description)
}

/// Checks that the archives together have the rows of every table of the snapshot, each once. They may have more: an extension's
/// tables of settings.
///
/// # Errors
/// `VerificationFailed` with the tables that are missing, or dumped twice.
pub fn ensure_all_tables(tables: &[Table], encoding: &str, archives: &[Contents]) -> Result<()> {
    let comparable = |text: &str| comparable(text, encoding);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for listed in archives.iter().flat_map(|contents| &contents.tables) {
        *found.entry(comparable(listed)).or_default() += 1;
    }
    let mut missing = Vec::new();
    for table in tables {
        match found.get_mut(&comparable(&listed(table))) {
            Some(count @ 1..) => *count -= 1,
            _ => missing.push(pattern(table)),
        }
    }
    let twice: Vec<String> = tables
        .iter()
        .filter(|table| found.get(&comparable(&listed(table))).is_some_and(|left| *left > 0))
        .map(pattern)
        .collect();
    for (tables, what) in [(missing, "lacks"), (twice, "has more than once")] {
        if !tables.is_empty() {
            return Err(TransferError::VerificationFailed(format!(
                "the dump {what} the rows of {}: start a new dump",
                shown(&tables)
            )));
        }
    }
    Ok(())
}

/// A table as the list names it. Source: `PrintTOCSummary` and `sanitize_line` in PostgreSQL's `pg_backup_archiver.c`: names are not
/// quoted, and a line break in one is a space.
fn listed(table: &Table) -> String {
    let line = format!("{} {} {}", table.schema, table.name, table.owner);
    line.replace(['\n', '\r'], " ")
}

/// The list is in the database's encoding, and was read as UTF-8: in any other, only ASCII can be compared.
fn comparable(text: &str, encoding: &str) -> String {
    if encoding == "UTF8" {
        return text.to_owned();
    }
    let mut ascii = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_ascii() {
            true => ascii.push(letter),
            false if ascii.ends_with(char::REPLACEMENT_CHARACTER) => {}
            false => ascii.push(char::REPLACEMENT_CHARACTER),
        }
    }
    ascii
}

/// Some of them, and how many more.
fn shown(tables: &[String]) -> String {
    const MOST: usize = 10;
    let more = match tables.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", tables[..tables.len().min(MOST)].join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LIST: &str = ";
; Archive created at 2026-11-29 18:00:00 UTC
;     dbname: app
;     TOC Entries: 15
;     Compression: zstd
;     Dumped from database version: 16.14
;     Dumped by pg_dump version: 17.10
;
; Selected TOC Entries:
;
215; 1259 16389 TABLE public TABLE DATA postgres
3410; 0 16389 TABLE DATA public users app
3411; 0 16390 TABLE DATA Odd Names a b c app
3412; 0 0 SEQUENCE SET public users_id_seq app
";

    fn table(schema: &str, name: &str) -> Table {
        Table {
            schema: schema.to_owned(),
            name: name.to_owned(),
            owner: "app".to_owned(),
            size: 0,
        }
    }

    fn listing(tables: &[&str]) -> Contents {
        Contents {
            entries: tables.len(),
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
            dumped_by: 17,
        }
    }

    #[test]
    fn entries_and_tables_are_read() {
        let contents = parse("schema.dump", LIST).unwrap();
        assert_eq!((contents.entries, contents.dumped_by), (4, 17));
        assert_eq!(contents.tables, ["public users app", "Odd Names a b c app"]);
    }

    #[test]
    fn nothing_and_something_else_are_no_archive() {
        for text in ["", "pg_restore: error: input file is too short", "; a comment"] {
            assert_eq!(parse("a", text).unwrap_err().name(), "VerificationFailed");
        }
    }

    #[test]
    fn a_table_that_is_missing_is_named_whatever_else_is_there() {
        let tables = [
            table("public", "users"),
            table("Odd Names", "a b\nc"),
            table("public", "rooms"),
        ];
        let all = ["public users app", "Odd Names a b c app", "public rooms app"];
        ensure_all_tables(&tables, "UTF8", &[listing(&all[..1]), listing(&all[1..])]).unwrap();
        ensure_all_tables(
            &tables,
            "UTF8",
            &[listing(&all), listing(&["public of_an_extension app"])],
        )
        .unwrap();
        let others = ["public users app", "Odd Names a b c app", "public of_an_extension app"];
        let error = ensure_all_tables(&tables, "UTF8", &[listing(&others)]).unwrap_err();
        assert!(
            error.to_string().contains("lacks the rows of \"public\".\"rooms\":"),
            "{error}"
        );
        let error = ensure_all_tables(&tables, "UTF8", &[listing(&all), listing(&all[..1])]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("more than once the rows of \"public\".\"users\":"),
            "{error}"
        );
    }

    #[test]
    fn many_missing_tables_are_not_all_named() {
        let tables: Vec<Table> = (0..12).map(|number| table("public", &format!("t{number}"))).collect();
        let error = ensure_all_tables(&tables, "UTF8", &[]).unwrap_err();
        assert!(error.to_string().contains("\"t9\" and 2 more"), "{error}");
    }

    #[test]
    fn names_in_another_encoding_are_compared_by_their_ascii() {
        let tables = [table("public", "Räume")];
        // 0xE4 of LATIN1, read as UTF-8.
        let latin = listing(&["public R\u{fffd}ume app"]);
        ensure_all_tables(&tables, "LATIN1", std::slice::from_ref(&latin)).unwrap();
        ensure_all_tables(&tables, "UTF8", &[latin]).unwrap_err();
    }
}
