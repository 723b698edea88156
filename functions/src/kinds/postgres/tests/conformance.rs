//! The responses for the conformance suite: of Step Functions, and of the two functions.

use std::sync::Arc;

use super::*;
use crate::testing::conformance::{BackupAnswers, PlanningAnswers, RecoveryAnswers, RestoreAnswers};

fn of(aws: &SdkConfig) -> Arc<dyn crate::kinds::Kind> {
    Arc::new(Postgres::from_config(aws, &Defaults::of_tests()))
}

const DELETE: &str = "POST /2015-03-31/functions/holdfast-archive-access/invocations";
const DROP: &str = "POST /2015-03-31/functions/holdfast-database-access/invocations";

fn gone() -> Exchange {
    failed("database-access", "NotFound", "there is no database sportfin")
}

pub fn backup() -> BackupAnswers {
    BackupAnswers {
        kind: of,
        resource: users(),
        point: point(),
        capture: || vec![described()],
        back_up: || vec![described(), listed(&[]), started(DUMP)],
        create: Some("StartExecution"),
        adopt: || vec![described(), listed(&[]), exists(), execution(DUMP, "RUNNING")],
        // The name is a hash of the run and the resource.
        conflict: None,
        find: || vec![execution(DUMP, "RUNNING")],
        find_foreign: || vec![unknown()],
        find_unclear: None,
        poll: || vec![execution(DUMP, "SUCCEEDED"), verified()],
        poll_running: || vec![execution(DUMP, "RUNNING")],
        poll_failed: || vec![execution(DUMP, "FAILED")],
        poll_gone: || vec![unknown(), failed("archive-access", "NotFound", "no complete dump")],
        blocked: None,
        abandon: || vec![execution(DUMP, "RUNNING"), stopped()],
        abandon_again: || vec![execution(DUMP, "ABORTED")],
        mark_sealed: || vec![archive(&Value::Null)],
        tagged: || vec![listed(&[("hubs-prod", "sportfin"), ("hubs-prod", "another")])],
        delete: || vec![execution(DUMP, "SUCCEEDED"), archive(&json!("gone"))],
        remove: Some(DELETE),
        delete_again: || vec![unknown(), archive(&json!("gone"))],
    }
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers {
        kind: of,
        resource: users(),
        exists: || vec![described()],
        gone: Some(|| vec![gone()]),
        continuous: None,
        kept: Some((
            || vec![listed(&[("hubs-prod", "sportfin"), ("hubs-prod", "another")])],
            || vec![listed(&[("hubs-prod", "another")])],
        )),
        destination: [Vec::new, Vec::new],
        configuration: description(&[], 9),
        instance_classes: &[],
        ca_certificates: &[],
    }
}

pub fn planning() -> PlanningAnswers {
    PlanningAnswers {
        endpoint: Some((|| vec![described()], || vec![gone()])),
        ..PlanningAnswers::of_none(backup(), restore())
    }
}

pub fn restore() -> RestoreAnswers {
    RestoreAnswers {
        kind: of,
        run: run(),
        item: item(),
        preflight: || vec![verified(), database(&json!({"faults": []}))],
        preflight_taken: Some(|| {
            let taken = json!({"faults": [["Conflict", "the database exists"]]});
            vec![verified(), database(&taken)]
        }),
        begin: || vec![unknown(), verified(), started(LOAD)],
        create: Some("StartExecution"),
        in_progress: || vec![execution(LOAD, "RUNNING")],
        later_looks: || vec![vec![execution(LOAD, "SUCCEEDED")]],
        // The job finds it, and fails.
        conflict: None,
        created: created(),
        compare: || vec![described()],
        compare_different: (|| vec![database(&description(&[], 8))], "number of tables"),
        sample: Vec::new,
        undo_nothing: || vec![unknown(), database(&json!("gone"))],
        undo: || vec![execution(LOAD, "RUNNING"), stopped(), database(&json!("gone"))],
        remove: Some(DROP),
        undo_again: || vec![execution(LOAD, "ABORTED"), database(&json!("gone"))],
        undo_foreign: Some(|| vec![execution(LOAD, "SUCCEEDED"), database(&json!("foreign"))]),
    }
}
