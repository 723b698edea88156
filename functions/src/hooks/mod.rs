//! What brings an application to rest around a run, and back. One trait, one file a kind; a step knows a kind only through the
//! trait. A run's hooks quiesce in order, and resume in reverse.

use std::sync::Arc;

use aws_types::SdkConfig;

use crate::domain::descriptor::{Hook, HookAction};
use crate::domain::job::Run;
use crate::domain::set::Reason;
use crate::error::{Class, Error, Fault, Result};

mod driver;
mod lambda;

pub use driver::HookDriver;
use lambda::LambdaHook;

/// The driver of a hook, by what it calls.
type DriverLookup = dyn Fn(&HookAction) -> Arc<dyn HookDriver> + Send + Sync;

/// Every kind.
#[derive(Clone)]
pub struct Hooks(Arc<DriverLookup>);

impl Hooks {
    pub fn from_config(aws: &SdkConfig) -> Self {
        let aws = aws.clone();
        Self(Arc::new(move |action| match action {
            HookAction::Lambda { function } => Arc::new(LambdaHook::new(&aws, function)),
        }))
    }

    /// One driver for every kind.
    pub fn all(driver: Arc<dyn HookDriver>) -> Self {
        Self(Arc::new(move |_| driver.clone()))
    }

    /// # Errors
    /// See [`HookDriver::quiesce`].
    pub async fn quiesce(&self, hook: &Hook, run: &Run) -> Result<()> {
        (self.0)(&hook.action).quiesce(hook, run).await
    }

    /// # Errors
    /// See [`HookDriver::resume`].
    pub async fn resume(&self, hook: &Hook, run: &Run) -> Result<()> {
        (self.0)(&hook.action).resume(hook, run).await
    }

    /// # Errors
    /// See [`HookDriver::check`].
    pub async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        (self.0)(&hook.action).check(hook).await
    }

    /// Checks every hook before anything is touched. Returns those that cannot be checked, with the reason.
    ///
    /// # Errors
    /// `InvalidInput` with every hook that cannot be called; whatever is worth another try.
    pub async fn check_all(&self, hooks: &[Hook]) -> Result<Vec<Reason>> {
        let (mut faults, mut unknown) = (Vec::new(), Vec::new());
        for hook in hooks {
            match self.check(hook).await {
                Ok(fault) => faults.extend(fault),
                Err(error) if error.class() == Class::Final => unknown.push(Reason {
                    subject: format!("hook {}", hook.name),
                    error: error.name().to_owned(),
                    message: format!("whether it can be called cannot be told: {error}"),
                }),
                Err(error) => return Err(error),
            }
        }
        match faults.is_empty() {
            true => Ok(unknown),
            false => Err(Error::InvalidInput(faults)),
        }
    }
}

/// Whether a hook that failed so did not begin, for certain: nothing was called.
pub fn did_not_begin(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound(_) | Error::AccessDenied(_) | Error::InvalidInput(_)
    )
}
