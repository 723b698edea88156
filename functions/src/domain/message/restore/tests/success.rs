//! Restores with the requested result, or that need approval.

use serde_json::json;

use super::*;

/// Neither "the application uses what it used before" nor a command that removes what it uses.
#[test]
fn what_was_gone_and_has_its_name_again_is_in_use() {
    let record = record(
        "restored",
        json!({"verification": verification("verified"), "cut_over": "no"}),
    );
    let mut items = items("restored");
    items[0].planned.destination = read(json!({"into": "cluster", "cluster": "hubs-db"}));
    let (message, ..) = told(&record, &items);
    let said = message.text.split_whitespace().collect::<Vec<_>>().join(" ");
    for right in [
        "1 resource, which was gone, has its name again",
        "holdfast backup hubs --watch",
    ] {
        assert!(said.contains(right), "{right}: {said}");
    }
    for wrong in ["uses what it used before", REMOVE, "--cut-over yes"] {
        assert!(!message.text.contains(wrong), "{wrong}: {}", message.text);
    }
}

#[test]
fn a_restore_that_is_cut_over_is_told_in_full() {
    let infrastructure = json!({
        "terraform": "import {\n  id = \"hubs-db-r20261120-041500\"\n}", "terraform_commands": "terraform state rm x",
        "cloudformation": "[{\"LogicalResourceId\": \"Db\"}]", "ecs": "",
    });
    let followed = json!([{
        "resource": "database", "in": "resource", "name": "database", "field": "cluster", "from": "hubs-db",
        "to": "hubs-db-r20261120-041500", "at": "2026-11-20T04:41:00Z",
    }]);
    let record = record(
        "cut_over",
        json!({"verification": verification("verified"), "switched": switched("done"), "infrastructure": infrastructure, "followed": followed}),
    );
    let (message, outcome, succeeded) = told(&record, &items("restored"));
    assert_eq!((outcome, succeeded), (RestoreOutcome::CutOver, true));
    assert_eq!(
        (message.event, message.severity),
        (Event::RestoreCutOver, Severity::Info)
    );
    assert_eq!(
        message.text,
        "Holdfast: hubs restored, verified and cut over

hubs was restored from set hubs-20261120-021500-ab12 after 30 minutes and cut over: the application
uses the copies.
VERIFIED: 2 comparisons of the copies with what was backed up, without a difference. What was there
before is unchanged.
Now: See whether the application works and has the missing data. If not, switch back; what is
     written from now on is then in the copies only:
     holdfast undo-cut-over hubs-20261120-041500-cd34 --region eu-west-1

Then:
1. Write the new names into your descriptor file, which still names what is no longer used. They are
   in:
   holdfast show hubs hubs-20261120-041500-cd34 --region eu-west-1
2. Before the next deployment of the infrastructure, which would revert this: add to its source what
   this prints (or with --cloudformation):
   holdfast infrastructure hubs-20261120-041500-cd34 --terraform --region eu-west-1
3. When you are satisfied, in a few days, remove what no switch points to any more, listed below:
   check first that nothing else uses it, and that you do not need to switch back, which is
   impossible without it. Holdfast never removes it.

Switched to the copies:
  - app: secret hubs/db (host, port), for database: to the COPY (was version v1, the copy's is
    version v2)

The copies, without what was written since:
  - database: cluster hubs-db-r20261120-041500 at new.rds:5432, data of 2026-11-20 02:15:09 UTC, 2
    hours old

Backed up from now on, according to the descriptor in the catalog:
  - resources.database.cluster: hubs-db-r20261120-041500 (was hubs-db)

What no switch points to any more:
  - cluster hubs-db

Remarks:
  - database: a role was attached again
  - login: version 2 is newer than the set's

Not covered:
  - the search index is not in the deployment

The execution in account 123456789012, started 2026-11-20 04:15:00 UTC:
https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:at-night
"
    );
    assert_eq!(message.json["switched"][0]["state"], "done");
}

