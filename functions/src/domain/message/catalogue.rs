//! Every message that on-call can get, in one file to read from top to bottom: `docs/messages.md`. After a change of wording,
//! `HOLDFAST_WRITE=1 cargo test catalogue` writes it again; a reviewer reads the diff.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::generated_document::assert_written;
use super::restore::tests::{self as of_restore, items, record, switched, verification};
use super::tests::{at, plain as plain_backup, points, read, reason, run, set};
use super::*;
use crate::domain::machine::Machine;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::leftovers::LeftoverSummary;
use crate::domain::restore::plan_table::WIDTH;
use crate::domain::restore::{About, Question, RestoreRecord};
use crate::domain::set::{Point, Reason};

const HEAD: &str = "\
# Messages to on-call

Every message, as the tests generate them (`functions/src/domain/message/catalogue.rs`). A message has at most 60 lines of 100
columns; its subject and first twelve lines say what happened, whether it can be trusted, what to do now, and the command for it. A
telephone shows only the subject. `holdfast show` prints what a message has no room for. The advice for every error is in
[troubleshooting.md](troubleshooting.md).
";

fn all() -> Vec<(&'static str, Message)> {
    let mut all = backups();
    all.extend(nights());
    all.extend(restores());
    all.extend(early_ends());
    all.extend(undo_steps());
    all
}

fn backups() -> Vec<(&'static str, Message)> {
    let (sealed, failed, running) = (set("sealed"), failed_set(), set("running"));
    let (quiet, resumed) = (
        run(json!({"quiesced_at": "2026-11-20T02:15:02Z", "hooks": [
                {"name": "ingest", "phase": "quiesce", "begun_at": "2026-11-20T02:15:02Z", "undone_at": "2026-11-20T02:19:00Z",
                 "by_hand": "enable on event bus default the rules ingest"},
                {"name": "web", "phase": "quiesce", "begun_at": "2026-11-20T02:15:03Z",
                 "by_hand": "invoke function holdfast-hook-web with the `action` resume, or do what it does"},
            ], "warnings": [{"subject": "Resume", "error": "Unavailable", "message": "calling function holdfast-hook-web of hook web: no answer in 60 s"}]})),
        run(json!({"quiesced_at": "2026-11-20T02:15:02Z", "resumed_at": "2026-11-20T02:20:00Z"})),
    );
    let warned = run(json!({"warnings": [
        {"subject": "probe users", "error": "AccessDenied", "message": "logging in to hubs-db: the server answered password authentication failed for user \"app\" (28P01). Correct the login in the secret, or grant it what the probe reads"},
        {"subject": "tables", "error": "CopiesLeftOut", "message": "2 tables that begin with hubs- are copies of restores, and no probe and no switch names them; they are not backed up: hubs-rooms-r1, hubs-users-r1"},
    ]}));
    let protected = run(json!({"warnings": [
        {"subject": "rooms", "error": "ProtectionTurnedOn", "message": "point-in-time recovery and deletion protection of hubs-rooms were off, and were turned on, as the descriptor's `protect` asks"},
        {"subject": "users", "error": "NotProtected", "message": "deletion protection of hubs-users is off, and could not be turned on (AccessDenied: turning on deletion protection of table hubs-users: AWS returned AccessDeniedException: not authorized to perform dynamodb:UpdateTable)"},
        {"subject": "covers", "error": "InNoSet", "message": "table hubs-votes begins with hubs- and is in no descriptor, so it is in no set"},
    ]}));
    let (good, some) = (available(), points());
    let yesterday = super::tests::yesterday();
    let busy = reason(
        "PlanBackup",
        "DeploymentBusy",
        "hubs is leased by run hubs-20261120-020000-9f3a",
    );
    let wrong = reason(
        "PlanBackup",
        "InvalidInput",
        "resources.database.cluster: hubs-db, while the application uses cluster hubs-db-r1, to which switch login leads, is not allowed; expected what the application uses, so that this is what is backed up. Correct the descriptor and `holdfast apply FILE`; or, if the switch leads to the wrong place, lead it back",
    );
    let broken = reason(
        "catalog",
        "VerificationFailed",
        "reading set hubs-20261120-021500-ab12 from the catalog: missing field `status`",
    );
    let report = |set, points, run, failure| BackupReport {
        set,
        points,
        run,
        failure,
        newest_sealed: Some(&yesterday),
        ..plain_backup()
    };
    let aborted = EarlyEnd {
        status: "ABORTED",
        cause: Some("stopped by an operator"),
        lease_released: true,
    };
    vec![
        ("A set is sealed", backup(&report(Some(&sealed), &good, None, None))),
        (
            "A set is sealed, with warnings",
            backup(&report(Some(&sealed), &good, Some(&warned), None)),
        ),
        (
            "A set is sealed, and tables were protected",
            backup(&report(Some(&sealed), &good, Some(&protected), None)),
        ),
        (
            "A set is sealed, and the application was not resumed",
            backup(&report(Some(&sealed), &good, Some(&quiet), None)),
        ),
        ("A backup failed", backup(&report(Some(&failed), &some, None, None))),
        (
            "A backup failed, and no set was ever sealed",
            backup(&BackupReport {
                newest_sealed: None,
                ..report(Some(&failed), &some, None, None)
            }),
        ),
        (
            "Another run is in progress",
            backup(&report(None, &[], None, Some(&busy))),
        ),
        ("A backup was refused", backup(&report(None, &[], None, Some(&wrong)))),
        (
            "The outcome of a backup cannot be read",
            backup(&BackupReport {
                unreadable: Some(&broken),
                ..report(None, &[], None, None)
            }),
        ),
        (
            "A backup was stopped",
            ended(&report(Some(&running), &some, Some(&resumed), None), &aborted),
        ),
        (
            "A backup was stopped after its set was sealed",
            ended(&report(Some(&sealed), &good, None, None), &aborted),
        ),
        (
            "An application was resumed later",
            hooks_resumed(&report(Some(&sealed), &good, Some(&resumed), None)),
        ),
    ]
}

