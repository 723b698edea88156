//! A lab inside a test: it starts, responds, shares its clock with MiniStack, and leaves nothing when stopped or dropped.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use holdfast_lab::{Lab, LabConfig, WaitMode};
use serde_json::{Value, json};

async fn get(url: &str) -> Result<Value, reqwest::Error> {
    reqwest::get(url).await?.json().await
}

/// The ids of the processes with this lab's mark.
fn marked(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let has_mark = |pid: &String| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let wanted = format!("HOLDFAST_LAB_RUN={mark}");
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    };
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(has_mark)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_starts_answers_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Lab::start(LabConfig::new(dir.path())).await.unwrap();
    let mark = lab.world().reaper.mark().1.to_owned();
    assert!(!marked(&mark).is_empty(), "MiniStack runs");
    assert_eq!(
        get(&format!("{}/health", lab.control())).await.unwrap(),
        json!({"ready": true})
    );
    let env = std::fs::read_to_string(dir.path().join("env")).unwrap();
    assert!(env.contains(&format!("export AWS_ENDPOINT_URL='{}'", lab.endpoint())));

    let before = lab.world().clock.now();
    let body = json!({"advance_seconds": 3600}).to_string();
    let clock = format!("{}/clock", lab.control());
    let answer = reqwest::Client::new().post(&clock).body(body).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    assert!(lab.world().clock.now().duration_since(before).as_secs() >= 3600);

    let health = format!("{}/health", lab.control());
    lab.stop().await;
    assert!(get(&health).await.is_err(), "the door is closed");
    assert_eq!(marked(&mark), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_lab_leaves_nothing_and_its_directory_can_be_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Lab::start(LabConfig::new(dir.path())).await.unwrap();
    let mark = lab.world().reaper.mark().1.to_owned();
    let second = Lab::start(LabConfig::new(dir.path())).await;
    assert!(second.err().unwrap().to_string().contains("a lab is running"));
    drop(lab);
    assert_eq!(marked(&mark), Vec::<String>::new());
    let again = tokio::time::timeout(Duration::from_secs(60), Lab::start(LabConfig::new(dir.path())));
    again.await.unwrap().unwrap().stop().await;
}

/// One call of Step Functions; MiniStack checks no signature.
async fn steps(lab: &Lab, action: &str, request: Value) -> Value {
    let call = reqwest::Client::new()
        .post(lab.endpoint())
        .header("x-amz-target", format!("AWSStepFunctions.{action}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(request.to_string());
    call.send().await.unwrap().json().await.unwrap()
}

/// Iterations that wait for an hour and for two, one after the other waits of 10 minutes before and after.
fn waiting() -> Value {
    let wait = |seconds: Value, more: Value| {
        let mut state = json!({ "Type": "Wait", "Seconds": seconds });
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        state
    };
    let each = json!({
        "ProcessorConfig": { "Mode": "INLINE" }, "StartAt": "Each",
        "States": { "Each": wait(json!("{% $states.input %}"), json!({ "End": true })) },
    });
    json!({
        "QueryLanguage": "JSONata", "StartAt": "Before",
        "States": {
            "Before": wait(json!(600), json!({ "Next": "All" })),
            "All": { "Type": "Map", "Items": [3600, 7200], "MaxConcurrency": 1, "ItemProcessor": each, "Next": "After" },
            "After": wait(json!(600), json!({ "End": true })),
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_waits_by_its_clock_skips_what_nobody_is_busy_in_and_passes_nothing_over() {
    let dir = tempfile::tempdir().unwrap();
    let config = LabConfig {
        waits: WaitMode::ByClock,
        ..LabConfig::new(dir.path())
    };
    let lab = Lab::start(config).await.unwrap();
    let role = "arn:aws:iam::000000000000:role/steps";
    let machine = json!({ "name": "waiting", "definition": waiting().to_string(), "roleArn": role });
    let machine = steps(&lab, "CreateStateMachine", machine).await;
    let execution = json!({ "stateMachineArn": machine["stateMachineArn"], "input": "{}" });
    let execution = steps(&lab, "StartExecution", execution).await;
    let (clock, before) = (format!("{}/clock", lab.control()), lab.world().clock.now());
    let mut skipped = Vec::new();
    loop {
        let answer = reqwest::Client::new()
            .post(&clock)
            .body(r#"{"skip": true}"#)
            .send()
            .await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert!(answer["error"].is_null(), "{answer}");
        match answer["skipped_seconds"].as_f64() {
            Some(seconds) if seconds > 1.0 => skipped.push(seconds.round()),
            Some(_) => {}
            None => break,
        }
    }
    assert_eq!(skipped, [600.0, 3600.0, 7200.0, 600.0]);
    let took = lab.world().clock.now().duration_since(before).as_secs();
    assert!((12_000..12_060).contains(&took), "{took} s");
    let ended = steps(
        &lab,
        "DescribeExecution",
        json!({ "executionArn": execution["executionArn"] }),
    )
    .await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    let history = steps(
        &lab,
        "GetExecutionHistory",
        json!({ "executionArn": execution["executionArn"] }),
    )
    .await;
    let events = history["events"].as_array().unwrap();
    let entered = events
        .iter()
        .filter(|event| event["type"] == "WaitStateEntered")
        .count();
    assert_eq!(entered, 4, "iterations' states are in the history too");
    lab.stop().await;
}
