#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::domain::hooks::HookPhase;
use crate::testing::hooks::lists;
use crate::testing::replay::{Exchange, Replay, answers, cut};
use crate::testing::run;

fn hook(target: Value) -> Hook {
    let mut hook = json!({
        "name": "maintenance", "kind": "ssm_command", "timeout": "2m", "commands": ["dokku maintenance:enable app"],
        "undo": ["dokku maintenance:disable app"],
    });
    for (field, value) in target.as_object().unwrap() {
        hook[field] = value.clone();
    }
    lists(json!([hook])).quiesce[0].clone()
}

fn tagged() -> Hook {
    hook(json!({ "tags": {"role": "dokku"} }))
}

fn listed(commands: Value) -> Exchange {
    answers("ListCommands", json!({ "Commands": commands }).to_string())
}

fn command(undo: bool, status: &str, counts: [i64; 3]) -> Exchange {
    let (hook, run) = (tagged(), run());
    let comment = comment(call(&hook, &run), undo, None);
    let [targets, completed, errors] = counts;
    listed(json!([
        {"CommandId": "other", "Comment": "of somebody", "Status": "Failed"},
        {"CommandId": "c-1", "Comment": comment, "Status": status, "StatusDetails": status, "TargetCount": targets,
         "CompletedCount": completed, "ErrorCount": errors},
    ]))
}

fn call<'a>(hook: &'a Hook, run: &'a crate::domain::job::Run) -> Call<'a> {
    Call {
        hook,
        run,
        phase: HookPhase::Quiesce,
        before: &Value::Null,
        attempt: 0,
        noted: &Value::Null,
        undo_noted: &Value::Null,
        is_working: true,
    }
}

async fn called(undo: bool, script: Vec<Exchange>) -> (Result<HookProgress>, Replay) {
    let replay = Replay::new(script);
    let driver = SsmCommandHook::from_config(&replay.config());
    let (hook, run) = (tagged(), run());
    let progress = match undo {
        true => driver.undo(call(&hook, &run)).await,
        false => driver.act(call(&hook, &run)).await,
    };
    (progress, replay)
}