#[test]
fn a_cut_over_in_part_is_never_told_as_a_whole_one() {
    let matching = json!({
        "gaps": [{"of": "switch", "name": "rooms", "why": "the descriptor does not have it any more"}],
        "live": ["rooms", "files"],
    });
    let mut part = record(
        "cut_over",
        json!({"verification": verification("verified"), "switched": switched("done")}),
    );
    part.plan.matching = read(matching);
    let (message, outcome, _) = told(&part, &items("restored"));
    assert_eq!(outcome, RestoreOutcome::CutOver);
    assert_eq!(message.severity, Severity::Warning);
    assert!(message.subject.contains("cut over IN PART"), "{}", message.subject);
    let said = [
        "cut over IN PART: the application uses the copies of some resources, and continues to use others live",
        "NOT CUT OVER, in use as before:\n  - rooms\n  - files\n",
        "switch rooms: the descriptor does not have it any more",
        "Its data is from two points in time",
    ];
    assert_says(&message, &said);
    assert!(
        !message.text.contains("the application uses the copies."),
        "{}",
        message.text
    );
    assert_eq!(message.json["live"], json!(["rooms", "files"]));
}

#[test]
fn a_dry_run_tells_the_plan_and_how_to_carry_it_out() {
    let record = record("planned", json!({"dry_run": true}));
    let (message, outcome, succeeded) = told(&record, &items("planned"));
    assert_eq!((outcome, succeeded), (RestoreOutcome::Planned, true));
    assert_eq!(
        (message.event, message.severity),
        (Event::RestorePlanned, Severity::Info)
    );
    assert_says(
        &message,
        &[
            "Nothing was touched.",
            "set hubs-20261120-031500-ef56 is newer and was passed over",
            "secret hubs/db: host and port lead to the copy",
            "the search index is not in the deployment",
            "Now: To carry it out: holdfast restore hubs --set hubs-20261120-021500-ab12 --cut-over yes",
        ],
    );
}

#[test]
fn a_restore_as_of_a_moment_is_started_again_as_of_that_moment() {
    let record = record(
        "planned",
        json!({"dry_run": true, "set": null, "at": "2026-11-20T03:00:00Z"}),
    );
    let mut record = record;
    record.plan.at = Some(at("2026-11-20T03:00:00Z"));
    let (message, ..) = told(&record, &[]);
    assert_says(
        &message,
        &[
            "from the point in time 2026-11-20 03:00:00 UTC",
            "holdfast restore hubs --at 2026-11-20T03:00:00Z",
        ],
    );
}

#[test]
fn on_call_is_asked_with_both_answers_and_without_the_token() {
    for (about, asks) in [
        (About::Plan, "MAY hubs BE RESTORED?"),
        (About::CutOver, "MAY hubs BE CUT OVER (UNPROVEN)?"),
    ] {
        let question = Question {
            about,
            token: "AQCEAAAAKgAAAAMAAAAAAAAAA-secret".into(),
            asked_at: at("2026-11-20T04:45:00Z"),
            until: at("2026-11-21T04:45:00Z"),
            notified_at: None,
        };
        let mut record = record("restored", json!({"verification": verification("unproven")}));
        record.question = Some(question.clone());
        let facts = RestoreReport {
            record: Some(&record),
            items: &items("restored"),
            ..plain()
        };
        let message = approval_request(&facts, &record, &question);
        assert_eq!(
            (message.event, message.severity),
            (Event::RestoreAsks, Severity::Critical)
        );
        assert!(message.subject.contains(asks), "{}", message.subject);
        assert_says(
            &message,
            &[
                "Answer by 2026-11-21 04:45:00 UTC",
                "To approve: holdfast approve hubs-20261120-041500-cd34",
                "To reject: holdfast reject hubs-20261120-041500-cd34",
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/",
                "secret hubs/db: host and port lead to the copy",
            ],
        );
        assert_says_nothing_of(&message, &["AQCEAAAA"]);
        assert_eq!(message.json["asks"]["until"], "2026-11-21T04:45:00Z");
        if about == About::CutOver {
            assert_says(
                &message,
                &[
                    "Now: To check first: holdfast show",
                    "loses what was written since 2026-11-20 02:15:09 UTC (2 hours",
                ],
            );
            assert_says(&message, &["Unproven: - probe users: 0 in the set, 0 in the copy"]);
        }
    }
}

