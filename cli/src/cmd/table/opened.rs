//! The table that a command reads or writes.

use std::sync::Arc;

use aws_config::SdkConfig;
use holdfast_transfer::table::{Description, DynamoTable, Error, Refusal, Table as _};

use crate::failure::{Failure, Result};

/// A table, and what is known of it.
pub struct Opened {
    pub table: Arc<DynamoTable>,
    pub description: Description,
}

impl Opened {
    /// Describes the table, and says on standard error in which account and Region it is.
    pub async fn open(config: &SdkConfig, name: &str) -> Result<Self> {
        let table = DynamoTable::new(config, name).await.map_err(failure)?;
        let description = table.describe().await.map_err(refused)?;
        if let [_, _, _, region, account, table] = description.arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
            eprintln!("Account {account}, Region {region}, {}.", table.replace('/', " "));
        }
        Ok(Self {
            table: Arc::new(table),
            description,
        })
    }
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Final(error) => failure(error),
        Refusal::Throttled(said) | Refusal::Unavailable(said) | Refusal::Invalid(said) => Failure::Aws(said),
    }
}

/// The command's failure for an error of the engine.
pub fn failure(error: Error) -> Failure {
    let message = error.to_string();
    match error {
        Error::Invalid(_) => Failure::Wrong(message),
        Error::NotFound(_) => Failure::NotFound(message),
        Error::Aws(_) => Failure::Aws(message),
        Error::Stopped => Failure::Stopped(message),
        Error::File(_) | Error::Unverified(_) => Failure::NotDone(message),
    }
}
