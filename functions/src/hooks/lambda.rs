//! The hook that invokes a Lambda function of the deployment's owner with
//! `{"action": "quiesce" | "resume" | "after_restore", "deployment": …, "set": …, "hook": …}` and waits for its response. `set` is the id of the
//! run's set, or of its restore.

use std::time::Duration;

use async_trait::async_trait;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::codes::ErrorMeaning;
use crate::aws::failure_explained;
use crate::aws::functions::Functions;
use crate::domain::descriptor::{Hook, HookAction};
use crate::error::{Error, Fault, Result};

/// Invokes functions and waits for their responses: a function that has returned has done its work.
pub struct LambdaHook {
    functions: Functions,
}

impl LambdaHook {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            functions: Functions::new(aws),
        }
    }

    async fn invoke(&self, call: Call<'_>, undo: bool) -> Result<HookProgress> {
        let Call { hook, run, .. } = call;
        let function = function_of(hook)?;
        let action = call.action(undo);
        let event = json!({"action": action, "deployment": run.deployment, "set": run.id, "hook": hook.name});
        let timeout = Duration::from_secs(hook.timeout_seconds);
        let doing = format!("{}: calling function", call.doing(undo));
        let answer = self
            .functions
            .invoke(function, event.to_string().into_bytes(), timeout)
            .await
            .map_err(|error| {
                let what = format!("{function} of hook {}", hook.name);
                failure_explained(&doing, &what, error, explain)
            })?;
        match &answer.function_error {
            None => Ok(HookProgress::Done),
            Some(how) => {
                let said = error_text(&answer.bytes);
                Err(Error::JobFailed(format!(
                    "{doing} {function} of hook {}: the function failed ({how}): {said}. See its log, correct it, then {}",
                    hook.name,
                    call.next(undo)
                )))
            }
        }
    }
}

#[async_trait]
impl HookDriver for LambdaHook {
    /// Checks for the version or alias too: Lambda accepts it as part of the name.
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let function = function_of(hook)?;
        let exists = self.functions.exists(function).await.map_err(|error| {
            let what = format!("{function} of hook {}", hook.name);
            failure_explained("looking for function", &what, error, explain)
        })?;
        let allowed = "a Lambda function of this account and Region, with the version or alias that is named. Deploy it, or \
                       correct the descriptor and `holdfast apply FILE`";
        Ok((!exists).then(|| fault(hook, "function", format!("{function}, which does not exist,"), allowed)))
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.invoke(call, false).await
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.invoke(call, true).await
    }
}

fn function_of(hook: &Hook) -> Result<&str> {
    match &hook.action {
        HookAction::Lambda(lambda) => Ok(&lambda.function),
        _ => Err(wrong_action("lambda", hook)),
    }
}

/// What a refused call means for a function.
fn explain(meaning: ErrorMeaning) -> Option<&'static str> {
    match meaning {
        ErrorMeaning::Throttled => Some(
            "Lambda has no concurrency left to run it: its reserved concurrency, or the account's, is used up. Free some of it",
        ),
        ErrorMeaning::NotReady => {
            Some("it is being updated, or waits for its network. Wait until its console shows it as active")
        }
        ErrorMeaning::AccessDenied => Some(
            "its name has to match the stack's parameter HookFunctionPattern, and neither its own policy nor one of the \
             organization may deny the call",
        ),
        ErrorMeaning::Unavailable
        | ErrorMeaning::Shortage
        | ErrorMeaning::NoAddress
        | ErrorMeaning::NoAddressNow
        | ErrorMeaning::TooSoon
        | ErrorMeaning::Quota
        | ErrorMeaning::NotFound
        | ErrorMeaning::Conflict
        | ErrorMeaning::Refused => None,
    }
}

/// Maximum length of a function's own error in a message, in characters.
const WORDS: usize = 500;

