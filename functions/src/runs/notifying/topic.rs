//! Publishes messages to SNS.

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::json;

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, SNS};
use crate::aws::subscriptions::{Subscription, subscriptions};
use crate::domain::message::{Message, chat};
use crate::error::{Class, Result};

/// Publishes messages.
#[async_trait]
pub trait Topic: Send + Sync {
    async fn publish(&self, topic: &str, message: &Message) -> Result<()>;
}

/// Amazon SNS.
pub struct Sns {
    client: Lazy<Client>,
}

impl Sns {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            client: Lazy::new(aws, |aws| Client::new(aws, SNS)),
        }
    }

    /// Whether a chat channel is subscribed to a topic. Assumed if unknown: it drops everything but its own schema, while other
    /// HTTPS subscribers merely get the text in another format.
    async fn is_read_in_chat(&self, topic: &str) -> bool {
        let is_read = |found: Vec<Subscription>| found.iter().any(Subscription::is_chat);
        match subscriptions(&self.client, topic).await {
            Ok(found) => is_read(found),
            Err(error) => {
                let error = failure("listing the subscriptions of topic", topic, error);
                // A transient error is retried once.
                if error.class() != Class::Final
                    && let Ok(found) = subscriptions(&self.client, topic).await
                {
                    return is_read(found);
                }
                tracing::warn!(%error, "the subscribers of the topic are not known");
                true
            }
        }
    }
}

#[async_trait]
impl Topic for Sns {
    /// People get the text, phones only the subject, chat channels the beginning, programs the JSON. Filter policies see
    /// `event`, `severity` and, if present, `deployment`.
    async fn publish(&self, topic: &str, message: &Message) -> Result<()> {
        let machine = message.json.to_string();
        let https = match self.is_read_in_chat(topic).await {
            true => chat(message).to_string(),
            false => machine.clone(),
        };
        let body = json!({
            "default": message.text, "email": message.text, "sms": message.subject,
            "lambda": machine, "sqs": machine, "https": https,
        });
        let attributes = [
            ("event", Some(message.event.as_str())),
            ("severity", Some(message.severity.as_str())),
            (
                "deployment",
                message.json.get("deployment").and_then(|name| name.as_str()),
            ),
        ];
        let mut fields: Vec<(String, String)> = [
            ("TopicArn", topic),
            ("Subject", message.subject.as_str()),
            ("MessageStructure", "json"),
            ("Message", body.to_string().as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let present = attributes.into_iter().filter_map(|(name, value)| Some((name, value?)));
        for (nth, (name, value)) in present.enumerate() {
            let entry = format!("MessageAttributes.entry.{}", nth + 1);
            fields.push((format!("{entry}.Name"), name.to_owned()));
            fields.push((format!("{entry}.Value.DataType"), "String".to_owned()));
            fields.push((format!("{entry}.Value.StringValue"), value.to_owned()));
        }
        let published = self.client.query("Publish", &fields).await;
        published
            .map(drop)
            .map_err(|error| failure("publishing to topic", topic, error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Value;

    use super::*;
    use crate::domain::message::{Event, Severity};
    use crate::testing::replay::{Exchange, Replay, refuses, xml};

    fn read_by(host: &str) -> Exchange {
        let subscription = format!(
            "<member><SubscriptionArn>arn:1</SubscriptionArn><Protocol>https</Protocol>\
             <Endpoint>https://{host}/x</Endpoint></member>"
        );
        xml(
            "ListSubscriptionsByTopic",
            &format!("<Subscriptions>{subscription}</Subscriptions>"),
        )
    }

    /// Fails at 8e363f8: the channel got JSON that it drops.
    #[tokio::test]
    async fn a_chat_channel_gets_its_own_schema_also_where_it_cannot_be_told() {
        for listed in [
            read_by("global.sns-api.chatbot.amazonaws.com"),
            refuses("ListSubscriptionsByTopic", 403, "AuthorizationError"),
        ] {
            let replay = Replay::new([listed, xml("Publish", "<MessageId>1</MessageId>")]);
            let sns = Sns::new(&replay.config());
            let message = Message {
                subject: "subject".into(),
                text: "text".into(),
                json: json!({"deployment": "hubs-prod"}),
                event: Event::BackupFailed,
                severity: Severity::Critical,
            };
            sns.publish("arn:topic", &message).await.unwrap();
            let sent = replay.played()[1].field("Message").unwrap();
            let body: Value = serde_json::from_str(&sent).unwrap();
            let https: Value = serde_json::from_str(body["https"].as_str().unwrap()).unwrap();
            assert_eq!(https, chat(&message));
            assert_eq!(body["sqs"], r#"{"deployment":"hubs-prod"}"#);
        }
    }

    #[tokio::test]
    async fn who_reads_a_topic_is_asked_once_more_where_the_refusal_passes_by_itself() {
        let later = || refuses("ListSubscriptionsByTopic", 500, "InternalError");
        for (listed, in_chat) in [
            (vec![later(), read_by("pager.example.org")], false),
            (vec![later(), read_by("global.sns-api.chatbot.amazonaws.com")], true),
            // Unknown after two failures.
            (vec![later(), later()], true),
            (
                vec![refuses("ListSubscriptionsByTopic", 403, "AuthorizationError")],
                true,
            ),
        ] {
            let replay = Replay::new(listed);
            let sns = Sns::new(&replay.config());
            assert_eq!(sns.is_read_in_chat("arn:topic").await, in_chat);
            replay.played();
        }
    }

    #[tokio::test]
    async fn people_get_text_machines_json_and_filters_their_attributes() {
        let replay = Replay::new([read_by("pager.example.org"), xml("Publish", "<MessageId>1</MessageId>")]);
        let sns = Sns::new(&replay.config());
        let message = Message {
            subject: "subject".into(),
            text: "text & more".into(),
            json: json!({"deployment": "hubs-prod"}),
            event: Event::BackupFailed,
            severity: Severity::Critical,
        };
        sns.publish("arn:topic", &message).await.unwrap();
        let request = &replay.played()[1];
        let field = |name: &str| request.field(name).unwrap();
        assert_eq!(field("TopicArn"), "arn:topic");
        assert_eq!(field("Subject"), "subject");
        assert_eq!(field("MessageStructure"), "json");
        let body: Value = serde_json::from_str(&field("Message")).unwrap();
        let machine = r#"{"deployment":"hubs-prod"}"#;
        assert_eq!(
            body,
            json!({"default": "text & more", "email": "text & more", "sms": "subject",
                   "lambda": machine, "sqs": machine, "https": machine})
        );
        let mut attributes: Vec<_> = (1..=3)
            .map(|nth| {
                let entry = format!("MessageAttributes.entry.{nth}");
                let name = field(&format!("{entry}.Name"));
                (name, field(&format!("{entry}.Value.StringValue")))
            })
            .collect();
        attributes.sort();
        let wanted = [
            ("deployment", "hubs-prod"),
            ("event", "backup_failed"),
            ("severity", "critical"),
        ];
        assert_eq!(
            attributes,
            wanted.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
