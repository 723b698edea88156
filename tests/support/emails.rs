//! An email subscriber: it gets the plain text of the topic's messages.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::aws::Aws;
use crate::wait::until;

/// Subject and text of a message.
#[derive(Debug, Clone)]
pub struct Email {
    pub subject: String,
    pub text: String,
}

/// An HTTP endpoint that is subscribed to a topic.
pub struct Emails(Arc<Mutex<Vec<Value>>>);

impl Emails {
    /// Opens the endpoint, subscribes it and confirms the subscription.
    pub async fn subscribe(aws: &Aws, topic: &str) -> Result<Self> {
        let received: Arc<Mutex<Vec<Value>>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}/", listener.local_addr()?);
        let router = Router::new().route("/", post(take)).with_state(Arc::clone(&received));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let letters = Self(received);
        let parameters = [
            ("TopicArn", topic),
            ("Protocol", "http"),
            ("Endpoint", endpoint.as_str()),
        ];
        aws.query("sns", "2010-03-31", "Subscribe", &parameters).await?;
        let token = letters
            .first("the subscription is to be confirmed", |letter| {
                Some(letter["Token"].as_str()?.to_owned())
            })
            .await?;
        aws.query(
            "sns",
            "2010-03-31",
            "ConfirmSubscription",
            &[("TopicArn", topic), ("Token", &token)],
        )
        .await?;
        Ok(letters)
    }

    /// Waits for the next email.
    pub async fn next(&self) -> Result<Email> {
        let read = |letter: &Value| {
            let field = |name: &str| letter[name].as_str().map(str::to_owned);
            Some(Email {
                subject: field("Subject")?,
                text: field("Message")?,
            })
        };
        self.first("a letter comes", read).await
    }

    /// Removes the first message for which `read` returns a value, and returns that value.
    async fn first<T>(&self, what: &str, read: impl Fn(&Value) -> Option<T>) -> Result<T> {
        until(what, Duration::from_secs(30), || async {
            let mut letters = self.0.lock().map_err(|_| anyhow::anyhow!("a handler panicked"))?;
            let found = letters
                .iter()
                .enumerate()
                .find_map(|(at, letter)| Some((at, read(letter)?)));
            Ok(found.map(|(at, value)| {
                letters.remove(at);
                value
            }))
        })
        .await
    }
}

async fn take(State(letters): State<Arc<Mutex<Vec<Value>>>>, body: String) {
    if let (Ok(letter), Ok(mut letters)) = (serde_json::from_str(&body), letters.lock()) {
        letters.push(letter);
    }
}
