//! `quiesce`: runs the hooks that bring the application to rest, in order.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Mark};
use crate::domain::job::Run;
use crate::error::Result;
use crate::hooks::lambda::LambdaHooks;
use crate::hooks::{Action, Hooks};
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
    pub hooks: Arc<dyn Hooks>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        let hooks = LambdaHooks {
            client: aws_sdk_lambda::Client::new(aws),
        };
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            hooks: Arc::new(hooks),
        })
    }
}

#[derive(Debug, Deserialize)]
pub struct Input {
    pub run: Run,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// Names of the hooks that ran.
    pub quiesced: Vec<String>,
}

pub async fn handle(needs: &Needs, Input { run, now }: Input) -> Result<Output> {
    let descriptor = needs.catalog.planned_by(&run).await?;
    // Noted before the first hook: one that fails half-way is resumed too.
    needs
        .catalog
        .mark_run(&run.deployment, &run.set, Mark::Quiesced, now)
        .await?;
    let mut quiesced = Vec::new();
    for hook in &descriptor.hooks {
        needs.hooks.run(hook, Action::Quiesce, &run).await?;
        tracing::info!(deployment = %run.deployment, set = %run.set, hook = %hook.name, "quiesced");
        quiesced.push(hook.name.clone());
    }
    Ok(Output { quiesced })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::steps::testing::{Recorded, now, planned};

    #[tokio::test]
    async fn hooks_quiesce_in_order_and_the_run_knows() {
        let (catalog, _, run) = planned(&["offline", "drain"]).await;
        let hooks = Recorded::all_well();
        let needs = Needs {
            catalog,
            hooks: hooks.clone(),
        };
        let output = handle(
            &needs,
            Input {
                run: run.clone(),
                now: now(),
            },
        )
        .await
        .unwrap();
        assert_eq!(output.quiesced, ["offline", "drain"]);
        assert_eq!(hooks.calls(), ["quiesce offline", "quiesce drain"]);
        let record = needs.catalog.run(&run.deployment, &run.set).await.unwrap().unwrap();
        assert_eq!(record.quiesced_at, Some(now()));
    }

    #[tokio::test]
    async fn a_run_whose_first_hook_fails_is_known_as_quiesced() {
        let (catalog, _, run) = planned(&["offline", "drain"]).await;
        let hooks = Recorded::failing("offline", 1);
        let needs = Needs {
            catalog,
            hooks: hooks.clone(),
        };
        let error = handle(
            &needs,
            Input {
                run: run.clone(),
                now: now(),
            },
        )
        .await
        .unwrap_err();
        assert_eq!(error.name(), "JobFailed");
        assert_eq!(hooks.calls(), ["quiesce offline"]);
        let record = needs.catalog.run(&run.deployment, &run.set).await.unwrap().unwrap();
        assert_eq!(record.quiesced_at, Some(now()));
    }
}
