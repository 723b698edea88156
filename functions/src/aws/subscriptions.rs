//! Subscriptions to a topic of Amazon SNS.

use roxmltree::{Document, Node};

use super::service::{CallError, Client};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Instead of an ARN, `PendingConfirmation` until somebody confirms it.
    pub arn: String,
    pub protocol: String,
    /// An address, a URL, an ARN.
    pub endpoint: String,
}

impl Subscription {
    /// Whether Amazon Q Developer in chat applications (AWS Chatbot) posts the topic to a channel.
    pub fn is_chat(&self) -> bool {
        let host = self.endpoint.strip_prefix("https://").unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        self.protocol == "https" && host.ends_with(".chatbot.amazonaws.com")
    }

    pub fn is_confirmed(&self) -> bool {
        self.arn.starts_with("arn:")
    }
}

/// All subscriptions of a topic.
pub async fn subscriptions(sns: &Client, topic: &str) -> Result<Vec<Subscription>, CallError> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let mut fields = vec![("TopicArn", topic.to_owned())];
        fields.extend(next.take().map(|token| ("NextToken", token)));
        let reply = sns.query("ListSubscriptionsByTopic", &fields).await?;
        let text = String::from_utf8_lossy(&reply.bytes);
        let Ok(document) = Document::parse(&text) else {
            return Ok(found);
        };
        let members = document.descendants().filter(|node| node.has_tag_name_of("member"));
        found.extend(members.map(|member| Subscription {
            arn: member.text_of("SubscriptionArn"),
            protocol: member.text_of("Protocol"),
            endpoint: member.text_of("Endpoint"),
        }));
        next = Some(document.root().text_of("NextToken")).filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// The attributes of a subscription: names and values.
pub async fn attributes(sns: &Client, subscription: &str) -> Result<Vec<(String, String)>, CallError> {
    let reply = sns
        .query("GetSubscriptionAttributes", &[("SubscriptionArn", subscription)])
        .await?;
    let text = String::from_utf8_lossy(&reply.bytes);
    let Ok(document) = Document::parse(&text) else {
        return Ok(Vec::new());
    };
    let entries = document.descendants().filter(|node| node.has_tag_name_of("entry"));
    Ok(entries
        .map(|entry| (entry.text_of("key"), entry.text_of("value")))
        .collect())
}

/// SNS's responses have a namespace, which is ignored here.
trait XmlNode {
    fn has_tag_name_of(&self, name: &str) -> bool;
    /// The text of the first descendant element with a name; empty without one.
    fn text_of(&self, name: &str) -> String;
}

impl XmlNode for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }

    fn text_of(&self, name: &str) -> String {
        let found = self.descendants().find(|node| node.has_tag_name_of(name));
        found.and_then(|node| node.text()).unwrap_or_default().to_owned()
    }
}
