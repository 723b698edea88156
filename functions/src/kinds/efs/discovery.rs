//! A file system has no name to match, and no rows to count.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::Efs;
use crate::domain::probe::Endpoint;
use crate::domain::resource::Target;
use crate::error::Result;
use crate::kinds::shared::{WITH_PATTERNS, WITH_ROWS, unsupported};
use crate::kinds::{BackupQuota, Discovery};

#[async_trait]
impl Discovery for Efs {
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
