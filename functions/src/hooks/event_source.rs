//! The hook that disables what feeds an application, and enables exactly that again: EventBridge rules, and event source mappings of
//! Lambda.
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html>,
//! <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html>.

use async_trait::async_trait;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::code;
use crate::aws::codes::ErrorMeaning;
use crate::aws::failure_explained;
use crate::aws::service::{CallError, Client, EVENTS, LAMBDA, escaped};
use crate::domain::descriptor::{EventSource, Hook, HookAction};
use crate::error::{Error, Fault, Result};

/// Disables and enables event sources.
pub struct EventSourceHook {
    events: Client,
    lambda: Client,
}

impl EventSourceHook {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            events: Client::new(aws, EVENTS),
            lambda: Client::new(aws, LAMBDA),
        }
    }

    /// The rule's state: `ENABLED`, `DISABLED`, or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`; `None` if there is no rule.
    async fn rule(&self, hook: &Hook, name: &str) -> Result<Option<String>> {
        let input = json!({ "Name": name, "EventBusName": source(hook)?.event_bus });
        match self.events.call("DescribeRule", input).await {
            Ok(mut described) => Ok(described.take("State").as_str().map(str::to_owned)),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(refused("describing rule", &of_hook(name, hook), error)),
        }
    }

    async fn switch_rule(&self, hook: &Hook, name: &str, on: bool) -> Result<()> {
        let input = json!({ "Name": name, "EventBusName": source(hook)?.event_bus });
        let (action, doing) = match on {
            true => ("EnableRule", "enabling rule"),
            false => ("DisableRule", "disabling rule"),
        };
        match self.events.call(action, input).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused(doing, &of_hook(name, hook), error)),
        }
    }

    /// The mapping's state, such as `Enabled`, `Disabling` or `Disabled`; `None` if there is no mapping.
    async fn mapping(&self, hook: &Hook, uuid: &str) -> Result<Option<String>> {
        match self.lambda.get("GetEventSourceMapping", &path(uuid)).await {
            Ok(found) => {
                let mapping: Value = serde_json::from_slice(&found.bytes).unwrap_or_default();
                Ok(mapping["State"].as_str().map(str::to_owned))
            }
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(refused("looking at event source mapping", &of_hook(uuid, hook), error)),
        }
    }

    /// Whether AWS accepted it; not while the mapping is being updated.
    async fn switch_mapping(&self, hook: &Hook, uuid: &str, on: bool) -> Result<()> {
        let body = json!({ "Enabled": on }).to_string().into_bytes();
        match self.lambda.put("UpdateEventSourceMapping", &path(uuid), body).await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(refused("switching event source mapping", &of_hook(uuid, hook), error)),
        }
    }

    /// Whether the rule is as wanted now.
    async fn advance_rule(&self, hook: &Hook, name: &str, on: bool) -> Result<bool> {
        let state = self.rule(hook, name).await?;
        // One that was deleted since is neither to be disabled nor to be enabled.
        if state.is_none() || is_rule(state.as_deref(), on) {
            return Ok(true);
        }
        self.switch_rule(hook, name, on).await?;
        Ok(is_rule(self.rule(hook, name).await?.as_deref(), on))
    }

    /// Whether the mapping is as wanted now.
    async fn advance_mapping(&self, hook: &Hook, uuid: &str, on: bool) -> Result<bool> {
        let state = self.mapping(hook, uuid).await?;
        match (state.as_deref(), on) {
            (Some("Enabled"), true) | (Some("Disabled"), false) => return Ok(true),
            // It was deleted since: nothing comes from it, and there is nothing to enable.
            (None, _) => return Ok(true),
            (Some("Enabling"), true) | (Some("Disabling"), false) => {}
            _ => self.switch_mapping(hook, uuid, on).await?,
        }
        Ok(false)
    }

    /// Switches what was enabled before; each call looks first, and changes only what is not yet as wanted.
    async fn switch(&self, call: Call<'_>, on: bool) -> Result<HookProgress> {
        let hook = call.hook;
        let (mut waiting, mut failed) = (Vec::new(), None);
        for name in recorded(&call.before["rules"]) {
            match self.advance_rule(hook, name, on).await {
                Ok(true) => {}
                Ok(false) => waiting.push(format!("rule {name}")),
                // What is enabled again must not depend on the rest.
                Err(error) if on => failed = failed.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        for uuid in recorded(&call.before["mappings"]) {
            match self.advance_mapping(hook, uuid, on).await {
                Ok(true) => {}
                Ok(false) => waiting.push(format!("event source mapping {uuid}")),
                Err(error) if on => failed = failed.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        match waiting.is_empty() {
            true => Ok(HookProgress::Done),
            false => Ok(HookProgress::InProgress(format!(
                "{} to be {}",
                waiting.join(", "),
                if on { "enabled" } else { "disabled" }
            ))),
        }
    }
}

#[async_trait]
impl HookDriver for EventSourceHook {
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let source = source(hook)?;
        for name in &source.rules {
            match self.rule(hook, name).await?.as_deref() {
                Some("ENABLED" | "DISABLED") => {}
                // EnableRule has only one state to enable it in.
                Some(state) => {
                    let allowed = "a rule in the state ENABLED or DISABLED, which EnableRule and DisableRule know";
                    return Ok(Some(fault(
                        hook,
                        "rules",
                        format!("{name}, which is {state},"),
                        allowed,
                    )));
                }
                None => {
                    let value = format!("{name}, which does not exist,");
                    return Ok(Some(fault(hook, "rules", value, "rules of this event bus that exist")));
                }
            }
        }
        for uuid in &source.mappings {
            if self.mapping(hook, uuid).await?.is_none() {
                let value = format!("{uuid}, which does not exist,");
                return Ok(Some(fault(hook, "mappings", value, "event source mappings that exist")));
            }
        }
        Ok(None)
    }

    /// What is enabled now: only that is disabled, and enabled again.
    async fn observe(&self, hook: &Hook) -> Result<Value> {
        let source = source(hook)?;
        let (mut rules, mut mappings) = (Vec::new(), Vec::new());
        for name in &source.rules {
            if is_rule(self.rule(hook, name).await?.as_deref(), true) {
                rules.push(name);
            }
        }
        for uuid in &source.mappings {
            let state = self.mapping(hook, uuid).await?;
            if matches!(state.as_deref(), Some("Enabled" | "Enabling" | "Creating" | "Updating")) {
                mappings.push(uuid);
            }
        }
        Ok(json!({ "rules": rules, "mappings": mappings }))
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.switch(call, false).await
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.switch(call, true).await
    }
}

fn source(hook: &Hook) -> Result<&EventSource> {
    match &hook.action {
        HookAction::EventSource(source) => Ok(source),
        _ => Err(wrong_action("event_source", hook)),
    }
}

fn is_rule(state: Option<&str>, on: bool) -> bool {
    state == Some(if on { "ENABLED" } else { "DISABLED" })
}

fn recorded(names: &Value) -> impl Iterator<Item = &str> {
    names.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn of_hook(what: &str, hook: &Hook) -> String {
    format!("{what} of hook {}", hook.name)
}

fn path(uuid: &str) -> String {
    format!("/2015-03-31/event-source-mappings/{}", escaped(uuid))
}

/// What a denied call means for this kind of hook.
fn refused(doing: &str, what: &str, error: CallError) -> Error {
    failure_explained(doing, what, error, |meaning| {
        (meaning == ErrorMeaning::AccessDenied).then_some(
            "rules have to match the stack's parameter HookRulePattern, and event source mappings HookMappingPattern",
        )
    })
}

#[cfg(test)]
mod tests;
