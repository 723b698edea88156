//! Client programs as child processes: where they connect to, how they get the password, and how they fail.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::bridge::{Bridge, PORT};
use super::clients::Client;
use super::server::{NO_TIME_LIMITS, Server};
use crate::error::{Result, TransferError};

/// What is kept of a program's error output: its end.
const TAIL: usize = 2_000;

/// How lines with data begin, which lines without a program's name may follow: the server's, and those of `ExecuteSqlCommand` in
/// `pg_backup_db.c`.
const HIDDEN: [&[u8]; 6] = [b"DETAIL:", b"CONTEXT:", COMMAND, b"STATEMENT:", b"QUERY:", b"LINE "];
/// How lines begin that have none.
const SHOWN: [&[u8]; 4] = [b"pg_restore: ", b"pg_dump: ", b"pg_dumpall: ", b"HINT:"];
const COMMAND: &[u8] = b"Command was:";

/// Access to one server for client programs: a private directory with the socket of the TLS bridge and the password's file. The
/// password is in no argument and in no environment. Both disappear when this is dropped.
pub struct Access {
    directory: TempDir,
    bridge: Bridge,
    password_file: PathBuf,
    user: String,
    password: String,
}

/// A running program; it is killed when this is dropped.
pub struct Program {
    name: String,
    child: Child,
    errors: JoinHandle<String>,
}

impl Access {
    /// Prepares the access. Nothing is connected yet.
    ///
    /// # Errors
    /// `InvalidInput` if the password cannot be in a file; `JobFailed` if the temporary directory cannot be used.
    pub fn prepare(server: &Server) -> Result<Self> {
        ensure_password(server)?;
        let failed = |error: std::io::Error| {
            TransferError::JobFailed(format!(
                "preparing a private directory in {}: {error}. Check its free space",
                std::env::temp_dir().display()
            ))
        };
        // A directory of its own, with mode 0700; short, since a socket's path has at most 107 bytes.
        let directory = tempfile::Builder::new().prefix("pg-").tempdir().map_err(failed)?;
        let password_file = directory.path().join("password");
        let mut file = std::fs::File::options()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&password_file)
            .map_err(failed)?;
        let escaped = server.password.replace('\\', "\\\\").replace(':', "\\:");
        writeln!(file, "*:*:*:*:{escaped}").map_err(failed)?;
        Ok(Self {
            bridge: Bridge::open(directory.path(), server)?,
            directory,
            password_file,
            user: server.user.clone(),
            password: server.password.clone(),
        })
    }

    /// The private directory, for small files of a run.
    #[must_use]
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// A command that connects to this server, by default to `database`.
    #[must_use]
    pub fn command(&self, client: &Client, program: &str, database: &str) -> Command {
        let mut command = client.command(program);
        command
            .env("PGHOST", self.directory.path())
            .env("PGPORT", PORT)
            .env("PGUSER", &self.user)
            .env("PGDATABASE", database)
            .env("PGPASSFILE", &self.password_file)
            .env("PGOPTIONS", NO_TIME_LIMITS)
            .env("PGAPPNAME", "holdfast");
        command
    }

    /// The error of a program that failed, with why its connection did.
    #[must_use]
    pub fn explain(&self, ended: Ended) -> TransferError {
        let errors = ended.errors.replace(&self.password, "***");
        let said = format!("{} {}: {}", ended.name, ended.status, errors.trim());
        match self.bridge.failure() {
            Some(cut) => TransferError::Unavailable(format!(
                "{said}. The connection to the server failed: {cut}. Trying again may help; if this continues, check the server's log and \
                 its certificate"
            )),
            None => TransferError::JobFailed(said),
        }
    }
}

/// Checks that the client programs can read the password from a file. Without one they would ask for it, and a line break would end it.
///
/// Source: "The Password File", PostgreSQL's documentation, and `passwordFromFile` in `fe-connect.c`: an entry ends with its line, from which
/// a carriage return is removed, and an empty password is none.
///
/// # Errors
/// `InvalidInput`, without the password.
pub fn ensure_password(server: &Server) -> Result<()> {
    let value = match &server.password {
        password if password.is_empty() => "an empty one",
        password if password.contains(['\n', '\r']) => "one with a line break",
        password if password.contains('\0') => "one with a null byte",
        _ => return Ok(()),
    };
    Err(TransferError::invalid(
        format!("the password of {} at {}", server.user, server.address()),
        value,
        "one that a password file can contain: not empty, on one line",
    ))
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub name: String,
    pub status: ExitStatus,
    /// The end of its error output.
    pub errors: String,
}

impl Ended {
    /// Whether it succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status.success()
    }
}