#[tokio::test]
async fn a_command_is_looked_for_before_it_is_sent_to_every_node_with_the_tags() {
    for (undo, line) in [
        (false, "dokku maintenance:enable app"),
        (true, "dokku maintenance:disable app"),
    ] {
        let sent = answers("SendCommand", r#"{"Command": {"CommandId": "c-1"}}"#);
        let (progress, replay) = called(undo, vec![listed(json!([])), sent]).await;
        assert_eq!(progress.unwrap(), HookProgress::InProgress("command c-1".to_owned()));
        let request = replay.played()[1].json();
        assert_eq!(request["Targets"], json!([{"Key": "tag:role", "Values": ["dokku"]}]));
        assert_eq!(request["InstanceIds"], Value::Null);
        assert_eq!(
            request["Parameters"],
            json!({"commands": [line], "executionTimeout": ["120"]})
        );
        assert!(request["Comment"].as_str().unwrap().len() <= 100);
    }
}

#[tokio::test]
async fn it_is_done_when_it_has_succeeded_on_each() {
    for (status, counts, done) in [
        ("Pending", [0, 0, 0], false),
        ("InProgress", [2, 1, 0], false),
        ("Success", [2, 2, 0], true),
    ] {
        let (progress, _) = called(false, vec![command(false, status, counts)]).await;
        assert_eq!(progress.unwrap() == HookProgress::Done, done);
    }
    // What quiesced is not what resumes.
    let sent = answers("SendCommand", r#"{"Command": {"CommandId": "c-2"}}"#);
    let (progress, _) = called(true, vec![command(false, "Success", [2, 2, 0]), sent]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
}

/// Systems Manager calls a command a success that no node has run.
#[tokio::test]
async fn a_command_that_reached_no_node_has_failed() {
    let (progress, _) = called(false, vec![command(false, "Success", [0, 0, 0])]).await;
    let error = progress.unwrap_err();
    assert_eq!(error.name(), "JobFailed");
    assert!(
        error
            .to_string()
            .contains("knows none of the instances with the tags role=dokku"),
        "{error}"
    );
}

#[tokio::test]
async fn a_failure_on_one_node_is_a_failure_and_says_where() {
    let invocations = json!({"CommandInvocations": [
        {"InstanceId": "i-0123456789abcdef0", "Status": "Success"},
        {"InstanceId": "i-0123456789abcdef1", "Status": "Failed", "StatusDetails": "Failed",
         "CommandPlugins": [{"ResponseCode": 127, "Output": "a password"}]},
    ]});
    let script = vec![
        command(false, "Failed", [2, 2, 1]),
        answers("ListCommandInvocations", invocations.to_string()),
    ];
    let (progress, _) = called(false, script).await;
    let text = progress.unwrap_err().to_string();
    assert!(text.contains("i-0123456789abcdef1: Failed, exit code 127"), "{text}");
    assert!(!text.contains("a password"), "{text}");
}

#[tokio::test]
async fn a_command_whose_answer_was_lost_is_found_by_its_comment() {
    let (progress, _) = called(false, vec![listed(json!([])), cut("SendCommand")]).await;
    assert_eq!(progress.unwrap_err().name(), "Unavailable");
    let (progress, replay) = called(false, vec![command(false, "InProgress", [1, 0, 0])]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    assert_eq!(replay.played().len(), 1);
}

#[tokio::test]
async fn nodes_that_are_missing_silent_or_not_allowed_are_faults() {
    let node = |id: &str, status: &str| json!({"InstanceId": id, "PingStatus": status});
    let online = |ids: &[&str]| Value::Array(ids.iter().map(|id| node(id, "Online")).collect());
    let by_id = hook(json!({ "instances": ["i-0123456789abcdef0", "i-0123456789abcdef1"] }));
    // The nodes, and those of them with the tag that allows commands.
    for (hook, nodes, allowed, said) in [
        (tagged(), json!([]), None, Some("knows 0")),
        (tagged(), online(&["i-0"]), Some(online(&["i-0"])), None),
        (
            tagged(),
            json!([node("i-0", "ConnectionLost")]),
            None,
            Some("which is ConnectionLost"),
        ),
        (
            tagged(),
            online(&["i-0", "i-1"]),
            Some(online(&["i-0"])),
            Some("i-1, without the tag HoldfastHooks=allowed"),
        ),
        (by_id.clone(), online(&["i-0"]), None, Some("knows 1")),
        (
            by_id.clone(),
            online(&["i-0", "i-1"]),
            Some(json!([])),
            Some("i-0, without the tag"),
        ),
        (by_id, online(&["i-0", "i-1"]), Some(online(&["i-1", "i-0"])), None),
    ] {
        let page = |nodes: &Value, token: &str| {
            let page = json!({ "InstanceInformationList": nodes, "NextToken": token });
            answers("DescribeInstanceInformation", page.to_string())
        };
        // Systems Manager filters a page after it was filled.
        let pages = [page(&json!([]), "more"), page(&nodes, "")];
        let replay = Replay::new(pages.into_iter().chain(allowed.iter().map(|nodes| page(nodes, ""))));
        let fault = SsmCommandHook::from_config(&replay.config())
            .check(&hook)
            .await
            .unwrap();
        assert_eq!(fault.is_some(), said.is_some(), "{fault:?}");
        assert!(fault.is_none_or(|fault| fault.value.contains(said.unwrap())));
        let asked = replay.played();
        assert_eq!(asked.len(), 2 + usize::from(allowed.is_some()));
        if allowed.is_some() {
            let filters = asked[2].json()["Filters"].clone();
            let last = filters.as_array().and_then(|filters| filters.last()).cloned();
            assert_eq!(
                last.unwrap(),
                json!({"Key": "tag:HoldfastHooks", "Values": ["allowed"]})
            );
        }
    }
}

/// Sent beside its own work, an undo could end first, and maintenance would stay on.
#[tokio::test]
async fn an_undo_waits_for_what_it_undoes_and_is_sent_again_after_it() {
    let (progress, replay) = called(true, vec![command(false, "InProgress", [1, 0, 0])]).await;
    assert_eq!(
        progress.unwrap(),
        HookProgress::InProgress("command c-1 to end".to_owned())
    );
    assert_eq!(replay.played().len(), 1);
    let (hook, run) = (tagged(), run());
    let listing = |undo_of: Option<&str>| {
        let [act, undo] = [
            comment(call(&hook, &run), false, None),
            comment(call(&hook, &run), true, undo_of),
        ];
        let done = |id: &str, comment: String| json!({"CommandId": id, "Comment": comment, "Status": "Success", "TargetCount": 1, "CompletedCount": 1});
        listed(json!([done("c-2", undo), done("c-1", act)]))
    };
    let sent = || answers("SendCommand", r#"{"Command": {"CommandId": "c-3"}}"#);
    // One that was sent before there was anything to undo, and one for this work.
    let (progress, _) = called(true, vec![listing(None), sent()]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    let (progress, _) = called(true, vec![listing(Some("c-1"))]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}
