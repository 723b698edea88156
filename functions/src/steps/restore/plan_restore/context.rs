//! The input of each part of the planning.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;

use super::dependents::{self, DependentLookup};
use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::job::Run;
use crate::domain::restore::request::RestoreRequest;
use crate::error::Result;
use crate::hooks::Hooks;
use crate::kinds::Kinds;
use crate::runs::executions::{self, Executions};
use crate::runtime;
use crate::switches::Switches;

pub struct Needs {
    pub catalog: Catalog,
    pub kinds: Kinds,
    pub switches: Switches,
    pub executions: Arc<dyn Executions>,
    pub hooks: Hooks,
    pub dependents: Arc<dyn DependentLookup>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
            switches: runtime::switches(aws)?,
            executions: Arc::new(executions::StepFunctionsExecutions::new(aws)),
            hooks: runtime::hooks(aws)?,
            dependents: Arc::new(dependents::AwsDependentLookup::new(aws)),
        })
    }
}

/// A plan while it is being made.
pub struct Planning<'a> {
    pub needs: &'a Needs,
    pub request: &'a RestoreRequest,
    pub descriptor: &'a Descriptor,
    pub run: &'a Run,
    pub now: Timestamp,
}
