//! What several steps need from their environment.

use std::sync::Arc;

use aws_config::SdkConfig;

use crate::catalog::Catalog;
use crate::error::Result;
use crate::hooks::Hooks;
use crate::kinds::Kinds;
use crate::runs::executions::{self, Executions};
use crate::runtime;
use crate::switches::Switches;

/// For steps that serve every kind.
pub struct KindNeeds {
    pub catalog: Catalog,
    pub kinds: Kinds,
}

impl KindNeeds {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
        })
    }
}

/// For steps that run hooks.
pub struct HookNeeds {
    pub catalog: Catalog,
    pub hooks: Hooks,
}

impl HookNeeds {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            hooks: runtime::hooks(aws)?,
        })
    }
}

/// For steps that switch what an application uses.
pub struct SwitchNeeds {
    pub catalog: Catalog,
    pub switches: Switches,
    pub executions: Arc<dyn Executions>,
}

impl SwitchNeeds {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            switches: runtime::switches(aws)?,
            executions: Arc::new(executions::StepFunctionsExecutions::new(aws)),
        })
    }
}

/// For steps that connect to databases.
pub struct DatabaseNeeds {
    pub secrets: aws_sdk_secretsmanager::Client,
    /// PEM file of certificate authorities to trust besides Amazon RDS's own.
    pub authorities: Option<String>,
}

impl DatabaseNeeds {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            secrets: aws_sdk_secretsmanager::Client::new(aws),
            authorities: runtime::optional_setting("DATABASE_CA_FILE"),
        })
    }
}
