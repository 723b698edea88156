//! What a new stack is created from: the set, the old stack, its template, and the parameters. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use holdfast::domain::descriptor::{Descriptor, HookAction, StackParameter};
use holdfast::domain::restore::request::RequestedMoment;
use holdfast::domain::restore::set_selection::select_set;
use holdfast::domain::restore::stack::LONGEST_BODY;
use holdfast::domain::restore::stack::fill::{FilledParameter, Filling, check_region};
use holdfast::domain::restore::stack::parameters::{NewParameters, Origin, choose};
use holdfast::domain::restore::stack::texts::{self, OldSettings};
use holdfast::domain::retention::retention;
use holdfast::domain::set::{BackupSet, Point};
use holdfast::error::{Error, Fault};
use jiff::{SignedDuration, Timestamp};

use crate::cloudformation::template::{self, Template, TemplateSummary};
use crate::cloudformation::{self, Stack as OldStack};
use crate::failure::{Failure, Result};
use crate::stack::Stack;

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub deployment: &'a str,
    /// The old stack, if it is not the descriptor's.
    pub from: Option<&'a str>,
    pub template_url: Option<&'a str>,
    /// Whether the new stack gets a service role.
    pub gets_role: bool,
    pub given: &'a BTreeMap<String, String>,
}

/// A restore into a new stack, as far as it is known before anything is created.
pub struct Prepared {
    pub deployment: String,
    pub set: BackupSet,
    pub points: Vec<Point>,
    /// What the operator should know of the selection of the set, and of the new stack.
    pub remarks: Vec<String>,
    pub old: OldSettings,
    pub template: Template,
    pub filled: Vec<FilledParameter>,
    pub parameters: NewParameters,
    /// What has to be acknowledged: what the template needs, and what was acknowledged for the old stack.
    pub capabilities: Vec<String>,
    /// The old stack's tags.
    pub tags: BTreeMap<String, String>,
    pub is_hubs: bool,
    /// The options with which commands are suggested.
    pub option: String,
    /// Those of this command that a repetition needs, besides the parameters.
    pub again: String,
    pub region: String,
}

/// The sealed set that is restored, with remarks on its selection.
///
/// # Errors
/// `NotFound` or `Wrong` if there is none.
pub async fn set(
    stack: &Stack,
    descriptor: &Descriptor,
    wanted: &RequestedMoment,
    now: Timestamp,
) -> Result<(BackupSet, Vec<String>)> {
    let deployment = &descriptor.deployment;
    let sets = stack.catalog.sets(deployment).await?;
    let mut selected = select_set(deployment, &sets, wanted, now)?;
    // A creation that takes long ends after the next night.
    let tomorrow = now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now);
    let expires = [now, tomorrow].into_iter().any(|at| {
        let expiring = retention(&sets, &descriptor.keep, at).expire;
        expiring.iter().any(|(id, _)| *id == selected.set.id)
    });
    if expires {
        selected.remarks.push(format!(
            "the next backup of {deployment} deletes set {}, which its `keep` no longer holds, with what the new stack is created from: \
             set `enabled: false` and `holdfast apply` until the stack is created",
            selected.set.id
        ));
    }
    Ok((selected.set, selected.remarks))
}

fn again(wanted: Wanted<'_>) -> String {
    let options = [("from", wanted.from), ("template-url", wanted.template_url)];
    let given = options.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.map(|(name, value)| format!(" --{name} '{value}'")).collect()
}

/// A hook keeps the old stack's application at rest by this parameter: the new one would be created at rest, too.
fn at_rest(descriptor: &Descriptor, parameters: &NewParameters, old: &str) -> Vec<String> {
    let stacks = descriptor.hooks.quiesce.iter().filter_map(|hook| match &hook.action {
        HookAction::StackParameter(stack) => Some(stack),
        _ => None,
    });
    let inherited = |stack: &&StackParameter| {
        let mut all = parameters.all.iter().filter(|of| of.origin == Origin::OldStack);
        all.any(|of| of.name == stack.parameter && of.value.as_ref() == Some(&stack.value))
    };
    let words = |stack: &StackParameter| {
        format!(
            "stack {old} is at rest now ({name} = {value}), and the new one would be, too: give the value for operation, --param \
             {name}=VALUE",
            name = stack.parameter,
            value = stack.value
        )
    };
    stacks.filter(inherited).map(words).collect()
}

