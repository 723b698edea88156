//! The master user of a copy, and its password.

use async_trait::async_trait;

use super::{Aurora, KIND};
use crate::aws::{clusters, code, failure};
use crate::domain::kinds;
use crate::domain::names::TAG_RESTORE;
use crate::domain::restore::item::RestoreItem;
use crate::error::{Error, Result};
use crate::kinds::shared::wrong_target_of;
use crate::kinds::{Logins, MasterUser};

#[async_trait]
impl Logins for Aurora {
    async fn master_user(&self, item: &RestoreItem) -> Result<Option<MasterUser>> {
        let found = clusters::find(&self.rds, copy(item)?).await?;
        let ours = found.filter(|found| clusters::has_tag(found, TAG_RESTORE, &item.restore));
        Ok(ours.map(|found| {
            let status = found.status().unwrap_or("unknown");
            MasterUser {
                name: found.master_username().map(str::to_owned),
                is_available: status == "available",
                status: status.to_owned(),
            }
        }))
    }

    async fn set_master_password(&self, item: &RestoreItem, password: &str) -> Result<()> {
        let copy = copy(item)?;
        let call = self.rds.modify_db_cluster().db_cluster_identifier(copy);
        match call.master_user_password(password).apply_immediately(true).send().await {
            Ok(_) => Ok(()),
            // AWS's message may quote the value, which is a password: it is not passed on.
            Err(error) if matches!(code(&error), Some("InvalidParameterValue" | "ValidationError")) => {
                Err(Error::JobFailed(
                    "RDS does not accept it as a master password, which has 8 to 41 printable ASCII characters and no /, @, \
                     quotation mark or space"
                        .to_owned(),
                ))
            }
            Err(error) => Err(failure("setting the master password of cluster", copy, error)),
        }
    }
}

/// The identifier of an item's copy.
fn copy(item: &RestoreItem) -> Result<&str> {
    let copy = kinds::database(item).ok_or_else(|| wrong_target_of(KIND, &item.planned.resource.target))?;
    Ok(copy.identifier)
}
