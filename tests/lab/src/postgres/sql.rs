//! Statements that the lab itself runs on a server, through `psql`.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;

use super::{ADMIN, Server};

impl Server {
    /// Runs a script as the administrator, each statement a transaction of its own, and returns what it prints:
    /// a line per row, columns divided by `|`.
    ///
    /// # Errors
    /// The server's error for the first statement that failed. The script isn't part of it: it may hold a
    /// password.
    pub async fn sql(&self, database: &str, script: &str) -> Result<String> {
        let mut psql = self.postgres().program("psql");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            ADMIN,
            "-d",
            database,
            "-f",
            "-",
        ]);
        psql.arg("-h").arg(self.socket_directory());
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().context("starting psql")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(script.as_bytes()).await.context("writing to psql")?;
        }
        let output = child.wait_with_output().await.context("waiting for psql")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said
                .lines()
                .find(|line| line.contains("ERROR") || line.contains("error"));
            bail!("SQL on {}: {}", self.home().display(), first.unwrap_or(said.trim()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Creates the master user with Aurora's rights (not a superuser) and the first database, which it owns.
    ///
    /// # Errors
    /// As [`Server::sql`]; a name that PostgreSQL refuses.
    pub async fn create_master(&self, user: &str, password: &str, database: Option<&str>) -> Result<()> {
        let (user, password) = (identifier(user), literal(password));
        let mut script = format!(
            "CREATE ROLE rds_superuser NOLOGIN;
             GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION;
             CREATE ROLE {user} LOGIN CREATEROLE CREATEDB PASSWORD {password};
             GRANT rds_superuser TO {user};
             ALTER DATABASE postgres OWNER TO {user};\n"
        );
        if let Some(database) = database {
            script.push_str(&format!("CREATE DATABASE {} OWNER {user};\n", identifier(database)));
        }
        self.sql("postgres", &script).await.map(drop)
    }

    /// Changes a user's password.
    ///
    /// # Errors
    /// As [`Server::sql`].
    pub async fn set_password(&self, user: &str, password: &str) -> Result<()> {
        let script = format!("ALTER ROLE {} PASSWORD {};", identifier(user), literal(password));
        self.sql("postgres", &script).await.map(drop)
    }
}

/// A name quoted for SQL.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string quoted for SQL; backslashes have no meaning (`standard_conforming_strings`).
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_strings_are_quoted() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's \\ here"), "'it''s \\ here'");
    }
}
