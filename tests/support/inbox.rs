//! On-call's inbox: a queue that is subscribed to the topic.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::aws::{Aws, text};
use crate::wait::until;

/// A message as a subscriber gets it.
#[derive(Debug, Clone)]
pub struct InboxMessage {
    pub subject: String,
    pub body: String,
    /// `event`, `severity`, `deployment`.
    pub attributes: Value,
}

/// A queue that gets every message of one topic.
pub struct Inbox {
    aws: Aws,
    queue: String,
}

impl Inbox {
    /// Creates the queue and subscribes it.
    pub async fn subscribe(aws: &Aws, topic: &str, name: &str) -> Result<Self> {
        let created = aws
            .json("sqs", "AmazonSQS.CreateQueue", json!({ "QueueName": name }))
            .await?;
        let queue = text(&created, "/QueueUrl")?.to_owned();
        let attributes = aws
            .json(
                "sqs",
                "AmazonSQS.GetQueueAttributes",
                json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] }),
            )
            .await?;
        let arn = text(&attributes, "/Attributes/QueueArn")?;
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage",
                "Resource": arn, "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
            }],
        });
        let request = json!({ "QueueUrl": queue, "Attributes": { "Policy": policy.to_string() } });
        aws.json("sqs", "AmazonSQS.SetQueueAttributes", request).await?;
        let subscription = [("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", arn)];
        aws.query("sns", "2010-03-31", "Subscribe", &subscription).await?;
        Ok(Self {
            aws: aws.clone(),
            queue,
        })
    }

    /// Removes and returns all messages that have arrived.
    pub async fn take(&self) -> Result<Vec<InboxMessage>> {
        let mut mails = Vec::new();
        loop {
            let request = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0 });
            let answer = self.aws.json("sqs", "AmazonSQS.ReceiveMessage", request).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(mails);
            }
            for message in messages {
                let envelope: Value = serde_json::from_str(text(&message, "/Body")?)?;
                let field = |name: &str| envelope[name].as_str().unwrap_or_default().to_owned();
                mails.push(InboxMessage {
                    subject: field("Subject"),
                    body: field("Message"),
                    attributes: envelope["MessageAttributes"].clone(),
                });
                let receipt = text(&message, "/ReceiptHandle")?;
                self.aws
                    .json(
                        "sqs",
                        "AmazonSQS.DeleteMessage",
                        json!({ "QueueUrl": self.queue, "ReceiptHandle": receipt }),
                    )
                    .await?;
            }
        }
    }

    /// Waits for a message about `deployment`; messages about others are discarded.
    pub async fn about(&self, deployment: &str, limit: Duration) -> Result<InboxMessage> {
        until(&format!("on-call is notified about {deployment}"), limit, || async {
            let mails = self.take().await?;
            Ok(mails
                .into_iter()
                .find(|mail| mail.attributes.pointer("/deployment/Value").and_then(Value::as_str) == Some(deployment)))
        })
        .await
    }
}
