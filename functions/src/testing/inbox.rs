//! The notifications to on-call.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::domain::message::Message;
use crate::error::{Error, Result};
use crate::runs::notifying::Topic;

/// Keeps the notifications to on-call; one topic may refuse.
#[derive(Default)]
pub struct Inbox {
    messages: Mutex<Vec<(String, Message)>>,
    refusing: Option<(String, Error)>,
}

impl Inbox {
    pub fn open() -> Arc<Self> {
        Arc::default()
    }

    pub fn refusing(topic: &str, error: Error) -> Arc<Self> {
        Arc::new(Self {
            messages: Mutex::default(),
            refusing: Some((topic.into(), error)),
        })
    }

    pub fn messages(&self) -> Vec<(String, Message)> {
        self.messages.lock().unwrap().clone()
    }
}

#[async_trait]
impl Topic for Inbox {
    async fn publish(&self, topic: &str, message: &Message) -> Result<()> {
        if let Some((refused, error)) = &self.refusing
            && refused == topic
        {
            return Err(error.clone());
        }
        self.messages.lock().unwrap().push((topic.into(), message.clone()));
        Ok(())
    }
}
