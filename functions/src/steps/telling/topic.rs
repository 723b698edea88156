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
        if let Some(deployment) = message
            .json
            .get("deployment")
            .and_then(|name| name.as_str())
        {
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
        .map_err(|error| {
            Error::VerificationFailed(format!("composing a message attribute: {error}"))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_sdk_sns::Config;
    use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_sns::operation::publish::PublishOutput;
    use aws_smithy_mocks::{
        MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock,
    };
    use serde_json::Value;

    use super::*;
    use crate::domain::message::{Event, Severity};

    fn sns(rule: &Rule) -> Sns {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .http_client(create_mock_http_client())
            .interceptor(
                MockResponseInterceptor::new()
                    .rule_mode(RuleMode::Sequential)
                    .with_rule(rule),
            );
        Sns {
            client: Client::from_conf(config.build()),
        }
    }

    #[tokio::test]
    async fn people_get_text_machines_json_and_filters_their_attributes() {
        let rule = mock!(Client::publish)
            .match_requests(|request| {
                let body: Value = serde_json::from_str(request.message().unwrap()).unwrap();
                let machine: Value = serde_json::from_str(body["sqs"].as_str().unwrap()).unwrap();
                let attributes = request.message_attributes().unwrap();
                let attribute =
                    |name: &str| attributes.get(name).and_then(|value| value.string_value());
                request.topic_arn() == Some("arn:topic")
                    && request.subject() == Some("subject")
                    && request.message_structure() == Some("json")
                    && body["default"] == "text"
                    && body["email"] == "text"
                    && body["lambda"] == body["sqs"]
                    && body["https"] == body["sqs"]
                    && machine["deployment"] == "hubs-prod"
                    && attribute("event") == Some("backup_failed")
                    && attribute("severity") == Some("critical")
                    && attribute("deployment") == Some("hubs-prod")
            })
            .then_output(|| PublishOutput::builder().message_id("1").build());
        let message = Message {
            subject: "subject".into(),
            text: "text".into(),
            json: json!({"deployment": "hubs-prod"}),
            event: Event::BackupFailed,
            severity: Severity::Critical,
        };
        sns(&rule).publish("arn:topic", &message).await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }
}
