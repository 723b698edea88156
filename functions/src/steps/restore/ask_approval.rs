//! `ask-approval`: asks on-call whether a restore may continue. The machine waits with the task's token, which is stored in
//! the restore's record: `holdfast approve` and `holdfast reject` answer with it.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::message;
use crate::domain::restore::{About, Question, RestoreRecord};
use crate::error::{Error, Result};
use crate::runs::closing::ensure_not_ended;
use crate::runs::notifying::{Execution, RunFacts, Sns, Topic, send};
use crate::runtime;

const DOING: &str = "asking on-call";

/// Hours after which no answer means no, if the setting `APPROVAL_HOURS` is missing.
const HOURS: i64 = 24;

pub struct Needs {
    pub catalog: Catalog,
    pub topic: Arc<dyn Topic>,
    /// ARN of the stack's on-call topic.
    pub stacks_topic: String,
    /// How long the machine waits for an answer.
    pub patience: SignedDuration,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            topic: Arc::new(Sns::new(aws)),
            stacks_topic: runtime::setting("ONCALL_TOPIC_ARN")?,
            patience: patience(runtime::optional_setting("APPROVAL_HOURS"))?,
        })
    }
}

fn patience(setting: Option<String>) -> Result<SignedDuration> {
    let hours = match setting {
        None => HOURS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|hours| (1..=8760).contains(hours))
            .ok_or_else(|| Error::invalid("environment.APPROVAL_HOURS", text, "whole hours from 1 to 8760"))?,
    };
    Ok(SignedDuration::from_hours(hours))
}

/// Never printed: anyone with the token can answer.
#[derive(Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub about: About,
    pub token: String,
    pub now: Timestamp,
}

/// Not used by the machine, which continues with the answer to the token.
#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// When no answer means no.
    pub until: Timestamp,
}

/// A repeated question only replaces the token; on-call is notified again only if the first attempt failed.
///
/// # Errors
/// `Conflict` for a run that has ended; those of the topic.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Input { run, about, token, now } = input;
    let catalog = &needs.catalog;
    ensure_not_ended(catalog, &run, DOING).await?;
    let until = now + needs.patience;
    let record = catalog
        .change_restore(&run.deployment, &run.id, |record| {
            let open = record.question.as_ref();
            let known = open
                .filter(|question| question.about == about && question.notified_at.is_some() && now < question.until);
            record.question = Some(match known {
                Some(known) => Question {
                    token: token.clone(),
                    ..known.clone()
                },
                None => Question {
                    about,
                    token: token.clone(),
                    asked_at: now,
                    until,
                    notified_at: None,
                },
            });
        })
        .await?;
    lend_unless_at_rest(catalog, &run, about, now).await?;
    let Some(question) = &record.question else {
        return Ok(Output { until });
    };
    if question.notified_at.is_none() {
        notify_of_question(needs, &run, &record, question, now).await?;
        catalog
            .change_restore(&run.deployment, &run.id, |record| {
                let same = record.question.as_mut().filter(|question| question.token == token);
                if let Some(question) = same {
                    question.notified_at = Some(now);
                }
            })
            .await?;
    }
    tracing::info!(deployment = %run.deployment, restore = %run.id, ?about, until = %question.until, "asked");
    Ok(Output { until: question.until })
}

/// Lends the lease to a backup, since the restore changes nothing while it waits. But not while the application is at rest: the
/// backup would resume it.
async fn lend_unless_at_rest(catalog: &Catalog, run: &Run, about: About, now: Timestamp) -> Result<()> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    let at_rest = record.is_some_and(|record| record.quiesced_at.is_some() && record.resumed_at.is_none());
    match (about, at_rest) {
        (About::CutOver, true) => Ok(()),
        _ => catalog.lend_lease(run, now).await,
    }
}

async fn notify_of_question(
    needs: &Needs,
    run: &Run,
    record: &RestoreRecord,
    question: &Question,
    now: Timestamp,
) -> Result<()> {
    let known = RunFacts::of_restore(&needs.catalog, run, Some(&run.id)).await?;
    let of = Execution {
        arn: &run.execution,
        started_at: run.started_at,
        now,
        run: Some(run),
    };
    let message = message::approval_request(&known.restore(&of, None), record, question);
    send(
        needs.topic.as_ref(),
        known.topic.as_deref(),
        &needs.stacks_topic,
        &message,
    )
    .await
}

#[cfg(test)]
mod tests;
