//! A message, and how it is assembled.

use jiff::Timestamp;
use serde_json::Value;

use super::event::{Event, Severity};
use super::layout::{NextStep, Page, Section, text};
use super::{command_options, facts, words};
use crate::domain::set::Reason;

/// One message to the on-call topic. All parts together stay below the 256 KiB that SNS accepts, although it gets the text twice
/// and the JSON three times, once for each protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// At most 99 printable ASCII characters, which is what SNS accepts.
    pub subject: String,
    /// For people.
    pub text: String,
    /// The same for machines.
    pub json: Value,
    pub event: Event,
    pub severity: Severity,
}

impl Message {
    /// What happened and why, in at most 1,000 characters: the cause with which an execution fails.
    pub fn cause(&self) -> String {
        let reasons = self.json["reasons"].as_array().into_iter().flatten();
        let why = reasons.filter_map(|reason| reason["message"].as_str());
        let parts: Vec<&str> = std::iter::once(self.subject.as_str()).chain(why).collect();
        parts.join(": ").chars().take(1000).collect()
    }
}

/// The parts that differ from message to message.
pub struct MessageParts<'a> {
    pub event: Event,
    pub severity: Severity,
    pub subject: &'a str,
    /// What happened, in one or two sentences.
    pub happened: &'a str,
    /// Whether it can be trusted, and what is used now.
    pub means: &'a str,
    /// What to do; the first step now.
    pub steps: &'a [NextStep],
    /// What went wrong.
    pub reasons: &'a [Reason],
    /// Further information, the most important first.
    pub sections: Vec<Section>,
}

/// The text of a message for people, and its steps for machines.
pub struct RenderedMessage {
    pub subject: String,
    pub text: String,
    pub next_steps: Vec<String>,
}

impl MessageParts<'_> {
    /// The page, whose `holdfast` commands name the stack and the Region of the execution (see [`command_options`]); the command
    /// `all` shows what has no room.
    pub fn render(self, execution: &str, started_at: Timestamp, all: Option<String>) -> RenderedMessage {
        let subject = words::subject(self.subject);
        let options = command_options::of_execution(execution);
        let with_options = |text: &str| command_options::add_in_text(text, &options);
        let steps: Vec<NextStep> = self.steps.iter().map(|step| step.with_options(&options)).collect();
        let text = text(&Page {
            subject: &subject,
            happened: &with_options(self.happened),
            means: &with_options(self.means),
            steps: &steps,
            why: why(self.event, self.reasons).with_options(&options),
            sections: self
                .sections
                .into_iter()
                .map(|section| section.with_options(&options))
                .collect(),
            all: all.map(|all| command_options::add(&all, &options)),
            foot: foot(execution, started_at),
        });
        RenderedMessage {
            subject,
            text,
            next_steps: steps.iter().map(NextStep::line).collect(),
        }
    }
}

/// The last lines: a link to the execution, and its account.
fn foot(execution: &str, started_at: Timestamp) -> [String; 2] {
    let account = execution.split(':').nth(4).filter(|account| !account.is_empty());
    let account = account
        .map(|account| format!(" in account {account}"))
        .unwrap_or_default();
    let started = format!("The execution{account}, started {}:", words::time(started_at));
    [started, console_link(execution)]
}

/// What went wrong: why a run failed, or the warnings of one that succeeded.
fn why(event: Event, reasons: &[Reason]) -> Section {
    let title = match event {
        Event::BackupSealed
        | Event::RestoreVerified
        | Event::RestoreUnproven
        | Event::RestoreCutOver
        | Event::CutOverUndone => "Warnings",
        _ => "Why",
    };
    Section::list(title, facts::reasons(reasons))
}

/// The page of an execution in the Step Functions console; the region is the ARN's.
pub fn console_link(execution_arn: &str) -> String {
    let region = execution_arn.split(':').nth(3).unwrap_or_default();
    format!(
        "https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution_arn}"
    )
}
