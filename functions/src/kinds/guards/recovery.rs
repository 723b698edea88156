//! A guarded resource is restored from nothing, and into nothing.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::job::Run;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackups};
use crate::error::Result;
use crate::kinds::Recovery;
use crate::kinds::parameters::Parameters;
use crate::kinds::secret::Secret;

macro_rules! guards {
    ($($kind:ty { $($more:tt)* }),*) => {$(
        #[async_trait]
        impl Recovery for $kind {
            async fn exists(&self, _: &Target) -> Result<bool> {
                Ok(true)
            }

            async fn continuous_backup(&self, _: &Target) -> Result<Option<ContinuousBackup>> {
                Ok(None)
            }

            async fn retained_backups(&self, _: &str, _: &Target, _: Option<Timestamp>) -> Result<RetainedBackups> {
                Ok(RetainedBackups::NotRetained("which versions were current is in the catalog alone"))
            }

            async fn destination(&self, _: &Run, _: &Resource, _: &Naming<'_>) -> Result<Destination> {
                Ok(Destination::Nothing)
            }

            fn overridden(&self, configuration: Value, _: &Overrides<'_>) -> Value {
                configuration
            }

            $($more)*
        }
    )*};
}

guards!(
    Secret {
        async fn lost(&self, point: &RecoveryPoint) -> Result<Option<String>> {
            self.lost_secret(point).await
        }
    },
    Parameters {}
);
