//! `count-rows`: takes one SQL count in an Aurora cluster, read-only, within its timeout, with credentials read just before.

use serde::Deserialize;

use crate::domain::probe::{Count, PlannedProbe};
use crate::domain::set::ProbeResult;
use crate::error::{Error, Result};
use crate::runs::database::{connection, credentials, tls};
pub use crate::runs::needs::DatabaseNeeds as Needs;

#[derive(Debug, Deserialize)]
pub struct Input {
    pub probe: PlannedProbe,
}

/// # Errors
/// `Unavailable` when the cluster does not respond; `AccessDenied` when it refuses the credentials;
/// `VerificationFailed` when the result is not one count.
pub async fn handle(needs: &Needs, Input { probe }: Input) -> Result<ProbeResult> {
    let Count::Sql(sql) = probe.count else {
        return Err(Error::invalid(
            "probe.kind",
            "items",
            "sql: item counts are taken by count-items",
        ));
    };
    let Some(endpoint) = sql.endpoint else {
        return Ok(ProbeResult {
            name: probe.name,
            count: None,
            failure: sql.failure,
        });
    };
    let credentials = credentials::login(&needs.secrets, &sql.secret).await?;
    let place = connection::DatabaseAddress {
        cluster: &sql.cluster,
        endpoint: &endpoint,
        database: &sql.database,
    };
    let tls = tls::config(needs.authorities.as_deref())?;
    let count = connection::count(&place, &credentials, tls, &sql.sql, sql.timeout_seconds).await?;
    Ok(ProbeResult {
        name: probe.name,
        count: Some(count),
        failure: None,
    })
}
