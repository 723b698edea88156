//! One event for each step, as its state machine (or EventBridge, or the kind `efs`) gives it. Each is parsed as the step's own
//! input type before it is used, here and in a test: an outdated event fails a test, instead of measuring a refusal.

use anyhow::{Context, Result, bail};
use holdfast::domain::efs_access::AccessRequest;
use holdfast::domain::kinds::{ALL, Profile};
use holdfast::runs::{restoring, starting};
use holdfast::steps::backup::{plan_backup, poll_status, prune_sets, seal_set};
use holdfast::steps::restore::{
    ask_approval, check_login, compare_resource, cut_over, follow_restore, list_probes, plan_restore,
    plan_undo_cut_over, set_password, take_deployment, undo_cut_over, undo_restore, verify_restore,
};
use holdfast::steps::{clean_up, count_items, count_rows, end_run, list_due_deployments, notify, quiesce, resume};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const BACKUP: &str = include_str!("../../../state-machines/backup.asl.json");
const RESTORE: &str = include_str!("../../../state-machines/restore.asl.json");
const DEPLOYMENT: &str = "hubs-prod";
const ID: &str = "hubs-prod-20261120-021500-630a";
pub const TIME: &str = "2026-11-20T02:15:00Z";
/// When the jobs that began at `TIME` are due.
const LATER: &str = "2026-11-20T02:30:00Z";
const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:tonight";

/// The event of a step, by its name in the template.
///
/// # Errors
/// If there is none for it, or the step would not parse it.
pub fn event(step: &str) -> Result<Value> {
    match step {
        "ask-approval" => {
            let event = json!({ "run": run(), "about": "plan", "token": "token", "now": TIME });
            read_by::<ask_approval::Input>(event)
        }
        "check-login" => read_by::<check_login::Input>(json!({ "run": run(), "plan": logins(), "now": TIME })),
        "clean-up" => read_by::<clean_up::Input>(aborted()),
        "compare-resource" => read_by::<compare_resource::Input>(of_resource(table())),
        "count-items" => {
            let probe = json!({ "name": "rooms", "kind": "items", "table": "hubs-rooms" });
            read_by::<count_items::Input>(json!({ "run": run(), "probe": probe }))
        }
        "count-rows" => read_by::<count_rows::Input>(json!({ "run": run(), "probe": count_of_rows() })),
        "cut-over" => read_by::<cut_over::Input>(switching()),
        "efs-access" => read_by::<AccessRequest>(json!({ "action": "list", "most_entries": 0 })),
        "end-run" => read_by::<end_run::Input>(ending()),
        "follow-restore" => read_by::<follow_restore::Input>(of_run()),
        "list-due-deployments" => {
            read_by::<list_due_deployments::Input>(json!({ "execution": EXECUTION, "started_at": TIME }))
        }
        "list-probes" => read_by::<list_probes::Input>(of_run()),
        // A night in which nothing was due: its digest is the one call.
        "notify" => {
            let event = json!({ "event": "nightly", "execution": EXECUTION, "started_at": TIME, "failure": null, "now": LATER });
            read_by::<notify::Input>(event)
        }
        "plan-backup" => read_by::<plan_backup::Input>(planning(json!({ "deployment": DEPLOYMENT }))),
        "plan-restore" => read_by::<plan_restore::Input>(planning(json!({ "deployment": DEPLOYMENT }))),
        "plan-undo-cut-over" => {
            let request = json!({ "deployment": DEPLOYMENT, "restore": ID });
            read_by::<plan_undo_cut_over::Input>(planning(request))
        }
        "poll-status" => {
            let event = json!({ "run": run(), "jobs": [job()], "at_rest": false, "look_at": LATER, "now": TIME });
            read_by::<poll_status::Input>(event)
        }
        "prune-sets" => read_by::<prune_sets::Input>(of_run()),
        "quiesce" => read_by::<quiesce::Input>(of_run()),
        "resume" => read_by::<resume::Input>(of_run()),
        "seal-set" => {
            let event = json!({ "run": run(), "jobs": [job()], "probes": [], "failure": null, "now": TIME });
            read_by::<seal_set::Input>(event)
        }
        "set-password" => {
            let from = json!({ "name": "hubs/db", "version": "1" });
            let job = json!({ "plan": logins(), "status": "in_progress", "set_from": from });
            read_by::<set_password::Input>(json!({ "run": run(), "job": job, "now": TIME }))
        }
        "take-deployment" => read_by::<take_deployment::Input>(of_run()),
        "undo-cut-over" => read_by::<undo_cut_over::Input>(switching()),
        "undo-restore" => {
            read_by::<undo_restore::Input>(json!({ "deployment": DEPLOYMENT, "restore": ID, "now": TIME }))
        }
        "verify-restore" => {
            let event = json!({ "run": run(), "jobs": [], "probes": [], "comparisons": [], "logins": [], "now": TIME });
            read_by::<verify_restore::Input>(event)
        }
        of_kind => of_a_kind(of_kind),
    }
}

/// The event, if a step with this input parses it.
pub(super) fn read_by<I: DeserializeOwned>(event: Value) -> Result<Value> {
    let read = serde_json::from_value::<I>(event.clone()).map(drop);
    read.with_context(|| format!("the bench's event is not the step's input: {event}"))?;
    Ok(event)
}

/// The event of a kind's step: a resource of the kind for which a machine chooses the step.
fn of_a_kind(step: &str) -> Result<Value> {
    if let Some(resource) = chosen_for(step, BACKUP)? {
        return read_by::<starting::Input>(of_resource(resource));
    }
    match chosen_for(step, RESTORE)? {
        Some(resource) => read_by::<restoring::Input>(of_resource(resource)),
        None => bail!("the bench has no event for it: give it one in tests/bench/starts/events.rs"),
    }
}

