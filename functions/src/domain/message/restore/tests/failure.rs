//! Restores without a result.

use serde_json::json;

use super::*;

#[test]
fn a_failed_restore_says_what_became_of_what_it_made() {
    let reasons = [reason("database", "JobFailed", "no capacity in eu-west-1a")];
    let left = [reason(
        "database",
        "NotReady",
        "cluster hubs-db-r20261120-041500 in eu-west-1 is still creating",
    )];
    for (status, item, more, says, never) in [
        ("undone", "undone", json!({}), "FAILED, undone", "NOT UNDONE"),
        (
            "failed",
            "planned",
            json!({}),
            "FAILED before anything was created",
            "undone",
        ),
        (
            "failed",
            "failed",
            json!({"on_failure": "keep"}),
            "FAILED, copies kept",
            "NOT UNDONE",
        ),
        (
            "undone",
            "in_progress",
            json!({"left": left}),
            "FAILED AND IS NOT UNDONE",
            "copies kept",
        ),
        (
            "running",
            "failed",
            json!({}),
            "FAILED AND IS NOT UNDONE",
            "copies kept",
        ),
    ] {
        let mut more = more;
        more["reasons"] = json!(reasons);
        let record = record(status, more);
        let (message, outcome, succeeded) = told(&record, &items(item));
        assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
        assert_eq!(
            (message.event, message.severity),
            (Event::RestoreFailed, Severity::Critical)
        );
        assert!(
            message.subject.contains(says) && !message.subject.contains(never),
            "{status}: {}",
            message.subject
        );
        assert_says(
            &message,
            &[
                "  - database: JobFailed: no capacity in eu-west-1a",
                "database: it could not be finished",
                "holdfast restore hubs --set hubs-20261120-021500-ab12",
                "--dry-run",
            ],
        );
        let removes = message.text.contains(REMOVE);
        assert_eq!(
            removes,
            !["undone", "planned"].contains(&item),
            "{status} {item}: {}",
            message.text
        );
        let remains = !record.left.is_empty();
        assert_eq!(message.text.contains("Not removed:"), remains, "{}", message.text);
        assert!(
            !remains || message.text.contains("is still creating"),
            "{}",
            message.text
        );
        assert!(message.cause().contains("no capacity"), "{}", message.cause());
    }
}

#[test]
fn a_verification_that_failed_names_each_difference() {
    let reasons = [reason(
        "VerifyRestore",
        "VerificationFailed",
        "1 check found a difference",
    )];
    let record = record(
        "undone",
        json!({"reasons": reasons, "verification": verification("failed")}),
    );
    let (message, ..) = told(&record, &items("undone"));
    assert_says(
        &message,
        &[
            "DIFFERENT from what was backed up: - probe users: 562 in the set, 0 in the copy",
            "do not use it",
        ],
    );
    assert_eq!(message.json["checks"][0]["finding"], "different");
}

#[test]
fn a_failed_cut_over_says_exactly_what_leads_where() {
    let reasons = [reason("app", "AccessDenied", "writing secret hubs/db: refused")];
    let more = |state: &str| json!({"reasons": reasons, "switched": switched(state), "verification": verification("verified")});
    let back = record("switched_back", more("returned"));
    let (message, outcome, succeeded) = told(&back, &items("restored"));
    assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
    assert_eq!(
        (message.event, message.severity),
        (Event::CutOverFailed, Severity::Critical)
    );
    assert!(message.subject.contains("FAILED, switched back"), "{}", message.subject);
    assert_says(
        &message,
        &[
            "to WHAT WAS THERE BEFORE",
            "The application uses what it used before.",
            REMOVE,
        ],
    );

    for (state, side) in [
        ("begun", "MAY POINT TO EITHER, it was being switched to the copy"),
        ("done", "to the COPY"),
        ("returning", "MAY POINT TO EITHER, it was being switched back"),
    ] {
        let (message, _, succeeded) = told(&record("switching", more(state)), &items("restored"));
        assert!(!succeeded);
        assert!(message.subject.contains("STOPPED HALF-WAY"), "{}", message.subject);
        assert_says(
            &message,
            &[
                "EXACTLY WHERE EACH SWITCH POINTS:",
                side,
                "(was version v1, the copy's is version v2)",
                "Now: Keep users out, and switch back what is left, which can be repeated as often as needed: holdfast \
                 undo-cut-over hubs-20261120-041500-cd34",
            ],
        );
    }
}

