//! `holdfast discover`: a descriptor of existing resources.

use holdfast::domain::descriptor::Descriptor;

use crate::discover::{DescriptorDraft, by_prefix, by_tag, in_stack, yaml};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::{aws, document, output};

/// Write a descriptor of existing resources: those of a stack (--stack), with a tag, or with a prefix
///
/// The descriptor goes to standard output; resources that were found but cannot be protected are listed in comments (with --json,
/// on standard error). Read it before you apply it.
#[derive(Debug, clap::Args)]
pub struct Discover {
    /// Everything that has this tag
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag, conflicts_with = "prefix")]
    tag: Option<(String, String)>,
    /// Everything whose name has this prefix
    #[arg(long, value_name = "PREFIX", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    prefix: Option<String>,
}

/// Where to look: exactly one of these.
#[derive(Debug, PartialEq, Eq)]
enum DiscoverySource<'a> {
    Stack(&'a str),
    Tag(&'a str, &'a str),
    Prefix(&'a str),
}

impl Discover {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let place = self.place(global.stack.as_deref())?;
        let config = aws::sdk_config(global).await?;
        let (draft, source) = match place {
            DiscoverySource::Stack(name) => (
                in_stack::draft(&in_stack::list(&config, name).await?),
                format!("in stack {name}"),
            ),
            DiscoverySource::Tag(key, value) => (
                by_tag::draft(&config, key, value).await?,
                format!("by tag {key}={value}"),
            ),
            DiscoverySource::Prefix(prefix) => {
                (by_prefix::draft(&config, prefix).await?, format!("by prefix {prefix}"))
            }
        };
        let text = checked(&draft, &source)?;
        if !global.json {
            return output::text(&text);
        }
        for line in draft.notes.iter().chain(&draft.unprotected) {
            eprintln!("{line}");
        }
        let documents = document::parse(&source, &text).map_err(|faults| Failure::NotDone(faults.join("\n")))?;
        documents
            .first()
            .map_or(Ok(()), |document| output::json(&document.value))
    }

    fn place<'a>(&'a self, stack: Option<&'a str>) -> Result<DiscoverySource<'a>> {
        match (stack, &self.tag, &self.prefix) {
            (Some(stack), None, None) => Ok(DiscoverySource::Stack(stack)),
            (None, Some((key, value)), None) => Ok(DiscoverySource::Tag(key, value)),
            (None, None, Some(prefix)) => Ok(DiscoverySource::Prefix(prefix)),
            _ => Err(Failure::Wrong(
                "discovering: say where to look by exactly one of --stack NAME, --tag KEY=VALUE and --prefix PREFIX."
                    .to_owned(),
            )),
        }
    }
}

/// The draft's text, if it is a valid descriptor.
fn checked(draft: &DescriptorDraft, source: &str) -> Result<String> {
    if draft.resources.is_empty() {
        let others = match draft.unprotected.as_slice() {
            [] => String::new(),
            some => format!(" Found, but not supported: {}.", some.join("; ")),
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

    use crate::args::{Cli, Command};

    fn place(line: &str) -> std::result::Result<String, u8> {
        let cli = Cli::try_parse_from(line.split(' ')).map_err(|e| e.exit_code() as u8)?;
        let Command::Discover(discover) = cli.command else {
            panic!("{line}")
        };
        discover
            .place(cli.global.stack.as_deref())
            .map(|place| format!("{place:?}"))
            .map_err(|failure| failure.code())
    }

    #[test]
    fn exactly_one_place_to_look_is_taken() {
        assert_eq!(place("holdfast discover --stack hubs").unwrap(), "Stack(\"hubs\")");
        assert_eq!(
            place("holdfast discover --tag app=hubs=1").unwrap(),
            "Tag(\"app\", \"hubs=1\")"
        );
        assert_eq!(place("holdfast discover --prefix hubs-").unwrap(), "Prefix(\"hubs-\")");
        for line in [
            "",
            " --tag a=b --prefix c",
            " --stack a --tag b=c",
            " --tag a",
            " --tag =b",
            " --prefix ",
        ] {
            assert_eq!(place(&format!("holdfast discover{line}")), Err(2), "{line}");
        }
    }
}
