#![allow(clippy::unwrap_used)]

mod limits;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::domain::machine::Machine;
use crate::domain::message::{Ended, Event, Severity};
use crate::domain::restore::Question;

pub const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:at-night";
const REMOVE: &str = "aws stepfunctions start-execution --state-machine-arn \
    arn:aws:states:eu-west-1:123456789012:stateMachine:holdfast-undo-restore --input \
    '{\"deployment\":\"hubs\",\"restore\":\"hubs-20261120-041500-cd34\"}'";

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn reason(subject: &str, error: &str, message: &str) -> Reason {
    Reason {
        subject: subject.into(),
        error: error.into(),
        message: message.into(),
    }
}

/// A restore of a cluster and a guard from a set.
pub fn record(status: &str, more: Value) -> RestoreRecord {
    let planned = [planned("database"), planned("login")];
    let mut record = json!({
        "id": "hubs-20261120-041500-cd34", "deployment": "hubs", "execution": ARN, "status": status,
        "started_at": "2026-11-20T04:15:00Z",
        "plan": {
            "set": "hubs-20261120-021500-ab12", "at_rest": true, "made_at": "2026-11-20T04:15:02Z", "resources": planned,
            "not_covered": ["the search index is not in the deployment"],
            "remarks": ["set hubs-20261120-031500-ef56 is newer and was passed over"],
            "cut_over": "yes", "approval": false, "safety_backup": false, "dry_run": false, "on_failure": "undo",
            "switches": ["secret hubs/db: host and port lead to the copy"], "expected_seconds": 1500,
        },
    });
    for (field, value) in more.as_object().unwrap() {
        match record["plan"].get(field).is_some() {
            true => record["plan"][field] = value.clone(),
            false => record[field] = value.clone(),
        }
    }
    read(record)
}

fn planned(name: &str) -> Value {
    match name {
        "database" => json!({
            "resource": {"name": "database", "kind": "aurora", "cluster": "hubs-db", "deadline_seconds": 60},
            "source": {"from": "cluster_snapshot", "id": "hf-hubs-1", "arn": "arn"},
            "beside": {"into": "cluster", "cluster": "hubs-db-r20261120-041500"},
            "holds": "2026-11-20T02:15:09Z", "loss_seconds": 7200, "size_bytes": 5368709120u64, "usual_seconds": 1500,
            "creates": ["parameter group hubs-15"],
        }),
        _ => json!({
            "resource": {"name": "login", "kind": "secret", "secret": "hubs/login", "deadline_seconds": 60},
            "source": {"from": "versions", "versions": [{"name": "hubs/login", "version": "1"}]},
            "beside": {"into": "nothing"}, "holds": "2026-11-20T02:15:09Z",
        }),
    }
}

/// The items of that restore, as far as they came.
pub fn items(status: &str) -> Vec<Item> {
    let made = json!({
        "made": "cluster", "cluster": "hubs-db-r20261120-041500", "arn": "arn", "host": "new.rds", "reader_host": "ro.rds", "port": 5432,
    });
    read(json!([
        {"restore": "r", "planned": planned("database"), "status": status, "remarks": ["a role was attached again"],
         "made": if status == "planned" { json!(null) } else { made }},
        {"restore": "r", "planned": planned("login"), "status": "restored", "remarks": ["version 2 is newer than the set's"]},
    ]))
}

pub fn verification(outcome: &str) -> Value {
    let database = match outcome {
        "verified" => json!({"name": "probe users", "finding": "same", "detail": "562 in the set, 562 in the copy"}),
        "unproven" => json!({"name": "probe users", "finding": "unproven", "detail": "0 in the set, 0 in the copy"}),
        _ => json!({"name": "probe users", "finding": "different", "detail": "562 in the set, 0 in the copy"}),
    };
    let same = json!({"name": "database: configuration", "finding": "same", "detail": "as captured"});
    json!({"outcome": outcome, "checks": [database, same], "at": "2026-11-20T04:40:00Z"})
}

