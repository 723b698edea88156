//! One short connection: to count once in a read-only session, or to check that a login is accepted.

use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_postgres::config::{Config, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::domain::probe::Endpoint;
use crate::domain::restore::login::document::Credentials;
use crate::error::{Error, Result};

const CONNECT: Duration = Duration::from_secs(10);

/// The database to connect to.
pub struct DatabaseAddress<'a> {
    pub cluster: &'a str,
    pub endpoint: &'a Endpoint,
    pub database: &'a str,
}

/// The single non-negative integer that `sql` returns.
pub async fn count(
    place: &DatabaseAddress<'_>,
    credentials: &Credentials,
    tls: ClientConfig,
    sql: &str,
    timeout_seconds: u64,
) -> Result<u64> {
    let counting = count_within(place, credentials, tls, sql, timeout_seconds);
    // The server ends the statement itself; nothing waits longer than that plus the time to connect.
    let patience = CONNECT + Duration::from_secs(timeout_seconds.saturating_add(5));
    timeout(patience, counting).await.unwrap_or_else(|_| {
        Err(Error::Unavailable(format!(
            "{}: no response within {} s. Trying again may help; if this continues, check the cluster's load and locks",
            doing(place),
            patience.as_secs()
        )))
    })
}

async fn count_within(
    place: &DatabaseAddress<'_>,
    credentials: &Credentials,
    tls: ClientConfig,
    sql: &str,
    timeout_seconds: u64,
) -> Result<u64> {
    let (client, connection) = config(place, credentials)
        .options(format!(
            "-c default_transaction_read_only=on -c statement_timeout={}",
            timeout_seconds.saturating_mul(1000)
        ))
        .connect(MakeRustlsConnect::new(tls))
        .await
        .map_err(|error| failure(place, &error))?;
    let served = tokio::spawn(connection);
    let rows = client.query(sql, &[]).await.map_err(|error| failure(place, &error));
    drop(client);
    served.abort();
    let rows = rows?;
    let wrong = |what: String| {
        Error::VerificationFailed(format!(
            "{}: the statement returned {what} instead of one non-negative integer. Make it a `select count(*) …`",
            doing(place)
        ))
    };
    let [row] = rows.as_slice() else {
        return Err(wrong(format!("{} rows", rows.len())));
    };
    if row.len() != 1 {
        return Err(wrong(format!("{} columns", row.len())));
    }
    let kind = row.columns()[0].type_().name().to_owned();
    let counted = row
        .try_get::<_, i64>(0)
        .or_else(|_| row.try_get::<_, i32>(0).map(i64::from));
    let counted = counted.map_err(|_| wrong(format!("a value of type {kind}")))?;
    u64::try_from(counted).map_err(|_| wrong(format!("{counted}")))
}

/// Why a server refused a login.
pub struct LoginRefusal {
    /// Whether the server refused the password. It does not distinguish a wrong password from a missing user.
    pub is_of_password: bool,
    /// Whether it accepted the password, and the user may not connect to the database: it looks at the password first.
    pub is_of_privilege: bool,
    /// The server's own message.
    pub said: String,
}

/// Logs in and out again. A refusal is a result, not an error.
///
/// # Errors
/// `Unavailable` when the server cannot be reached or is not ready.
pub async fn log_in(
    place: &DatabaseAddress<'_>,
    credentials: &Credentials,
    tls: ClientConfig,
) -> Result<Result<(), LoginRefusal>> {
    let doing = format!(
        "logging in to database {} of cluster {} at {}:{}",
        place.database, place.cluster, place.endpoint.host, place.endpoint.port
    );
    let config = config(place, credentials);
    let connecting = config.connect(MakeRustlsConnect::new(tls));
    let Ok(connected) = timeout(CONNECT * 2, connecting).await else {
        return Err(Error::Unavailable(format!(
            "{doing}: no response. Trying again may help; if this continues, check that the function's subnets and security groups reach it"
        )));
    };
    let error = match connected {
        Ok((client, connection)) => {
            drop((client, connection));
            return Ok(Ok(()));
        }
        Err(error) => error,
    };
    let Some(server) = error.as_db_error() else {
        return Err(unreachable(&doing, &error));
    };
    let said = format!(
        "{doing}: the server answered {} ({})",
        server.message(),
        server.code().code()
    );
    if is_transient(server.code()) {
        return Err(Error::Unavailable(format!("{said}. Trying again may help")));
    }
    Ok(Err(LoginRefusal {
        is_of_password: *server.code() == SqlState::INVALID_PASSWORD,
        is_of_privilege: *server.code() == SqlState::INSUFFICIENT_PRIVILEGE,
        said,
    }))
}

fn config(place: &DatabaseAddress<'_>, credentials: &Credentials) -> Config {
    let mut config = Config::new();
    config
        .host(&place.endpoint.host)
        .port(place.endpoint.port)
        .dbname(place.database)
        .user(&credentials.username)
        .password(&credentials.password)
        .application_name("holdfast")
        .ssl_mode(SslMode::Require)
        .connect_timeout(CONNECT);
    config
}

/// Class 53: insufficient resources; 57P: the operator's intervention, such as a restart; 08: connections.
fn is_transient(code: &SqlState) -> bool {
    ["53", "57P", "08"].iter().any(|class| code.code().starts_with(class))
}

/// A failed connection is reported with its kind and causes only.
fn unreachable(doing: &str, error: &tokio_postgres::Error) -> Error {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let causes = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Error::Unavailable(format!(
        "{doing}: {causes}. Trying again may help; if this continues, check that the cluster has an instance, that the function's \
         subnets and security groups reach it, and that its certificate is trusted"
    ))
}

fn doing(place: &DatabaseAddress<'_>) -> String {
    format!(
        "counting rows in database {} of cluster {}",
        place.database, place.cluster
    )
}

/// Passes on the server's own message with its SQLSTATE.
fn failure(place: &DatabaseAddress<'_>, error: &tokio_postgres::Error) -> Error {
    let doing = doing(place);
    let Some(server) = error.as_db_error() else {
        return unreachable(&doing, error);
    };
    let said = format!(
        "{doing}: the server answered {} ({})",
        server.message(),
        server.code().code()
    );
    let code = server.code();
    if [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ]
    .contains(code)
    {
        return Error::AccessDenied(format!(
            "{said}. Correct the login in the secret, or grant it what the probe reads"
        ));
    }
    if is_transient(code) {
        return Error::Unavailable(format!("{said}. Trying again may help"));
    }
    if *code == SqlState::QUERY_CANCELED {
        return Error::DeadlineExceeded(format!(
            "{said}. Give the probe a longer `timeout`, or a cheaper statement"
        ));
    }
    Error::VerificationFailed(format!(
        "{said}. Correct the probe's statement or database in the descriptor"
    ))
}