fn failed_set() -> crate::domain::set::BackupSet {
    let mut failed = set("failed");
    failed.reasons = vec![reason(
        "rooms",
        "AccessDenied",
        "starting the backup of table hubs-rooms: AWS returned AccessDeniedException: not authorized to perform kms:CreateGrant on \
         arn:aws:kms:eu-west-1:123456789012:key/1b2c",
    )];
    failed
}

/// Both points, as in a sealed set.
fn available() -> Vec<Point> {
    let mut points = points();
    points.truncate(1);
    points.push(Point {
        resource: read(json!({"name": "rooms", "kind": "dynamodb", "table": "hubs-rooms", "deadline_seconds": 60})),
        configuration: json!({"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {
            "PointInTimeRecoveryStatus": "DISABLED",
        }}}),
        ..points[0].clone()
    });
    points
}

fn nights() -> Vec<(&'static str, Message)> {
    let outcomes = |failed: usize| -> Vec<DeploymentOutcome> {
        let outcome = |nth: usize| DeploymentOutcome {
            deployment: format!("shop-{nth:02}"),
            sealed: nth >= failed,
            reason: (nth < failed).then(|| reason("database", "JobFailed", "RDS could not finish the snapshot")),
            execution: Some(of_restore::ARN.to_owned()),
        };
        (0..20).map(outcome).collect()
    };
    let newest = |first: usize| -> BTreeMap<String, _> {
        (first..20)
            .map(|nth| (format!("shop-{nth:02}"), set("sealed")))
            .collect()
    };
    let broke = reason(
        "BackUpDeployments",
        "States.DataLimitExceeded",
        "the result is too large",
    );
    let left = LeftoverSummary {
        copies: 3,
        size_bytes: 120 << 30,
        dollars: 232.4,
        incomplete: true,
        oldest_seconds: 23 * 86_400,
    };
    let left = BTreeMap::from([("shop-07".to_owned(), left)]);
    let (none, all_in_sets) = (BTreeMap::new(), BTreeMap::new());
    let told = "table shop-votes begins with shop- and is in no descriptor, so it is in no set";
    let in_no_set = BTreeMap::from([("shop-11".to_owned(), vec![told.to_owned()])]);
    let night = |outcomes: &[DeploymentOutcome], failure: Option<&Reason>| {
        let all_sealed = failure.is_none() && outcomes.iter().all(|outcome| outcome.sealed);
        nightly(&NightlyRun {
            execution: of_restore::ARN,
            started_at: at("2026-11-20T02:00:00Z"),
            now: at("2026-11-20T03:15:09Z"),
            outcomes,
            newest_sealed: &newest(usize::from(outcomes.iter().any(|outcome| !outcome.sealed))),
            leftovers: if all_sealed && !outcomes.is_empty() {
                &left
            } else {
                &none
            },
            uncovered: &all_in_sets,
            failure,
        })
    };
    let uncovered = nightly(&NightlyRun {
        execution: of_restore::ARN,
        started_at: at("2026-11-20T02:00:00Z"),
        now: at("2026-11-20T03:15:09Z"),
        outcomes: &outcomes(0)[10..13],
        newest_sealed: &newest(0),
        leftovers: &none,
        uncovered: &in_no_set,
        failure: None,
    });
    vec![
        ("A nightly run", night(&outcomes(0), None)),
        ("A nightly run that found something in no set", uncovered),
        ("A nightly run in which some failed", night(&outcomes(3), None)),
        ("A nightly run in which many failed", night(&outcomes(19), None)),
        ("A nightly run that failed", night(&outcomes(0), Some(&broke))),
        ("A nightly run with nothing to do", night(&[], None)),
    ]
}

