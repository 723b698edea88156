//! A server, and sessions on it: TLS, verified, always.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Config, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::version::ServerVersion;
use crate::error::{Result, TransferError, causes};

const CONNECT: Duration = Duration::from_secs(10);
/// A connection without traffic for so long is probed, so that one that is dead is noticed during a dump of hours.
pub const KEEPALIVE: Duration = Duration::from_secs(60);

/// A server and the login that is used there. It has no `Debug`, because it contains a password.
#[derive(Clone)]
pub struct Server {
    /// Host name, which the certificate has to match.
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    /// The authorities that are trusted.
    pub tls: Arc<ClientConfig>,
    /// A database that stays, from which others are created, renamed and dropped: usually `postgres`.
    pub maintenance_database: String,
}

/// A session. It ends when it is dropped.
pub struct Session {
    client: tokio_postgres::Client,
    connection: JoinHandle<()>,
    user: String,
    /// The place, for messages.
    place: String,
}

/// The limits that a role or a database may have for its applications' sessions: ANALYZE of a large copy, and the transaction that
/// exports a snapshot, take longer. For those, see also [`Session::allow_long_transactions`].
pub(super) const NO_TIME_LIMITS: &str =
    "-c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 -c statement_timeout=0 -c lock_timeout=0";

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Server {
    /// The server without its login, for messages.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Connects to a database.
    ///
    /// # Errors
    /// `Unavailable` if the server cannot be reached, is not ready, or its certificate is not trusted; `AccessDenied` if it refuses
    /// the login; `NotFound` if there is no such database.
    pub async fn connect(&self, database: &str) -> Result<Session> {
        let place = format!("database {database} at {}", self.address());
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(database)
            .user(&self.user)
            .password(&self.password)
            .application_name("holdfast")
            .ssl_mode(SslMode::Require)
            .connect_timeout(CONNECT)
            .keepalives_idle(KEEPALIVE)
            .options(NO_TIME_LIMITS);
        let tls = MakeRustlsConnect::new(self.tls.as_ref().clone());
        let doing = format!("connecting to {place}");
        let connected = timeout(CONNECT * 2, config.connect(tls)).await;
        let connected = connected.map_err(|_| {
            TransferError::Unavailable(format!(
                "{doing}: no response. Check the route from the function's subnets"
            ))
        })?;
        let (client, connection) = connected.map_err(|error| failure(&doing, &error))?;
        let connection = tokio::spawn(async move {
            // Its error reaches whoever waits for an answer.
            let _ = connection.await;
        });
        Ok(Session {
            client,
            connection,
            user: self.user.clone(),
            place,
        })
    }
}

impl Session {
    /// Executes statements without parameters, each by itself.
    ///
    /// # Errors
    /// The server's own message with its SQLSTATE.
    pub async fn execute(&self, doing: &str, statements: &str) -> Result<()> {
        let done = self.client.batch_execute(statements).await;
        done.map_err(|error| failure(&format!("{doing} in {}", self.place), &error))
    }

    /// Executes statements in one transaction, each for at most so many seconds. If one fails, none has an effect. Each is sent by itself:
    /// the server refuses several in one.
    ///
    /// # Errors
    /// The server's own message with its SQLSTATE, after the number of the statement that failed.
    pub async fn transact(&self, doing: &str, statements: &[String], seconds: u32) -> Result<()> {
        let begin = format!("BEGIN; SET LOCAL statement_timeout = '{seconds}s'");
        self.execute(doing, &begin).await?;
        for (index, statement) in statements.iter().enumerate() {
            let done = self.client.execute(statement.as_str(), &[]).await;
            done.map_err(|error| failure(&format!("{doing} (statement {}) in {}", index + 1, self.place), &error))?;
        }
        self.execute(doing, "COMMIT").await
    }

    /// The rows of a query, each column as text or null.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub async fn rows(&self, doing: &str, query: &str) -> Result<Vec<Vec<Option<String>>>> {
        let answer = self.client.simple_query(query).await;
        let answer = answer.map_err(|error| failure(&format!("{doing} in {}", self.place), &error))?;
        Ok(answer
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(
                    (0..row.len())
                        .map(|column| row.get(column).map(str::to_owned))
                        .collect(),
                ),
                _ => None,
            })
            .collect())
    }

    /// The first column of a query, without nulls.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub async fn column(&self, doing: &str, query: &str) -> Result<Vec<String>> {
        let rows = self.rows(doing, query).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| row.into_iter().next().flatten())
            .collect())
    }

    /// Lifts `transaction_timeout`, which version 17 and later have. An older one would refuse a connection with it as an option.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub async fn allow_long_transactions(&self) -> Result<()> {
        let lift = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'";
        self.execute("lifting the limit of transactions", lift).await
    }

    /// The server's version.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub async fn version(&self) -> Result<ServerVersion> {
        let shown = self
            .column("reading the server's version", "SHOW server_version_num")
            .await?;
        let number = shown.first().and_then(|text| text.parse().ok());
        number.map(ServerVersion).ok_or_else(|| {
            TransferError::VerificationFailed(format!("{}: the server shows no version number", self.place))
        })
    }

    /// The place, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The role that is logged in.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }
}

/// The server's message with its SQLSTATE, or why there is none.
pub fn failure(doing: &str, error: &tokio_postgres::Error) -> TransferError {
    let Some(server) = error.as_db_error() else {
        return TransferError::Unavailable(format!(
            "{doing}: {}. Trying again may help; if this continues, check that the server runs, that it can be reached, and that its \
             certificate is trusted and names this host",
            causes(error)
        ));
    };
    let (code, message) = (server.code(), server.message());
    let said = format!("{doing}: the server answered {message} ({})", code.code());
    // 53: insufficient resources; 57P: the operator's intervention, such as a restart; 08: connections.
    if ["53", "57P", "08"].iter().any(|class| code.code().starts_with(class)) {
        return TransferError::Unavailable(format!("{said}. Trying again may help"));
    }
    match *code {
        SqlState::INVALID_PASSWORD
        | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        | SqlState::INSUFFICIENT_PRIVILEGE => TransferError::AccessDenied(format!(
            "{said}. Correct the login in the secret, or grant it what it needs"
        )),
        SqlState::INVALID_CATALOG_NAME => TransferError::NotFound(format!("{said}. Check the database's name")),
        // What two sessions create at once violates the catalog's unique index for one of them.
        SqlState::DUPLICATE_DATABASE | SqlState::UNIQUE_VIOLATION | SqlState::OBJECT_IN_USE => {
            TransferError::Conflict(said)
        }
        _ => TransferError::JobFailed(said),
    }
}

/// A name quoted for SQL.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string quoted for SQL, with any setting of `standard_conforming_strings`.
#[must_use]
pub fn literal(text: &str) -> String {
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// TLS settings with which no server is trusted.
#[cfg(test)]
pub fn trusting_nobody() -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map(|config| {
        config
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()
    });
    Arc::new(config.unwrap_or_else(|error| panic!("{error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_strings_are_quoted() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }
}
