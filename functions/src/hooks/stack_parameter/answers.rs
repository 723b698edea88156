//! CloudFormation's answers about a stack and its events.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html>.

use roxmltree::{Document, Node};

use crate::aws::service::Reply;
use crate::error::{Error, Result};

/// What of a stack matters to the hook.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stack {
    pub status: String,
    pub role: Option<String>,
    pub capabilities: Vec<String>,
    /// Keys and values, in the stack's order.
    pub parameters: Vec<(String, String)>,
}

impl Stack {
    pub fn parameter(&self, key: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// The stack in the answer to `DescribeStacks`.
pub fn stack(reply: &Reply, name: &str) -> Result<Stack> {
    with_members(reply, name, "Stacks", |members| {
        members.first().map(|stack| Stack {
            status: text(*stack, "StackStatus"),
            role: Some(text(*stack, "RoleARN")).filter(|role| !role.is_empty()),
            capabilities: elements(*stack, "Capabilities")
                .filter_map(|node| node.text().map(str::to_owned))
                .collect(),
            parameters: elements(*stack, "Parameters")
                .map(|node| (text(node, "ParameterKey"), text(node, "ParameterValue")))
                .collect(),
        })
    })?
    .ok_or_else(|| {
        Error::Unavailable(format!(
            "describing stack {name}: the answer has none; it is asked for again"
        ))
    })
}

/// Why an update failed whose events carry this token; `None` if it has none, so that it was never begun.
pub fn failure_of(reply: &Reply, name: &str, token: &str) -> Result<Option<String>> {
    with_members(reply, name, "StackEvents", |events| {
        let ours = events
            .iter()
            .filter(|event| text(**event, "ClientRequestToken") == token);
        let mut reason = None;
        // The newest is the first, and the cause the oldest that failed.
        for event in ours {
            let failed = text(*event, "ResourceStatus").ends_with("_FAILED");
            let said = text(*event, "ResourceStatusReason");
            if failed && !said.is_empty() {
                reason = Some(format!("{}: {said}", text(*event, "LogicalResourceId")));
            }
            reason.get_or_insert_with(|| "its events in CloudFormation's console say why".to_owned());
        }
        reason
    })
}

fn with_members<T>(reply: &Reply, name: &str, list: &str, read: impl FnOnce(&[Node<'_, '_>]) -> T) -> Result<T> {
    let xml = String::from_utf8_lossy(&reply.bytes);
    let document = Document::parse(&xml).map_err(|error| {
        Error::Unavailable(format!(
            "reading AWS's answer about stack {name}: {error}; it is asked for again"
        ))
    })?;
    let found = document.descendants().find(|node| node.tag_name().name() == list);
    let members: Vec<Node<'_, '_>> = found
        .into_iter()
        .flat_map(|node| node.children())
        .filter(Node::is_element)
        .collect();
    Ok(read(&members))
}

fn elements<'a, 'input>(node: Node<'a, 'input>, list: &str) -> impl Iterator<Item = Node<'a, 'input>> {
    let found = node.children().find(|child| child.tag_name().name() == list);
    found
        .into_iter()
        .flat_map(|list| list.children())
        .filter(Node::is_element)
}

/// The text of a child; empty if it has none.
fn text(node: Node<'_, '_>, name: &str) -> String {
    let child = node.children().find(|child| child.tag_name().name() == name);
    child.and_then(|child| child.text()).unwrap_or_default().to_owned()
}
