//! Roles and their memberships, as far as the server lets them be read, without passwords.

use std::process::Stdio;

use tokio::io::AsyncReadExt;

use super::arguments;
use super::clients::Client;
use super::programs::{Access, Program};
use crate::error::{Result, TransferError};

/// Far more than the roles of any server.
const LARGEST: u64 = 64 << 20;

/// The statements that create them; the inner error says why the server does not let them be read.
///
/// # Errors
/// `JobFailed` if `pg_dumpall` does not start.
pub async fn read(access: &Access, client: &Client, maintenance_database: &str) -> Result<Result<Vec<u8>, String>> {
    let mut command = access.command(client, "pg_dumpall", maintenance_database);
    command.args(arguments::of_globals(maintenance_database));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut program = Program::start("pg_dumpall", command)?;
    let mut text = Vec::new();
    let read = program.output()?.take(LARGEST).read_to_end(&mut text).await;
    read.map_err(|error| TransferError::JobFailed(format!("reading from pg_dumpall: {error}")))?;
    let ended = program.wait().await?;
    if ended.succeeded() {
        Ok(Ok(text))
    } else {
        Ok(Err(access.explain(ended).to_string()))
    }
}
