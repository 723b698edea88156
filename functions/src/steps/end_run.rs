//! `end-run`: closes the run in the catalog and releases the lease, however far the run got.

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::domain::set::Reason;
use crate::error::Result;
use crate::runs::closing::{self, RunEnd};
use crate::runs::execution_input::{Caught, run_of};
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    /// The execution's input, which may be anything if planning failed.
    pub request: Value,
    pub execution: String,
    pub started_at: Timestamp,
    /// The last error that the machine caught.
    pub failure: Option<Caught>,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// The run's set, if it began one.
    pub set: Option<String>,
}

pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Some(run) = run_of(&input.request, &input.execution, input.started_at) else {
        return Ok(Output { set: None });
    };
    let failed = input.failure.is_some();
    let reasons = match &input.failure {
        Some(caught) => caught.reasons(),
        None => vec![Reason {
            subject: "EndRun".to_owned(),
            error: "VerificationFailed".to_owned(),
            message: "the run ended before its outcome was recorded".to_owned(),
        }],
    };
    let end = RunEnd { reasons, failed };
    let set = closing::end(&needs.catalog, &run, end, input.now).await?;
    Ok(Output { set })
}

#[cfg(test)]
mod tests;
