//! A message on its way to SNS.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::json;

use crate::aws::failure;
use crate::domain::message::Message;
use crate::error::{Error, Result};

/// Where messages go.
#[async_trait]
pub trait Topic: Send + Sync {
    async fn publish(&self, topic: &str, message: &Message) -> Result<()>;
}

/// Topics of Amazon SNS.
pub struct Sns {
    pub client: Client,
}

#[async_trait]
impl Topic for Sns {
    /// People get the text, machines the JSON; filter policies see `event`, `severity` and, where there is one, `deployment`.
    async fn publish(&self, topic: &str, message: &Message) -> Result<()> {
        let machine = message.json.to_string();
        let body = json!({
            "default": message.text, "email": message.text,
            "lambda": machine, "sqs": machine, "https": machine,
        });
        let mut request = self
            .client
            .publish()
            .topic_arn(topic)
            .subject(&message.subject)
            .message_structure("json")
            .message(body.to_string())
            .message_attributes("event", attribute(message.event.as_str())?)
            .message_attributes("severity", attribute(message.severity.as_str())?);
        if let Some(deployment) = message.json.get("deployment").and_then(|name| name.as_str()) {
            request = request.message_attributes("deployment", attribute(deployment)?);
        }
        request
            .send()
            .await
            .map_err(|error| failure("publishing to topic", topic, error))?;
        Ok(())
    }
}

fn attribute(value: &str) -> Result<MessageAttributeValue> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .map_err(|error| Error::VerificationFailed(format!("composing a message attribute: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Value;

    use super::*;
    use crate::aws::replay::{Replay, xml};
    use crate::domain::message::{Event, Severity};

    #[tokio::test]
    async fn people_get_text_machines_json_and_filters_their_attributes() {
        let replay = Replay::new([xml("Publish", "<MessageId>1</MessageId>")]);
        let sns = Sns {
            client: Client::new(&replay.config()),
        };
        let message = Message {
            subject: "subject".into(),
            text: "text & more".into(),
            json: json!({"deployment": "hubs-prod"}),
            event: Event::BackupFailed,
            severity: Severity::Critical,
        };
        sns.publish("arn:topic", &message).await.unwrap();
        let asked = &replay.played()[0];
        let field = |name: &str| asked.field(name).unwrap();
        assert_eq!(field("TopicArn"), "arn:topic");
        assert_eq!(field("Subject"), "subject");
        assert_eq!(field("MessageStructure"), "json");
        let body: Value = serde_json::from_str(&field("Message")).unwrap();
        let machine = r#"{"deployment":"hubs-prod"}"#;
        assert_eq!(
            body,
            json!({"default": "text & more", "email": "text & more",
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
