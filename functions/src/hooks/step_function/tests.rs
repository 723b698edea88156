#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::*;
use crate::domain::hooks::HookPhase;
use crate::testing::hooks::lists;
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::run;

const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-hook-index";

fn hook() -> Hook {
    let hook = json!({"name": "index", "kind": "step_function", "state_machine": MACHINE, "input": {"table": "t"}});
    lists(json!([hook])).quiesce[0].clone()
}

async fn acted(attempt: u32, script: Vec<Exchange>) -> (Result<HookProgress>, Replay) {
    let replay = Replay::new(script);
    let driver = StepFunctionHook::from_config(&replay.config());
    let (hook, run) = (hook(), run());
    let call = Call {
        hook: &hook,
        run: &run,
        phase: HookPhase::AfterRestore,
        before: &Value::Null,
        attempt,
        noted: &Value::Null,
        undo_noted: &Value::Null,
        is_working: true,
    };
    (driver.act(call).await, replay)
}

fn execution(status: &str) -> Exchange {
    let body = json!({
        "executionArn": "arn:x", "stateMachineArn": MACHINE, "status": status, "startDate": 1_795_000_000,
        "error": "IndexFailed", "cause": "two documents too large",
    });
    answers("DescribeExecution", body.to_string())
}

#[tokio::test]
async fn an_execution_is_looked_for_before_it_is_started_and_told_what_to_do() {
    let (progress, replay) = acted(
        0,
        vec![
            refuses("DescribeExecution", 400, "ExecutionDoesNotExist"),
            answers(
                "StartExecution",
                r#"{"executionArn": "arn:x", "startDate": 1795000000}"#,
            ),
        ],
    )
    .await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    let played = replay.played();
    let (looked, started) = (played[0].json(), played[1].json());
    let name = started["name"].as_str().unwrap();
    assert!(
        looked["executionArn"]
            .as_str()
            .unwrap()
            .ends_with(&format!(":execution:holdfast-hook-index:{name}"))
    );
    let input: Value = serde_json::from_str(started["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["action"], "after_restore");
    assert_eq!(input["input"], json!({"table": "t"}));
    assert!(name.len() <= 80);
}

#[tokio::test]
async fn an_execution_is_waited_for_and_its_failure_is_the_hooks() {
    for (status, done) in [
        ("SUCCEEDED", Some(true)),
        ("RUNNING", Some(false)),
        ("FAILED", None),
        ("ABORTED", None),
    ] {
        let (progress, replay) = acted(0, vec![execution(status)]).await;
        assert_eq!(
            progress.as_ref().ok().map(|progress| *progress == HookProgress::Done),
            done
        );
        if let Err(error) = progress {
            assert_eq!(error.name(), "JobFailed");
            assert!(error.to_string().contains("IndexFailed: two documents"), "{error}");
        }
        assert_eq!(replay.played().len(), 1);
    }
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_found_again_and_another_attempt_is_another_execution() {
    let none = || refuses("DescribeExecution", 400, "ExecutionDoesNotExist");
    let (lost, first) = acted(0, vec![none(), cut("StartExecution")]).await;
    assert_eq!(lost.unwrap_err().name(), "Unavailable");
    let (again, second) = acted(
        0,
        vec![none(), refuses("StartExecution", 400, "ExecutionAlreadyExists")],
    )
    .await;
    assert!(matches!(again.unwrap(), HookProgress::InProgress(_)));
    let (_, third) = acted(
        1,
        vec![
            none(),
            answers("StartExecution", r#"{"executionArn": "a", "startDate": 1795000000}"#),
        ],
    )
    .await;
    let name = |replay: &Replay| replay.played()[1].json()["name"].clone();
    assert_eq!(name(&first), name(&second));
    assert_ne!(name(&first), name(&third));
}

#[tokio::test]
async fn a_missing_and_an_express_machine_are_faults() {
    let described = |kind: &str| {
        let body = json!({"stateMachineArn": MACHINE, "name": "x", "definition": "{}", "roleArn": "r", "type": kind,
                          "creationDate": 1_795_000_000});
        answers("DescribeStateMachine", body.to_string())
    };
    for (answer, said) in [
        (described("STANDARD"), None),
        (described("EXPRESS"), Some("which is EXPRESS")),
        (
            refuses("DescribeStateMachine", 400, "StateMachineDoesNotExist"),
            Some("does not exist"),
        ),
    ] {
        let replay = Replay::new([answer]);
        let fault = StepFunctionHook::from_config(&replay.config())
            .check(&hook())
            .await
            .unwrap();
        assert_eq!(fault.is_some(), said.is_some());
        assert!(fault.is_none_or(|fault| fault.value.contains(said.unwrap())));
    }
}

/// Executed beside its own work, an undo could end first.
#[tokio::test]
async fn an_undo_waits_for_what_it_undoes() {
    let undone = |script: Vec<Exchange>| async {
        let replay = Replay::new(script);
        let driver = StepFunctionHook::from_config(&replay.config());
        let (hook, run) = (hook(), run());
        let call = Call {
            hook: &hook,
            run: &run,
            phase: HookPhase::Quiesce,
            before: &Value::Null,
            attempt: 0,
            noted: &Value::Null,
            undo_noted: &Value::Null,
            is_working: true,
        };
        (driver.undo(call).await.unwrap(), replay)
    };
    let (progress, replay) = undone(vec![execution("RUNNING")]).await;
    assert!(matches!(progress, HookProgress::InProgress(_)));
    assert_eq!(replay.played().len(), 1);
    let none = || refuses("DescribeExecution", 400, "ExecutionDoesNotExist");
    let started = || answers("StartExecution", r#"{"executionArn": "a", "startDate": 1795000000}"#);
    let (_, before) = undone(vec![none(), none(), started()]).await;
    let (_, after) = undone(vec![execution("SUCCEEDED"), none(), started()]).await;
    let name = |replay: &Replay| replay.played()[2].json()["name"].clone();
    assert_ne!(
        name(&before),
        name(&after),
        "an undo from before the work undoes nothing of it"
    );
}
