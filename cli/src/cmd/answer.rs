//! `holdfast approve` and `holdfast reject`: the answer to a restore's question.

use holdfast::domain::restore::{About, Question, RestoreRecord};
use serde_json::json;

use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::run_id::deployment_of;
use crate::stack::Stack;
use crate::{aws, clock, format, output, watch};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Approve a restore's plan, or its cut-over
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// Id of the restore
    #[arg(value_name = "RUN")]
    run: String,
    /// Approve the cut-over, not the plan
    #[arg(long)]
    cut_over: bool,
}

/// Reject a restore's plan, or its cut-over
#[derive(Debug, clap::Args)]
pub struct Reject {
    /// Id of the restore
    #[arg(value_name = "RUN")]
    run: String,
    /// The reason, for on-call
    #[arg(long, value_name = "TEXT", default_value = "an operator said no")]
    because: String,
}

impl Approve {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let deployment = deployment_of(&self.run)?;
        let stack = Stack::open_to_change(global).await?;
        let (record, question) = open_question(&stack, &deployment, &self.run).await?;
        self.ensure_question_matches(&question, &stack.option)?;
        let answer = aws_sdk_sfn::Client::new(&stack.config)
            .send_task_success()
            .task_token(&question.token)
            .output(json!({ "approved": true }).to_string())
            .send()
            .await;
        answer.map_err(|error| failure(&record.id, error))?;
        report(global, &record, &question, "yes")
    }
}

impl Approve {
    /// An approval of the plan that comes late must not approve the cut-over.
    fn ensure_question_matches(&self, question: &Question, option: &str) -> Result<()> {
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
        let deployment = deployment_of(&self.run)?;
        let stack = Stack::open_to_change(global).await?;
        let (record, question) = open_question(&stack, &deployment, &self.run).await?;
        let answer = aws_sdk_sfn::Client::new(&stack.config)
            .send_task_failure()
            .task_token(&question.token)
            .error("Rejected")
            .cause(&self.because)
            .send()
            .await;
        answer.map_err(|error| failure(&record.id, error))?;
        report(global, &record, &question, "no")
    }
}

/// The restore's open question.
async fn open_question(stack: &Stack, deployment: &str, run: &str) -> Result<(RestoreRecord, Question)> {
    let mut record = stack.catalog.known_restore(deployment, run).await?;
    match record.question.take() {
        Some(question) if question.until > clock::now() => Ok((record, question)),
        Some(question) => Err(Failure::NotDone(format!(
            "answering restore {run}: it waited until {}, and took no answer for a no. Start it again: holdfast restore{} \
             {deployment}",
            format::moment(question.until),
            stack.option
        ))),
        None => Err(Failure::NotDone(format!(
            "answering restore {run}: it has no open question ({}). See it: holdfast restores{} {deployment}",
            watch::restore::phase(&record),
            stack.option
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

fn report(global: &Global, record: &RestoreRecord, question: &Question, answer: &str) -> Result<()> {
    let about = match question.about {
        About::Plan => "its plan",
        About::CutOver => "cutting over",
    };
    match global.json {
        true => output::json(&json!({ "restore": record.id, "about": question.about, "answer": answer })),
        false => output::text(&format!("Said {answer} to {about} of restore {}.\n", record.id)),
    }
}
