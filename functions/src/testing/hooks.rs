//! Hooks that record their calls.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::domain::descriptor::Hook;
use crate::domain::job::Run;
use crate::error::{Error, Fault, Result};
use crate::hooks::HookDriver;

/// Hooks that record their calls, one of which fails a number of times.
pub struct RecordedHooks {
    calls: Mutex<Vec<String>>,
    /// What fails, by hook or by action and hook, and how often it still does.
    failing: Mutex<(String, usize)>,
    /// The hook whose function does not exist.
    missing: Mutex<Option<String>>,
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
        })
    }

    /// As [`RecordedHooks::failing`], for one action alone.
    pub fn failing_to(action: &str, hook: &str, times: usize) -> Arc<Self> {
        Self::failing(&format!("{action} {hook}"), times)
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl RecordedHooks {
    fn record(&self, action: &str, hook: &Hook) -> Result<()> {
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
        Ok(())
    }
}

#[async_trait]
impl HookDriver for RecordedHooks {
    async fn quiesce(&self, hook: &Hook, _: &Run) -> Result<()> {
        self.record("quiesce", hook)
    }

    async fn resume(&self, hook: &Hook, _: &Run) -> Result<()> {
        self.record("resume", hook)
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
