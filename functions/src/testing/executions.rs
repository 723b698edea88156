//! Executions that are running, or have ended.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;

use crate::error::Result;
use crate::runs::executions::Executions;

/// Executions of which some are running.
#[derive(Default)]
pub struct RunningExecutions {
    running: Mutex<BTreeSet<String>>,
}

impl RunningExecutions {
    pub fn begin(&self, execution: &str) {
        self.running.lock().unwrap().insert(execution.to_owned());
    }
}

#[async_trait]
impl Executions for RunningExecutions {
    async fn is_running(&self, execution: &str) -> Result<bool> {
        Ok(self.running.lock().unwrap().contains(execution))
    }
}

/// Executions that are all running, until they end.
#[derive(Default)]
pub struct Running {
    ended: Mutex<bool>,
}

impl Running {
    pub fn end(&self) {
        *self.ended.lock().unwrap() = true;
    }
}

#[async_trait]
impl Executions for Running {
    async fn is_running(&self, _: &str) -> Result<bool> {
        Ok(!*self.ended.lock().unwrap())
    }
}