pub fn switched(state: &str) -> Value {
    json!([{
        "switch": {"name": "app", "resource": "database", "kind": "secret", "secret": "hubs/db", "values": {"host": "host", "port": "port"}},
        "state": state, "before": {"version": "v1"}, "after": {"version": "v2"}, "at": "2026-11-20T04:41:00Z",
    }])
}

pub fn plain<'a>() -> Restore<'a> {
    Restore {
        deployment: Some("hubs"),
        execution: ARN,
        started_at: at("2026-11-20T04:15:00Z"),
        now: at("2026-11-20T04:45:00Z"),
        run: None,
        record: None,
        items: &[],
        failure: None,
        newest_sealed: None,
        unreadable: None,
    }
}

fn told(record: &RestoreRecord, items: &[Item]) -> (Message, RestoreOutcome, bool) {
    restore(&Restore {
        record: Some(record),
        items,
        ..plain()
    })
}

fn assert_says(message: &Message, parts: &[&str]) {
    for part in parts {
        assert!(message.text.contains(part), "{part:?} is not in\n{}", message.text);
    }
}

fn assert_says_nothing_of(message: &Message, parts: &[&str]) {
    for part in parts {
        let said = message.text.contains(part) || message.json.to_string().contains(part);
        assert!(!said, "{part:?} is in\n{}", message.text);
    }
}

