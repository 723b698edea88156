//! A lab inside a test: it starts, answers, is on one clock with MiniStack, and leaves nothing when stopped or dropped.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use holdfast_lab::{Lab, LabConfig};
use serde_json::{Value, json};

async fn get(url: &str) -> Result<Value, reqwest::Error> {
    reqwest::get(url).await?.json().await
}

/// The ids of the processes that bear this lab's mark.
fn marked(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let bears = |pid: &String| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let wanted = format!("HOLDFAST_LAB_RUN={mark}");
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    };
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(bears)
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
