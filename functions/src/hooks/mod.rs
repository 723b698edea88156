//! Actions around a run, one file a kind of hook. A run's hooks go in order to quiesce, and in reverse to resume.

pub mod lambda;

use async_trait::async_trait;
use serde::Serialize;

use crate::domain::descriptor::Hook;
use crate::domain::job::Run;
use crate::error::Result;

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
}
