//! A stack as CloudFormation describes it: its outputs and its resources.

pub mod creation;
pub mod template;

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use holdfast::aws::service::{CLOUDFORMATION, Client, Reply};
use roxmltree::{Document, Node};

use crate::aws;
use crate::failure::{Failure, Result};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    pub name: String,
    /// Such as `CREATE_COMPLETE`.
    pub status: String,
    pub outputs: BTreeMap<String, String>,
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// What was acknowledged when it was created or updated.
    pub capabilities: Vec<String>,
    /// ARN of its service role.
    pub role: Option<String>,
    /// Whether it has termination protection.
    pub is_protected: bool,
    /// ARNs of the topics that get its events.
    pub topics: Vec<String>,
    /// Names under which it exports outputs.
    pub exports: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resource {
    /// Such as `AWS::EFS::FileSystem`.
    pub kind: String,
    pub logical: String,
    /// Empty for a resource that was never created.
    pub physical: String,
    /// Such as `DELETE_COMPLETE`.
    pub status: String,
}

/// A stack, by its name or ARN; `next` says what to do if it does not exist.
pub async fn describe(config: &SdkConfig, name: &str, next: &str) -> Result<Stack> {
    let region = config.region().map_or("", |region| region.as_ref());
    find(config, name)
        .await?
        .ok_or_else(|| Failure::NotFound(format!("describing stack {name}: there is none in {region}. {next}")))
}

/// A stack, by its name or ARN, if it exists; by its ARN also one that was deleted at most 90 days ago
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>).
pub async fn find(config: &SdkConfig, name: &str) -> Result<Option<Stack>> {
    let client = Client::new(config, CLOUDFORMATION);
    match client.query("DescribeStacks", &[("StackName", name)]).await {
        Ok(reply) => read(&reply, "describing stack", name, stack),
        // CloudFormation has no code of its own for a stack that does not exist.
        Err(error)
            if error.code() == Some("ValidationError")
                && error.message().is_some_and(|m| m.contains("does not exist")) =>
        {
            Ok(None)
        }
        Err(error) => Err(aws::failure("describing stack", name, error)),
    }
}

/// The name of the stack to which a resource belongs, by its physical id; `None` for a resource of no stack, and of one that was
/// deleted (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html>).
pub async fn stack_of(config: &SdkConfig, physical: &str) -> Result<Option<String>> {
    let client = Client::new(config, CLOUDFORMATION);
    let doing = "looking for the stack of";
    let reply = client
        .query("DescribeStackResources", &[("PhysicalResourceId", physical)])
        .await;
    match reply {
        Ok(reply) => read(&reply, doing, physical, |document| owner(document, physical)),
        // There is no code of its own for a resource of no stack.
        Err(error)
            if error.code() == Some("ValidationError")
                && error.message().is_some_and(|m| m.contains("does not exist")) =>
        {
            Ok(None)
        }
        Err(error) => Err(aws::failure(doing, physical, error)),
    }
}

/// The stack in which this physical id is not a deleted resource. All that is listed belongs to one stack.
fn owner(document: &Document, physical: &str) -> Option<String> {
    members(document.root(), "StackResources")
        .find(|member| text(*member, "PhysicalResourceId") == physical)
        .filter(|member| text(*member, "ResourceStatus") != "DELETE_COMPLETE")
        .map(|member| text(member, "StackName"))
        .filter(|name| !name.is_empty())
}

/// All resources of a stack, without those of nested stacks.
pub async fn resources(config: &SdkConfig, name: &str) -> Result<Vec<Resource>> {
    let doing = "listing the resources of stack";
    all_pages(
        config,
        ("ListStackResources", doing),
        name,
        "StackResourceSummaries",
        resource,
    )
    .await
}

/// The members of a list of a stack, of all pages of an action that lists them.
async fn all_pages<T>(
    config: &SdkConfig,
    (action, doing): (&str, &str),
    stack: &str,
    list: &str,
    member: impl Fn(Node<'_, '_>) -> T,
) -> Result<Vec<T>> {
    let client = Client::new(config, CLOUDFORMATION);
    let (mut found, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut fields = vec![("StackName", stack)];
        fields.extend(token.as_deref().map(|token| ("NextToken", token)));
        let page = client.query(action, &fields).await;
        let page = page.map_err(|error| aws::failure(doing, stack, error))?;
        let (more, next) = read(&page, doing, stack, |document| {
            let members = members(document.root(), list);
            (
                members.map(&member).collect::<Vec<_>>(),
                text(document.root(), "NextToken"),
            )
        })?;
        found.extend(more);
        token = Some(next).filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

fn read<T>(reply: &Reply, doing: &str, name: &str, reading: impl Fn(&Document) -> T) -> Result<T> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::Aws(format!(
            "{doing} {name}: CloudFormation's response cannot be read ({error}). Run the command again."
        ))
    };
    let xml = std::str::from_utf8(&reply.bytes).map_err(|error| unreadable(&error))?;
    Document::parse(xml)
        .map(|document| reading(&document))
        .map_err(|error| unreadable(&error))
}

