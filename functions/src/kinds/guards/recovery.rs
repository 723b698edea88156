//! What is guarded is restored from nothing, and into nothing.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::job::Run;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::kept::{Continuous, Kept};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Beside;
use crate::error::Result;
use crate::kinds::{Parameters, Recovery, Secret};

macro_rules! guards {
    ($($kind:ty),*) => {$(
        #[async_trait]
        impl Recovery for $kind {
            async fn exists(&self, _: &Target) -> Result<bool> {
                Ok(true)
            }

            async fn continuous(&self, _: &Target) -> Result<Option<Continuous>> {
                Ok(None)
            }

            async fn kept(&self, _: &str, _: &Target, _: Option<Timestamp>) -> Result<Kept> {
                Ok(Kept::Nothing("which versions were current is in the catalog alone"))
            }

            async fn destination(&self, _: &Run, _: &Resource, _: &Naming<'_>) -> Result<Beside> {
                Ok(Beside::Nothing)
            }

            fn overridden(&self, configuration: Value, _: &Overrides<'_>) -> Value {
                configuration
            }
        }
    )*};
}

guards!(Secret, Parameters);
