//! Restores that were undone.

use serde_json::json;

use super::*;

#[test]
fn what_was_undone_is_told_by_what_is_left() {
    let done = record("undone", json!({}));
    let undone = |record: &RestoreRecord, items: &[RestoreItem], failure: Option<&Reason>| {
        restore_undone(&RestoreReport {
            record: Some(record),
            items,
            failure,
            ..plain()
        })
    };
    let (message, outcome, succeeded) = undone(&done, &items("undone"), None);
    assert_eq!((outcome, succeeded), (RestoreOutcome::Undone, true));
    assert_eq!(
        (message.event, message.severity),
        (Event::RestoreUndone, Severity::Info)
    );

    let left = record(
        "undone",
        json!({"left": [reason("database", "Conflict", "cluster x has no tag of this restore")]}),
    );
    let failure = reason("UndoRestore", "Throttled", "slow down");
    for (record, items, failure) in [
        (&left, items("undone"), None),
        (&done, items("restored"), None),
        (&done, items("undone"), Some(&failure)),
        (&record("failed", json!({})), items("undone"), None),
    ] {
        let (message, outcome, succeeded) = undone(record, &items, failure);
        assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
        assert_eq!(
            (message.event, message.severity),
            (Event::UndoFailed, Severity::Critical)
        );
        assert_says(&message, &[REMOVE]);
    }
    assert_says(
        &undone(&left, &[], None).0,
        &["Not removed:\n  - database: Conflict: cluster x has no tag of this restore"],
    );
}

#[test]
fn what_is_in_use_is_told_user_by_user() {
    let users = "undoing: nothing was removed:\ntable x is named by the descriptor of other\ndirectory y is mounted";
    let (message, outcome, succeeded) = restore_undone(&RestoreReport {
        record: Some(&record("restored", json!({}))),
        items: &items("restored"),
        failure: Some(&reason("UndoRestore", "Conflict", users)),
        ..plain()
    });
    assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
    assert_says(
        &message,
        &[
            "NOT REMOVED (UndoRestore: Conflict",
            "Nothing that restore",
            "UndoRestore: Conflict: table x is named by the descriptor of other",
            "UndoRestore: Conflict: directory y is mounted",
            "each reason names by whom",
            REMOVE,
        ],
    );
    assert_says_nothing_of(
        &message,
        &[
            "--suffix",
            "does not affect the application",
            "in its service's console",
        ],
    );
}

#[test]
fn a_cut_over_is_taken_back_or_on_call_knows_what_is_not() {
    let of = |record: &RestoreRecord| {
        cut_over_undone(&RestoreReport {
            record: Some(record),
            items: &items("restored"),
            ..plain()
        })
    };
    // The restore's own reasons are not those of its undo.
    let reasons = json!([reason("app", "AccessDenied", "the restore's own")]);
    let (message, outcome, succeeded) = of(&record(
        "switched_back",
        json!({"switched": switched("returned"), "reasons": reasons}),
    ));
    assert_eq!((outcome, succeeded), (RestoreOutcome::SwitchedBack, true));
    assert_eq!(
        (message.event, message.severity),
        (Event::CutOverUndone, Severity::Info)
    );
    assert_says(&message, &["to WHAT WAS THERE BEFORE", REMOVE]);
    assert_says_nothing_of(&message, &["the restore's own"]);

    let (message, outcome, succeeded) = of(&record("switching", json!({"switched": switched("returning")})));
    assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
    assert_eq!(
        (message.event, message.severity),
        (Event::CutOverFailed, Severity::Critical)
    );
    assert_says(
        &message,
        &[
            "COULD NOT BE SWITCHED BACK",
            "MAY POINT TO EITHER",
            "holdfast undo-cut-over hubs-20261120-041500-cd34",
        ],
    );

    // A second time: no error is reported.
    let (message, outcome, succeeded) = cut_over_undone(&RestoreReport {
        record: Some(&record("switched_back", json!({"switched": switched("returned")}))),
        items: &items("restored"),
        failure: Some(&reason("PlanUndoCutOver", "InvalidInput", "which has nothing switched")),
        ..plain()
    });
    assert_eq!((outcome, succeeded), (RestoreOutcome::SwitchedBack, true));
    assert_eq!(message.severity, Severity::Info);
    assert_says(&message, &["had already been switched back", "has touched nothing"]);
    assert_says_nothing_of(&message, &["InvalidInput", "was undone."]);

    let (message, ..) = of(&record("restored", json!({})));
    assert_says(&message, &["was not cut over", "nothing was touched"]);
    let (message, ..) = cut_over_undone(&RestoreReport {
        failure: Some(&reason("PlanUndoCutOver", "NotFound", "no such restore")),
        ..plain()
    });
    assert_says(
        &message,
        &["NOT STARTED (PlanUndoCutOver: NotFound)", "holdfast restores hubs"],
    );
}
