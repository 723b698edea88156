//! Why an execution failed, in full: the cause in our machines' `Fail` states is a summary, cut to 1,000 characters.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::HistoryEvent;
use holdfast::domain::job::Failure as Caught;
use holdfast::domain::machine::Machine;

use super::waiting::TRIED_AGAIN;

/// Newest events that are read: the failure is near the end.
const EVENTS: i32 = 200;

/// The execution's error and cause; for a summary, the failure that it summarizes, which may have several lines.
pub async fn why(client: &Client, ended: &DescribeExecutionOutput) -> Option<String> {
    let own = cause(ended);
    // The cause of our machines' own `Fail` states is a summary.
    if !ended.error().is_some_and(Machine::has_notified) {
        return own;
    }
    let history = client
        .get_execution_history()
        .execution_arn(ended.execution_arn())
        .reverse_order(true)
        .max_results(EVENTS);
    // Without permission to read it, the summary has to do.
    let events = history.send().await.map(|answer| answer.events).unwrap_or_default();
    failure(&events).or(own)
}

fn cause(ended: &DescribeExecutionOutput) -> Option<String> {
    let parts = [ended.error(), ended.cause()].into_iter().flatten();
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

/// The newest failure of a task that was not retried.
fn failure(newest_first: &[HistoryEvent]) -> Option<String> {
    let failed = newest_first.iter().filter_map(HistoryEvent::task_failed_event_details);
    let mut last = failed.filter(|details| !details.error().is_some_and(|error| TRIED_AGAIN.contains(&error)));
    last.next().map(|details| {
        let caught = Caught {
            error: details.error().unwrap_or_default().to_owned(),
            cause: details.cause().unwrap_or_default().to_owned(),
        };
        format!("{}: {}", caught.error, caught.message())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::watch::failed;

    #[test]
    fn the_newest_failure_that_was_not_tried_again_is_told_whole() {
        let faults = format!("before: {}\nafter: wrong", "x".repeat(2000));
        let events = [
            failed("NotReady", "it is being modified"),
            failed("InvalidInput", &faults),
            failed("Conflict", "older"),
        ];
        assert_eq!(failure(&events), Some(format!("InvalidInput: {faults}")));
        assert_eq!(failure(&events[..1]), None);
    }
}