#[test]
fn a_restore_that_is_cut_over_is_told_in_full() {
    let infrastructure = json!({
        "terraform": "import {\n  id = \"hubs-db-r20261120-041500\"\n}", "terraform_commands": "terraform state rm x",
        "cloudformation": "[{\"LogicalResourceId\": \"Db\"}]", "ecs": "",
    });
    let record = record(
        "cut_over",
        json!({"verification": verification("verified"), "switched": switched("done"), "infrastructure": infrastructure}),
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

What happened
hubs was restored from set hubs-20261120-021500-ab12 after 30 minutes, verified, and cut over: the application uses the copies.
  - database (aurora hubs-db): cluster hubs-db-r20261120-041500 at new.rds:5432: restored
Switched:
  - app: secret hubs/db (host, port), for database leads to the COPY. Before: {\"version\":\"v1\"}; since: {\"version\":\"v2\"}
What was written since is not in the copies:
  - database: data of 2026-11-20 02:15:09 UTC (2 hours before the plan)
What was compared:
Found the same: 2 things
  - probe users: the same: 562 in the set, 562 in the copy
  - database: configuration: the same: as captured
To know:
  - database: a role was attached again
  - login: version 2 is newer than the set's
Not covered:
  - the search index is not in the deployment

What it means
The application's data is that of the restore. What was there before is unchanged and beside it.

In the infrastructure's source, so that the next deployment does not take this back
Terraform 1.7 and newer:
import {
  id = \"hubs-db-r20261120-041500\"
}

Older Terraform:
terraform state rm x

CloudFormation, resources to import:
[{\"LogicalResourceId\": \"Db\"}]

What to do next
1. See whether the application works, and has what was missed.
2. The way back, as long as what was there before is not removed: holdfast undo-cut-over hubs-20261120-041500-cd34
3. Before the next deployment, bring what is above into the infrastructure's source: it would take this back, or delete it.
4. When you are content, in some days, remove what was there before (a renamed cluster is under its side name, above); Holdfast never does: aurora hubs-db

The execution, begun 2026-11-20 04:15:00 UTC:
https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:at-night
"
    );
    assert_eq!(message.json["switched"][0]["state"], "done");
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
            "  - database (aurora hubs-db): from cluster snapshot hf-hubs-1, data of 2026-11-20 02:15:09 UTC, 2 hours before the \
             plan, 5 GiB, into cluster hubs-db-r20261120-041500, usually 25 minutes; also parameter group hubs-15",
            "  - login (secret hubs/login): from 1 recorded version, data of 2026-11-20 02:15:09 UTC, compared only",
            "It is expected to take 25 minutes.",
            "  - set hubs-20261120-031500-ef56 is newer and was passed over",
            "  - secret hubs/db: host and port lead to the copy",
            "  - the search index is not in the deployment",
            "1. To carry it out: holdfast restore hubs --set hubs-20261120-021500-ab12",
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
            "from the moment 2026-11-20 03:00:00 UTC",
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
            told_at: None,
        };
        let mut record = record("restored", json!({"verification": verification("unproven")}));
        record.question = Some(question.clone());
        let facts = Restore {
            record: Some(&record),
            items: &items("restored"),
            ..plain()
        };
        let message = asked(&facts, &record, &question);
        assert_eq!(
            (message.event, message.severity),
            (Event::RestoreAsks, Severity::Critical)
        );
        assert!(message.subject.contains(asks), "{}", message.subject);
        assert_says(
            &message,
            &[
                "The run waits until 2026-11-21 04:45:00 UTC.",
                "1. To say yes: holdfast approve hubs-20261120-041500-cd34",
                "2. To say no: holdfast reject hubs-20261120-041500-cd34",
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/",
                "secret hubs/db: host and port lead to the copy",
            ],
        );
        assert_says_nothing_of(&message, &["AQCEAAAA"]);
        assert_eq!(message.json["asks"]["until"], "2026-11-21T04:45:00Z");
        if about == About::CutOver {
            assert_says(&message, &["probe users: not proven: 0 in the set, 0 in the copy"]);
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
        let (message, came, succeeded) = told(&record, &items("restored"));
        assert_eq!(json!(came), json!(outcome));
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
            "probe users: not proven: 0 in the set, 0 in the copy",
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
        let (message, outcome, succeeded) = restore(&Restore {
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
        assert_says_nothing_of(&message, &["But look at this"]);
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
        ("failed", "planned", json!({}), "FAILED, undone", "NOT UNDONE"),
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
                "database: AWS took the job and could not finish it",
                "holdfast restore hubs --set hubs-20261120-021500-ab12 --dry-run",
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
        assert_eq!(message.text.contains("Left, and where:"), remains, "{}", message.text);
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
            "  - probe users: DIFFERENT: 562 in the set, 0 in the copy",
            "Do not use it",
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
            "leads to WHAT WAS THERE BEFORE",
            "The application uses what it used before.",
            REMOVE,
        ],
    );

    for (state, leads) in [
        ("begun", "MAY LEAD TO EITHER: it was being switched to the copy"),
        ("done", "leads to the COPY"),
        ("returning", "MAY LEAD TO EITHER: it was being switched back"),
    ] {
        let (message, _, succeeded) = told(&record("switching", more(state)), &items("restored"));
        assert!(!succeeded);
        assert!(message.subject.contains("STANDS HALF-WAY"), "{}", message.subject);
        assert_says(
            &message,
            &[
                "EXACTLY WHAT LEADS WHERE:",
                leads,
                "Before: {\"version\":\"v1\"}",
                "1. NOW: switch back what is left, which can be tried as often as it takes: holdfast undo-cut-over hubs-20261120-041500-cd34",
            ],
        );
    }
}

#[test]
fn a_restore_that_was_not_started_lists_every_fault() {
    let faults = "before: \"x\" is not allowed; expected a time\nonly: \"y\" is not allowed; expected a resource";
    let failure = reason("PlanRestore", "InvalidInput", faults);
    let (message, outcome, succeeded) = restore(&Restore {
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
    let (message, ..) = restore(&Restore {
        failure: Some(&busy),
        ..plain()
    });
    assert_eq!(message.severity, Severity::Warning);
    let (message, ..) = restore(&Restore {
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
        let (message, ..) = restore(&Restore {
            run: Some(&run),
            record: Some(&record),
            ..plain()
        });
        assert_eq!(message.severity, Severity::Critical);
        assert_says(
            &message,
            &["1. FIRST: hubs was brought to rest at 2026-11-20 04:16:00 UTC"],
        );
    }
}

#[test]
fn what_was_undone_is_told_by_what_is_left() {
    let done = record("undone", json!({}));
    let undone = |record: &RestoreRecord, items: &[Item], failure: Option<&Reason>| {
        restore_undone(&Restore {
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
        json!({"left": [reason("database", "Conflict", "cluster x has no tag of ours")]}),
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
        &["Left, and where:\n  - database: Conflict: cluster x has no tag of ours"],
    );
}

#[test]
fn a_cut_over_is_taken_back_or_on_call_knows_what_is_not() {
    let of = |record: &RestoreRecord| {
        cut_over_undone(&Restore {
            record: Some(record),
            items: &items("restored"),
            ..plain()
        })
    };
    // The restore's own reasons are not those of what takes it back.
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
    assert_says(&message, &["leads to WHAT WAS THERE BEFORE", REMOVE]);
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
            "MAY LEAD TO EITHER",
            "holdfast undo-cut-over hubs-20261120-041500-cd34",
        ],
    );

    let (message, ..) = of(&record("restored", json!({})));
    assert_says(&message, &["was not cut over", "nothing was touched"]);
    let (message, ..) = cut_over_undone(&Restore {
        failure: Some(&reason("PlanUndoCutOver", "NotFound", "no such restore")),
        ..plain()
    });
    assert_says(
        &message,
        &["NOT STARTED (PlanUndoCutOver: NotFound)", "holdfast restores hubs"],
    );
}

#[test]
fn an_execution_that_broke_off_says_what_takes_it_back() {
    let ended = Ended {
        status: "ABORTED",
        cause: Some("by\nme"),
        lease_released: true,
    };
    let why = reason("undo-restore", "AccessDenied", "starting the state machine: refused");
    for (status, machine, after, says) in [
        (
            "failed",
            Machine::Restore,
            Aftermath::Begun(Machine::UndoRestore),
            "What it made is being removed",
        ),
        (
            "failed",
            Machine::Restore,
            Aftermath::NotBegun(Machine::UndoRestore, &why),
            REMOVE,
        ),
        (
            "switching",
            Machine::Restore,
            Aftermath::Begun(Machine::UndoCutOver),
            "What had been switched is being switched back",
        ),
        (
            "switching",
            Machine::Restore,
            Aftermath::NotBegun(Machine::UndoCutOver, &why),
            "NOW: switch back what was switched: holdfast undo-cut-over",
        ),
        (
            "switching",
            Machine::UndoCutOver,
            Aftermath::Nothing,
            "NOW: switch back what was switched: holdfast undo-cut-over",
        ),
        (
            "cut_over",
            Machine::UndoCutOver,
            Aftermath::Nothing,
            "Nothing was switched back yet",
        ),
        (
            "cut_over",
            Machine::Restore,
            Aftermath::Nothing,
            "The way back: holdfast undo-cut-over",
        ),
        (
            "restored",
            Machine::Restore,
            Aftermath::Nothing,
            "The copies are complete",
        ),
        ("failed", Machine::UndoRestore, Aftermath::Nothing, REMOVE),
    ] {
        let record = record(status, json!({"switched": switched("begun")}));
        let facts = Restore {
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
            &[
                "was aborted, in the console or by a command",
                "by me",
                "free for another run",
                says,
            ],
        );
        assert_eq!(message.json["execution_status"], "ABORTED");
    }
    let message = restore_ended(&plain(), Machine::Restore, &ended, Aftermath::Nothing);
    assert_says(&message, &["It made nothing", "holdfast restore hubs --dry-run"]);
}

#[test]
fn what_cannot_be_read_is_said_to_be_unknown() {
    let unreadable = reason("catalog", "VerificationFailed", "reading RESTORE#x");
    let facts = Restore {
        unreadable: Some(&unreadable),
        ..plain()
    };
    let (message, outcome, succeeded) = restore(&facts);
    assert_eq!((outcome, succeeded), (RestoreOutcome::Failed, false));
    assert_says(&message, &["cannot be read", "reading RESTORE#x"]);
    assert_says_nothing_of(&message, &["nothing was touched", "NOT STARTED", "NOTHING TO RESTORE"]);
}
