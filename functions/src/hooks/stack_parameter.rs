//! The hook that updates a CloudFormation stack with its present template and one parameter changed, waits for the end, and changes the
//! parameter back.
//!
//! The update runs with the stack's own service role: with the permissions of a step it could change nothing.
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html> (`RoleARN`, and
//! `ClientRequestToken`, which all events of an update carry).

mod answers;

use async_trait::async_trait;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use self::answers::Stack;
use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::codes::ErrorMeaning;
use crate::aws::failure_explained;
use crate::aws::service::{CLOUDFORMATION, CallError, Client};
use crate::domain::descriptor::{Hook, HookAction, StackParameter};
use crate::domain::names;
use crate::error::{Error, Fault, Result};

/// Updates stacks.
pub struct StackParameterHook {
    cloudformation: Client,
}

impl StackParameterHook {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            cloudformation: Client::new(aws, CLOUDFORMATION),
        }
    }

    /// The stack; `None` if there is none, for which CloudFormation answers with a `ValidationError`.
    async fn find(&self, hook: &Hook) -> Result<Option<Stack>> {
        let name = &stack_of(hook)?.stack;
        match self
            .cloudformation
            .query("DescribeStacks", &[("StackName", name)])
            .await
        {
            Ok(reply) => answers::stack(&reply, name).map(Some),
            Err(error) if says(&error, "does not exist") => Ok(None),
            Err(error) => Err(refused("describing stack", &of_hook(hook)?, error)),
        }
    }

    async fn change(&self, call: Call<'_>, value: &str, undo: bool) -> Result<HookProgress> {
        let StackParameter {
            stack: name, parameter, ..
        } = stack_of(call.hook)?;
        let doing = call.doing(undo);
        let Some(stack) = self.find(call.hook).await? else {
            return Err(Error::NotFound(format!(
                "{doing}: stack {name} does not exist. Correct the hook"
            )));
        };
        let waits = || HookProgress::InProgress(format!("stack {name}, which is {}", stack.status));
        if stack.status.ends_with("_IN_PROGRESS") {
            return Ok(waits());
        }
        if stack.parameter(parameter) == Some(value) && !stack.status.contains("FAILED") {
            return Ok(HookProgress::Done);
        }
        let token = token(call, undo);
        if let Some(reason) = self.failed_update(call.hook, &token).await? {
            return Err(Error::JobFailed(format!(
                "{doing}: the update of stack {name} by hook {} failed, and the stack is {}: {reason}. Correct the cause, then {}",
                call.hook.name,
                stack.status,
                call.next(undo)
            )));
        }
        self.update(call.hook, &stack, value, &token, doing).await?;
        Ok(HookProgress::InProgress(format!("stack {name} to be updated")))
    }

    async fn update(&self, hook: &Hook, stack: &Stack, value: &str, token: &str, doing: &str) -> Result<()> {
        let StackParameter {
            stack: name, parameter, ..
        } = stack_of(hook)?;
        let mut fields: Vec<(String, &str)> = vec![
            ("StackName".into(), name),
            ("UsePreviousTemplate".into(), "true"),
            ("ClientRequestToken".into(), token),
        ];
        for (index, (key, _)) in stack.parameters.iter().enumerate() {
            let member = format!("Parameters.member.{}", index + 1);
            fields.push((format!("{member}.ParameterKey"), key));
            fields.push(match key == parameter {
                true => (format!("{member}.ParameterValue"), value),
                false => (format!("{member}.UsePreviousValue"), "true"),
            });
        }
        for (index, capability) in stack.capabilities.iter().enumerate() {
            fields.push((format!("Capabilities.member.{}", index + 1), capability));
        }
        match self.cloudformation.query("UpdateStack", &fields).await {
            Ok(_) => Ok(()),
            Err(error) if crate::aws::code(&error) == Some("TokenAlreadyExistsException") => Ok(()),
            // Another update began since the stack was looked at: perhaps that of the step that a stopped execution left in flight.
            Err(error) if says(&error, "_IN_PROGRESS state") => Ok(()),
            Err(error) if says(&error, "No updates are to be performed") => match self.find(hook).await? {
                // Another update that began since the stack was looked at has ended already.
                Some(now) if now.parameter(parameter) == Some(value) => Ok(()),
                _ => Err(Error::JobFailed(format!(
                    "{doing}: parameter {parameter} of stack {name} changes nothing in its template. Correct hook {}",
                    hook.name
                ))),
            },
            Err(error) => Err(refused(&format!("{doing}: updating stack"), &of_hook(hook)?, error)),
        }
    }

    /// Why the update with this token failed; `None` if there was none.
    async fn failed_update(&self, hook: &Hook, token: &str) -> Result<Option<String>> {
        let name = &stack_of(hook)?.stack;
        let listed = self
            .cloudformation
            .query("DescribeStackEvents", &[("StackName", name)])
            .await;
        let reply = listed.map_err(|error| refused("looking at the events of stack", name, error))?;
        answers::failure_of(&reply, name, token)
    }
}

