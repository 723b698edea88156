//! `holdfast restore-stack`: a set restored into a new CloudFormation stack, with the operator's own permissions.

mod checks;
mod prepared;
mod text;
mod watching;

use std::collections::BTreeMap;

use holdfast::domain::restore::request::RequestedMoment;
use holdfast::domain::restore::stack::creation::{Decision, ExistingStack, TAG_RESTORED_FROM, decide, ensure_name};
use holdfast::error::Error;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use self::prepared::{Prepared, Wanted};
use crate::cloudformation::creation::NewStack;
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::stack::Stack;
use crate::time_argument::TimeArgument;
use crate::{clock, cloudformation, output};

/// Restore into a new CloudFormation stack: the old one's template and parameters, filled from a set
///
/// For applications whose template takes backups as parameters, such as Hubs. The stack is created with your own permissions, never
/// with Holdfast's. The old stack stays as it is, and no existing stack is updated.
#[derive(Debug, clap::Args)]
pub struct RestoreStack {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
    /// Name of the new stack
    #[arg(long, value_name = "STACK")]
    into: String,
    /// This set [default: the newest sealed one]
    #[arg(long, value_name = "ID", group = "what")]
    set: Option<String>,
    /// The newest sealed set captured entirely before this time, such as an incident's: 2026-11-20T02:15:00Z, "2h ago", or
    /// local time, "2026-11-20 03:15"
    #[arg(long, value_name = "TIME", group = "what", value_parser = TimeArgument::parse)]
    before: Option<TimeArgument>,
    /// The old stack, by name, or by ARN if it was deleted [default: the descriptor's `stack`]
    #[arg(long, value_name = "STACK")]
    from: Option<String>,
    /// A parameter's value, in place of the old stack's; required for those that CloudFormation hides (NoEcho)
    #[arg(long = "param", value_name = "PARAMETER=VALUE", value_parser = pair)]
    params: Vec<(String, String)>,
    /// The template in S3, if it is too long to be sent (51,200 bytes), or another version of it
    #[arg(long, value_name = "URL")]
    template_url: Option<String>,
    /// ARN of a service role with which CloudFormation creates the stack, in place of your permissions
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
    /// Print the parameters, ready to paste, and change nothing
    #[arg(long, conflicts_with_all = ["watch", "role"])]
    print: bool,
    /// Wait until the stack is created
    #[arg(long)]
    watch: bool,
}

impl RestoreStack {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let now = clock::now();
        let wanted = self.wanted(now, clock::zone().as_ref())?;
        let given = given(&self.params)?;
        ensure_name("--into", &self.into).map_err(|fault| Failure::from(Error::InvalidInput(vec![fault])))?;
        let stack = match self.print {
            true => Stack::open(global).await?,
            false => Stack::open_to_change(global).await?,
        };
        let descriptor = stack.descriptor(&self.deployment).await?;
        let set = prepared::set(&stack, &descriptor, &wanted, now).await?;
        let asked = Wanted {
            deployment: &self.deployment,
            from: self.from.as_deref(),
            template_url: self.template_url.as_deref(),
            gets_role: self.role.is_some(),
            given: &given,
        };
        let prepared = Prepared::read(asked, &stack, &descriptor, set).await?;
        checks::ensure_restorable(&stack, &prepared).await?;
        let decision = self.decide(&stack, &prepared).await?;
        if self.print {
            return match global.json {
                true => output::json(&holdfast::domain::restore::stack::texts::parameters_json(
                    &prepared.parameters,
                )),
                false => output::text(&text::to_paste(&prepared, &self.into)),
            };
        }
        eprint!("{}", text::introduction(&prepared, &self.into));
        if decision == Decision::Create {
            self.create(&stack, &prepared).await?;
        }
        let found = cloudformation::describe(&stack.config, &self.into, "Run the command again.").await?;
        match (self.watch, global.json) {
            (true, _) => watching::follow(&stack, &prepared, &found, global.json).await,
            (false, true) => output::json(&json!({
                "deployment": self.deployment, "set": prepared.set.id, "stack": found.id, "status": found.status,
                "remarks": prepared.remarks,
            })),
            (false, false) => output::text(&text::started(&prepared, &found)),
        }
    }

    fn wanted(&self, now: Timestamp, zone: Option<&TimeZone>) -> Result<RequestedMoment> {
        let before = self.before.as_ref().map(|when| when.resolve(now, zone)).transpose();
        let before = before.map_err(|why| Failure::Wrong(format!("--before: {why}")))?;
        let set = self.set.clone().map(RequestedMoment::Set);
        Ok(set.or(before.map(RequestedMoment::Before)).unwrap_or_default())
    }

    /// Whether the stack is created now, or was by an earlier run.
    async fn decide(&self, stack: &Stack, prepared: &Prepared) -> Result<Decision> {
        let existing = cloudformation::find(&stack.config, &self.into).await?;
        let existing = existing.map(|existing| ExistingStack {
            id: existing.id,
            status: existing.status,
            parameters: existing.parameters,
            restored_from: existing.tags.get(TAG_RESTORED_FROM).cloned(),
        });
        let decided = decide(
            &self.into,
            prepared.old.exists.then_some(prepared.old.name.as_str()),
            &prepared.set.id,
            &prepared.parameters,
            existing.as_ref(),
        );
        decided.map_err(|why| {
            Failure::NotDone(format!(
                "restoring {} into stack {}: {why}. Nothing was changed.",
                self.deployment, self.into
            ))
        })
    }

    /// Starts the creation; a stack that exists after all has to be an earlier request's.
    async fn create(&self, stack: &Stack, prepared: &Prepared) -> Result<()> {
        let faults = prepared.parameters.missing();
        if !faults.is_empty() {
            return Err(Error::InvalidInput(faults).into());
        }
        prepared.ensure_template_can_be_sent(&self.into)?;
        let mut tags: Vec<(&str, &str)> = prepared
            .tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        tags.push((TAG_RESTORED_FROM, &prepared.set.id));
        let values = prepared.parameters.all.iter();
        let new = NewStack {
            name: &self.into,
            template: &prepared.template,
            parameters: values
                .filter_map(|of| Some((of.name.as_str(), of.value.as_deref()?)))
                .collect(),
            capabilities: prepared.capabilities.iter().map(String::as_str).collect(),
            tags,
            role: self.role.as_deref(),
        };
        if new.create(&stack.config).await? {
            return Ok(());
        }
        match self.decide(stack, prepared).await? {
            Decision::Follow => Ok(()),
            Decision::Create => Err(Failure::Aws(format!(
                "creating stack {}: CloudFormation says that it exists, but does not show it yet. Run the command again.",
                self.into
            ))),
        }
    }
}

