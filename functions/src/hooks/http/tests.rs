#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest as WireRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::json;

use super::transport::Transport;
use super::*;
use crate::domain::hooks::HookPhase;
use crate::testing::hooks::lists;
use crate::testing::replay::{Asked, Exchange, Replay, answers, cut, refuses};
use crate::testing::run;

mod connections;

const PUT: &str = "PUT https://chat.example.org/api/v1/maintenance";
const GET: &str = "GET https://chat.example.org/api/v1/maintenance";
const TOKEN: &str = "t0p/s\"ecret";

/// A script in place of servers.
struct Scripted {
    replay: Replay,
    hosts: BTreeMap<&'static str, &'static str>,
}

#[async_trait]
impl Transport for Scripted {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = self
            .hosts
            .get(host)
            .ok_or(io::Error::other("Name or service not known"))?;
        Ok(found.split(' ').map(|address| address.parse().unwrap()).collect())
    }

    async fn send(
        &self,
        request: WireRequest,
        addresses: Vec<IpAddr>,
    ) -> std::result::Result<HttpResponse, ConnectorError> {
        assert!(!addresses.is_empty());
        self.replay.call(request).await
    }
}

/// A hook of one deployment over several calls, with what they note.
struct Scene {
    hook: Hook,
    noted: Value,
    undo_noted: Value,
    attempt: u32,
    is_working: bool,
    hosts: BTreeMap<&'static str, &'static str>,
    allowed: &'static str,
}

fn maintenance() -> Value {
    let poll = |enabled: bool| {
        json!({
            "url": "https://chat.example.org/api/v1/maintenance",
            "success": { "pointer": "/enabled", "equals": [enabled] },
            "failure": { "pointer": "/error", "equals": ["busy"] },
        })
    };
    json!({
        "name": "maintenance", "kind": "http", "method": "PUT", "url": "https://chat.example.org/api/v1/maintenance",
        "headers": { "Authorization": "Bearer ${secret:chat/admin:token}" }, "body": { "enabled": true }, "poll": poll(true),
        "undo": {
            "method": "PUT", "url": "https://chat.example.org/api/v1/maintenance", "body": { "enabled": false }, "poll": poll(false),
        },
    })
}

fn without_polls() -> Value {
    let mut hook = maintenance();
    hook.as_object_mut().unwrap().remove("poll");
    hook["undo"].as_object_mut().unwrap().remove("poll");
    hook
}

fn scene(hook: Value) -> Scene {
    let lists = lists(match hook.get("undo") {
        Some(_) => json!([hook]),
        None => json!({ "after_restore": [hook] }),
    });
    Scene {
        hook: lists.all().next().unwrap().clone(),
        noted: Value::Null,
        undo_noted: Value::Null,
        attempt: 0,
        is_working: false,
        hosts: BTreeMap::from([("chat.example.org", "1.1.1.1"), ("other.example.org", "1.1.1.2")]),
        allowed: "none",
    }
}

fn secret() -> Exchange {
    let text = json!({ "token": TOKEN, "user": "admin" }).to_string();
    answers(
        "GetSecretValue",
        json!({ "Name": "chat/admin", "SecretString": text }).to_string(),
    )
}

impl Scene {
    fn driver(&self, aws: &Replay, web: &Replay) -> HttpHook {
        let transport = Scripted {
            replay: web.clone(),
            hosts: self.hosts.clone(),
        };
        HttpHook {
            secrets: Secrets::from_config(&aws.config()),
            web: Web::new(transport, Some(AllowedAddresses::parse(self.allowed))),
        }
    }

    /// As a run calls it: again after each note. Returns the requests to servers.
    async fn called(&mut self, undo: bool, secrets: usize, web: Vec<Exchange>) -> (Result<HookProgress>, Vec<Asked>) {
        let (aws, web) = (Replay::new(vec![secret(); secrets]), Replay::new(web));
        let progress = self.called_with(undo, &aws, &web).await;
        aws.played();
        (progress, web.played())
    }

