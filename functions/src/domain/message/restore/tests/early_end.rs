//! Executions that ended before they could report.

use serde_json::json;

use super::*;

#[test]
fn an_execution_that_broke_off_says_what_takes_it_back() {
    let ended = EarlyEnd {
        status: "ABORTED",
        cause: Some("by\nme"),
        lease_released: true,
    };
    let why = reason("undo-restore", "AccessDenied", "starting the state machine: refused");
    for (status, machine, after, says) in [
        (
            "failed",
            Machine::Restore,
            CleanUpAction::Begun(Machine::UndoRestore),
            "What it created is being removed",
        ),
        (
            "failed",
            Machine::Restore,
            CleanUpAction::NotBegun(Machine::UndoRestore, &why),
            REMOVE,
        ),
        (
            "switching",
            Machine::Restore,
            CleanUpAction::Begun(Machine::UndoCutOver),
            "What had been switched is being switched back",
        ),
        (
            "switching",
            Machine::Restore,
            CleanUpAction::NotBegun(Machine::UndoCutOver, &why),
            "Now: Keep users out, and switch back what was switched: holdfast undo-cut-over",
        ),
        (
            "switching",
            Machine::UndoCutOver,
            CleanUpAction::Nothing,
            "Now: Keep users out, and switch back what was switched: holdfast undo-cut-over",
        ),
        (
            "cut_over",
            Machine::UndoCutOver,
            CleanUpAction::Nothing,
            "Nothing was switched back yet",
        ),
        (
            "cut_over",
            Machine::Restore,
            CleanUpAction::Nothing,
            "If not, switch back: holdfast undo-cut-over",
        ),
        (
            "restored",
            Machine::Restore,
            CleanUpAction::Nothing,
            "The copies are complete",
        ),
        ("failed", Machine::UndoRestore, CleanUpAction::Nothing, REMOVE),
    ] {
        let state = if status == "cut_over" { "done" } else { "begun" };
        let record = record(status, json!({"switched": switched(state)}));
        let facts = RestoreReport {
            record: Some(&record),
            items: &items("in_progress"),
            ..plain()
        };
        let message = restore_ended(&facts, machine, &ended, after);
        assert_eq!(
            (message.event, message.severity),
            (Event::RestoreEnded, Severity::Critical)
        );
        assert_says(
            &message,
            &["was aborted, in the console or by a command", "by me", says],
        );
        // An application that may be half-switched is not reported as free for another run.
        let mixed = message.subject.contains("MAY BE HALF-SWITCHED");
        assert_eq!(mixed, status == "switching", "{}", message.subject);
        assert_eq!(
            message.text.contains("free for another run"),
            !mixed,
            "{}",
            message.text
        );
        assert_eq!(message.json["execution_status"], "ABORTED");
    }
    let message = restore_ended(&plain(), Machine::Restore, &ended, CleanUpAction::Nothing);
    assert_says(&message, &["It created nothing", "holdfast restore hubs --dry-run"]);
}

#[test]
fn an_undo_of_a_cut_over_that_broke_off_half_way_calls_the_application_mixed() {
    let ended = EarlyEnd {
        status: "TIMED_OUT",
        cause: None,
        lease_released: true,
    };
    for state in ["returning", "returned"] {
        let record = record("cut_over", json!({"switched": switched(state)}));
        let facts = RestoreReport {
            record: Some(&record),
            ..plain()
        };
        let message = restore_ended(&facts, Machine::UndoCutOver, &ended, CleanUpAction::Nothing);
        assert_says(
            &message,
            &[
                "SOME OF THE COPIES AND SOME OF WHAT WAS THERE BEFORE",
                "Now: Keep users out, and switch back what was switched",
            ],
        );
        assert_says_nothing_of(&message, &["Nothing was switched back yet"]);
    }
}