/// # Errors
/// `Wrong` if a parameter is given twice.
fn given(params: &[(String, String)]) -> Result<BTreeMap<String, String>> {
    let mut given = BTreeMap::new();
    for (name, value) in params {
        if given.insert(name.clone(), value.clone()).is_some() {
            return Err(Failure::Wrong(format!(
                "--param: {name} is given twice; expected each parameter once"
            )));
        }
    }
    Ok(given)
}

/// A value may be empty, and contain `=`.
fn pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write PARAMETER=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn parsed(line: &str) -> std::result::Result<RestoreStack, i32> {
        match Cli::try_parse_from(line.split(' '))
            .map_err(|error| error.exit_code())?
            .command
        {
            Command::RestoreStack(restore) => Ok(*restore),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_stack_is_created_from_a_set_or_a_time_into_a_name() {
        let now = "2026-11-29T00:00:00Z".parse().unwrap();
        let wanted = |line: &str| parsed(line).unwrap().wanted(now, Some(&TimeZone::UTC)).unwrap();
        assert_eq!(
            wanted("holdfast restore-stack hubs --into new"),
            RequestedMoment::Newest
        );
        assert_eq!(
            wanted("holdfast restore-stack hubs --into new --set hubs-1"),
            RequestedMoment::Set("hubs-1".to_owned())
        );
        assert_eq!(
            wanted("holdfast restore-stack hubs --into new --before 2026-11-20T02:15:00Z"),
            RequestedMoment::Before("2026-11-20T02:15:00Z".parse().unwrap())
        );
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        for line in [
            "holdfast restore-stack hubs",
            "holdfast restore-stack hubs --into new --set a --before 2026-11-20T02:15:00Z",
            "holdfast restore-stack hubs --into new --at 2026-11-20T02:15:00Z",
            "holdfast restore-stack hubs --into new --only database",
            "holdfast restore-stack hubs --into new --cut-over yes",
            "holdfast restore-stack hubs --into new --print --watch",
            "holdfast restore-stack hubs --into new --print --role arn:r",
            "holdfast restore-stack hubs --into new --param DomainName",
        ] {
            assert_eq!(parsed(line).unwrap_err(), 2, "{line}");
        }
    }

    #[test]
    fn a_parameter_is_given_once_and_may_be_empty() {
        let restore = parsed("holdfast restore-stack hubs --into new --param A= --param B=x=y").unwrap();
        let values = given(&restore.params).unwrap();
        assert_eq!((values["A"].as_str(), values["B"].as_str()), ("", "x=y"));
        let twice = parsed("holdfast restore-stack hubs --into new --param A=1 --param A=2").unwrap();
        assert_eq!(given(&twice.params).unwrap_err().code(), 2);
    }
}