#[test]
fn copies_that_are_not_cut_over_to_say_whether_they_are_proven() {
    for (outcome, event, severity, subject) in [
        (
            "verified",
            Event::RestoreVerified,
            Severity::Info,
            "Holdfast: hubs restored and verified, not cut over",
        ),
        (
            "unproven",
            Event::RestoreUnproven,
            Severity::Warning,
            "Holdfast: hubs restored and UNPROVEN, not cut over",
        ),
    ] {
        let record = record(
            "restored",
            json!({"cut_over": "no", "verification": verification(outcome)}),
        );
        let (message, reported, succeeded) = told(&record, &items("restored"));
        assert_eq!(json!(reported), json!(outcome));
        assert!(succeeded);
        assert_eq!(
            (message.event, message.severity, message.subject.as_str()),
            (event, severity, subject)
        );
        let cut_over = if outcome == "verified" {
            "--cut-over yes"
        } else {
            "--cut-over ask"
        };
        assert_says(
            &message,
            &["Nothing was switched", "hubs-db-r20261120-041500", cut_over, REMOVE],
        );
    }
    let record = record("restored", json!({"verification": verification("unproven")}));
    let (message, ..) = told(&record, &items("restored"));
    assert_says(
        &message,
        &[
            "Unproven: - probe users: 0 in the set, 0 in the copy",
            "You decide",
            "Look at the copies",
        ],
    );
}

#[test]
fn a_cut_over_that_is_not_allowed_leaves_the_copies() {
    for (error, how) in [
        ("Rejected", "cut-over rejected"),
        ("States.Timeout", "no answer in time"),
    ] {
        let record = record("restored", json!({"verification": verification("verified")}));
        let failure = reason("AskCutOver", error, "");
        let (message, outcome, succeeded) = restore(&RestoreReport {
            record: Some(&record),
            items: &items("restored"),
            failure: Some(&failure),
            ..plain()
        });
        assert_eq!((outcome, succeeded), (RestoreOutcome::Rejected, true));
        assert_eq!(
            (message.event, message.severity),
            (Event::RestoreRejected, Severity::Warning)
        );
        assert!(message.subject.ends_with(how), "{}", message.subject);
        assert_says(&message, &["Nothing was switched", REMOVE]);
        assert_says_nothing_of(&message, &["Warnings:"]);
    }
}

#[test]
fn a_plan_that_is_not_allowed_touches_nothing() {
    for (error, how) in [("Rejected", "REJECTED"), ("States.Timeout", "NOT ANSWERED IN TIME")] {
        let reasons = [reason("AskApproval", error, "by me")];
        let record = record("failed", json!({"reasons": reasons}));
        let (message, outcome, succeeded) = told(&record, &items("planned"));
        assert_eq!((outcome, succeeded), (RestoreOutcome::Rejected, false));
        assert_eq!(
            (message.event, message.severity),
            (Event::RestoreRejected, Severity::Warning)
        );
        assert!(message.subject.contains(how), "{}", message.subject);
        assert_says(&message, &["Nothing was touched"]);
    }
    // A question that could not be asked was not answered with no.
    let failure = [reason("AskApproval", "AccessDenied", "publishing to topic")];
    let record = record("failed", json!({"reasons": failure}));
    assert_eq!(told(&record, &items("planned")).1, RestoreOutcome::Failed);
}
