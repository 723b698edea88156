#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::domain::transfers::Placement;
use crate::testing::replay::{Exchange, Replay, answers, refuses};

const EXECUTION: &str = "arn:aws:states:eu-west-1:111122223333:execution:holdfast-transfer:job";
const ARCHIVE: &str = "POST /2015-03-31/functions/holdfast-archive-access/invocations";

fn transfers(script: impl IntoIterator<Item = Exchange>) -> (Transfers, Replay) {
    let replay = Replay::new(script);
    let settings = TransferSettings {
        machine: "arn:aws:states:eu-west-1:111122223333:stateMachine:holdfast-transfer".into(),
        bucket: "archive".into(),
    };
    (Transfers::new(&replay.config(), settings), replay)
}

fn transfer() -> Transfer {
    Transfer {
        step: "write-dump".into(),
        placement: Placement::Function,
        input: json!({"folder": "dumps/a"}),
    }
}

#[tokio::test]
async fn a_job_is_started_once_under_its_name() {
    let started = json!({"executionArn": EXECUTION, "startDate": 1_795_140_900}).to_string();
    let described =
        json!({"executionArn": EXECUTION, "stateMachineArn": "m", "status": "FAILED", "startDate": 1_795_140_900});
    let (jobs, replay) = transfers([
        answers("StartExecution", started),
        refuses("StartExecution", 400, "ExecutionAlreadyExists"),
        answers("DescribeExecution", described.to_string()),
    ]);
    let first = jobs.start("job", &transfer()).await.unwrap();
    assert_eq!(first, jobs.start("job", &transfer()).await.unwrap());
    assert_eq!(first.execution, EXECUTION);
    assert_eq!(replay.played()[2].json()["executionArn"], EXECUTION);
}

#[tokio::test]
async fn functions_of_the_machines_own_stack_are_called() {
    let (jobs, _) = transfers([answers(ARCHIVE, r#"{"dumps": []}"#)]);
    let request = ArchiveRequest::ListDumps { folder: "dumps".into() };
    let answer: Value = jobs.archive(&request).await.unwrap();
    assert_eq!(answer, json!({"dumps": []}));
    assert_eq!(jobs.object_arn("a/b"), "arn:aws:s3:::archive/a/b");
}

#[tokio::test]
async fn a_missing_function_and_an_unreadable_answer_say_what_to_do() {
    let request = ArchiveRequest::ListDumps { folder: "dumps".into() };
    for (exchange, name) in [
        (refuses(ARCHIVE, 404, "ResourceNotFoundException"), "NotFound"),
        (answers(ARCHIVE, r#"{"another": "version"}"#), "JobFailed"),
    ] {
        let (jobs, _) = transfers([exchange]);
        let error = jobs
            .archive::<crate::domain::transfers::archive_access::Dumps>(&request)
            .await
            .unwrap_err();
        assert_eq!(error.name(), name);
        assert!(error.to_string().contains("Deploy the stack again"), "{error}");
    }
}

#[tokio::test]
async fn a_job_that_ends_while_it_is_stopped_counts_as_stopped() {
    let described = |status: &str| {
        let described =
            json!({"executionArn": EXECUTION, "stateMachineArn": "m", "status": status, "startDate": 1_795_140_900});
        answers("DescribeExecution", described.to_string())
    };
    let refused = || refuses("StopExecution", 400, "ValidationException");
    let (jobs, _) = transfers([
        described("RUNNING"),
        refused(),
        described("SUCCEEDED"),
        described("FAILED"),
    ]);
    jobs.stop(EXECUTION, "undone").await.unwrap();
    jobs.stop(EXECUTION, "undone").await.unwrap();
    let (jobs, _) = transfers([described("RUNNING"), refused(), described("RUNNING")]);
    let error = jobs.stop(EXECUTION, "undone").await.unwrap_err();
    assert!(error.to_string().contains(EXECUTION), "{error}");
}