/// A restore of twenty resources, after its cut-over.
fn large(status: &str, more: Value) -> (RestoreRecord, Vec<RestoreItem>) {
    let mut fields = json!({"verification": verification("verified"), "not_covered": []});
    let (mut planned, mut all, mut switches, mut followed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    followed.push(json!({
        "resource": "database", "in": "resource", "name": "database", "field": "cluster", "from": "hubs-db",
        "to": "hubs-db-r20261120-041500", "at": "2026-11-20T04:42:00Z",
    }));
    let first = serde_json::to_value(&items("restored")[0]).unwrap();
    planned.push(first["planned"].clone());
    all.push(first);
    switches.extend(switched("done").as_array().unwrap().clone());
    for nth in 1..20 {
        let (name, table) = (format!("table-{nth:02}"), format!("hubs-table-{nth:02}"));
        let copy = format!("{table}-r20261120-041500");
        let plan = json!({
            "resource": {"name": name, "kind": "dynamodb", "table": table, "deadline_seconds": 60},
            "source": {"from": "table_backup", "arn": "arn"}, "beside": {"into": "table", "table": copy},
            "holds": "2026-11-20T02:15:09Z", "loss_seconds": 7200, "size_bytes": 5368709u64,
        });
        planned.push(plan.clone());
        all.push(json!({"restore": "r", "planned": plan, "status": "restored", "made": {"made": "table", "table": copy, "arn": "arn"}}));
        switches.push(json!({
            "switch": {"name": format!("to-{nth:02}"), "resource": name, "kind": "parameter", "parameter": format!("/hubs/{name}"), "value": "table"},
            "state": "done", "before": {"version": nth}, "after": {"version": nth + 1},
        }));
        followed.push(json!({"resource": name, "in": "resource", "name": name, "field": "table", "from": table, "to": copy, "at": "2026-11-20T04:42:00Z"}));
    }
    fields["resources"] = planned.into();
    fields["switched"] = switches.into();
    fields["followed"] = followed.into();
    fields["infrastructure"] =
        json!({"terraform": "import {\n".repeat(200), "terraform_commands": "x", "cloudformation": "{}", "ecs": ""});
    for (field, value) in more.as_object().unwrap() {
        fields[field] = value.clone();
    }
    (record(status, fields), all.into_iter().map(read).collect())
}

fn restores() -> Vec<(&'static str, Message)> {
    let message = |record: &RestoreRecord, items: &[RestoreItem], failure: Option<&Reason>| {
        restore(&RestoreReport {
            record: Some(record),
            items,
            failure,
            ..of_restore::plain()
        })
        .0
    };
    let (cut, of_cut) = large("cut_over", json!({}));
    let (mut part, of_part) = large("cut_over", json!({"verification": verification("unproven")}));
    part.plan.matching.live = vec!["uploads".to_owned()];
    let dry = record("planned", json!({"dry_run": true}));
    let (large_plan, none) = large("planned", json!({"dry_run": true, "verification": null}));
    let restored = |outcome: &str, more: Value| {
        let mut fields = json!({"verification": verification(outcome)});
        fields
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        record("restored", fields)
    };
    let no = json!({"subject": "AskCutOver", "error": "Rejected", "message": "an operator said no"});
    let timeout = json!({"subject": "AskApproval", "error": "States.Timeout", "message": ""});
    let job = json!([{"subject": "database", "error": "JobFailed", "message": "restoring cluster hubs-db-r20261120-041500: RDS ended it with status incompatible-parameters"}]);
    let switch = json!([{"subject": "switch app", "error": "JobFailed", "message": "writing secret hubs/db: AWS returned \
        InvalidRequestException (HTTP 400): the secret is marked for deletion"}]);
    let different = reason("VerifyRestore", "VerificationFailed", "1 check found a difference");
    let faults = reason(
        "PlanRestore",
        "InvalidInput",
        "resources.database.kms_key: arn:aws:kms:eu-west-1:123456789012:key/1b2c, which is disabled, is not allowed; expected an enabled key. aws kms enable-key --key-id 1b2c\nresources.storage.recovery_point: arn:aws:backup:eu-west-1:123456789012:recovery-point:9 is not allowed; expected one that is there: this one is gone. Choose another set",
    );
    let followed = reason(
        "FollowRestore",
        "JobFailed",
        "following the restore: execution arn:aws:states:eu-west-1:123456789012:execution:holdfast-hook-index:hubs-1b2c of hook index \
         ended as FAILED: IndexFailed: two documents are too large. Open it in the Step Functions console, correct what it shows, then \
         do by hand what the hook would have done",
    );
    let broken = reason(
        "catalog",
        "VerificationFailed",
        "reading restore hubs-20261120-041500-cd34 from the catalog: missing field `plan`",
    );
    let newest = super::tests::yesterday();
    let no_record = |failure, unreadable| {
        restore(&RestoreReport {
            failure,
            unreadable,
            newest_sealed: Some(&newest),
            ..of_restore::plain()
        })
        .0
    };
    vec![
        ("A plan", message(&dry, &items("planned"), None)),
        ("A plan of twenty resources", message(&large_plan, &none[..0], None)),
        ("A plan that waits for approval", asking(About::Plan, "verified", &[])),
        (
            "A cut-over that waits for approval",
            asking(About::CutOver, "verified", &[]),
        ),
        (
            "A cut-over that waits for approval, unproven and in part",
            asking(About::CutOver, "unproven", &["uploads"]),
        ),
        (
            "Nobody answered",
            message(&record("failed", json!({"reasons": [timeout]})), &[], None),
        ),
        (
            "Cut over, and a hook after it failed",
            message(&cut, &of_cut, Some(&followed)),
        ),
        (
            "Restored, not cut over",
            message(
                &restored("verified", json!({"cut_over": "no"})),
                &items("restored"),
                None,
            ),
        ),
        (
            "Restored, not cut over, unproven",
            message(
                &restored("unproven", json!({"cut_over": "no"})),
                &items("restored"),
                None,
            ),
        ),
        (
            "The cut-over was not approved",
            message(
                &restored("unproven", json!({"reasons": [no]})),
                &items("restored"),
                None,
            ),
        ),
        ("Cut over, twenty resources", message(&cut, &of_cut, None)),
        ("Cut over in part, unproven", message(&part, &of_part, None)),
        (
            "The cut-over failed and was undone",
            message(
                &record(
                    "switched_back",
                    json!({"verification": verification("unproven"), "reasons": switch, "switched": switched("returned")}),
                ),
                &items("restored"),
                None,
            ),
        ),
        (
            "The cut-over stopped half-way",
            message(
                &record(
                    "switching",
                    json!({"verification": verification("verified"), "reasons": switch, "switched": switched("returning")}),
                ),
                &items("restored"),
                None,
            ),
        ),
        ("A restore waits for capacity", short_of_capacity("running", None)),
        (
            "A restore waits for capacity, and the application is quiesced",
            short_of_capacity("running", Some("2026-11-20T04:16:00Z")),
        ),
        (
            "A restore failed for lack of capacity",
            short_of_capacity("failed", None),
        ),
        (
            "A restore failed and is undone",
            message(&record("undone", json!({"reasons": job})), &items("undone"), None),
        ),
        (
            "A restore failed and its copies are kept",
            message(
                &record("failed", json!({"on_failure": "keep", "reasons": job})),
                &items("failed"),
                None,
            ),
        ),
        (
            "A restore failed and is not undone",
            message(
                &record(
                    "undone",
                    json!({"reasons": job, "left": [{"subject": "database", "error": "Conflict", "message": "cluster hubs-db-r20261120-041500: deletion protection was set by hand"}]}),
                ),
                &items("failed"),
                None,
            ),
        ),
        (
            "The copies are not what was backed up",
            message(
                &record("undone", json!({"verification": verification("failed")})),
                &items("undone"),
                Some(&different),
            ),
        ),
        ("A restore was refused", no_record(Some(&faults), None)),
        (
            "The outcome of a restore cannot be read",
            no_record(None, Some(&broken)),
        ),
    ]
}

/// A restore whose cluster has no instance, while it waits or after it failed.
fn short_of_capacity(status: &str, at_rest: Option<&str>) -> Message {
    let ended = status == "failed";
    let phase = "instances of cluster hubs-db-r20261120-041500: hubs-db-1-r20261120-041500 waits until AWS has capacity for db.r6g.large in any zone of the subnet group";
    let late = format!("restoring database: not finished after 129600 s ({phase}); its deadline is 129600 s");
    let reasons = match ended {
        true => json!([{"subject": "database", "error": "DeadlineExceeded", "message": late}]),
        false => json!([]),
    };
    let record = record(status, json!({"reasons": reasons}));
    let mut items = items(if ended { "failed" } else { "in_progress" });
    items[0].phase = Some(phase.to_owned());
    items[0].started_at = Some(at("2026-11-20T04:16:00Z"));
    let lacking = vec!["hubs-db-1-r20261120-041500".to_owned()];
    items[0]
        .shortage
        .record(lacking, Vec::new(), at("2026-11-20T04:30:00Z"));
    items[0].shortage.kept = ended;
    let run = at_rest.map(|at| run(json!({"quiesced_at": at})));
    let facts = RestoreReport {
        record: Some(&record),
        items: &items,
        run: run.as_ref(),
        ..of_restore::plain()
    };
    match ended {
        true => restore(&facts).0,
        false => waiting(&facts, &record),
    }
}

fn asking(about: About, outcome: &str, live: &[&str]) -> Message {
    let mut record = record(
        "restored",
        json!({"verification": verification(outcome), "cut_over": "ask"}),
    );
    record.plan.matching.live = live.iter().map(|name| (*name).to_owned()).collect();
    let question = Question {
        about,
        token: "token".to_owned(),
        asked_at: at("2026-11-20T04:45:00Z"),
        until: at("2026-11-21T04:45:00Z"),
        notified_at: None,
    };
    record.question = Some(question.clone());
    let items = items(if about == About::Plan { "planned" } else { "restored" });
    approval_request(
        &RestoreReport {
            record: Some(&record),
            items: &items,
            ..of_restore::plain()
        },
        &record,
        &question,
    )
}

fn early_ends() -> Vec<(&'static str, Message)> {
    let refused = reason(
        "undo-restore",
        "AccessDenied",
        "starting undo-restore: not authorized to perform states:StartExecution",
    );
    let message = |status: &str, state: &str, after: CleanUpAction<'_>| {
        let record = record(
            status,
            json!({"switched": if state.is_empty() { json!([]) } else { switched(state) }}),
        );
        let items = items(if state.is_empty() { "in_progress" } else { "restored" });
        let facts = RestoreReport {
            record: Some(&record),
            items: &items,
            ..of_restore::plain()
        };
        let ended = EarlyEnd {
            status: "ABORTED",
            cause: None,
            lease_released: true,
        };
        restore_ended(&facts, Machine::Restore, &ended, after)
    };
    vec![
        (
            "A restore was stopped, and is being undone",
            message("running", "", CleanUpAction::Begun(Machine::UndoRestore)),
        ),
        (
            "A restore was stopped, and its undo could not be started",
            message("running", "", CleanUpAction::NotBegun(Machine::UndoRestore, &refused)),
        ),
        (
            "A cut-over was stopped, and is being switched back",
            message("switching", "begun", CleanUpAction::Begun(Machine::UndoCutOver)),
        ),
        (
            "A cut-over was stopped half-way",
            message("switching", "begun", CleanUpAction::Nothing),
        ),
        (
            "A restore was stopped after its cut-over",
            message("cut_over", "done", CleanUpAction::Nothing),
        ),
    ]
}

