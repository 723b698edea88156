#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::json;

use super::super::layout;
use super::super::tests::{ARN, at, read, reason, set};
use super::*;

#[test]
fn a_digest_names_every_deployment_the_failed_first() {
    let due: Vec<DueDeployment> = read(json!([
        {"deployment": "hubs", "execution_name": "n-hubs"},
        {"deployment": "staging", "execution_name": "n-staging"},
        {"deployment": "silent", "execution_name": "n-silent"},
    ]));
    let cause = json!({"Error": "BackupFailed", "Cause": "rooms: AccessDenied", "ExecutionArn": "arn:child", "Status": "FAILED"});
    let results: Vec<NightlyResult> = read(json!([
        {"deployment": "hubs", "status": "sealed", "execution": ARN},
        {"deployment": "staging", "status": "failed", "failure": {"error": "States.TaskFailed", "cause": cause.to_string()}},
    ]));
    let outcomes = outcomes(&due, &results);
    let newest = BTreeMap::from([("hubs".to_owned(), set("sealed"))]);
    let night = NightlyRun {
        execution: ARN,
        started_at: at("2026-11-20T02:00:00Z"),
        now: at("2026-11-20T03:15:09Z"),
        outcomes: &outcomes,
        newest_sealed: &newest,
        leftovers: &BTreeMap::new(),
        uncovered: &BTreeMap::new(),
        failure: None,
    };
    let message = nightly(&night);
    assert_eq!(
        message.subject,
        "Holdfast: nightly run of 2026-11-20: 2 of 3 deployments FAILED: staging, silent"
    );
    assert_eq!(message.severity, Severity::Critical);
    assert!(
        message.text.contains(
            "  - staging: BackupFailed: rooms: AccessDenied; NO SEALED SET AT ALL
  - silent: NotReported: its execution n-silent reported nothing; NO SEALED SET AT ALL

Sealed:
  - hubs: newest sealed set hubs-20261120-021500-ab12, 1 hour old"
        ),
        "{}",
        message.text
    );
    let (sealed, broken) = (&outcomes[..1], reason("ListDueDeployments", "Throttled", "m"));
    let message = nightly(&NightlyRun {
        outcomes: sealed,
        ..night
    });
    assert_eq!(
        (message.severity, message.subject.as_str()),
        (
            Severity::Info,
            "Holdfast: nightly run of 2026-11-20: 1 deployment backed up"
        )
    );
    let message = nightly(&NightlyRun {
        outcomes: &[],
        failure: Some(&broken),
        ..night
    });
    assert_eq!(
        message.subject,
        "Holdfast: THE NIGHTLY RUN OF 2026-11-20 FAILED (ListDueDeployments: Throttled)"
    );
    assert_eq!(
        nightly(&NightlyRun { outcomes: &[], ..night }).severity,
        Severity::Warning
    );
}

/// Fails at 8e363f8: 36 of 75 were named, and the rest was cut off.
#[test]
fn a_digest_of_many_counts_all_and_names_the_failed_first() {
    let names: Vec<String> = (0..300).map(|number| format!("deployment-{number:03}")).collect();
    let due: Vec<DueDeployment> = names
        .iter()
        .map(|name| read(json!({"deployment": name, "execution_name": "n"})))
        .collect();
    let results: Vec<NightlyResult> = (0..300)
        .map(|number| {
            let cause = json!({"Error": "BackupFailed", "Cause": "x".repeat(400), "ExecutionArn": ARN});
            let failure = json!({"error": "States.TaskFailed", "cause": cause.to_string()});
            let failed = number % 4 == 3;
            let (status, failure) = if failed {
                ("failed", failure)
            } else {
                ("sealed", json!(null))
            };
            read(json!({"deployment": names[number], "status": status, "failure": failure}))
        })
        .collect();
    let outcomes = outcomes(&due, &results);
    let message = nightly(&NightlyRun {
        execution: ARN,
        started_at: at("2026-11-20T02:00:00Z"),
        now: at("2026-11-20T03:15:09Z"),
        outcomes: &outcomes,
        newest_sealed: &BTreeMap::new(),
        leftovers: &BTreeMap::new(),
        uncovered: &BTreeMap::new(),
        failure: None,
    });
    let text = &message.text;
    assert!(
        text.contains("75 of 300 deployments FAILED, 225 were backed up."),
        "{text}"
    );
    for number in (3..300).step_by(4) {
        assert!(text.contains(&names[number]), "{number}: {text}");
    }
    assert!(text.lines().count() <= layout::LINES, "{text}");
    assert_eq!(
        (&message.json["failed"], &message.json["sealed"]),
        (&json!(75), &json!(225))
    );
}

