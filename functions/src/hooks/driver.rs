//! What a kind of hook does.

use async_trait::async_trait;

use crate::domain::descriptor::Hook;
use crate::domain::job::Run;
use crate::error::{Fault, Result};

/// Carries out the hooks of one kind.
#[async_trait]
pub trait HookDriver: Send + Sync {
    /// Brings the application to rest, and waits for it.
    ///
    /// # Errors
    /// `JobFailed` with what the hook itself said; `Unavailable` when it did not answer in time.
    async fn quiesce(&self, hook: &Hook, run: &Run) -> Result<()>;

    /// Brings it back, and waits for it. Called also when quiescing failed half-way, and perhaps more than once.
    ///
    /// # Errors
    /// As `quiesce`.
    async fn resume(&self, hook: &Hook, run: &Run) -> Result<()>;

    /// Why the hook could not be called; `None` where it can be. Calls nothing.
    ///
    /// # Errors
    /// Where AWS could not be asked, or does not let itself be asked.
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>>;
}
