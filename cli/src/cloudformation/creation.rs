//! The creation of a stack, and the events that say why it failed.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html>.

use aws_config::SdkConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use holdfast::aws::service::{CLOUDFORMATION, Client};
use holdfast::domain::restore::stack::creation::{StackEvent, causes};
use roxmltree::Node;

use super::template::Template;
use super::{all_pages, text};
use crate::aws;
use crate::failure::Result;

/// Nested stacks whose events are read.
const MOST_STACKS: usize = 20;

/// A stack to create.
#[derive(Debug, Clone)]
pub struct NewStack<'a> {
    pub name: &'a str,
    pub template: &'a Template,
    pub parameters: Vec<(&'a str, &'a str)>,
    pub capabilities: Vec<&'a str>,
    pub tags: Vec<(&'a str, &'a str)>,
    pub role: Option<&'a str>,
}

impl NewStack<'_> {
    /// The request. What was created stays if the creation fails: a rollback would delete, with the resources, what shows why. Without a
    /// token: CloudFormation remembers it beyond the deletion of a stack that failed, and a name is taken only once anyway.
    fn fields(&self) -> Vec<(String, &str)> {
        let (template, value) = self.template.field();
        let mut fields = vec![
            ("StackName".to_owned(), self.name),
            (template.to_owned(), value),
            ("OnFailure".to_owned(), "DO_NOTHING"),
        ];
        fields.extend(self.role.map(|role| ("RoleARN".to_owned(), role)));
        for (list, key, value, pairs) in [
            ("Parameters", "ParameterKey", "ParameterValue", &self.parameters),
            ("Tags", "Key", "Value", &self.tags),
        ] {
            for (index, (name, of)) in pairs.iter().enumerate() {
                let member = format!("{list}.member.{}", index + 1);
                fields.push((format!("{member}.{key}"), *name));
                fields.push((format!("{member}.{value}"), *of));
            }
        }
        for (index, capability) in self.capabilities.iter().enumerate() {
            fields.push((format!("Capabilities.member.{}", index + 1), *capability));
        }
        fields
    }

    /// Starts the creation. `false` if there is a stack of the name: perhaps an earlier request's, whose response was lost.
    pub async fn create(&self, config: &SdkConfig) -> Result<bool> {
        let client = Client::new(config, CLOUDFORMATION);
        match client.query("CreateStack", &self.fields()).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("AlreadyExistsException") => Ok(false),
            Err(error) => Err(aws::failure("creating stack", self.name, error)),
        }
    }
}

/// Why the creation of a stack failed, the first failure first, also of the stacks nested in it.
pub async fn failures(config: &SdkConfig, stack: &str) -> Result<Vec<StackEvent>> {
    let mut stacks = vec![stack.to_owned()];
    let (mut found, mut read_stacks) = (Vec::new(), 0);
    while let Some(stack) = stacks.pop().filter(|_| read_stacks < MOST_STACKS) {
        read_stacks += 1;
        let events = events(config, &stack).await?;
        for event in causes(&stack, &events) {
            // Its own events say more.
            if event.kind == "AWS::CloudFormation::Stack" && event.physical.starts_with("arn:") {
                stacks.push(event.physical.clone());
            }
            found.push(event.clone());
        }
    }
    Ok(found)
}

/// All events of a stack, by its ARN, the newest first.
async fn events(config: &SdkConfig, stack: &str) -> Result<Vec<StackEvent>> {
    let doing = "listing the events of stack";
    all_pages(config, ("DescribeStackEvents", doing), stack, "StackEvents", event).await
}

fn event(member: Node<'_, '_>) -> StackEvent {
    StackEvent {
        resource: text(member, "LogicalResourceId"),
        kind: text(member, "ResourceType"),
        physical: text(member, "PhysicalResourceId"),
        status: text(member, "ResourceStatus"),
        reason: text(member, "ResourceStatusReason"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_what_a_failed_creation_made() {
        let template = Template::Url("https://s3/t".to_owned());
        let stack = NewStack {
            name: "hubs-new",
            template: &template,
            parameters: vec![("A", "1"), ("B", "")],
            capabilities: vec!["CAPABILITY_NAMED_IAM"],
            tags: vec![("team", "hubs")],
            role: None,
        };
        let fields: Vec<String> = stack
            .fields()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            fields,
            [
                "StackName=hubs-new",
                "TemplateURL=https://s3/t",
                "OnFailure=DO_NOTHING",
                "Parameters.member.1.ParameterKey=A",
                "Parameters.member.1.ParameterValue=1",
                "Parameters.member.2.ParameterKey=B",
                "Parameters.member.2.ParameterValue=",
                "Tags.member.1.Key=team",
                "Tags.member.1.Value=hubs",
                "Capabilities.member.1=CAPABILITY_NAMED_IAM",
            ]
        );
    }
}
