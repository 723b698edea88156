//! What refers to a table is in lists of the whole Region: alarms, event source mappings, backup plans.

use async_trait::async_trait;

use super::DynamoDb;
use crate::domain::restore::dependents::Dependent;
use crate::domain::restore::item::RestoreItem;
use crate::error::Result;
use crate::kinds::Dependents;

#[async_trait]
impl Dependents for DynamoDb {
    async fn dependents(&self, _: &RestoreItem) -> Result<Vec<Dependent>> {
        Ok(Vec::new())
    }
}
