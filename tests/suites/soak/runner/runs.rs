//! Executions: started, stopped, and waited for.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use holdfast_tests::executions::{now, start};
use holdfast_tests::soak::outcomes::End;
use holdfast_tests::wait::until;
use serde_json::{Value, json};

use super::{PATIENCE, Sequence};

impl Sequence<'_> {
    pub(super) async fn start(&self, output: &str, fields: Value) -> Result<String> {
        let mut request = fields;
        request["deployment"] = json!(self.deployment.dataset.name);
        let stage = self.deployment.stage;
        start(&stage.aws, stage.stack.output(output)?, &request).await
    }

    pub(super) async fn stop(&self, execution: &str) -> Result<()> {
        let stop = json!({ "executionArn": execution, "error": "Operator", "cause": "stopped in the console" });
        let stopped = self
            .deployment
            .stage
            .aws
            .json("states", "AWSStepFunctions.StopExecution", stop)
            .await;
        stopped.map(drop)
    }

    /// Stops an execution at its first call of a kind, unless it ends or asks a question before.
    pub(super) async fn stop_at(&self, execution: &str, mark: u64, at: impl Fn(&Value) -> bool) -> Result<()> {
        let stage = self.deployment.stage;
        until("the execution makes the call", PATIENCE, || async {
            let calls = stage.lab.ledger(mark).await?;
            let ours = |call: &&Value| {
                call["caller"]
                    .as_str()
                    .is_some_and(|caller| caller.starts_with("holdfast-"))
            };
            if calls.iter().filter(ours).any(&at) {
                self.stop(execution).await?;
                return Ok(Some(()));
            }
            let ended = now(&stage.aws, execution).await?.is_some();
            Ok((ended || self.asked(execution).await?.is_some()).then_some(()))
        })
        .await
    }

    /// An execution's open question, once on-call was notified.
    pub(super) async fn asked(&self, execution: &str) -> Result<Option<String>> {
        let record = self.record(execution).await?;
        let question = record
            .map(|record| record["question"].clone())
            .filter(|question| question["told_at"].is_string());
        Ok(question.and_then(|question| question["about"].as_str().map(str::to_owned)))
    }

    pub(super) async fn record(&self, execution: &str) -> Result<Option<Value>> {
        self.deployment
            .records
            .restore_of(&self.deployment.dataset.name, execution)
            .await
    }

    /// Waits until an execution ends, or asks a question.
    pub(super) async fn end_of(&self, execution: &str) -> Result<(End, String)> {
        let is_restore = execution.contains("-restore:") && !execution.contains("-undo-restore:");
        self.end_but_for(execution, None, !is_restore).await
    }

    /// Waits until an execution ends, or asks another question than the answered one; or, `to_the_end`, until it ends.
    pub(super) async fn end_but_for(
        &self,
        execution: &str,
        answered: Option<&str>,
        to_the_end: bool,
    ) -> Result<(End, String)> {
        let stage = self.deployment.stage;
        let looks = AtomicUsize::new(0);
        until(&format!("{execution} ends"), PATIENCE, || async {
            if let Some(ended) = now(&stage.aws, execution).await? {
                let end = match ended.status.as_str() {
                    "SUCCEEDED" => End::Succeeded,
                    "ABORTED" => End::Aborted,
                    _ => End::Failed,
                };
                return Ok(Some((end, format!("{} {} {}", ended.status, ended.error, ended.cause))));
            }
            let look = looks.fetch_add(1, Ordering::Relaxed);
            if to_the_end || look % 4 != 3 {
                return Ok(None);
            }
            let asked = self.asked(execution).await?;
            Ok(asked
                .filter(|about| Some(about.as_str()) != answered)
                .map(|about| (End::Waiting, format!("it asks about {about}"))))
        })
        .await
    }
}
