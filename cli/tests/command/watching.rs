//! Watching a run, and stopping to watch it.

use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::support::{Answer, Call, Server, descriptor, stack, stderr_of};

const KEYS: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n";
const RUNNING: &str = r#""status": "RUNNING""#;
const FAILED: &str = r#""status": "FAILED", "stopDate": 1763604902, "error": "RestoreFailed", "cause": "cut""#;

fn arn(machine: &str) -> String {
    format!("arn:aws:states:eu-west-1:123456789012:execution:holdfast-{machine}:tonight")
}

/// AWS with one execution of a machine in `state`, and nothing about it in the catalog.
fn aws(call: &Call, machine: &str, state: &str) -> Answer {
    let answer = match call.action.as_str() {
        "DescribeStacks" => return stack(),
        "AWSStepFunctions.StartExecution" => {
            format!(r#"{{"executionArn": "{}", "startDate": 1763604900}}"#, arn(machine))
        }
        "AWSStepFunctions.DescribeExecution" => {
            let of = arn(machine).replace(":execution:", ":stateMachine:");
            format!(
                r#"{{"executionArn": "{}", "stateMachineArn": "{}", "startDate": 1763604900, "input": "{{\"deployment\": \"hubs\"}}", {state}}}"#,
                arn(machine),
                of.trim_end_matches(":tonight")
            )
        }
        "AWSStepFunctions.GetExecutionHistory" => {
            let cause = r#"{\"errorType\": \"InvalidInput\", \"errorMessage\": \"set: one\\nonly: two\"}"#;
            format!(
                r#"{{"events": [{{"timestamp": 1763604901, "type": "TaskFailed", "id": 2, "taskFailedEventDetails":
                {{"resourceType": "lambda", "resource": "invoke", "error": "InvalidInput", "cause": "{cause}"}}}}]}}"#
            )
        }
        "DynamoDB_20120810.GetItem" if call.body.contains("DESCRIPTOR") => descriptor(),
        "DynamoDB_20120810.Query" => r#"{"Items": [], "Count": 0}"#.to_owned(),
        _ => "{}".to_owned(),
    };
    (200, answer)
}

/// Fails at 8e363f8: the command ended silently.
#[test]
fn ctrl_c_says_that_the_run_goes_on_and_how_to_watch_it_again() {
    for (arguments, machine) in [
        ("backup hubs --watch", "backup"),
        (
            "watch arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:tonight",
            "restore",
        ),
        ("restore hubs --dry-run", "restore"),
    ] {
        let (polled, first_poll) = channel();
        let server = Server::start(move |call| {
            if call.action.ends_with("DescribeExecution") {
                // Only the first is received.
                let _ = polled.send(());
            }
            aws(call, machine, RUNNING)
        });
        let mut command = server.command(arguments, KEYS);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        for _ in 0..2 {
            first_poll.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        let stopped = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(stopped.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{arguments}: {}", stderr_of(&output));
        let again = format!("The run continues. Watch it again: holdfast watch {}\n", arn(machine));
        assert!(
            stderr_of(&output).ends_with(&again),
            "{arguments}: {}",
            stderr_of(&output)
        );
    }
}

/// Fails at 8e363f8: only the execution's ARN was taken.
#[test]
fn a_run_of_which_step_functions_knows_nothing_any_more_says_where_to_look() {
    let run = "hubs-20251120-021500-ab12";
    let server = Server::start(move |call| match call.action.as_str() {
        "AWSStepFunctions.DescribeExecution" => {
            let gone = r#"{"__type": "ExecutionDoesNotExist", "message": "Execution Does Not Exist"}"#;
            (400, gone.to_owned())
        }
        "DynamoDB_20120810.GetItem" if call.body.contains(&format!("RUN#{run}")) => {
            let of = |name: &str, value: &str| format!(r#""{name}": {{"S": "{value}"}}"#);
            let fields = [
                of("pk", "DEPLOYMENT#hubs"),
                of("sk", &format!("RUN#{run}")),
                of("id", run),
                of("deployment", "hubs"),
                of("execution", &arn("backup")),
                of("started_at", "2025-11-20T02:15:00Z"),
            ];
            (200, format!(r#"{{"Item": {{{}}}}}"#, fields.join(", ")))
        }
        _ => aws(call, "backup", RUNNING),
    });
    let output = server.command(&format!("watch {run}"), KEYS).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr_of(&output));
    assert!(
        stderr_of(&output).contains(&format!("holdfast show hubs {run}")),
        "{}",
        stderr_of(&output)
    );
}

/// Fails at 8e363f8: it was still planning, and the faults were one line, cut.
#[test]
fn a_restore_that_has_ended_shows_how_each_fault_on_a_line_of_its_own() {
    let server = Server::start(|call| aws(call, "restore", FAILED));
    let output = server
        .command(&format!("watch {}", arn("restore")), KEYS)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr_of(&output));
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), "");
    let expected =
        "The restore ended as FAILED.\n  InvalidInput: set: one\n    only: two\nEnded 2025-11-20 02:15:02Z, ";
    assert!(stderr_of(&output).starts_with(expected), "{}", stderr_of(&output));
}
