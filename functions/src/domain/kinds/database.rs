//! Copies that clients log in to.

use crate::domain::probe::{self, Endpoint};
use crate::error::Result;

/// A copy that clients log in to, and what is known of its logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database<'a> {
    /// Its identifier in AWS, or its name if it is one database.
    pub identifier: &'a str,
    /// Whether it is one database, and not a server with databases in it.
    pub is_one_database: bool,
    /// Writer endpoint.
    pub host: &'a str,
    pub reader_host: &'a str,
    pub port: u16,
    /// ARN of the secret in which AWS manages its master password.
    pub master_secret: Option<&'a str>,
    pub master_username: Option<&'a str>,
    /// The engine of its source, such as `aurora-postgresql`; `None` if nothing was captured.
    pub engine: Option<&'a str>,
    /// The database that its source was created with.
    pub database: Option<&'a str>,
    /// What logins by IAM need; `None` if it accepts none.
    pub iam: Option<IamLogins<'a>>,
}

/// What policies have to allow so that clients log in by IAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamLogins<'a> {
    pub action: &'static str,
    /// The resource for the copy, with `<user>` in it.
    pub resource: String,
    /// The id of the source, which the policies name.
    pub source: Option<&'a str>,
}

impl Database<'_> {
    /// The database in which a probe counts that names `database`: a copy that is itself a database has another name.
    pub fn counted_database<'b>(&'b self, database: &'b str) -> &'b str {
        match self.is_one_database {
            true => self.identifier,
            false => database,
        }
    }

    /// Where rows are counted.
    ///
    /// # Errors
    /// `InvalidInput` for an engine in which no SQL is counted.
    pub fn endpoint(&self) -> Result<Endpoint> {
        if let Some(engine) = self.engine {
            probe::ensure_countable(self.identifier, engine)?;
        }
        Ok(Endpoint {
            host: self.host.to_owned(),
            port: self.port,
        })
    }
}
