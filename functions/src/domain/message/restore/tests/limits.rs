//! The message of a restore fits into SNS, whatever the restore reports.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::{items, plain, record, switched, verification};
use crate::domain::machine::Machine;
use crate::domain::message::EarlyEnd;
use crate::domain::message::restore::*;
use crate::domain::message::tests::limits::check;
use crate::domain::restore::infrastructure::Infrastructure;
use crate::domain::restore::remark::Remark;
use crate::domain::restore::{Question, RestoreRecord};
use crate::domain::set::Reason;

const TOKEN: &str = "the-token-by-which-whoever-has-it-can-answer";

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

/// A record with this text in every field that others write.
fn grown(mut record: RestoreRecord, text: &str, number: usize) -> RestoreRecord {
    let many = vec![text.to_owned(); number];
    let plan = &mut record.plan;
    plan.not_covered.extend(many.clone());
    plan.remarks.extend(many.iter().cloned().map(Remark::from));
    plan.switches.extend(many.clone());
    plan.resources[0].creates = many.clone();
    let first = plan.resources[0].clone();
    plan.resources.extend(vec![first; number]);
    if let Some(switched) = record.switched.first_mut() {
        switched.switch.name = text.to_owned();
        switched.before = json!({ "was": text });
    }
    let switched = record.switched.clone();
    record.switched.extend(switched.into_iter().cycle().take(number));
    if let Some(verification) = &mut record.verification {
        let mut check = verification.checks[0].clone();
        check.detail = text.to_owned();
        verification.checks.extend(vec![check; number]);
    }
    record.infrastructure = Some(Infrastructure {
        terraform: text.to_owned(),
        terraform_commands: many.join("\n"),
        cloudformation: text.to_owned(),
        cloudformation_steps: text.to_owned(),
        ecs: text.to_owned(),
    });
    record
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_message_of_a_restore_fits_into_sns_and_never_has_the_token(
        deployment in proptest::option::of("[a-z](-?[a-z0-9]){0,15}"),
        execution in "arn:aws:states:[a-z0-9-]{1,20}:123456789012:execution:[a-z-]{1,80}:[a-z0-9-]{1,80}",
        reasons in any_reasons(60),
        left in any_reasons(60),
        failure in any_reasons(2),
        status in proptest::sample::select(vec!["planned", "running", "restored", "switching", "cut_over", "switched_back", "undone", "failed"]),
        outcome in proptest::sample::select(vec!["verified", "unproven", "failed"]),
        state in proptest::sample::select(vec!["begun", "done", "returning", "returned"]),
        item in proptest::sample::select(vec!["planned", "in_progress", "restored", "failed", "undone"]),
        (keep, about) in (any::<bool>(), any::<bool>()),
        (text, number) in (any_text(), prop_oneof![0usize..4, Just(60usize)]),
        (ended_status, cause) in (any_text(), proptest::option::of(any_text())),
    ) {
        let more = json!({
            "verification": verification(outcome), "switched": switched(state), "on_failure": if keep { "keep" } else { "undo" },
            "reasons": reasons, "left": left,
        });
        let mut record = grown(record(status, more), &text, number);
        let question = Question {
            about: if about { About::Plan } else { About::CutOver },
            token: TOKEN.into(),
            asked_at: plain().now,
            until: plain().now,
            notified_at: None,
        };
        record.question = Some(question.clone());
        let mut all = items(item);
        all[0].remarks.extend(vec![text.clone(); number]);
        all[0].phase = Some(text.clone());
        let first = all[0].clone();
        all.extend(vec![first; number]);
        let facts = RestoreReport {
            deployment: deployment.as_deref(), execution: &execution, record: Some(&record), items: &all, failure: failure.first(), ..plain()
        };
        let ended = EarlyEnd { status: &ended_status, cause: cause.as_deref(), lease_released: keep };
        let why = failure.first().cloned().unwrap_or(super::reason("a", "b", "c"));
        let unknown = RestoreReport { record: None, items: &[], unreadable: failure.first(), ..facts };
        let messages = [
            restore(&facts).0,
            restore(&unknown).0,
            approval_request(&facts, &record, &question),
            restore_undone(&facts).0,
            restore_undone(&unknown).0,
            cut_over_undone(&facts).0,
            cut_over_undone(&unknown).0,
            restore_hooks_resumed(&facts),
            restore_ended(&facts, Machine::Restore, &ended, CleanUpAction::Nothing),
            restore_ended(&facts, Machine::UndoRestore, &ended, CleanUpAction::NotBegun(Machine::UndoRestore, &why)),
            restore_ended(&facts, Machine::UndoCutOver, &ended, CleanUpAction::Begun(Machine::UndoCutOver)),
            restore_ended(&unknown, Machine::Restore, &ended, CleanUpAction::Nothing),
        ];
        for message in messages {
            check(&message)?;
            let whole = format!("{message:?}");
            prop_assert!(!whole.contains(TOKEN), "{}", whole);
            prop_assert!(message.cause().chars().count() <= 1000);
        }
    }
}
