//! Versions of servers and of client programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A server's version, as its setting `server_version_num`: 170010 is 17.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerVersion(pub u32);

impl ServerVersion {
    /// 17 of 17.10.
    #[must_use]
    pub fn major(self) -> u32 {
        self.0 / 10_000
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major(), self.0 % 10_000)
    }
}

/// A program's version and its major, from what `--version` prints: `pg_dump (PostgreSQL) 17.10`, with a packager's note perhaps.
#[must_use]
pub fn of_program(output: &str) -> Option<(String, u32)> {
    let version = output.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((version.to_owned(), digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_postgres_writes_them() {
        assert_eq!(ServerVersion(170_010).to_string(), "17.10");
        assert_eq!(ServerVersion(170_010).major(), 17);
        let read = |text| of_program(text).map(|(version, major)| format!("{version}/{major}"));
        assert_eq!(read("pg_dump (PostgreSQL) 17.10\n").as_deref(), Some("17.10/17"));
        assert_eq!(
            read("pg_dump (PostgreSQL) 16.14 (Debian 16.14-1.pgdg12+1)").as_deref(),
            Some("16.14/16")
        );
        assert_eq!(read("pg_restore (PostgreSQL) 19beta1").as_deref(), Some("19beta1/19"));
        assert_eq!(read("pg_dump"), None);
        assert_eq!(read("pg_dump (PostgreSQL) "), None);
    }
}
