//! What quiesces and resumes an application around a run. One trait, one file per kind; a step knows a kind only through the trait.
//! A run's hooks quiesce in order, and resume in reverse order.

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

/// Looks up the driver of a hook by its action.
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

    /// Checks every hook before anything is changed. Returns the hooks that could not be checked, with the reason.
    ///
    /// # Errors
    /// `InvalidInput` with every hook that cannot be called; any error that is worth a retry.
    pub async fn check_all(&self, hooks: &[Hook]) -> Result<Vec<Reason>> {
        let (mut faults, mut unknown) = (Vec::new(), Vec::new());
        for hook in hooks {
            match self.check(hook).await {
                Ok(fault) => faults.extend(fault),
                Err(error) if error.class() == Class::Final => unknown.push(Reason {
                    subject: format!("hook {}", hook.name),
                    error: error.name().to_owned(),
                    message: format!("whether it can be called could not be determined: {error}"),
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

/// Whether a hook that failed with this error certainly did not begin: nothing was called.
pub fn did_not_begin(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound(_) | Error::AccessDenied(_) | Error::InvalidInput(_)
    )
}