impl Prepared {
    /// Reads the set's points, the old stack and its template, and chooses the parameters.
    ///
    /// # Errors
    /// `Wrong` with each parameter that cannot be chosen; `NotFound` without an old stack.
    pub async fn read(
        wanted: Wanted<'_>,
        stack: &Stack,
        descriptor: &Descriptor,
        (set, mut remarks): (BackupSet, Vec<String>),
    ) -> Result<Prepared> {
        let deployment = wanted.deployment;
        let points = stack.catalog.points(deployment, &set.id).await?;
        let from = match (wanted.from, &descriptor.stack) {
            (Some(from), _) => from,
            (None, Some(of_descriptor)) => of_descriptor.name.as_str(),
            (None, None) => {
                return Err(Failure::Wrong(format!(
                    "restoring {deployment} into a new stack: its descriptor names no stack. Name the old one with --from, or as \
                     `stack: {{ name: … }}` in the descriptor"
                )));
            }
        };
        let region = stack.config.region().map_or("", |region| region.as_ref()).to_owned();
        let found = cloudformation::find(&stack.config, from).await?;
        if found.is_none() && wanted.template_url.is_none() {
            return Err(Failure::NotFound(without_old_stack(from, &region)));
        }
        let old = found.unwrap_or_else(|| OldStack {
            name: name_of(from).to_owned(),
            status: "DELETE_COMPLETE".to_owned(),
            ..OldStack::default()
        });
        let (template, summary) = read_template(wanted.template_url, stack, &old).await?;
        let declared: Vec<&str> = summary.parameters.iter().map(|of| of.name.as_str()).collect();
        let filling = Filling {
            declared: &declared,
            set: &set.id,
            points: &points,
            old: &old.name,
        };
        let filled = filling.fill(descriptor.stack.as_ref()).map_err(invalid)?;
        match check_region(&filled, &region) {
            faults if faults.is_empty() => {}
            faults => return Err(invalid(faults)),
        }
        let parameters = choose(&summary.parameters, &filled, wanted.given, &old.parameters).map_err(invalid)?;
        let is_hubs = texts::is_hubs(&filled);
        let settings = settings(&old, wanted.gets_role);
        remarks.extend(at_rest(descriptor, &parameters, &old.name));
        remarks.extend(texts::remarks(&parameters, &settings, is_hubs));
        remarks.extend(texts::nested(&summary.resource_types));
        Ok(Prepared {
            deployment: deployment.to_owned(),
            set,
            points,
            remarks,
            template,
            capabilities: capabilities(&summary, &old),
            // Those that AWS itself gives cannot be given.
            tags: old
                .tags
                .into_iter()
                .filter(|(key, _)| !key.starts_with("aws:"))
                .collect(),
            old: settings,
            filled,
            parameters,
            is_hubs,
            option: stack.option.clone(),
            again: again(wanted),
            region,
        })
    }

    /// # Errors
    /// `Wrong` for a template that is too long for a request, with the commands that put it into S3.
    pub fn ensure_template_can_be_sent(&self, new: &str) -> Result<()> {
        let Template::OfStack { stack, is_json } = &self.template else {
            return Ok(());
        };
        // A JSON template is printed as text only by `--output json`.
        let output = if *is_json { "json" } else { "text" };
        let suffix = if self.region.starts_with("cn-") { ".cn" } else { "" };
        Err(Failure::Wrong(format!(
            "creating stack {new}: the template of stack {old} is longer than the {LONGEST_BODY} bytes that a request may have. Put it \
             into a bucket of yours in {region}:\n  aws cloudformation get-template --template-stage Original --stack-name {stack} \
             --query TemplateBody --output {output} > {old}.template\n  aws s3 cp {old}.template s3://BUCKET/{old}.template\nThen run this \
             command again with --template-url https://BUCKET.s3.{region}.amazonaws.com{suffix}/{old}.template",
            old = self.old.name,
            region = self.region,
        )))
    }
}