/// Copies of restores cost money until somebody removes them, and nothing else says so.
#[test]
fn old_copies_are_told_with_their_cost_and_the_command_that_removes_them() {
    let left = LeftoverSummary {
        copies: 3,
        size_bytes: 12 << 30,
        dollars: 212.4,
        incomplete: true,
        oldest_seconds: 23 * 86_400,
    };
    let sealed = DeploymentOutcome {
        deployment: "hubs".to_owned(),
        sealed: true,
        reason: None,
        execution: None,
    };
    let message = nightly(&NightlyRun {
        execution: ARN,
        started_at: at("2026-11-20T02:00:00Z"),
        now: at("2026-11-20T03:15:09Z"),
        outcomes: &[sealed],
        newest_sealed: &BTreeMap::new(),
        leftovers: &BTreeMap::from([("hubs".to_owned(), left)]),
        uncovered: &BTreeMap::new(),
        failure: None,
    });
    let text = message.text.replace("\n    ", " ");
    assert!(
        text.contains(
            "hubs: 3 copies, the oldest 23 days old, at least 12 GiB, about $212 a month (list price, us-east-1): `holdfast \
             tidy hubs --region eu-west-1`"
        ),
        "{}",
        message.text
    );
    assert_eq!(message.severity, Severity::Info, "it can wait until the morning");
    let json = &message.json["leftovers"][0];
    assert_eq!(json["dollars_a_month"], json!(212.4));
    assert_eq!(json["command"], "holdfast tidy hubs --region eu-west-1");
}

/// Nobody looks at a descriptor that works: a table that came since is lost with the first incident.
#[test]
fn what_is_in_no_set_is_told_as_a_warning_with_the_command_that_shows_all() {
    let sealed = DeploymentOutcome {
        deployment: "hubs".to_owned(),
        sealed: true,
        reason: None,
        execution: None,
    };
    let told = "table hubs-new begins with hubs- and is in no descriptor, so it is in no set";
    let message = nightly(&NightlyRun {
        execution: ARN,
        started_at: at("2026-11-20T02:00:00Z"),
        now: at("2026-11-20T03:15:09Z"),
        outcomes: &[sealed],
        newest_sealed: &BTreeMap::new(),
        leftovers: &BTreeMap::new(),
        uncovered: &BTreeMap::from([("hubs".to_owned(), vec![told.to_owned()])]),
        failure: None,
    });
    let text = message.text.replace("\n    ", " ");
    for part in [
        &format!("- hubs: {told}"),
        "holdfast diff hubs --region eu-west-1",
        "without what is in no set",
    ] {
        assert!(text.contains(part), "{part}: {}", message.text);
    }
    assert!(!text.contains("Nothing. To see"), "{text}");
    assert_eq!(message.severity, Severity::Warning);
    let json = &message.json["in_no_set"][0];
    assert_eq!(json["warnings"], json!([told]));
    assert_eq!(json["command"], "holdfast diff hubs --region eu-west-1");
}

#[test]
fn what_step_functions_wrote_of_a_child_is_read() {
    let output = json!({"deployment": "hubs", "status": "sealed", "execution": ARN}).to_string();
    let sealed = NightlyResult::written(&json!({"Output": output, "Status": "SUCCEEDED", "Input": "{}"})).unwrap();
    assert_eq!((sealed.deployment.as_str(), sealed.status.as_str()), ("hubs", "sealed"));
    let input = json!({"deployment": "staging", "execution_name": "n"}).to_string();
    let lost = NightlyResult::written(&json!({"Input": input, "Status": "TIMED_OUT"})).unwrap();
    assert_eq!(
        (lost.deployment.as_str(), lost.failure.unwrap().error.as_str()),
        ("staging", "TIMED_OUT")
    );
    assert_eq!(NightlyResult::written(&json!({"Status": "FAILED"})), None);
}
