//! A guarded resource has no name to match, no copy that something refers to, and no logins.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::domain::probe::Endpoint;
use crate::domain::resource::Target;
use crate::domain::restore::dependents::Dependent;
use crate::domain::restore::item::RestoreItem;
use crate::error::Result;
use crate::kinds::parameters::Parameters;
use crate::kinds::secret::Secret;
use crate::kinds::shared::{WITH_LOGINS, WITH_PATTERNS, WITH_ROWS, unsupported};
use crate::kinds::{BackupQuota, Dependents, Discovery, Logins, MasterUser};

macro_rules! guards {
    ($($kind:ty),*) => {$(
        #[async_trait]
        impl Discovery for $kind {
            async fn matching(&self, pattern: &Target) -> Result<Vec<String>> {
                Err(unsupported(pattern, WITH_PATTERNS))
            }

            async fn copies(&self) -> Result<BTreeSet<String>> {
                Ok(BTreeSet::new())
            }

            async fn endpoint(&self, target: &Target) -> Result<Endpoint> {
                Err(unsupported(target, WITH_ROWS))
            }

            async fn backup_quota(&self) -> Result<Option<BackupQuota>> {
                Ok(None)
            }
        }

        #[async_trait]
        impl Dependents for $kind {
            async fn dependents(&self, _: &RestoreItem) -> Result<Vec<Dependent>> {
                Ok(Vec::new())
            }
        }

        #[async_trait]
        impl Logins for $kind {
            async fn master_user(&self, item: &RestoreItem) -> Result<Option<MasterUser>> {
                Err(unsupported(&item.planned.resource.target, WITH_LOGINS))
            }

            async fn set_master_password(&self, item: &RestoreItem, _: &str) -> Result<()> {
                Err(unsupported(&item.planned.resource.target, WITH_LOGINS))
            }
        }
    )*};
}

guards!(Secret, Parameters);
