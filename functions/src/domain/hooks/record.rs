//! What a run records of its hooks, and when a hook is looked at again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookPhase {
    /// Before anything is backed up or restored; undone afterwards, unless the descriptor says how the application resumes.
    Quiesce,
    /// In place of the undo of those that quiesced.
    Resume,
    /// After a restore, once the application uses what was restored.
    AfterRestore,
}

/// One hook of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookRecord {
    pub name: String,
    pub phase: HookPhase,
    /// What was there before the hook changed anything, as far as its undo needs it. Never a secret.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// What its work noted of what it is about to do, or has begun. Never a secret.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub noted: Value,
    /// The same of its undo.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub undo_noted: Value,
    /// How a person resumes what it brings to rest, as part of a sentence; empty where it does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by_hand: String,
    pub begun_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_begun_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
    /// Its undo failed, and has not begun again since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undo_failed: bool,
    /// It failed before it changed anything, and the run continued: there is nothing to undo.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub did_nothing: bool,
    /// How often it failed and was begun again.
    #[serde(default)]
    pub failures: u32,
    /// How often its outcome was not known, or it could not be done yet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub postponed: u32,
    /// Why it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl HookRecord {
    pub fn begun(name: &str, phase: HookPhase, before: Value, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            phase,
            before,
            noted: Value::Null,
            undo_noted: Value::Null,
            by_hand: String::new(),
            begun_at: now,
            done_at: None,
            undo_begun_at: None,
            undone_at: None,
            undo_failed: false,
            did_nothing: false,
            failures: 0,
            postponed: 0,
            error: None,
        }
    }

    /// Whether it has begun to resume the application, and has neither ended nor failed.
    pub fn is_resuming(&self) -> bool {
        match self.phase {
            // Its error may be that of its work, which is undone all the same.
            HookPhase::Quiesce => self.undo_begun_at.is_some() && self.undone_at.is_none() && !self.undo_failed,
            HookPhase::Resume => self.done_at.is_none() && self.error.is_none(),
            HookPhase::AfterRestore => false,
        }
    }

    /// Whether it began to quiesce, may have changed something, and was not seen undone.
    pub fn is_at_rest(&self) -> bool {
        self.phase == HookPhase::Quiesce && !self.did_nothing && self.undone_at.is_none()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as Serde calls it")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Seconds until the next look at a hook's work that began at `begun`: a tenth of the time so far, up to 30; after half an hour a
/// sixtieth, up to 120. An execution has a history of 25,000 events, and each look takes nine.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
pub fn hook_wait(begun: Timestamp, now: Timestamp) -> u64 {
    let elapsed = u64::try_from(now.duration_since(begun).as_secs()).unwrap_or(0);
    (elapsed / 10).clamp(1, 30).max(elapsed / 60).min(120)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_hook_is_looked_at_more_rarely_the_longer_it_takes() {
        let begun: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
        let after = |seconds: i64| hook_wait(begun, begun + jiff::SignedDuration::from_secs(seconds));
        let waits: Vec<u64> = [-5, 0, 9, 25, 120, 1_000, 4_000, 40_000].map(after).to_vec();
        assert_eq!(waits, [1, 1, 1, 2, 12, 30, 66, 120]);
    }
}
