#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::json;

use super::tests::{ARN, at, read, reason, set};
use super::*;

#[test]
fn a_digest_names_every_deployment_the_failed_first() {
    let due: Vec<Due> = read(json!([
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
    let night = Night {
        execution: ARN,
        started_at: at("2026-11-20T02:00:00Z"),
        now: at("2026-11-20T03:15:09Z"),
        outcomes: &outcomes,
        newest_sealed: &newest,
        failure: None,
    };
    let message = nightly(&night);
    assert_eq!(
        message.subject,
        "Holdfast: night of 2026-11-20: 2 of 3 deployments FAILED: staging, silent"
    );
    assert_eq!(message.severity, Severity::Critical);
    assert!(
        message.text.contains(
            "  - staging: BackupFailed: rooms: AccessDenied; NO SEALED SET AT ALL
  - silent: NotReported: nothing was heard of its execution n-silent; NO SEALED SET AT ALL

Sealed:
  - hubs: newest sealed set hubs-20261120-021500-ab12, 1 hour old"
        ),
        "{}",
        message.text
    );
    let (sealed, broken) = (&outcomes[..1], reason("ListDueDeployments", "Throttled", "m"));
    let message = nightly(&Night {
        outcomes: sealed,
        ..night
    });
    assert_eq!(
        (message.severity, message.subject.as_str()),
        (Severity::Info, "Holdfast: night of 2026-11-20: 1 deployment backed up")
    );
    let message = nightly(&Night {
        outcomes: &[],
        failure: Some(&broken),
        ..night
    });
    assert_eq!(
        message.subject,
        "Holdfast: THE NIGHT OF 2026-11-20 BROKE OFF (ListDueDeployments: Throttled)"
    );
    assert_eq!(nightly(&Night { outcomes: &[], ..night }).severity, Severity::Warning);
}
