//! An archive's table of contents, as `pg_restore --list` prints it.

use crate::error::{Result, TransferError};

/// What the list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// All entries.
    pub entries: usize,
    /// The entries with the rows of a table.
    pub tables: usize,
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
            .filter(|text| text.starts_with("TABLE DATA "))
            .count(),
        dumped_by,
    })
}

/// What follows the numbers of `3410; 0 16389 TABLE DATA public users owner`.
fn description(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("; ")?;
    let (_, rest) = rest.split_once(' ')?;
    rest.split_once(' ').map(|(_, description)| description)
}

/// Checks that the archives have the rows of at least as many tables as the snapshot has.
///
/// # Errors
/// `VerificationFailed` with both numbers.
pub fn ensure_all_tables(expected: usize, archives: &[Contents]) -> Result<()> {
    let found: usize = archives.iter().map(|contents| contents.tables).sum();
    if found < expected {
        return Err(TransferError::VerificationFailed(format!(
            "the dump has the rows of {found} tables, and the database has {expected}: it is incomplete. Start a new dump"
        )));
    }
    Ok(())
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

    #[test]
    fn entries_and_tables_are_counted() {
        let contents = parse("schema.dump", LIST).unwrap();
        assert_eq!((contents.entries, contents.tables, contents.dumped_by), (4, 2, 17));
    }

    #[test]
    fn nothing_and_something_else_are_no_archive() {
        for text in ["", "pg_restore: error: input file is too short", "; a comment"] {
            assert_eq!(parse("a", text).unwrap_err().name(), "VerificationFailed");
        }
    }

    #[test]
    fn a_table_that_is_missing_is_noticed() {
        let contents = parse("a", LIST).unwrap();
        ensure_all_tables(4, &[contents.clone(), contents.clone()]).unwrap();
        let error = ensure_all_tables(5, &[contents.clone(), contents]).unwrap_err();
        assert!(error.to_string().contains("4 tables"), "{error}");
    }
}