    async fn called_with(&mut self, undo: bool, aws: &Replay, web: &Replay) -> Result<HookProgress> {
        let driver = self.driver(aws, web);
        let run = run();
        loop {
            let call = Call {
                hook: &self.hook,
                run: &run,
                phase: HookPhase::Quiesce,
                before: &Value::Null,
                attempt: self.attempt,
                noted: &self.noted,
                undo_noted: &self.undo_noted,
                is_working: self.is_working,
            };
            let progress = match undo {
                true => driver.undo(call).await,
                false => driver.act(call).await,
            };
            match progress {
                Ok(HookProgress::Noted(noted)) if undo => self.undo_noted = noted,
                Ok(HookProgress::Noted(noted)) => self.noted = noted,
                ended => return ended,
            }
        }
    }
}

fn state(enabled: bool) -> Exchange {
    answers(GET, json!({ "enabled": enabled }).to_string())
}

#[tokio::test]
async fn a_request_is_sent_with_its_secrets_and_polled_until_success() {
    let mut scene = scene(maintenance());
    let (progress, asked) = scene.called(false, 3, vec![answers(PUT, ""), state(false)]).await;
    let HookProgress::InProgress(what) = progress.unwrap() else {
        panic!("it is in progress")
    };
    assert_eq!(
        what,
        "GET https://chat.example.org/api/v1/maintenance, which returned HTTP 200 with false at /enabled"
    );
    assert_eq!(asked[0].json(), json!({ "enabled": true }));
    assert_eq!(asked[0].header("content-type"), "application/json");
    assert_eq!(asked[0].header("idempotency-key").len(), 32);
    assert_eq!(asked[1].header("idempotency-key"), "");
    for asked in &asked {
        assert_eq!(
            asked.header("Authorization").to_owned() + asked.header("authorization"),
            format!("Bearer {TOKEN}")
        );
    }
    // Only polled from then on.
    let (progress, _) = scene.called(false, 1, vec![state(true)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    let (progress, asked) = scene.called(true, 3, vec![answers(PUT, ""), state(true)]).await;
    assert!(
        matches!(progress.unwrap(), HookProgress::InProgress(_)),
        "it is not yet seen to be off"
    );
    assert_eq!(asked[0].json(), json!({ "enabled": false }));
    let (progress, _) = scene.called(true, 1, vec![state(false)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}

#[tokio::test]
async fn without_a_poll_the_response_is_the_end() {
    let mut scene = scene(without_polls());
    for undo in [false, true] {
        let (progress, _) = scene.called(undo, 2, vec![answers(PUT, "").with_status(204)]).await;
        assert_eq!(progress.unwrap(), HookProgress::Done);
        // A second call of the step.
        let (progress, asked) = scene.called(undo, 0, vec![]).await;
        assert_eq!((progress.unwrap(), asked.len()), (HookProgress::Done, 0));
    }
}

#[tokio::test]
async fn what_was_never_sent_is_not_undone() {
    let mut scene = scene(maintenance());
    let (aws, web) = (
        Replay::new([refuses("GetSecretValue", 400, "AccessDeniedException")]),
        Replay::new([]),
    );
    let error = scene.called_with(false, &aws, &web).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    assert!(error.to_string().contains("HookSecretPattern"), "{error}");
    let (progress, _) = scene.called(true, 0, vec![]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    scene.hosts.insert("chat.example.org", "10.0.0.5");
    let (progress, _) = scene.called(false, 1, vec![]).await;
    let error = progress.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    for part in [
        "the private address 10.0.0.5",
        "HttpHookAddresses",
        "quiescing: PUT https://chat.example.org",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let (progress, _) = scene.called(true, 0, vec![]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}

#[tokio::test]
async fn a_request_whose_response_was_lost_is_sent_again_with_the_same_key_and_undone() {
    let mut scene = scene(maintenance());
    let (progress, first) = scene.called(false, 2, vec![cut(PUT)]).await;
    let error = progress.unwrap_err();
    assert_eq!(error.name(), "Unavailable");
    let (progress, second) = scene.called(false, 2, vec![answers(PUT, ""), state(true)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    assert_eq!(first[0].header("idempotency-key"), second[0].header("idempotency-key"));
    // One that may have been received is undone.
    let mut lost = self::scene(maintenance());
    lost.called(false, 2, vec![cut(PUT)]).await.0.unwrap_err();
    let (progress, undone) = lost.called(true, 3, vec![answers(PUT, ""), state(false)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    assert_ne!(first[0].header("idempotency-key"), undone[0].header("idempotency-key"));
}

#[tokio::test]
async fn one_that_failed_is_begun_again_under_another_key() {
    let mut scene = scene(without_polls());
    let (progress, first) = scene.called(false, 2, vec![answers(PUT, "no").with_status(500)]).await;
    assert_eq!(progress.unwrap_err().name(), "JobFailed");
    scene.attempt += 1;
    let (progress, second) = scene.called(false, 2, vec![answers(PUT, "")]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    assert_ne!(first[0].header("idempotency-key"), second[0].header("idempotency-key"));
}

/// A step of a stopped execution may send its request after the clean-up has undone it.
#[tokio::test]
async fn an_undo_from_before_the_work_ended_is_sent_again_after_it() {
    let mut scene = scene(maintenance());
    scene.called(false, 2, vec![cut(PUT)]).await.0.unwrap_err();
    scene
        .called(true, 3, vec![answers(PUT, ""), state(false)])
        .await
        .0
        .unwrap();
    scene
        .called(false, 2, vec![answers(PUT, ""), state(true)])
        .await
        .0
        .unwrap();
    let (progress, asked) = scene.called(true, 3, vec![answers(PUT, ""), state(false)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    assert_eq!(asked[0].json(), json!({ "enabled": false }));
}

#[tokio::test]
async fn an_undo_waits_for_work_in_progress_as_long_as_the_hook_may_take() {
    let mut scene = scene(maintenance());
    scene
        .called(false, 3, vec![answers(PUT, ""), state(false)])
        .await
        .0
        .unwrap();
    scene.is_working = true;
    let (progress, _) = scene.called(true, 1, vec![state(false)]).await;
    assert_eq!(
        progress.unwrap(),
        HookProgress::InProgress(
            "its own work to end: GET https://chat.example.org/api/v1/maintenance, which returned HTTP 200 with false at /enabled"
                .to_owned()
        )
    );
    scene.is_working = false;
    let (progress, _) = scene.called(true, 3, vec![answers(PUT, ""), state(false)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}

#[tokio::test]
async fn a_status_that_is_not_expected_is_an_error_in_the_servers_words_without_secrets() {
    let json = serde_json::to_string(TOKEN).unwrap();
    let body = format!("{{\"message\": \"unknown token\", \"got\": {json}}}\n\n<{TOKEN}>");
    for (status, name, said) in [
        (400, "JobFailed", "Correct what the server reports"),
        (401, "JobFailed", "Check the secret"),
        (404, "JobFailed", "HTTP 404"),
        (500, "JobFailed", "HTTP 500"),
        (429, "Throttled", "Retry-After: 30"),
        (503, "Unavailable", "Retry-After: 30"),
        (504, "Unavailable", "Trying again"),
    ] {
        let mut scene = scene(without_polls());
        let refusal = answers(PUT, body.clone())
            .with_status(status)
            .with_header("retry-after", "30");
        let error = scene.called(false, 2, vec![refusal]).await.0.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        let text = error.to_string();
        assert!(text.contains(said) && text.contains("unknown token"), "{text}");
        assert!(text.contains("\"got\": \"***\"} <***>"), "{text}");
        assert!(!text.contains("t0p"), "{text}");
    }
    let mut named = without_polls();
    named["expected_status"] = json!([404, 409]);
    let (progress, _) = scene(named.clone())
        .called(false, 2, vec![answers(PUT, "").with_status(409)])
        .await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    let (progress, _) = scene(named).called(false, 2, vec![answers(PUT, "")]).await;
    assert_eq!(progress.unwrap_err().name(), "JobFailed");
}

#[tokio::test]
async fn a_poll_that_shows_failure_is_a_failed_hook_and_one_that_does_not_respond_is_asked_again() {
    let mut scene = scene(maintenance());
    scene
        .called(false, 3, vec![answers(PUT, ""), state(false)])
        .await
        .0
        .unwrap();
    for (exchange, told) in [
        (cut(GET), "the connection failed"),
        (answers(GET, "down").with_status(503), "HTTP 503 without JSON"),
        (answers(GET, "<html>"), "HTTP 200 without JSON"),
        (
            answers(
                GET,
                format!("{{\"enabled\": {}}}", serde_json::to_string(TOKEN).unwrap()),
            ),
            "with \"***\" at /enabled",
        ),
        (answers(GET, "{}"), "nothing at /enabled"),
    ] {
        let (progress, _) = scene.called(false, 1, vec![exchange]).await;
        let HookProgress::InProgress(what) = progress.unwrap() else {
            panic!("{told}")
        };
        assert!(what.contains(told), "{what}");
    }
    for (exchange, said) in [
        (
            answers(GET, r#"{"error": "busy", "enabled": true}"#),
            "its work has failed",
        ),
        (answers(GET, "").with_status(403), "HTTP 403"),
    ] {
        let error = scene.called(false, 1, vec![exchange]).await.0.unwrap_err();
        assert_eq!(error.name(), "JobFailed");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn the_url_that_is_polled_takes_a_value_from_the_response() {
    let hook = json!({
        "name": "index", "kind": "http", "url": "https://chat.example.org/reindex",
        "poll": {
            "url": "https://chat.example.org/tasks/${response:/task/id}",
            "success": { "pointer": "/status", "equals": ["SUCCEEDED"] },
        },
    });
    let start = "POST https://chat.example.org/reindex";
    let mut scene = scene(hook.clone());
    let task = "GET https://chat.example.org/tasks/a%2Fb";
    let script = vec![
        answers(start, r#"{"task": {"id": "a/b"}}"#),
        answers(task, r#"{"status": "RUNNING"}"#),
    ];
    scene.called(false, 0, script).await.0.unwrap();
    let (progress, _) = scene
        .called(false, 0, vec![answers(task, r#"{"status": "SUCCEEDED"}"#)])
        .await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    for body in ["", "{}", r#"{"task": {"id": ".."}}"#] {
        let error = self::scene(hook.clone())
            .called(false, 0, vec![answers(start, body)])
            .await
            .0
            .unwrap_err();
        assert_eq!(error.name(), "JobFailed");
        assert!(error.to_string().contains("/task/id"), "{error}");
    }
}

#[tokio::test]
async fn only_redirects_that_repeat_the_request_are_followed_and_secrets_do_not_leave_their_server() {
    let moved =
        |action: &str, status: u16, to: &str| answers(action, "").with_status(status).with_header("location", to);
    let (progress, asked) = scene(without_polls())
        .called(
            false,
            2,
            vec![
                moved(PUT, 307, "/v2"),
                moved("PUT https://chat.example.org/v2", 308, "v3"),
                answers("PUT https://chat.example.org/v3", ""),
            ],
        )
        .await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    assert_eq!(asked[2].json(), json!({ "enabled": true }));
    let many: Vec<Exchange> = (0..6)
        .map(|_| moved(PUT, 307, "https://chat.example.org/api/v1/maintenance"))
        .collect();
    for (script, said) in [
        (vec![moved(PUT, 302, "/login")], "redirected to /login"),
        (vec![moved(PUT, 307, "https://other.example.org/")], "another server"),
        (vec![moved(PUT, 307, "http://chat.example.org/")], "another server"),
        (vec![moved(PUT, 307, "ftp://chat.example.org/")], "is no URL"),
        (many, "is the 6th"),
    ] {
        let error = scene(without_polls()).called(false, 2, script).await.0.unwrap_err();
        assert_eq!(error.name(), "JobFailed");
        assert!(error.to_string().contains(said), "{error}");
    }
    // Without secrets, to any server that may be reached at all.
    let open = json!({ "name": "index", "kind": "http", "method": "GET", "url": "https://chat.example.org/a" });
    let here = "GET https://chat.example.org/a";
    let script = vec![
        moved(here, 301, "https://other.example.org/b"),
        answers("GET https://other.example.org/b", ""),
    ];
    assert_eq!(
        scene(open.clone()).called(false, 0, script).await.0.unwrap(),
        HookProgress::Done
    );
    for to in [
        "https://169.254.169.254/latest",
        "https://[::ffff:a9fe:a9fe]/",
        "http://other.example.org/",
        "https://inside.example.org/",
    ] {
        let mut scene = scene(open.clone());
        scene.hosts.insert("inside.example.org", "1.1.1.1 10.0.0.5");
        let error = scene.called(false, 0, vec![moved(here, 302, to)]).await.0.unwrap_err();
        assert_eq!(error.name(), "JobFailed");
        assert!(error.to_string().contains("its redirect leads to"), "{error}");
    }
}

#[tokio::test]
async fn a_check_sends_nothing_and_finds_what_would_fail() {
    async fn checked(scene: &Scene, aws: Vec<Exchange>) -> Result<Option<Fault>> {
        let (aws, web) = (Replay::new(aws), Replay::new([]));
        let found = scene.driver(&aws, &web).check(&scene.hook).await;
        aws.played();
        found
    }
    let secrets = |count| vec![secret(); count];
    assert_eq!(checked(&scene(maintenance()), secrets(4)).await.unwrap(), None);
    let of = |text: Value| vec![answers("GetSecretValue", json!({ "SecretString": text }).to_string())];
    for (aws, said) in [
        (
            vec![refuses("GetSecretValue", 400, "ResourceNotFoundException")],
            "chat/admin, which does not exist",
        ),
        (
            vec![refuses("GetSecretValue", 400, "InvalidRequestException")],
            "scheduled for deletion",
        ),
        (
            of(json!("{\"key\": \"x\"}")),
            "no JSON object with a text or number at token",
        ),
        (of(json!("x")), "no JSON object"),
        (of(json!("{\"token\": \"\"}")), "which is empty"),
        (of(json!("{\"token\": \"x\\n\"}")), "line feed"),
        (of(Value::Null), "whose value is binary"),
        (
            of(json!("{\"token\": \"maintenance\"}")),
            "api/v1/***, which holds a value",
        ),
    ] {
        let fault = checked(&scene(maintenance()), aws).await.unwrap().unwrap();
        assert!(
            fault.path.starts_with("hooks.maintenance.") && fault.value.contains(said),
            "{fault}"
        );
    }
    let denied = vec![refuses("GetSecretValue", 400, "AccessDeniedException")];
    assert_eq!(
        checked(&scene(maintenance()), denied).await.unwrap_err().name(),
        "AccessDenied"
    );
    // Hosts.
    let mut inside = scene(maintenance());
    inside.hosts.insert("chat.example.org", "10.0.0.5");
    let fault = checked(&inside, vec![]).await.unwrap().unwrap();
    assert_eq!(fault.path, "hooks.maintenance.url");
    assert!(fault.value.contains("the private address 10.0.0.5"), "{fault}");
    inside.allowed = "10.0.0.0/8";
    assert_eq!(checked(&inside, secrets(4)).await.unwrap(), None);
    inside.hosts.remove("chat.example.org");
    assert_eq!(checked(&inside, vec![]).await.unwrap_err().name(), "NotFound");
    inside.allowed = "10.0.0.0";
    inside.allowed = "the office";
    let error = checked(&inside, vec![]).await.unwrap_err().to_string();
    assert!(
        error.contains("HttpHookAddresses") && error.contains("the office"),
        "{error}"
    );
}