/// The `errorType` and `errorMessage` from a failed function's response.
fn error_text(payload: &[u8]) -> String {
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

    use super::super::{HookSettings, Hooks};
    use super::*;
    use crate::domain::descriptor::HookLists;
    use crate::domain::hooks::HookPhase;
    use crate::domain::job::Run;
    use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};

    const INVOKE: &str = "POST /2015-03-31/functions/hubs-offline/invocations";

    fn lists() -> HookLists {
        let hook = json!({"name": "offline", "kind": "lambda", "function": "hubs-offline"});
        crate::testing::hooks::lists(json!([hook]))
    }

    fn hook() -> Hook {
        lists().quiesce[0].clone()
    }

    fn call<'a>(hook: &'a Hook, run: &'a Run) -> Call<'a> {
        Call {
            hook,
            run,
            phase: HookPhase::Quiesce,
            before: &Value::Null,
            attempt: 0,
            noted: &Value::Null,
            undo_noted: &Value::Null,
            is_working: true,
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

    fn hooks(exchange: Exchange) -> (Hooks, Replay) {
        let replay = Replay::new([exchange]);
        let willing = replay.config_with(RetryConfig::standard());
        let settings = HookSettings::outside(crate::testing::switches::transfers());
        (Hooks::from_config(&willing, &settings), replay)
    }

    #[tokio::test]
    async fn a_hook_is_told_what_to_do_and_for_which_set() {
        let (hooks, replay) = hooks(answers(INVOKE, "null"));
        hooks.undo(call(&hook(), &run())).await.unwrap();
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
        let error = hooks.act(call(&hook(), &run())).await.unwrap_err();
        assert_eq!(error.name(), "JobFailed");
        let message = error.to_string();
        assert!(
            message.contains("hubs-offline") && message.contains("StillBusy: 3 rooms are open"),
            "{message}"
        );
        replay.played();
    }

    /// AWS's own words are long: what they mean must not be cut off in a message.
    #[tokio::test]
    async fn a_refused_call_says_first_what_that_means_for_a_function() {
        let look = "GET /2015-03-31/functions/hubs-offline/configuration";
        for (status, code, name, meaning) in [
            (429, "TooManyRequestsException", "Throttled", "reserved concurrency"),
            (403, "AccessDeniedException", "AccessDenied", "HookFunctionPattern"),
            (502, "ResourceNotReadyException", "NotReady", "being updated"),
            (502, "SubnetIPAddressLimitReachedException", "NotReady", "IP address"),
            (502, "KMSDisabledException", "AccessDenied", "Enable the KMS key"),
        ] {
            let (hooks, _) = hooks(refuses(INVOKE, status, code));
            let called = hooks.act(call(&hook(), &run())).await.unwrap_err();
            let (hooks, _) = self::hooks(refuses(look, status, code));
            let checked = hooks.of(&hook().action).check(&hook()).await.unwrap_err();
            for error in [called, checked] {
                assert_eq!(error.name(), name, "{error}");
                let text = error.to_string();
                let at = text.find(meaning).unwrap_or(usize::MAX);
                assert!(at < 300, "{text}");
            }
        }
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
            let fault = hooks.of(&hook().action).check(&hook()).await.ok();
            assert_eq!(fault.map(|fault| fault.is_none()), there);
            replay.played();
        }
    }

    #[tokio::test]
    async fn every_missing_function_is_a_fault_and_what_cannot_be_told_is_answered() {
        let look = "GET /2015-03-31/functions/hubs-offline/configuration";
        let (hooks, _) = hooks(refuses(look, 404, "ResourceNotFoundException"));
        let error = hooks.check_all(&lists(), |_| false).await.unwrap_err();
        assert_eq!(error.name(), "InvalidInput");
        for part in ["hooks.offline.function", "hubs-offline, which does not exist"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        let (hooks, _) = self::hooks(refuses(look, 403, "AccessDeniedException"));
        let unknown = hooks.check_all(&lists(), |_| false).await.unwrap();
        assert_eq!(unknown[0].subject, "hook offline");
    }

    /// Otherwise a database that is broken could not be restored.
    #[tokio::test]
    async fn what_a_restore_brings_is_no_obstacle_to_it_and_what_to_do_is_said() {
        let look = "GET /2015-03-31/functions/hubs-offline/configuration";
        for answer in [refuses(look, 404, "ResourceNotFoundException"), cut(look)] {
            let (hooks, _) = hooks(answer);
            let unknown = hooks.check_all(&lists(), |hook| hook.name == "offline").await.unwrap();
            assert!(
                unknown[0].message.contains("leave the hook out of the descriptor"),
                "{unknown:?}"
            );
        }
        let (hooks, _) = hooks(cut(look));
        assert_eq!(
            hooks.check_all(&lists(), |_| false).await.unwrap_err().name(),
            "Unavailable",
            "of all others it is tried again"
        );
    }

    #[tokio::test]
    async fn a_hook_that_is_not_heard_of_is_asked_once() {
        let (hooks, replay) = hooks(cut(INVOKE));
        let error = hooks.act(call(&hook(), &run())).await.unwrap_err();
        assert_eq!(error.name(), "Unavailable");
        assert_eq!(replay.played().len(), 1);
    }
}
