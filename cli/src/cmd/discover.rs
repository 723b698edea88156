//! `holdfast discover`: a descriptor of existing resources.

use holdfast::domain::descriptor::Descriptor;

use crate::discover::in_ecs_service::service_name::ServiceName;
use crate::discover::in_terraform::location::StateLocation;
use crate::discover::{DescriptorDraft, by_prefix, by_tag, decisions, in_ecs_service, in_stack, in_terraform, yaml};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::{aws, document, format, output};

/// Write a descriptor of existing resources: those of a stack (--stack), of a Terraform state, with a tag, with a prefix, or of an ECS service
///
/// The descriptor goes to standard output, with comments: where each resource was found, what you have to decide, and what was found
/// but cannot be protected. What cannot be protected is listed on standard error as well. Read it before you apply it.
#[derive(Debug, clap::Args)]
pub struct Discover {
    /// Everything that has this tag
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Option<(String, String)>,
    /// Everything whose name has this prefix
    #[arg(long, value_name = "PREFIX", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    prefix: Option<String>,
    /// Everything in this Terraform state of format version 4: a file, - for standard input, or s3://BUCKET/KEY
    #[arg(long, value_name = "FILE")]
    terraform_state: Option<StateLocation>,
    /// What this ECS service mounts, gets as secrets, and reaches
    #[arg(long, value_name = "CLUSTER/SERVICE")]
    ecs_service: Option<ServiceName>,
}

/// Where to look: exactly one of these.
#[derive(Debug, PartialEq, Eq)]
enum DiscoverySource<'a> {
    Stack(&'a str),
    Tag(&'a str, &'a str),
    Prefix(&'a str),
    TerraformState(&'a StateLocation),
    EcsService(&'a ServiceName),
}

impl Discover {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let place = self.place(global.stack.as_deref())?;
        let source = place.words();
        let draft = place.draft(global).await?;
        let text = checked(&draft, &source)?;
        eprintln!("{}", summary(&draft, &source));
        if !global.json {
            return output::text(&text);
        }
        // JSON has no comments.
        let questions = decisions::of(&draft).into_iter().map(|decision| decision.question);
        questions
            .chain(draft.notes.iter().cloned())
            .for_each(|line| eprintln!("{line}"));
        let documents = document::parse(&source, &text).map_err(|faults| Failure::NotDone(faults.join("\n")))?;
        documents
            .first()
            .map_or(Ok(()), |document| output::json(&document.value))
    }

    fn place<'a>(&'a self, stack: Option<&'a str>) -> Result<DiscoverySource<'a>> {
        let tag = self.tag.as_ref().map(|(key, value)| DiscoverySource::Tag(key, value));
        let places = [
            stack.map(DiscoverySource::Stack),
            tag,
            self.prefix.as_deref().map(DiscoverySource::Prefix),
            self.terraform_state.as_ref().map(DiscoverySource::TerraformState),
            self.ecs_service.as_ref().map(DiscoverySource::EcsService),
        ];
        let mut given = places.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(place), None) => Ok(place),
            _ => Err(Failure::Wrong(
                "discovering: say where to look by exactly one of --stack NAME, --terraform-state FILE, --tag KEY=VALUE, --prefix PREFIX \
                 and --ecs-service CLUSTER/SERVICE."
                    .to_owned(),
            )),
        }
    }
}

impl DiscoverySource<'_> {
    async fn draft(&self, global: &Global) -> Result<DescriptorDraft> {
        // A state in a file is read without a Region or credentials.
        let config = || aws::sdk_config(global);
        match self {
            DiscoverySource::Stack(name) => Ok(in_stack::draft(&in_stack::list(&config().await?, name).await?)),
            DiscoverySource::Tag(key, value) => by_tag::draft(&config().await?, key, value).await,
            DiscoverySource::Prefix(prefix) => by_prefix::draft(&config().await?, prefix).await,
            DiscoverySource::TerraformState(location) => {
                in_terraform::draft(&location.to_string(), &location.read(global).await?)
            }
            DiscoverySource::EcsService(name) => Ok(in_ecs_service::draft(
                &in_ecs_service::list(&config().await?, name).await?,
            )),
        }
    }

    /// As text that can follow "found".
    fn words(&self) -> String {
        match self {
            DiscoverySource::Stack(name) => format!("in stack {name}"),
            DiscoverySource::Tag(key, value) => format!("by tag {key}={value}"),
            DiscoverySource::Prefix(prefix) => format!("by prefix {prefix}"),
            DiscoverySource::TerraformState(location) => format!("in Terraform state {location}"),
            DiscoverySource::EcsService(name) => format!("in ECS service {name}"),
        }
    }
}