impl Program {
    /// Starts a program; its input and output are what `command` says, its error output is read here.
    ///
    /// # Errors
    /// `JobFailed` if it does not start.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| TransferError::JobFailed(format!("starting {name}: {error}")))?;
        let errors = child.stderr.take();
        Ok(Self {
            name: name.to_owned(),
            child,
            errors: tokio::spawn(async move {
                match errors {
                    Some(errors) => tail(errors).await,
                    None => String::new(),
                }
            }),
        })
    }

    /// Its standard output, if it is piped.
    ///
    /// # Errors
    /// `JobFailed` if it is not.
    pub fn output(&mut self) -> Result<ChildStdout> {
        let taken = self.child.stdout.take();
        taken.ok_or_else(|| TransferError::JobFailed(format!("{}: no output", self.name)))
    }

    /// Its standard input, if it is piped.
    ///
    /// # Errors
    /// `JobFailed` if it is not.
    pub fn input(&mut self) -> Result<ChildStdin> {
        let taken = self.child.stdin.take();
        taken.ok_or_else(|| TransferError::JobFailed(format!("{}: no input", self.name)))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// `JobFailed` if the system does not say how it ended.
    pub async fn wait(mut self) -> Result<Ended> {
        let status = self.child.wait().await;
        let status = status.map_err(|error| TransferError::JobFailed(format!("waiting for {}: {error}", self.name)))?;
        Ok(Ended {
            name: self.name,
            status,
            errors: self.errors.await.unwrap_or_default(),
        })
    }
}

/// What a command is and does it to, which no password follows so soon: `Command was: ALTER TABLE public.users OWNER …`.
fn beginning(line: &[u8]) -> Vec<u8> {
    let mut words: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).take(6).collect();
    words.push("…\n".as_bytes());
    words.join(&b' ')
}

/// The end of a program's messages, without what repeats data: a failed command, which may have a password, and the row that failed.
async fn tail(errors: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut line, mut hidden) = (Vec::new(), Vec::new(), false);
    let mut errors = BufReader::new(errors);
    while let Ok(1..) = errors.read_until(b'\n', &mut line).await {
        let begins = |with: &[&[u8]]| with.iter().any(|begin| line.starts_with(begin));
        hidden = !begins(&SHOWN) && (hidden || begins(&HIDDEN));
        if !hidden {
            kept.append(&mut line);
        } else if line.starts_with(COMMAND) {
            kept.extend(beginning(&line));
        }
        line.clear();
        let excess = kept.len().saturating_sub(TAIL);
        kept.drain(..excess);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_password_that_no_file_can_contain_is_refused_and_not_shown() {
        let server = |password: &str| Server {
            host: "db".to_owned(),
            port: 5432,
            user: "app".to_owned(),
            password: password.to_owned(),
            tls: crate::postgres::server::trusting_nobody(),
            maintenance_database: "postgres".to_owned(),
        };
        for password in ["secret\n", "se\ncret", "secret\r", "secret\0", ""] {
            let error = ensure_password(&server(password)).unwrap_err();
            assert_eq!(error.name(), "InvalidInput");
            let message = error.to_string();
            assert!(
                message.starts_with("the password of app at db:5432: ") && !message.contains("cret"),
                "{message}"
            );
            assert!(Access::prepare(&server(password)).is_err());
        }
        for password in ["correct: horse \\ battery", " ", "pässword"] {
            ensure_password(&server(password)).unwrap();
        }
    }

    #[tokio::test]
    async fn what_a_failed_command_contains_is_not_kept() {
        let said = "pg_restore: error: could not execute query: ERROR:  option \"x\" not found\nHINT:  There are no options.\n\
            LINE 2: SELECT dblink('password=horse')\n               ^\n\
            Command was: CREATE USER MAPPING FOR app SERVER s OPTIONS (\n    password 'horse'\npg_x);\n\n\
            pg_restore: error: COPY failed for table \"users\": ERROR:  duplicate key\n\
            DETAIL:  Key (email)=(a@b.example) already exists.\nCONTEXT:  COPY users, line 1\n";
        assert_eq!(
            tail(said.as_bytes()).await,
            "pg_restore: error: could not execute query: ERROR:  option \"x\" not found\nHINT:  There are no options.\n\
             Command was: CREATE USER MAPPING FOR …\n\
             pg_restore: error: COPY failed for table \"users\": ERROR:  duplicate key\n"
        );
    }

    #[tokio::test]
    async fn the_end_of_a_programs_errors_is_kept() {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg("seq 1 5000 >&2; echo last >&2; exit 3");
        let ended = Program::start("sh", command).unwrap().wait().await.unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert!(!ended.succeeded() && ended.errors.ends_with("5000\nlast\n"));
        assert!(ended.errors.len() <= TAIL);
    }
}
