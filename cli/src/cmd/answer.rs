//! `holdfast approve` and `holdfast reject`: the answer to what a restore asks.

use holdfast::domain::restore::{About, Question, RestoreRecord};
use serde_json::json;

use crate::args::Global;
use crate::failure::{Failure, Result};
use crate::stack::Stack;
use crate::{aws, clock, out};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Say yes to what a restore asks: to its plan, or to cutting over
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// Id of the restore
    #[arg(value_name = "RUN")]
    run: String,
    /// It is cutting over that is approved, not the plan
    #[arg(long)]
    cut_over: bool,
}

/// Say no to what a restore asks
#[derive(Debug, clap::Args)]
pub struct Reject {
    /// Id of the restore
    #[arg(value_name = "RUN")]
    run: String,
    /// Why, for on-call
    #[arg(long, value_name = "TEXT", default_value = "an operator said no")]
    because: String,
}

impl Approve {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open_to_change(global).await?;
        let (record, question) = asked(&stack, &self.run).await?;
        self.see_meant(&question, &stack.option)?;
        let answer = aws_sdk_sfn::Client::new(&stack.config)
            .send_task_success()
            .task_token(&question.token)
            .output(json!({ "approved": true }).to_string())
            .send()
            .await;
        answer.map_err(|error| failure(&record.id, error))?;
        told(global, &record, &question, "yes")
    }
}

impl Approve {
    /// A yes to the plan, typed late, must not be one to cutting over.
    fn see_meant(&self, question: &Question, option: &str) -> Result<()> {
        let run = &self.run;
        match (question.about, self.cut_over) {
            (About::CutOver, false) => Err(Failure::Wrong(format!(
                "approving restore {run}: it asks whether the application may be switched to the copies. If that is what you \
                 mean: holdfast approve{option} {run} --cut-over"
            ))),
            (About::Plan, true) => Err(Failure::Wrong(format!(
                "approving restore {run}: it asks whether its plan may be carried out, not yet about cutting over. If that \
                 is what you mean: holdfast approve{option} {run}"
            ))),
            _ => Ok(()),
        }
    }
}

impl Reject {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open_to_change(global).await?;
        let (record, question) = asked(&stack, &self.run).await?;
        let answer = aws_sdk_sfn::Client::new(&stack.config)
            .send_task_failure()
            .task_token(&question.token)
            .error("Rejected")
            .cause(&self.because)
            .send()
            .await;
        answer.map_err(|error| failure(&record.id, error))?;
        told(global, &record, &question, "no")
    }
}

/// What a restore asks now.
async fn asked(stack: &Stack, run: &str) -> Result<(RestoreRecord, Question)> {
    let deployment = deployment_of(run)?;
    let mut record = stack.catalog.known_restore(&deployment, run).await?;
    match record.question.take() {
        Some(question) if question.until > clock::now() => Ok((record, question)),
        Some(question) => Err(Failure::NotDone(format!(
            "answering restore {run}: it waited until {}, and took silence for a no. Start it again: holdfast restore{} \
             {deployment}",
            question.until, stack.option
        ))),
        None => Err(Failure::NotDone(format!(
            "answering restore {run}: it asks nothing (it is {:?}). See it: holdfast restores{} {deployment}",
            record.status, stack.option
        ))),
    }
}

/// A restore's id begins with its deployment's name.
pub fn deployment_of(run: &str) -> Result<String> {
    let mut parts = run.rsplitn(4, '-');
    let (hash, time, day, name) = (parts.next(), parts.next(), parts.next(), parts.next());
    let digits = |part: Option<&str>, length| {
        part.is_some_and(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match name {
        Some(name) if digits(day, 8) && digits(time, 6) && hash.is_some_and(|hash| hash.len() == 4) => {
            Ok(name.to_owned())
        }
        _ => Err(Failure::Wrong(format!(
            "{run} is no restore's id. Write one such as hubs-prod-20261120-021500-ab12: `holdfast restores NAME` lists them."
        ))),
    }
}

fn failure<E>(run: &str, error: aws_sdk_sfn::error::SdkError<E>) -> Failure
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    // A token that was used before, or whose state has ended.
    if matches!(error.code(), Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken")) {
        return Failure::NotDone(format!(
            "answering restore {run}: it was answered before, or has ended."
        ));
    }
    aws::failure("answering restore", run, error)
}

fn told(global: &Global, record: &RestoreRecord, question: &Question, answer: &str) -> Result<()> {
    let about = match question.about {
        About::Plan => "its plan",
        About::CutOver => "cutting over",
    };
    match global.json {
        true => out::json(&json!({ "restore": record.id, "about": question.about, "answer": answer })),
        false => out::text(&format!("Said {answer} to {about} of restore {}.\n", record.id)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_restores_id_names_its_deployment() {
        assert_eq!(deployment_of("hubs-prod-20261120-021500-ab12").unwrap(), "hubs-prod");
        for wrong in [
            "hubs",
            "hubs-prod-20261120-021500",
            "arn:aws:states:x",
            "-20261120-021500-ab1",
        ] {
            assert_eq!(deployment_of(wrong).unwrap_err().code(), 2, "{wrong}");
        }
    }
}