#[test]
fn a_restore_that_was_not_started_lists_every_fault() {
    let faults = "before: \"x\" is not allowed; expected a time\nonly: \"y\" is not allowed; expected a resource";
    let failure = reason("PlanRestore", "InvalidInput", faults);
    let (message, outcome, succeeded) = restore(&RestoreReport {
        failure: Some(&failure),
        ..plain()
    });
    assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
    assert_eq!(
        (message.event, message.severity),
        (Event::RestoreNotStarted, Severity::Critical)
    );
    assert_says(
        &message,
        &[
            "  - PlanRestore: InvalidInput: before: \"x\" is not allowed; expected a time\n",
            "  - PlanRestore: InvalidInput: only: \"y\" is not allowed; expected a resource\n",
            "holdfast restore hubs --dry-run",
        ],
    );
    let busy = reason("PlanRestore", "DeploymentBusy", "another run has the lease");
    let (message, ..) = restore(&RestoreReport {
        failure: Some(&busy),
        ..plain()
    });
    assert_eq!(message.severity, Severity::Warning);
    let (message, ..) = restore(&RestoreReport {
        deployment: None,
        failure: Some(&failure),
        ..plain()
    });
    assert_says(&message, &["holdfast deployments"]);
}

#[test]
fn an_application_left_at_rest_comes_first() {
    let run = read(json!({
        "id": "r", "purpose": "restore", "deployment": "hubs", "execution": ARN, "started_at": "2026-11-20T04:15:00Z",
        "quiesced_at": "2026-11-20T04:16:00Z",
    }));
    let switched = switched("done");
    for (status, more) in [
        ("restored", json!({"verification": verification("verified")})),
        (
            "cut_over",
            json!({"verification": verification("verified"), "switched": switched}),
        ),
        ("undone", json!({"reasons": [reason("database", "JobFailed", "")]})),
    ] {
        let record = record(status, more);
        let (message, ..) = restore(&RestoreReport {
            run: Some(&run),
            record: Some(&record),
            ..plain()
        });
        assert_eq!(message.severity, Severity::Critical);
        assert_says(
            &message,
            &["Now: See whether hubs serves its users: it was quiesced at 2026-11-20 04:16:00 UTC and was not resumed"],
        );
    }
}

/// A given class is replaced: the command accepts each option once.
#[test]
fn copies_that_only_lack_capacity_are_told_after_an_application_at_rest_and_with_one_class() {
    let late =
        json!([{"subject": "database", "error": "DeadlineExceeded", "message": "restoring database: not finished"}]);
    let mut record = record("failed", json!({"reasons": late}));
    record.plan.options = vec!["--instance-class database=db.r6g.large".to_owned()];
    let mut items = items("failed");
    items[0].shortage.kept = true;
    let run = read(json!({
        "id": "r", "purpose": "restore", "deployment": "hubs", "execution": ARN, "started_at": "2026-11-20T04:15:00Z",
        "quiesced_at": "2026-11-20T04:16:00Z",
    }));
    let (message, ..) = restore(&RestoreReport {
        record: Some(&record),
        items: &items,
        run: Some(&run),
        ..plain()
    });
    let quiesced = message.text.find("was quiesced").unwrap();
    let create = message.text.find("Create an instance of another class").unwrap();
    assert!(quiesced < create, "{}", message.text);
    assert_says(&message, &["--instance-class database=CLASS"]);
    assert_says_nothing_of(&message, &["db.r6g.large", "longer `restore_deadline`"]);
}

#[test]
fn what_cannot_be_read_is_said_to_be_unknown() {
    let unreadable = reason("catalog", "VerificationFailed", "reading RESTORE#x");
    let facts = RestoreReport {
        unreadable: Some(&unreadable),
        ..plain()
    };
    let (message, outcome, succeeded) = restore(&facts);
    assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
    assert_says(&message, &["cannot be read", "reading RESTORE#x"]);
    assert_says_nothing_of(&message, &["nothing was touched", "NOT STARTED", "NOTHING TO RESTORE"]);
}

#[test]
fn a_plan_that_failed_after_it_was_recorded_was_not_started_either() {
    for (state, error) in [
        ("PlanRestore", "DeploymentBusy"),
        ("DescribeSecurityGroups", "Ec2.Ec2Exception"),
    ] {
        let failure = reason(state, error, "sg-1 does not exist");
        let record = record("failed", json!({"reasons": [failure.clone()]}));
        let (message, outcome, _) = restore(&RestoreReport {
            record: Some(&record),
            items: &items("planned"),
            failure: Some(&failure),
            ..plain()
        });
        assert_eq!(
            (message.event, outcome),
            (Event::RestoreNotStarted, RestoreOutcome::Failed)
        );
        assert_says(&message, &["nothing was touched", "sg-1 does not exist"]);
    }
}