/// How much was found, and what is not protected.
fn summary(draft: &DescriptorDraft, source: &str) -> String {
    let mut lines = vec![format!(
        "Found {source}: {}.",
        format::count(draft.resources.len(), "resource")
    )];
    let pending = draft.pending.iter().map(|entry| {
        let why = entry.comments.last().map(String::as_str).unwrap_or_default();
        format!("Not complete, and so only a comment: {}. {why}", entry.name)
    });
    lines.extend(pending);
    if !draft.unprotected.is_empty() {
        lines.push("Found, and not protected:".to_owned());
    }
    lines.extend(draft.unprotected.iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

/// The draft's text, if it is a valid descriptor.
fn checked(draft: &DescriptorDraft, source: &str) -> Result<String> {
    if draft.resources.is_empty() {
        let others = match summary(draft, source).split_once('\n') {
            None => String::new(),
            Some((_, others)) => format!("\n{others}"),
        };
        return Err(Failure::NotFound(format!(
            "discovering {source}: found no Aurora cluster, EFS file system, DynamoDB table, secret or parameter path. Check \
             that name, account and Region are right.{others}"
        )));
    }
    let text = yaml::write(draft, source);
    let documents = document::parse(source, &text).map_err(|faults| Failure::NotDone(faults.join("\n")))?;
    for document in documents {
        Descriptor::parse(&document.value).map_err(|error| {
            Failure::NotDone(format!(
                "discovering {source}: what was found does not make one valid descriptor:\n{error}\nWrite it by hand, or \
                 discover less at a time.\n{text}"
            ))
        })?;
    }
    Ok(text)
}

fn tag(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn place(line: &str) -> std::result::Result<String, u8> {
        let cli = Cli::try_parse_from(line.split(' ')).map_err(|e| e.exit_code() as u8)?;
        let Command::Discover(discover) = cli.command else {
            panic!("{line}")
        };
        discover
            .place(cli.global.stack.as_deref())
            .map(|place| place.words())
            .map_err(|failure| failure.code())
    }

    #[test]
    fn exactly_one_place_to_look_is_taken() {
        for (line, words) in [
            ("--stack hubs", "in stack hubs"),
            ("--tag app=hubs=1", "by tag app=hubs=1"),
            ("--prefix hubs-", "by prefix hubs-"),
            ("--terraform-state -", "in Terraform state standard input"),
            ("--terraform-state s3://b/k", "in Terraform state s3://b/k"),
            ("--ecs-service hubs/web", "in ECS service hubs/web"),
        ] {
            assert_eq!(place(&format!("holdfast discover {line}")).unwrap(), words);
        }
        for line in [
            "",
            " --tag a=b --prefix c",
            " --stack a --tag b=c",
            " --terraform-state f --ecs-service a/b",
            " --stack a --tag b=c --prefix d",
            " --tag a",
            " --tag =b",
            " --prefix ",
            " --ecs-service web",
            " --terraform-state s3://b",
        ] {
            assert_eq!(place(&format!("holdfast discover{line}")), Err(2), "{line}");
        }
    }

    #[test]
    fn what_is_not_protected_is_said_in_any_case() {
        let draft = DescriptorDraft {
            unprotected: vec!["AWS::S3::Bucket assets: replicate it".to_owned()],
            ..DescriptorDraft::default()
        };
        let said = "Found, and not protected:\n  AWS::S3::Bucket assets: replicate it";
        assert_eq!(
            summary(&draft, "in stack hubs"),
            format!("Found in stack hubs: 0 resources.\n{said}")
        );
        let failure = checked(&draft, "in stack hubs").unwrap_err();
        assert!(failure.code() == 3 && failure.to_string().ends_with(said), "{failure}");
    }
}
