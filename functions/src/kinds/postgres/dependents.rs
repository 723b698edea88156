//! Nothing in AWS refers to a database of a server. What is attached to it on the server is a remark of the plan.

use async_trait::async_trait;

use super::Postgres;
use crate::domain::restore::dependents::Dependent;
use crate::domain::restore::item::RestoreItem;
use crate::error::Result;
use crate::kinds::Dependents;

#[async_trait]
impl Dependents for Postgres {
    async fn dependents(&self, _: &RestoreItem) -> Result<Vec<Dependent>> {
        Ok(Vec::new())
    }
}