fn undo_steps() -> Vec<(&'static str, Message)> {
    let message = |execution: &'static str,
                   record: &RestoreRecord,
                   items: &[RestoreItem],
                   failure: Option<&Reason>,
                   undo: bool| {
        let facts = RestoreReport {
            execution,
            record: Some(record),
            items,
            failure,
            ..of_restore::plain()
        };
        if undo {
            restore_undone(&facts).0
        } else {
            cut_over_undone(&facts).0
        }
    };
    const UNDO: &str = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-undo-restore:at-night";
    const BACK: &str = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-undo-cut-over:at-night";
    let used = reason(
        "UndoRestore",
        "Conflict",
        "cluster hubs-db-r20261120-041500 is used by 4 connections\ntable rooms-r1 is named by switch app of deployment shop",
    );
    let stuck = reason(
        "UndoCutOver",
        "Conflict",
        "secret hubs/db: somebody wrote version v3 since",
    );
    let again = reason("PlanUndoCutOver", "Conflict", "it was undone already");
    let left = json!({"left": [{"subject": "database", "error": "DeadlineExceeded", "message": "cluster hubs-db-r20261120-041500 is deleting, still after 21600 s"}]});
    let nobody = reason(
        "UndoRestore",
        "NotFound",
        "undoing restore hubs-1: the catalog has no such restore",
    );
    let not_known = RestoreReport {
        execution: UNDO,
        failure: Some(&nobody),
        ..of_restore::plain()
    };
    let back = record("switched_back", json!({"switched": switched("returned")}));
    vec![
        (
            "The copies of a restore are removed",
            message(UNDO, &record("undone", json!({})), &items("undone"), None, true),
        ),
        (
            "The copies of a restore are in use",
            message(
                UNDO,
                &record("restored", json!({})),
                &items("restored"),
                Some(&used),
                true,
            ),
        ),
        (
            "Not all copies of a restore could be removed",
            message(UNDO, &record("undone", left), &items("failed"), None, true),
        ),
        ("A restore to undo is not known", restore_undone(&not_known).0),
        ("Switched back", message(BACK, &back, &items("restored"), None, false)),
        (
            "Switched back already",
            message(BACK, &back, &items("restored"), Some(&again), false),
        ),
        (
            "Could not be switched back",
            message(
                BACK,
                &record("switching", json!({"switched": switched("returning")})),
                &items("restored"),
                Some(&stuck),
                false,
            ),
        ),
    ]
}

