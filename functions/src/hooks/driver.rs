//! The trait of a kind of hook.

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::descriptor::Hook;
use crate::domain::hooks::HookPhase;
use crate::domain::job::Run;
use crate::error::{Error, Fault, Result};
use crate::transfers::TransferSettings;

/// How far a hook, or its undo, is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookProgress {
    Done,
    /// What it waits for, as it can follow "waits for": `the last task of service web to stop`.
    InProgress(String),
    /// What it is about to do, or has begun: recorded before the next call, which follows at once and gets it as [`Call::noted`], or
    /// as [`Call::undo_noted`]. For a target that cannot be asked later. Never a secret: it is written to the catalog.
    Noted(Value),
}

/// What the stack has for hooks.
#[derive(Debug, Clone)]
pub struct HookSettings {
    /// Ranges of addresses that requests of the kind `http` may be sent to although they are not public; `None` outside of the stack's
    /// functions, where nothing is sent.
    pub http_addresses: Option<String>,
    /// What executes the statements of the kind `sql`.
    pub transfers: TransferSettings,
}

impl HookSettings {
    /// For checks outside of the stack's functions.
    pub fn outside(transfers: TransferSettings) -> Self {
        Self {
            http_addresses: None,
            transfers,
        }
    }
}

/// One call of a hook in a run.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub hook: &'a Hook,
    pub run: &'a Run,
    pub phase: HookPhase,
    /// What [`HookDriver::observe`] recorded before the first call.
    pub before: &'a Value,
    /// How often it failed before, and was begun again.
    pub attempt: u32,
    /// What its work noted last; null if nothing.
    pub noted: &'a Value,
    /// What its undo noted last; null if nothing.
    pub undo_noted: &'a Value,
    /// Whether its work may still be in progress, within the hook's `timeout`: later, its undo does not wait for it.
    pub is_working: bool,
}

impl Call<'_> {
    /// What is being done, at the beginning of an error's sentence: `quiescing: `.
    pub fn doing(&self, undo: bool) -> &'static str {
        match (self.phase, undo) {
            (_, true) | (HookPhase::Resume, _) => "resuming",
            (HookPhase::Quiesce, _) => "quiescing",
            (HookPhase::AfterRestore, _) => "following the restore",
        }
    }

    /// What a person does once the cause of a failure is corrected, at the end of an error's sentence.
    pub fn next(&self, undo: bool) -> &'static str {
        match (self.phase, undo) {
            (_, true) | (HookPhase::Resume, _) => {
                "see whether the application has resumed since; if not, resume it by hand"
            }
            (HookPhase::Quiesce, _) => "start a new run",
            (HookPhase::AfterRestore, _) => "do by hand what the hook would have done",
        }
    }

    /// The hook's action, as its target gets it: `quiesce`, `resume` or `after_restore`.
    pub fn action(&self, undo: bool) -> &'static str {
        match (self.phase, undo) {
            (_, true) | (HookPhase::Resume, _) => "resume",
            (HookPhase::Quiesce, _) => "quiesce",
            (HookPhase::AfterRestore, _) => "after_restore",
        }
    }
}

/// Carries out the hooks of one kind.
///
/// Every method may run twice, and an earlier call may have succeeded although its response was lost: it looks first.
#[async_trait]
pub trait HookDriver: Send + Sync {
    /// Why the hook cannot be carried out; `None` if it can. Changes nothing.
    ///
    /// # Errors
    /// The error of a failed call to AWS, including denied access.
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>>;

    /// What is there before the hook changes anything, as far as its undo needs it; null for nothing. Never a secret: it is
    /// written to the catalog.
    ///
    /// # Errors
    /// The error of a failed call to AWS: the hook has not begun.
    async fn observe(&self, _: &Hook) -> Result<Value> {
        Ok(Value::Null)
    }

    /// Does the hook's work, or looks how far it is; called until it is `Done` or an error.
    ///
    /// # Errors
    /// `JobFailed` with the target's own message; `Unavailable` if it did not respond in time.
    async fn act(&self, call: Call<'_>) -> Result<HookProgress>;

    /// Undoes the hook's work, or looks how far that is; `Done` only once it was seen that what was off is on again. Also called
    /// if the work failed half-way.
    ///
    /// # Errors
    /// As `act`.
    async fn undo(&self, call: Call<'_>) -> Result<HookProgress>;
}

/// The fault in what a hook names.
pub fn fault(hook: &Hook, field: &str, value: impl Into<String>, allowed: impl Into<String>) -> Fault {
    Fault {
        path: format!("hooks.{}.{field}", hook.name),
        value: value.into(),
        allowed: allowed.into(),
    }
}

/// The error for a hook of another kind: the dispatch is wrong.
pub fn wrong_action(kind: &str, hook: &Hook) -> Error {
    Error::invalid(
        format!("hooks.{}.kind", hook.name),
        format!("{:?}", hook.action),
        format!("{kind}, which is what is carried out here"),
    )
}