#[async_trait]
impl HookDriver for StackParameterHook {
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let StackParameter {
            stack: name, parameter, ..
        } = stack_of(hook)?;
        let Some(stack) = self.find(hook).await? else {
            let value = format!("{name}, which does not exist,");
            return Ok(Some(fault(hook, "stack", value, "a stack of this account and Region")));
        };
        if stack.role.is_none() {
            let allowed = "a stack with a service role (`aws cloudformation update-stack --role-arn` gives it one), with whose \
                           permissions CloudFormation changes it";
            return Ok(Some(fault(
                hook,
                "stack",
                format!("{name}, which has no service role,"),
                allowed,
            )));
        }
        let Some(present) = stack.parameter(parameter) else {
            let named: Vec<&str> = stack.parameters.iter().map(|(key, _)| key.as_str()).collect();
            let value = format!("{parameter}, which {name} does not have,");
            return Ok(Some(fault(
                hook,
                "parameter",
                value,
                format!("one of its parameters: {}", named.join(", ")),
            )));
        };
        if is_masked(present) {
            let allowed = "a parameter without NoEcho: its value could not be put back";
            return Ok(Some(fault(
                hook,
                "parameter",
                format!("{parameter}, whose value is hidden,"),
                allowed,
            )));
        }
        // It may have the hook's value already: set by a person, or left so by a run that could not resume the application.
        Ok(None)
    }

    async fn observe(&self, hook: &Hook) -> Result<Value> {
        let StackParameter {
            stack: name, parameter, ..
        } = stack_of(hook)?;
        let stack = self.find(hook).await?;
        let present = stack.as_ref().and_then(|stack| stack.parameter(parameter));
        match present.filter(|value| !is_masked(value)) {
            Some(value) => Ok(json!({ "value": value })),
            None => Err(Error::NotFound(format!(
                "reading parameter {parameter} of stack {name}: it has no value that can be read. Correct hook {}",
                hook.name
            ))),
        }
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        let value = &stack_of(call.hook)?.value;
        self.change(call, value, false).await
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        match call.before["value"].as_str() {
            Some(value) => self.change(call, value, true).await,
            None => Err(Error::NotFound(format!(
                "resuming: the value that hook {} found was not recorded",
                call.hook.name
            ))),
        }
    }
}

fn stack_of(hook: &Hook) -> Result<&StackParameter> {
    match &hook.action {
        HookAction::StackParameter(stack) => Ok(stack),
        _ => Err(wrong_action("stack_parameter", hook)),
    }
}

fn of_hook(hook: &Hook) -> Result<String> {
    Ok(format!("{} of hook {}", stack_of(hook)?.stack, hook.name))
}

/// CloudFormation shows a parameter with NoEcho as asterisks.
fn is_masked(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte == b'*')
}

/// CloudFormation has one code, `ValidationError`, for many answers.
fn says(error: &CallError, words: &str) -> bool {
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::message)
        .is_some_and(|message| message.contains(words))
}

/// At most 128 characters, of letters, digits and hyphens.
fn token(call: Call<'_>, undo: bool) -> String {
    let rest = format!("{}/{}/{}", call.hook.name, call.action(undo), call.attempt);
    format!("{}-{}", call.run.id, &names::digest(&rest)[..16])
}

/// What a denied call means for this kind of hook.
fn refused(doing: &str, what: &str, error: CallError) -> Error {
    failure_explained(doing, what, error, |meaning| {
        (meaning == ErrorMeaning::AccessDenied).then_some(
            "its name has to match the stack's parameter HookStackPattern, and its service role needs what the update changes",
        )
    })
}

#[cfg(test)]
mod tests;
