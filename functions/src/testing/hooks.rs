//! Hooks that record their calls.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use serde_json::Value;

use super::runs::{document, run};
use crate::domain::descriptor::{Descriptor, Hook, HookLists};
use crate::domain::hooks::HookPhase;
use crate::error::{Error, Fault, Result};
use crate::hooks::{Call, HookDriver, HookProgress};

/// Hooks that record their calls, one of which fails a number of times.
pub struct RecordedHooks {
    calls: Mutex<Vec<String>>,
    /// What fails, by hook or by action and hook, and how often it still does.
    failing: Mutex<(String, usize)>,
    /// The hook whose function does not exist.
    missing: Mutex<Option<String>>,
    /// The action and hook that takes time, and how often it is still in progress.
    busy: Mutex<(String, usize)>,
}

/// The hooks of a descriptor with this `hooks`.
pub fn lists(hooks: Value) -> HookLists {
    let mut document = document("hubs-prod", &[]);
    document["hooks"] = hooks;
    Descriptor::parse(&document).unwrap().hooks
}

/// One call of a driver, or of its undo, in a run that quiesces.
pub async fn called(driver: &dyn HookDriver, hook: &Hook, undo: bool, before: &Value) -> Result<HookProgress> {
    let run = run();
    let call = Call {
        hook,
        run: &run,
        phase: HookPhase::Quiesce,
        before,
        attempt: 0,
        noted: &Value::Null,
        undo_noted: &Value::Null,
        is_working: true,
    };
    match undo {
        true => driver.undo(call).await,
        false => driver.act(call).await,
    }
}

impl RecordedHooks {
    /// Hooks of which one has no function.
    pub fn missing(hook: &str) -> Arc<Self> {
        let hooks = Self::all_well();
        *hooks.missing.lock().unwrap() = Some(hook.to_owned());
        hooks
    }

    pub fn all_well() -> Arc<Self> {
        Self::failing("", 0)
    }

    pub fn failing(hook: &str, times: usize) -> Arc<Self> {
        Arc::new(Self {
            calls: Mutex::default(),
            failing: Mutex::new((hook.into(), times)),
            missing: Mutex::default(),
            busy: Mutex::default(),
        })
    }

    /// As [`RecordedHooks::failing`], for one action alone.
    pub fn failing_to(action: &str, hook: &str, times: usize) -> Arc<Self> {
        Self::failing(&format!("{action} {hook}"), times)
    }

    /// Hooks of which one is in progress for a number of calls: `quiesce offline`.
    pub fn busy(call: &str, times: usize) -> Arc<Self> {
        let hooks = Self::all_well();
        *hooks.busy.lock().unwrap() = (call.to_owned(), times);
        hooks
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl RecordedHooks {
    fn record(&self, action: &str, hook: &Hook) -> Result<HookProgress> {
        let call = format!("{action} {}", hook.name);
        self.calls.lock().unwrap().push(call.clone());
        if self.missing.lock().unwrap().as_deref() == Some(hook.name.as_str()) {
            return Err(Error::NotFound(format!(
                "calling function {}: there is none",
                hook.name
            )));
        }
        let mut failing = self.failing.lock().unwrap();
        if (failing.0 == hook.name || failing.0 == call) && failing.1 > 0 {
            failing.1 -= 1;
            return Err(Error::JobFailed(format!("hook {} said no", hook.name)));
        }
        let mut busy = self.busy.lock().unwrap();
        if busy.0 == call && busy.1 > 0 {
            busy.1 -= 1;
            return Ok(HookProgress::InProgress("the last room to close".to_owned()));
        }
        Ok(HookProgress::Done)
    }
}

#[async_trait]
impl HookDriver for RecordedHooks {
    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.record(call.action(false), call.hook)
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.record(call.action(true), call.hook)
    }

    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let missing = self.missing.lock().unwrap().as_deref() == Some(hook.name.as_str());
        Ok(missing.then(|| Fault {
            path: format!("hooks.{}.function", hook.name),
            value: "a function, which does not exist,".to_owned(),
            allowed: "a function".to_owned(),
        }))
    }
}
