//! Why tasks that move data failed: a Fargate task returns nothing but an exit code.

use serde::{Deserialize, Serialize};

use super::store::Condition;
use super::{Catalog, decode, encode, key};
use crate::domain::job::Failure;
use crate::error::Result;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct TransferRecord {
    failure: Failure,
}

impl Catalog {
    /// Records the error with which a task of a run ended, for one resource. A later task of the same run replaces it.
    pub async fn put_task_failure(&self, deployment: &str, run: &str, resource: &str, failure: Failure) -> Result<()> {
        let record = encode(&TransferRecord { failure })?;
        let key = key(deployment, sk(run, resource));
        self.store.put(&key, record, &Condition::Always).await.map(|_| ())
    }

    /// The error that a task recorded; `None` if it ended without recording one.
    pub async fn task_failure(&self, deployment: &str, run: &str, resource: &str) -> Result<Option<Failure>> {
        let found = self.store.get(&key(deployment, sk(run, resource))).await?;
        let record: Option<TransferRecord> = found.map(decode).transpose()?;
        Ok(record.map(|record| record.failure))
    }
}

fn sk(run: &str, resource: &str) -> String {
    format!("TRANSFER#{run}#{resource}")
}
