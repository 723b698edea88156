//! The message of a run fits into SNS, whatever the run reports.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::resource::Target;
use crate::domain::restore::leftovers::LeftoverSummary;
use crate::domain::set::{Point, Reason};

/// What SNS counts: the JSON document with one text for each protocol.
fn published_bytes(message: &Message) -> usize {
    let json = message.json.to_string();
    let all = json!({"default": message.text, "email": message.text, "sms": message.subject, "lambda": json, "sqs": json, "https": json});
    all.to_string().len() + message.subject.len()
}

pub fn check(message: &Message) -> std::result::Result<(), TestCaseError> {
    prop_assert!(
        !message.subject.is_empty() && message.subject.len() < 100,
        "{:?}",
        message.subject
    );
    prop_assert!(
        message.subject.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
        "{:?}",
        message.subject
    );
    prop_assert!(message.text.starts_with(&message.subject) && message.text.contains("\nNow: "));
    prop_assert!(
        !message.text.contains(|c: char| c.is_control() && c != '\n'),
        "{:?}",
        message.text
    );
    prop_assert!(message.text.lines().count() <= layout::LINES, "{}", message.text);
    prop_assert_eq!(&message.json["event"], message.event.as_str());
    prop_assert_eq!(&message.json["severity"], message.severity.as_str());
    prop_assert!(
        published_bytes(message) < 250 * 1024,
        "{} bytes",
        published_bytes(message)
    );
    Ok(())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![3 => ".{0,40}", 1 => Just("\u{1f525}\\\"\n".repeat(3000)), 1 => "[\\x00-\\x1f\\x7f-\\u{9f}]{0,9}", 1 => Just(String::new())]
}

fn any_reasons(most: usize) -> impl Strategy<Value = Vec<Reason>> {
    let reason = (any_text(), any_text(), any_text()).prop_map(|(subject, error, message)| Reason {
        subject,
        error,
        message,
    });
    vec(reason, 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_message_fits_into_sns_and_its_subject_into_one_line(
        deployment in proptest::option::of("[a-z](-?[a-z0-9]){0,15}"),
        execution in "arn:aws:states:[a-z0-9-]{1,20}:123456789012:execution:[a-z-]{1,80}:[a-z0-9-]{1,80}",
        reasons in any_reasons(60),
        warnings in any_reasons(60),
        failure in any_reasons(2),
        status in proptest::sample::select(vec!["running", "sealed", "failed", "expiring", "none"]),
        (ended_status, cause) in (any_text(), proptest::option::of(any_text())),
        count in prop_oneof![0usize..4, Just(200usize)],
        target in any_text(),
    ) {
        let mut own = (status != "none").then(|| set(status));
        if let Some(own) = &mut own {
            own.reasons = reasons.clone();
            own.probes = warnings.iter().map(|reason| read(json!({"name": reason.subject, "count": reason.error.len()}))).collect();
        }
        let mut record = run(json!({}));
        record.warnings = warnings;
        let points: Vec<Point> = (0..count).map(|index| {
            let mut point = points()[index % 2].clone();
            point.resource.name = format!("tables.{}", "t".repeat(255));
            point.resource.target = Target::DynamoDb { table: target.clone(), archive: None };
            point
        }).collect();
        let facts = BackupReport {
            deployment: deployment.as_deref(), execution: &execution, run: Some(&record), set: own.as_ref(), points: &points,
            failure: failure.first(), ..plain()
        };
        check(&backup(&facts))?;
        check(&ended(&facts, &EarlyEnd { status: &ended_status, cause: cause.as_deref(), lease_released: count == 0 }))?;
        check(&hooks_resumed(&facts))?;
        let unreadable = BackupReport { unreadable: failure.first(), ..facts };
        check(&backup(&unreadable))?;
        check(&ended(&unreadable, &EarlyEnd { status: &ended_status, cause: cause.as_deref(), lease_released: true }))?;

        let uncovered = reasons.iter().map(|reason| (reason.subject.clone(), vec![reason.message.clone(); 2])).collect();
        let outcomes: Vec<DeploymentOutcome> = reasons.into_iter().map(|reason| DeploymentOutcome {
            deployment: reason.subject.clone(), sealed: reason.error.is_empty(), execution: Some(reason.message.clone()),
            reason: Some(reason).filter(|reason| !reason.error.is_empty()),
        }).collect();
        let left = LeftoverSummary { copies: count, size_bytes: u64::MAX, dollars: 1e12, incomplete: true, oldest_seconds: u64::MAX };
        let left = outcomes.iter().map(|outcome| (outcome.deployment.clone(), left.clone())).collect();
        let night = NightlyRun {
            execution: &execution, started_at: at("2026-11-20T02:00:00Z"), now: at("2026-11-20T03:15:09Z"),
            outcomes: &outcomes, newest_sealed: &BTreeMap::new(), leftovers: &left, uncovered: &uncovered, failure: failure.first(),
        };
        check(&nightly(&night))?;
    }
}