fn stack(document: &Document) -> Option<Stack> {
    let found = members(document.root(), "Stacks").next()?;
    let outputs = members(found, "Outputs").map(|output| (text(output, "OutputKey"), text(output, "OutputValue")));
    let parameters = members(found, "Parameters").map(|of| (text(of, "ParameterKey"), text(of, "ParameterValue")));
    Some(Stack {
        id: text(found, "StackId"),
        name: text(found, "StackName"),
        status: text(found, "StackStatus"),
        outputs: outputs.collect(),
        parameters: parameters.collect(),
        tags: members(found, "Tags")
            .map(|tag| (text(tag, "Key"), text(tag, "Value")))
            .collect(),
        capabilities: texts(found, "Capabilities"),
        role: Some(text(found, "RoleARN")).filter(|role| !role.is_empty()),
        is_protected: text(found, "EnableTerminationProtection") == "true",
        topics: texts(found, "NotificationARNs"),
        exports: members(found, "Outputs")
            .map(|output| text(output, "ExportName"))
            .filter(|name| !name.is_empty())
            .collect(),
    })
}

fn resource(summary: Node<'_, '_>) -> Resource {
    Resource {
        kind: text(summary, "ResourceType"),
        logical: text(summary, "LogicalResourceId"),
        physical: text(summary, "PhysicalResourceId"),
        status: text(summary, "ResourceStatus"),
    }
}

/// The elements `member` of the first list with this name.
fn members<'a, 'input>(within: Node<'a, 'input>, list: &str) -> impl Iterator<Item = Node<'a, 'input>> {
    let list = within.descendants().find(|node| node.tag_name().name() == list);
    list.into_iter()
        .flat_map(|list| list.children().filter(|node| node.tag_name().name() == "member"))
}

/// The texts of a list of texts.
fn texts(within: Node<'_, '_>, list: &str) -> Vec<String> {
    let texts = members(within, list).filter_map(|member| member.text());
    texts.map(str::to_owned).collect()
}

/// The text of the first element with this name; empty if there is none.
fn text(within: Node<'_, '_>, name: &str) -> String {
    within
        .descendants()
        .find(|node| node.tag_name().name() == name)
        .and_then(|node| node.text())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reply(xml: &str) -> Reply {
        Reply {
            bytes: xml.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    #[test]
    fn a_stack_has_its_outputs_and_no_others() {
        let xml = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>
            <member><StackName>hubs</StackName><StackId>arn:1</StackId><StackStatus>CREATE_COMPLETE</StackStatus>
            <Parameters><member><ParameterKey>A</ParameterKey><ParameterValue>b</ParameterValue></member></Parameters>
            <Outputs><member><OutputKey>AppDb</OutputKey><OutputValue>hubs &amp; db</OutputValue></member></Outputs></member>
            </Stacks></DescribeStacksResult></DescribeStacksResponse>"#;
        let found = read(&reply(xml), "describing stack", "hubs", stack).unwrap().unwrap();
        assert_eq!(
            (found.name.as_str(), found.id.as_str(), found.status.as_str()),
            ("hubs", "arn:1", "CREATE_COMPLETE")
        );
        assert_eq!(
            found.outputs,
            BTreeMap::from([("AppDb".to_owned(), "hubs & db".to_owned())])
        );
        assert_eq!(found.parameters, BTreeMap::from([("A".to_owned(), "b".to_owned())]));
    }

    #[test]
    fn a_resource_belongs_to_the_stack_that_has_not_deleted_it() {
        let xml = |status: &str| {
            format!(
                "<R><StackResources><member><StackName>hubs</StackName><PhysicalResourceId>other</PhysicalResourceId>\
                 <ResourceStatus>CREATE_COMPLETE</ResourceStatus></member><member><StackName>hubs</StackName>\
                 <PhysicalResourceId>hubs-db</PhysicalResourceId><ResourceStatus>{status}</ResourceStatus></member>\
                 </StackResources></R>"
            )
        };
        let of = |status: &str| read(&reply(&xml(status)), "d", "x", |document| owner(document, "hubs-db")).unwrap();
        assert_eq!(of("UPDATE_COMPLETE").as_deref(), Some("hubs"));
        assert_eq!(of("DELETE_COMPLETE"), None);
        let none = read(&reply("<R><StackResources/></R>"), "d", "x", |document| {
            owner(document, "a")
        })
        .unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn a_stack_without_outputs_and_no_stack_are_told_apart() {
        let none = "<R><Stacks><member><StackName>x</StackName></member></Stacks></R>";
        assert!(read(&reply(none), "d", "x", stack).unwrap().unwrap().outputs.is_empty());
        assert!(read(&reply("<R><Stacks/></R>"), "d", "x", stack).unwrap().is_none());
        assert!(read(&reply("<R>"), "d", "x", stack).is_err());
    }
}
