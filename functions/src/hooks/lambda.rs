//! The hook that calls a Lambda function of the deployment's own with
//! `{"action": "quiesce" | "resume", "deployment": …, "set": …, "hook": …}` and waits for its answer. `set`
//! is the id of the set that the run makes, or of its restore.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Action, Hooks};
use crate::aws::failure;
use crate::aws::functions::Functions;
use crate::domain::descriptor::{Hook, HookAction};
use crate::domain::job::Run;
use crate::error::{Error, Result};

/// Hooks by Lambda functions.
pub struct LambdaHooks {
    pub functions: Functions,
}

#[async_trait]
impl Hooks for LambdaHooks {
    async fn run(&self, hook: &Hook, action: Action, run: &Run) -> Result<()> {
        let HookAction::Lambda { function } = &hook.action;
        let event = json!({"action": action, "deployment": run.deployment, "set": run.id, "hook": hook.name});
        let timeout = Duration::from_secs(hook.timeout_seconds);
        let doing = match action {
            Action::Quiesce => "quiescing: calling function",
            Action::Resume => "resuming: calling function",
        };
        let answer = self
            .functions
            .invoke(function, event.to_string().into_bytes(), timeout)
            .await
            .map_err(|error| failure(doing, &format!("{function} of hook {}", hook.name), error))?;
        match &answer.function_error {
            None => Ok(()),
            Some(how) => {
                let said = words(&answer.bytes);
                Err(Error::JobFailed(format!(
                    "{doing} {function} of hook {}: the function failed ({how}): {said}. See its log, correct it, then \
                     start a new run",
                    hook.name
                )))
            }
        }
    }

    async fn is_there(&self, hook: &Hook) -> Result<bool> {
        exists(&self.functions, hook).await
    }
}

/// Not asked for a version or alias apart: Lambda takes it as part of the name.
async fn exists(functions: &Functions, hook: &Hook) -> Result<bool> {
    let HookAction::Lambda { function } = &hook.action;
    let found = functions.exists(function).await;
    found.map_err(|error| {
        failure(
            "looking for function",
            &format!("{function} of hook {}", hook.name),
            error,
        )
    })
}

/// The most of a function's own words that a message repeats, in characters.
const WORDS: usize = 500;

/// The `errorType` and `errorMessage` of a failed function's answer.
fn words(payload: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
    let field = |name: &str| answer.get(name).and_then(Value::as_str);
    let said = match (field("errorType"), field("errorMessage")) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (None, Some(one)) | (Some(one), None) => one.to_owned(),
        (None, None) => "no message".to_owned(),
    };
    said.chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_config::retry::RetryConfig;

    use super::*;
    use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};

    const INVOKE: &str = "POST /2015-03-31/functions/hubs-offline/invocations";

    fn hook() -> Hook {
        Hook {
            name: "offline".into(),
            action: HookAction::Lambda {
                function: "hubs-offline".into(),
            },
            timeout_seconds: 60,
        }
    }

    fn run() -> Run {
        Run {
            deployment: "hubs-prod".into(),
            id: "hubs-prod-20261120-010000-abcd".into(),
            execution: "arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:x".into(),
            started_at: "2026-11-20T01:00:00Z".parse().unwrap(),
        }
    }

    fn hooks(exchange: Exchange) -> (LambdaHooks, Replay) {
        let replay = Replay::new([exchange]);
        let willing = replay.config_with(RetryConfig::standard());
        let functions = Functions::new(&willing);
        (LambdaHooks { functions }, replay)
    }

    #[tokio::test]
    async fn a_hook_is_told_what_to_do_and_for_which_set() {
        let (hooks, replay) = hooks(answers(INVOKE, "null"));
        hooks.run(&hook(), Action::Resume, &run()).await.unwrap();
        assert_eq!(
            replay.played()[0].json(),
            json!({"action": "resume", "deployment": "hubs-prod",
                   "set": "hubs-prod-20261120-010000-abcd", "hook": "offline"})
        );
    }

    #[tokio::test]
    async fn a_function_that_fails_is_a_failed_hook_in_its_own_words() {
        let said = r#"{"errorType": "StillBusy", "errorMessage": "3 rooms are open"}"#;
        let (hooks, replay) = hooks(answers(INVOKE, said).with_header("x-amz-function-error", "Unhandled"));
        let error = hooks.run(&hook(), Action::Quiesce, &run()).await.unwrap_err();
        assert_eq!(error.name(), "JobFailed");
        let message = error.to_string();
        assert!(
            message.contains("hubs-offline") && message.contains("StillBusy: 3 rooms are open"),
            "{message}"
        );
        replay.played();
    }

    #[tokio::test]
    async fn a_function_is_looked_for_and_not_called() {
        let look = "GET /2015-03-31/functions/hubs-offline/configuration";
        for (answer, there) in [
            (answers(look, r#"{"FunctionName": "hubs-offline"}"#), Some(true)),
            (refuses(look, 404, "ResourceNotFoundException"), Some(false)),
            (refuses(look, 403, "AccessDeniedException"), None),
        ] {
            let (hooks, replay) = hooks(answer);
            assert_eq!(hooks.is_there(&hook()).await.ok(), there);
            replay.played();
        }
    }

    #[tokio::test]
    async fn every_missing_function_is_a_fault_and_what_cannot_be_told_is_answered() {
        let look = "GET /2015-03-31/functions/hubs-offline/configuration";
        let (hooks, _) = hooks(refuses(look, 404, "ResourceNotFoundException"));
        let error = super::super::see_there(&hooks, &[hook()]).await.unwrap_err();
        assert_eq!(error.name(), "InvalidInput");
        for part in ["hooks.offline.function", "hubs-offline, which does not exist"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        let (hooks, _) = self::hooks(refuses(look, 403, "AccessDeniedException"));
        let unknown = super::super::see_there(&hooks, &[hook()]).await.unwrap();
        assert_eq!(unknown[0].subject, "hook offline");
    }

    #[tokio::test]
    async fn a_hook_that_is_not_heard_of_is_asked_once() {
        let (hooks, replay) = hooks(cut(INVOKE));
        let error = hooks.run(&hook(), Action::Quiesce, &run()).await.unwrap_err();
        assert_eq!(error.name(), "Unavailable");
        assert_eq!(replay.played().len(), 1);
    }
}
