//! What a real execution did, by its event history, including those of the executions that it started, and of a Distributed
//! Map's children. So no count can be outdated by a change of a machine.

use std::collections::VecDeque;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::{Aws, text};
use holdfast_tests::executions::history;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The events of an execution, and of its child executions.
pub struct History(Vec<Vec<Value>>);

/// The billed quantities of an execution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// States entered, and task retries, which AWS counts as transitions too.
    pub transitions: usize,
    /// Functions invoked.
    pub invocations: usize,
}

/// A function's response to a machine.
pub struct Answer {
    /// When it was invoked.
    pub at: Timestamp,
    pub payload: Value,
}

impl History {
    /// Reads the whole history.
    ///
    /// # Errors
    /// If an execution has no history.
    pub async fn read(aws: &Aws, execution: &str) -> Result<Self> {
        let mut unread = VecDeque::from([execution.to_owned()]);
        let mut all = Vec::new();
        while let Some(execution) = unread.pop_front() {
            let events = history(aws, &execution).await?;
            ensure!(!events.is_empty(), "execution {execution} has no history");
            unread.extend(started(&events));
            unread.extend(children(aws, &execution).await?);
            all.push(events);
        }
        Ok(Self(all))
    }

    pub fn count(&self) -> Count {
        let number = |wanted: &dyn Fn(&Value) -> bool| self.events().filter(|event| wanted(event)).count();
        let entered = number(&|event| kind(event).ends_with("StateEntered"));
        let tasks = number(&|event| kind(event) == "TaskStateEntered");
        let tried = number(&|event| matches!(kind(event), "TaskScheduled" | "LambdaFunctionScheduled"));
        let invocations = number(&|event| {
            kind(event) == "LambdaFunctionScheduled"
                || (kind(event) == "TaskScheduled" && event["taskScheduledEventDetails"]["resourceType"] == "lambda")
        });
        Count {
            transitions: entered + tried.saturating_sub(tasks),
            invocations,
        }
    }

    fn events(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().flatten()
    }

    /// The functions' responses, in the order of their invocations.
    pub fn answers(&self) -> Vec<Answer> {
        let of =
            |events: &Vec<Value>| -> Vec<Answer> { events.iter().filter_map(|event| answer(event, events)).collect() };
        let mut answers: Vec<Answer> = self.0.iter().flat_map(of).collect();
        answers.sort_by_key(|answer| answer.at);
        answers
    }

    /// When a state last exited.
    pub fn left(&self, state: &str) -> Result<Timestamp> {
        let exits = self
            .events()
            .filter(|event| event["stateExitedEventDetails"]["name"] == state);
        let last = exits.filter_map(time).max();
        last.with_context(|| format!("the execution never left a state {state}"))
    }

    /// When the execution began.
    pub fn began(&self) -> Result<Timestamp> {
        self.events().filter_map(time).min().context("no events")
    }
}

fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap_or_default()
}

/// Seconds since 1970, as Step Functions writes times.
fn time(event: &Value) -> Option<Timestamp> {
    let seconds = event["timestamp"].as_f64()?;
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}

fn output(event: &Value) -> Option<Value> {
    serde_json::from_str(event["taskSucceededEventDetails"]["output"].as_str()?).ok()
}

fn answer(event: &Value, history: &[Value]) -> Option<Answer> {
    let payload = output(event)?.get_mut("Payload")?.take();
    Some(Answer {
        at: time(scheduled(event, history)?)?,
        payload,
    })
}

/// The event that scheduled an ended task.
fn scheduled<'a>(ended: &'a Value, history: &'a [Value]) -> Option<&'a Value> {
    let mut event = ended;
    while !matches!(kind(event), "TaskScheduled" | "LambdaFunctionScheduled") {
        let before = event["previousEventId"].as_u64().filter(|id| *id > 0)?;
        event = history.iter().find(|other| other["id"] == before)?;
    }
    Some(event)
}

/// The executions that an execution started and waited for.
fn started(events: &[Value]) -> Vec<String> {
    let arn = |event: &Value| Some(output(event)?["ExecutionArn"].as_str()?.to_owned());
    events.iter().filter_map(arn).collect()
}

/// The executions of an execution's Distributed Maps.
async fn children(aws: &Aws, execution: &str) -> Result<Vec<String>> {
    let request = json!({ "executionArn": execution });
    let runs = aws.json("states", "AWSStepFunctions.ListMapRuns", request).await?;
    let mut children = Vec::new();
    for run in runs["mapRuns"].as_array().into_iter().flatten() {
        let request = json!({ "mapRunArn": text(run, "/mapRunArn")? });
        let listed = aws.json("states", "AWSStepFunctions.ListExecutions", request).await?;
        for child in listed["executions"].as_array().into_iter().flatten() {
            children.push(text(child, "/executionArn")?.to_owned());
        }
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn scheduled(kind: &str) -> Value {
        json!({ "type": "TaskScheduled", "timestamp": 1.0, "taskScheduledEventDetails": { "resourceType": kind } })
    }

    #[test]
    fn states_and_tries_are_transitions_and_only_functions_are_invocations() {
        let entered = |kind: &str| json!({ "type": format!("{kind}StateEntered"), "timestamp": 1.0 });
        let nested = vec![entered("Task"), scheduled("states"), entered("Succeed")];
        let history = History(vec![
            vec![
                json!({ "type": "ExecutionStarted", "timestamp": 1.0 }),
                entered("Map"),
                entered("Choice"),
                entered("Task"),
                scheduled("lambda"),
                json!({ "type": "TaskFailed", "timestamp": 1.0 }),
                scheduled("lambda"),
            ],
            nested,
        ]);
        let count = Count {
            transitions: 6,
            invocations: 2,
        };
        assert_eq!(history.count(), count);
    }

    /// Two tasks that ran at once, each scheduled at its second and ended two later.
    fn at_once() -> Vec<Value> {
        let event = |id: u64, before: u64, kind: &str, at: f64, more: Value| {
            let mut event = json!({ "id": id, "previousEventId": before, "type": kind, "timestamp": at });
            event["taskSucceededEventDetails"] = more;
            event
        };
        let output = |n: u64| json!({ "output": json!({ "Payload": { "n": n } }).to_string() });
        vec![
            event(1, 0, "ExecutionStarted", 0.0, Value::Null),
            event(2, 1, "TaskScheduled", 1.25, Value::Null),
            event(3, 1, "TaskScheduled", 2.5, Value::Null),
            event(4, 3, "TaskStarted", 2.5, Value::Null),
            event(5, 2, "TaskSucceeded", 3.25, output(1)),
            event(6, 4, "TaskSucceeded", 4.5, output(2)),
        ]
    }

    #[test]
    fn an_answer_is_of_the_time_at_which_it_was_asked_for() {
        let answers = History(vec![at_once()]).answers();
        let seen: Vec<(i64, &Value)> = answers
            .iter()
            .map(|answer| (answer.at.as_millisecond(), &answer.payload["n"]))
            .collect();
        assert_eq!(seen, [(1250, &json!(1)), (2500, &json!(2))]);
    }

    #[test]
    fn executions_that_were_started_are_found() {
        let output = json!({ "ExecutionArn": "arn:nested", "Output": {} }).to_string();
        let event = json!({ "type": "TaskSucceeded", "taskSucceededEventDetails": { "output": output } });
        assert_eq!(started(&[event]), ["arn:nested"]);
    }
}
