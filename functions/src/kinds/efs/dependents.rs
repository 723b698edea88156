//! What refers to a file system is in lists of the whole Region: alarms and backup plans.

use async_trait::async_trait;

use super::Efs;
use crate::domain::restore::dependents::Dependent;
use crate::domain::restore::item::RestoreItem;
use crate::error::Result;
use crate::kinds::Dependents;

#[async_trait]
impl Dependents for Efs {
    async fn dependents(&self, _: &RestoreItem) -> Result<Vec<Dependent>> {
        Ok(Vec::new())
    }
}