/// A resource of the first kind for which a machine chooses a step; `None` if it chooses it for no kind.
fn chosen_for(step: &str, machine: &str) -> Result<Option<Value>> {
    let machine = serde_json::from_str(machine).context("a state machine is no JSON")?;
    let kind = ALL.iter().find(|kind| chooses(&machine, kind.name(), &state(step)));
    let resource = |kind: &&dyn Profile| {
        if kind.name() == "postgres" {
            return Ok(database());
        }
        let field = kind.fields().first().context("a kind without fields")?;
        // Each other kind accepts it as an identifier.
        let identifier = "fs-0123456789abcdef0";
        Ok(json!({ "name": "resource", "kind": kind.name(), *field: identifier, "deadline_seconds": 21600 }))
    };
    kind.map(resource).transpose()
}

/// Whether a machine, or a part of one, goes to a state for resources of a kind.
fn chooses(part: &Value, kind: &str, state: &str) -> bool {
    match part {
        Value::Object(fields) => {
            let condition = part["Condition"].as_str().unwrap_or_default();
            let is_chosen = part["Next"] == state && condition.contains(&format!("resource.kind = '{kind}'"));
            is_chosen || fields.values().any(|field| chooses(field, kind, state))
        }
        Value::Array(entries) => entries.iter().any(|entry| chooses(entry, kind, state)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The name of a step's state: `back-up-table` is `BackUpTable`.
fn state(step: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    step.split('-').map(capitalized).collect()
}

pub(super) fn run() -> Value {
    json!({ "deployment": DEPLOYMENT, "id": ID, "execution": EXECUTION, "started_at": TIME })
}

fn of_run() -> Value {
    json!({ "run": run(), "now": TIME })
}

fn of_resource(resource: Value) -> Value {
    json!({ "run": run(), "resource": resource, "now": TIME })
}

fn switching() -> Value {
    json!({ "run": run(), "restore": ID, "now": TIME })
}

fn planning(request: Value) -> Value {
    json!({ "request": request, "execution": EXECUTION, "started_at": TIME, "now": TIME })
}

fn ending() -> Value {
    let mut event = planning(json!({ "deployment": DEPLOYMENT }));
    event["failure"] = Value::Null;
    event
}

fn cluster() -> Value {
    json!({ "name": "database", "kind": "aurora", "cluster": "hubs-db", "deadline_seconds": 21600 })
}

/// A database, which its name alone does not identify.
pub(super) fn database() -> Value {
    json!({
        "name": "ledger", "kind": "postgres", "database": "ledger", "host": "127.0.0.1", "port": 5432,
        "login_secret": "hubs/database", "deadline_seconds": 21600,
    })
}

fn table() -> Value {
    json!({ "name": "tables.hubs-rooms", "kind": "dynamodb", "table": "hubs-rooms", "deadline_seconds": 21600 })
}

fn job() -> Value {
    let arn = format!("arn:aws:rds:us-east-1:000000000000:cluster-snapshot:{ID}-database");
    json!({
        "resource": cluster(), "status": "in_progress", "holds_quiesce": false, "started_at": TIME,
        "recovery_point": { "type": "cluster_snapshot", "id": format!("{ID}-database"), "arn": arn },
    })
}

fn count_of_rows() -> Value {
    json!({
        "name": "users", "kind": "sql", "sql": "select count(*) from users", "cluster": "hubs-db", "database": "polycosm",
        "endpoint": { "host": "127.0.0.1", "port": 5432 }, "secret": "hubs/database", "timeout_seconds": 30,
    })
}

fn logins() -> Value {
    json!({
        "resource": "database", "cluster": "hubs-db-r1", "host": "127.0.0.1", "reader_host": "127.0.0.1", "port": 5432,
        "logins": [{ "secret": "hubs/database", "of": "application", "database": "polycosm" }],
    })
}

/// EventBridge's event of a night that was stopped: on-call is notified, by one call. After any other machine the catalog is read
/// as well.
fn aborted() -> Value {
    json!({
        "version": "0", "id": "315c1398-40ff-a850-213b-158f73e60175", "source": "aws.states", "account": "000000000000",
        "detail-type": "Step Functions Execution Status Change", "time": TIME, "region": "us-east-1", "resources": [EXECUTION],
        "detail": {
            "executionArn": EXECUTION, "name": "tonight", "status": "ABORTED", "startDate": 1_795_140_900_000_i64,
            "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-nightly",
            "stopDate": 1_795_140_901_000_i64, "output": null, "input": json!({ "deployment": DEPLOYMENT }).to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use holdfast::steps::NAMES;

    use super::*;

    #[test]
    fn every_step_has_an_event_that_it_reads() {
        let refused: Vec<String> = NAMES
            .iter()
            .filter_map(|step| event(step).err().map(|error| format!("{step}: {error:#}")))
            .collect();
        assert_eq!(refused, Vec::<String>::new());
    }

    #[test]
    fn the_step_of_a_kind_gets_a_resource_of_that_kind() {
        for (step, kind) in [
            ("back-up-table", "dynamodb"),
            ("restore-file-system", "efs"),
            ("check-secrets", "secret"),
            ("dump-database", "postgres"),
            ("restore-database", "postgres"),
        ] {
            assert_eq!(event(step).unwrap()["resource"]["kind"], kind, "{step}");
        }
        assert!(event("back-up-nothing").is_err());
    }

    #[test]
    fn a_stale_event_is_told_of() {
        let error = read_by::<prune_sets::Input>(json!({ "run": { "deployment": DEPLOYMENT } })).unwrap_err();
        assert!(format!("{error:#}").contains("missing field"), "{error:#}");
    }
}
