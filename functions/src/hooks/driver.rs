//! The trait of a kind of hook.

use async_trait::async_trait;

use crate::domain::descriptor::Hook;
use crate::domain::job::Run;
use crate::error::{Fault, Result};

/// Carries out the hooks of one kind.
#[async_trait]
pub trait HookDriver: Send + Sync {
    /// Quiesces the application, and waits until it is quiesced.
    ///
    /// # Errors
    /// `JobFailed` with the hook's own error message; `Unavailable` if it did not respond in time.
    async fn quiesce(&self, hook: &Hook, run: &Run) -> Result<()>;

    /// Resumes the application, and waits until it is resumed. Also called if quiescing failed half-way, and possibly more than
    /// once.
    ///
    /// # Errors
    /// As `quiesce`.
    async fn resume(&self, hook: &Hook, run: &Run) -> Result<()>;

    /// Why the hook cannot be called; `None` if it can. Calls nothing.
    ///
    /// # Errors
    /// The error of a failed call to AWS, including denied access.
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>>;
}
