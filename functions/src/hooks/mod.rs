//! What quiesces and resumes an application around a run, and follows a restore. One trait, one file per kind; a step knows a kind
//! only through the trait.

use std::sync::Arc;

use aws_types::SdkConfig;
use serde_json::Value;

use crate::domain::descriptor::{Hook, HookAction, HookLists};
use crate::domain::set::Reason;
use crate::error::{Class, Error, Fault, Result};

mod driver;
mod ecs_scale;
mod event_source;
mod http;
mod lambda;
mod sql;
mod ssm_command;
mod stack_parameter;
mod step_function;

pub use driver::{Call, HookDriver, HookProgress, HookSettings};

/// One line a kind: its name here, the actions that it carries out, and how it is made.
macro_rules! hooks {
    (($aws:ident, $settings:ident) $($name:ident: $action:pat => $made:expr,)*) => {
        /// Every kind.
        #[derive(Clone)]
        pub struct Hooks {
            $($name: Arc<dyn HookDriver>,)*
        }

        impl Hooks {
            pub fn from_config($aws: &SdkConfig, $settings: &HookSettings) -> Self {
                Self {
                    $($name: Arc::new($made),)*
                }
            }

            /// One driver for every kind.
            pub fn all(driver: Arc<dyn HookDriver>) -> Self {
                Self {
                    $($name: driver.clone(),)*
                }
            }

            /// The kind of an action.
            fn of(&self, action: &HookAction) -> &dyn HookDriver {
                match action {
                    $($action => &*self.$name,)*
                }
            }
        }
    };
}

hooks! {
    (aws, settings)
    lambda: HookAction::Lambda(_) => lambda::LambdaHook::from_config(aws),
    step_function: HookAction::StepFunction(_) => step_function::StepFunctionHook::from_config(aws),
    ecs_scale: HookAction::EcsScale(_) => ecs_scale::EcsScaleHook::from_config(aws),
    event_source: HookAction::EventSource(_) => event_source::EventSourceHook::from_config(aws),
    ssm_command: HookAction::SsmCommand(_) => ssm_command::SsmCommandHook::from_config(aws),
    stack_parameter: HookAction::StackParameter(_) => stack_parameter::StackParameterHook::from_config(aws),
    http: HookAction::Http(_) => http::HttpHook::from_config(aws, settings),
    sql: HookAction::Sql(_) => sql::SqlHook::from_config(aws, &settings.transfers),
}

impl Hooks {
    /// # Errors
    /// See [`HookDriver::observe`].
    pub async fn observe(&self, hook: &Hook) -> Result<Value> {
        self.of(&hook.action).observe(hook).await
    }

    /// # Errors
    /// See [`HookDriver::act`].
    pub async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.of(&call.hook.action).act(call).await
    }

    /// # Errors
    /// See [`HookDriver::undo`].
    pub async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.of(&call.hook.action).undo(call).await
    }

    /// # Errors
    /// See [`HookDriver::check`].
    pub async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        self.of(&hook.action).check(hook).await
    }

    /// Checks every hook before anything is changed. Returns the hooks that could not be checked, with the reason; also those that
    /// cannot be carried out in a database that a restore brings (`is_restored`): it may be what is broken.
    ///
    /// # Errors
    /// `InvalidInput` with every hook that cannot be carried out; any error that is worth a retry.
    pub async fn check_all(&self, lists: &HookLists, is_restored: impl Fn(&Hook) -> bool) -> Result<Vec<Reason>> {
        let (mut faults, mut unknown): (Vec<Fault>, _) = (Vec::new(), Vec::new());
        for hook in lists.all() {
            match self.check(hook).await {
                Ok(Some(fault)) if is_restored(hook) => {
                    let error = Error::InvalidInput(vec![fault]);
                    unknown.push(broken_now(hook, &error));
                }
                Ok(fault) => faults.extend(fault),
                Err(error) if is_restored(hook) => unknown.push(broken_now(hook, &error)),
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

/// Of a hook whose database may be what a restore is for.
fn broken_now(hook: &Hook, error: &Error) -> Reason {
    Reason {
        subject: format!("hook {}", hook.name),
        error: error.name().to_owned(),
        message: format!(
            "it cannot be carried out now: {error}. If the restore has to quiesce, it fails there. If this database is what is broken, leave \
             the hook out of the descriptor until it is restored"
        ),
    }
}

/// Whether a hook that failed with this error certainly did not begin: nothing was called.
pub fn did_not_begin(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound(_) | Error::AccessDenied(_) | Error::InvalidInput(_)
    )
}