fn whole() -> String {
    let messages: String = all()
        .into_iter()
        .map(|(title, message)| format!("\n## {title}\n\n```\n{}```\n", message.text))
        .collect();
    format!("{HEAD}{messages}")
}

#[test]
fn what_on_call_can_be_told_is_what_was_read() {
    assert_written("messages.md", &whole());
}

/// Previously, a command within a sentence used the shell's Region.
#[test]
fn every_command_of_ours_names_the_region_of_its_execution() {
    for (title, message) in all() {
        let json: Vec<String> = texts(&message.json);
        for line in message.text.lines().chain(json.iter().map(String::as_str)) {
            for (at, _) in line.match_indices("holdfast ") {
                let command = line[at..].split('`').next().unwrap();
                assert!(command.contains(" --region eu-west-1"), "{title}: {line}");
            }
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Previously, the message of a cut-over of twenty resources had some 300 lines, its Terraform cut off.
#[test]
fn a_message_fits_a_page_and_its_head_a_dozen_lines() {
    for (title, message) in all() {
        let lines: Vec<&str> = message.text.lines().collect();
        assert!(
            lines.len() <= layout::LINES,
            "{title}: {} lines\n{}",
            lines.len(),
            message.text
        );
        let long = |line: &&&str| line.chars().count() > WIDTH && line.trim_start_matches(['-', ' ']).contains(' ');
        let long: Vec<_> = lines
            .iter()
            .filter(long)
            .filter(|line| !line.contains("holdfast "))
            .collect();
        assert!(long.is_empty(), "{title}: {long:#?}");
        let head = lines.iter().take(12).any(|line| line.starts_with("Now: "));
        assert!(head, "{title}: {}", message.text);
        for code in ["{\"", "import {", "{}"] {
            assert!(!message.text.contains(code), "{title}: {}", message.text);
        }
    }
}
