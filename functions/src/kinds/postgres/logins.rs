//! The logins of a database are its server's: a restore changes none.

use async_trait::async_trait;

use super::Postgres;
use crate::domain::restore::item::RestoreItem;
use crate::error::Result;
use crate::kinds::shared::{WITH_LOGINS, unsupported};
use crate::kinds::{Logins, MasterUser};

#[async_trait]
impl Logins for Postgres {
    async fn master_user(&self, item: &RestoreItem) -> Result<Option<MasterUser>> {
        Err(unsupported(&item.planned.resource.target, WITH_LOGINS))
    }

    async fn set_master_password(&self, item: &RestoreItem, _: &str) -> Result<()> {
        Err(unsupported(&item.planned.resource.target, WITH_LOGINS))
    }
}
