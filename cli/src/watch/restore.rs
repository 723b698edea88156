//! Following a restore: one line per change, until its execution has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use holdfast::domain::message::console_link;
use holdfast::domain::restore::item::{ItemStatus, RestoreItem};
use holdfast::domain::restore::verdict::Finding;
use holdfast::domain::restore::{RestoreRecord, RestoreStatus};
use holdfast::domain::set::Reason;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::failure_cause;
use crate::failure::{Failure, Result};
use crate::stack::Stack;
use crate::table::{listed, one_line};
use crate::{aws, clock, format, output, question};

/// Polls that may fail in a row: about five minutes.
const PATIENCE: usize = 60;

/// Whether an execution is one of the machine's, by its ARN.
pub fn is_one(execution: &str, machine: &str) -> bool {
    execution.starts_with(&format!("{}:", machine.replacen(":stateMachine:", ":execution:", 1)))
}

/// Shows a restore's progress, and returns its result.
///
/// # Errors
/// `NotDone` when it failed; `NotFound` where there is no such execution; `Aws` when AWS refuses, or does not respond for
/// five minutes.
pub async fn follow(stack: &Stack, execution: &str, json: bool) -> Result<()> {
    let client = Client::new(&stack.config);
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    let mut unanswered = 0;
    let mut noted = String::new();
    loop {
        match look(stack, &client, execution).await {
            Ok(look) => {
                unanswered = 0;
                for (what, state) in look.lines(&stack.option, clock::now()) {
                    if shown.get(&what) != Some(&state) {
                        print_line(&what, &state, look.at(), json)?;
                        shown.insert(what, state);
                    }
                }
                if look.has_ended() {
                    return end(&look, &client, json).await;
                }
                clock::wait(Duration::from_secs(1)).await;
            }
            Err(Failure::Aws(message)) if unanswered < PATIENCE => {
                unanswered += 1;
                // Once while it stays the same.
                if noted != message {
                    eprintln!("{message}");
                    noted = message;
                }
                clock::wait(Duration::from_secs(5)).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// The restore at one moment.
struct RestoreSnapshot {
    execution: DescribeExecutionOutput,
    record: Option<RestoreRecord>,
    items: Vec<RestoreItem>,
}

async fn look(stack: &Stack, client: &Client, execution: &str) -> Result<RestoreSnapshot> {
    // The execution first: if it has ended, the catalog has all of its records.
    let described = client.describe_execution().execution_arn(execution).send().await;
    let described = described.map_err(|error| aws::failure("describing execution", execution, error))?;
    let input: Value = serde_json::from_str(described.input().unwrap_or_default()).unwrap_or_default();
    let deployment = input["deployment"].as_str().unwrap_or_default();
    let restores = stack.catalog.restores(deployment).await?;
    let record = restores.into_iter().find(|record| record.execution == execution);
    let items = match &record {
        Some(record) => stack.catalog.items(deployment, &record.id).await?,
        None => Vec::new(),
    };
    Ok(RestoreSnapshot {
        execution: described,
        record,
        items,
    })
}

impl RestoreSnapshot {
    fn has_ended(&self) -> bool {
        !matches!(
            self.execution.status(),
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive
        )
    }

    /// The time of the snapshot; after the end, the time of the end.
    fn at(&self) -> Timestamp {
        ended_at(&self.execution).unwrap_or_else(clock::now)
    }

    /// The lines to show, each by its subject.
    fn lines(&self, option: &str, now: Timestamp) -> Vec<(String, String)> {
        let Some(record) = &self.record else {
            let planning = ("restore".to_owned(), "planning".to_owned());
            // If it ended before that, the reason follows below.
            return if self.has_ended() { Vec::new() } else { vec![planning] };
        };
        let mut lines = vec![(record.id.clone(), phase(record).to_owned())];
        // All are planned at first, as the phase says.
        let begun = self.items.iter().filter(|item| item.status != ItemStatus::Planned);
        lines.extend(begun.map(|item| (item.planned.resource.name.clone(), state(item))));
        if let Some(verification) = &record.verification {
            let found = verification
                .checks
                .iter()
                .filter(|check| check.finding != Finding::Same);
            lines.extend(found.map(|check| (check.name.clone(), format!("{:?}: {}", check.finding, check.detail))));
            let same = verification
                .checks
                .iter()
                .filter(|check| check.finding == Finding::Same)
                .count();
            let outcome = format!(
                "{:?}, {same} of {} checks the same",
                verification.outcome,
                verification.checks.len()
            );
            lines.push(("verification".to_owned(), outcome.to_lowercase()));
        }
        lines.extend(record.switched.iter().map(|switched| {
            (
                format!("switch {}", switched.switch.name),
                format!("{:?}", switched.state).to_lowercase(),
            )
        }));
        if let (Some(asked), false) = (question::open_question_text(record, option, now), self.has_ended()) {
            lines.push(("question".to_owned(), asked));
        }
        lines
    }
}

/// What the restore is doing, or how it ended.
pub fn phase(record: &RestoreRecord) -> &'static str {
    match record.status {
        RestoreStatus::Planned => "planned",
        RestoreStatus::Running => "restoring next to the live resources",
        RestoreStatus::Restored => "restored next to the live resources",
        RestoreStatus::Switching => "switching the application",
        RestoreStatus::CutOver => "cut over",
        RestoreStatus::SwitchedBack => "switched back",
        RestoreStatus::Undone => "removing what was created",
        RestoreStatus::Failed => "failed",
    }
}

fn state(item: &RestoreItem) -> String {
    // Shown at each quarter, not at each percent.
    let quarters = item.percent.map(|percent| (percent / 25.0).floor() * 25.0);
    let percent = quarters.filter(|percent| *percent > 0.0);
    let percent = percent
        .map(|percent| format!(", past {percent:.0} %"))
        .unwrap_or_default();
    match item.status {
        ItemStatus::Planned => "planned".to_owned(),
        ItemStatus::InProgress => {
            let phase = item.phase.as_deref().map(one_line).unwrap_or_default();
            format!("in progress{percent}: {phase}")
        }
        ItemStatus::Restored => "restored".to_owned(),
        ItemStatus::Failed => {
            let why = item
                .failure
                .as_ref()
                .map(|failure| format!("{}: {}", failure.error, failure.message()));
            format!("failed: {}", one_line(&why.unwrap_or_default()))
        }
        ItemStatus::Undone => "removed".to_owned(),
    }
}

/// Waits for the end of an execution, and returns its output.
///
/// # Errors
/// `NotDone` when it failed.
pub async fn output(stack: &Stack, execution: &str) -> Result<Value> {
    let client = Client::new(&stack.config);
    loop {
        let described = client.describe_execution().execution_arn(execution).send().await;
        let described = described.map_err(|error| aws::failure("describing execution", execution, error))?;
        match described.status() {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => clock::wait(Duration::from_secs(1)).await,
            ExecutionStatus::Succeeded => {
                return Ok(serde_json::from_str(described.output().unwrap_or_default()).unwrap_or_default());
            }
            _ => return Err(ended_badly("The execution", &client, &described, &[]).await),
        }
    }
}

/// Prints the output of an execution that undid a restore.
pub fn print_output(output: &Value, json: bool) -> Result<()> {
    match json {
        true => output::json_line(output),
        false => output::text(&format!("{}\n", output["summary"].as_str().unwrap_or("Done."))),
    }
}

fn print_line(what: &str, state: &str, at: Timestamp, json: bool) -> Result<()> {
    match json {
        true => output::json_line(&json!({ "at": at, "about": what, "state": state })),
        false => output::text(&format!("{} {what}: {state}\n", format::time_of_day(at))),
    }
}

/// How it ended, and why, each reason in full: those in the record, or else those of the execution.
async fn ended_badly(what: &str, client: &Client, ended: &DescribeExecutionOutput, reasons: &[Reason]) -> Failure {
    let recorded = reasons
        .iter()
        .map(|of| format!("{}: {}: {}", of.subject, of.error, of.message));
    let why: Vec<String> = match reasons {
        [] => failure_cause::why(client, ended).await.into_iter().collect(),
        _ => recorded.collect(),
    };
    let when = self::ended(ended, clock::now());
    let why: String = why.iter().map(|why| listed(why)).collect();
    let console = console_link(ended.execution_arn());
    Failure::NotDone(format!(
        "{what} ended as {}.\n{why}{when}See it in the console: {console}",
        ended.status().as_str()
    ))
}

fn ended_at(execution: &DescribeExecutionOutput) -> Option<Timestamp> {
    let stopped = execution.stop_date()?;
    Timestamp::from_second(stopped.secs()).ok()
}

/// When it ended, if that is not just now.
fn ended(execution: &DescribeExecutionOutput, now: Timestamp) -> String {
    ended_at(execution).map(|at| format::ended(at, now)).unwrap_or_default()
}

async fn end(look: &RestoreSnapshot, client: &Client, json: bool) -> Result<()> {
    let output: Value = serde_json::from_str(look.execution.output().unwrap_or_default()).unwrap_or_default();
    let status = look.execution.status();
    if json {
        output::json_line(
            &json!({ "status": status.as_str(), "restore": look.record, "items": look.items, "output": output }),
        )?;
    }
    if *status == ExecutionStatus::Succeeded {
        let summary = output["summary"].as_str().unwrap_or("It has succeeded.");
        return match json {
            true => Ok(()),
            false => output::text(&format!("{summary}\n{}", ended(&look.execution, clock::now()))),
        };
    }
    let reasons = look.record.as_ref().map(|record| record.reasons.as_slice());
    Err(ended_badly("The restore", client, &look.execution, reasons.unwrap_or_default()).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_told_by_its_machine() {
        let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-restore";
        assert!(is_one(
            "arn:aws:states:us-east-1:000000000000:execution:holdfast-restore:x",
            machine
        ));
        assert!(!is_one(
            "arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:x",
            machine
        ));
        assert!(!is_one("x", machine));
    }
}
