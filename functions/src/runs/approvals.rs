//! Rejects the question that a restore waits on, because its copies are being removed.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::domain::restore::Question;
use crate::error::Result;

#[async_trait]
pub trait Approvals: Send + Sync {
    /// Rejects a question. One that nothing waits for any more counts as answered.
    async fn reject(&self, question: &Question, because: &str) -> Result<()>;
}

pub struct StepFunctionsApprovals {
    client: Lazy<Client>,
}

impl StepFunctionsApprovals {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            client: Lazy::new(aws, Client::new),
        }
    }
}

#[async_trait]
impl Approvals for StepFunctionsApprovals {
    async fn reject(&self, question: &Question, because: &str) -> Result<()> {
        let sent = self
            .client
            .send_task_failure()
            .task_token(&question.token)
            .error("Rejected")
            .cause(because)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), Some("TaskDoesNotExist" | "TaskTimedOut" | "InvalidToken")) => Ok(()),
            Err(error) => Err(failure("answering", "what the restore asks", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::restore::About;
    use crate::testing::replay::{Replay, answers, refuses};
    use crate::testing::{later, now};

    fn question() -> Question {
        Question {
            about: About::CutOver,
            token: "the-token".to_owned(),
            asked_at: now(),
            until: later(3600),
            notified_at: Some(now()),
        }
    }

    #[tokio::test]
    async fn a_no_is_said_once_and_one_that_came_too_late_is_done() {
        let replay = Replay::new([answers("SendTaskFailure", "{}")]);
        StepFunctionsApprovals::new(&replay.config())
            .reject(&question(), "its copies are removed")
            .await
            .unwrap();
        let request = replay.played()[0].json();
        assert_eq!(
            (&request["taskToken"], &request["error"]),
            (&"the-token".into(), &"Rejected".into())
        );
        for gone in ["TaskDoesNotExist", "TaskTimedOut"] {
            let replay = Replay::new([refuses("SendTaskFailure", 400, gone)]);
            StepFunctionsApprovals::new(&replay.config())
                .reject(&question(), "late")
                .await
                .unwrap();
        }
        let replay = Replay::new([refuses("SendTaskFailure", 400, "AccessDeniedException")]);
        let error = StepFunctionsApprovals::new(&replay.config())
            .reject(&question(), "refused")
            .await
            .unwrap_err();
        assert!(!error.to_string().contains("the-token"), "{error}");
    }
}