/// The template that is used, and what CloudFormation says of it.
async fn read_template(url: Option<&str>, stack: &Stack, old: &OldStack) -> Result<(Template, TemplateSummary)> {
    let template = match url {
        Some(url) => Template::Url(url.to_owned()),
        None => {
            let body = template::get(&stack.config, &old.id).await?;
            match body.len() <= LONGEST_BODY {
                true => Template::Body(body),
                false => Template::OfStack {
                    stack: old.id.clone(),
                    is_json: body.trim_start().starts_with('{'),
                },
            }
        }
    };
    let summary = template::summarize(&stack.config, &template).await?;
    Ok((template, summary))
}

/// A stack with macros is created only if their expansion was acknowledged, too
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>, `Capabilities`).
fn capabilities(summary: &TemplateSummary, old: &OldStack) -> Vec<String> {
    let all = summary.capabilities.iter().chain(&old.capabilities).cloned();
    let expanded = (!summary.transforms.is_empty()).then(|| "CAPABILITY_AUTO_EXPAND".to_owned());
    let all: BTreeSet<String> = all.chain(expanded).collect();
    all.into_iter().collect()
}

fn settings(old: &OldStack, gets_role: bool) -> OldSettings {
    OldSettings {
        name: old.name.clone(),
        exists: old.status != "DELETE_COMPLETE",
        role: old.role.clone().filter(|_| !gets_role),
        is_protected: old.is_protected,
        topics: old.topics.clone(),
        exports: old.exports.clone(),
    }
}

fn without_old_stack(from: &str, region: &str) -> String {
    let name = name_of(from);
    format!(
        "describing stack {from}: there is none in {region}. If it was deleted, CloudFormation keeps its template and parameters under its \
         ARN for 90 days: aws cloudformation list-stacks --stack-status-filter DELETE_COMPLETE --query \
         \"StackSummaries[?StackName=='{name}'].[StackId,DeletionTime]\" --output text lists the ARNs; give one with --from. Later, give the \
         template with --template-url, and each parameter with --param"
    )
}

/// The name in a stack's ARN; a name as it is.
fn name_of(stack: &str) -> &str {
    stack
        .split_once(":stack/")
        .and_then(|(_, rest)| rest.split('/').next())
        .unwrap_or(stack)
}

fn invalid(faults: Vec<Fault>) -> Failure {
    Error::InvalidInput(faults).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_named_by_its_arn_too() {
        assert_eq!(
            name_of("arn:aws:cloudformation:eu-west-1:1:stack/hubs-prod/0a1b"),
            "hubs-prod"
        );
        assert_eq!(name_of("hubs-prod"), "hubs-prod");
    }

    #[test]
    fn what_was_acknowledged_before_and_what_is_needed_now_are_acknowledged() {
        let summary = TemplateSummary {
            capabilities: vec!["CAPABILITY_IAM".to_owned()],
            transforms: vec!["AWS::Serverless-2016-10-31".to_owned()],
            ..TemplateSummary::default()
        };
        let old = OldStack {
            capabilities: vec!["CAPABILITY_NAMED_IAM".to_owned(), "CAPABILITY_IAM".to_owned()],
            ..OldStack::default()
        };
        let all = ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"];
        assert_eq!(capabilities(&summary, &old), all);
        assert_eq!(
            capabilities(&TemplateSummary::default(), &OldStack::default()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_deleted_stack_is_found_by_its_arn() {
        let said = without_old_stack("hubs-prod", "eu-west-1");
        for part in [
            "90 days",
            "DELETE_COMPLETE",
            "StackName=='hubs-prod'",
            "--from",
            "--template-url",
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
}
