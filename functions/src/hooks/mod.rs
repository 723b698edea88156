//! Actions around a run, one file a kind of hook. A run's hooks go in order to quiesce, and in reverse to resume.

pub mod lambda;

use async_trait::async_trait;
use serde::Serialize;

use crate::domain::descriptor::{Hook, HookAction};
use crate::domain::job::Run;
use crate::domain::set::Reason;
use crate::error::{Class, Error, Fault, Result};

/// What a hook is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Bring the application to rest.
    Quiesce,
    /// Bring it back. Asked for also when quiescing failed half-way, and perhaps more than once.
    Resume,
}

/// Carries out hooks.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Runs one hook to its end.
    ///
    /// # Errors
    /// `JobFailed` with what the hook itself said; `Unavailable` when it was not heard of in time.
    async fn run(&self, hook: &Hook, action: Action, run: &Run) -> Result<()>;

    /// Whether what the hook calls is there; nothing is called.
    ///
    /// # Errors
    /// Where AWS could not be asked, or does not let itself be asked.
    async fn is_there(&self, hook: &Hook) -> Result<bool>;
}

/// Whether a hook that failed so did not begin, for certain: nothing was called.
pub fn did_not_begin(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound(_) | Error::AccessDenied(_) | Error::InvalidInput(_)
    )
}

/// Looks for what each hook calls, before anything is touched. Answers the hooks of which it cannot be told, with the reason.
///
/// # Errors
/// `InvalidInput` with every hook whose function is missing; whatever is worth another try.
pub async fn see_there(hooks: &dyn Hooks, wanted: &[Hook]) -> Result<Vec<Reason>> {
    let (mut faults, mut unknown) = (Vec::new(), Vec::new());
    for hook in wanted {
        match hooks.is_there(hook).await {
            Ok(true) => {}
            Ok(false) => faults.push(missing(hook)),
            Err(error) if error.class() == Class::Final => unknown.push(Reason {
                subject: format!("hook {}", hook.name),
                error: error.name().to_owned(),
                message: format!("whether its function is there cannot be told: {error}"),
            }),
            Err(error) => return Err(error),
        }
    }
    match faults.is_empty() {
        true => Ok(unknown),
        false => Err(Error::InvalidInput(faults)),
    }
}

/// The fault of a hook whose function is missing.
pub fn missing(hook: &Hook) -> Fault {
    let HookAction::Lambda { function } = &hook.action;
    Fault {
        path: format!("hooks.{}.function", hook.name),
        value: format!("{function}, which does not exist,"),
        allowed: "a Lambda function of this account and Region, with the version or alias that is named. Deploy it, or correct \
                  the descriptor and `holdfast apply FILE`"
            .to_owned(),
    }
}
