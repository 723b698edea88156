use aws_sdk_sfn::types::ExecutionStatus;
use holdfast::domain::job::Failure;

use super::*;
use crate::testing::watch::look;
use crate::testing::{at, run};

fn running() -> RunSnapshot {
    look(SetStatus::Running, ExecutionStatus::Running)
}

#[test]
fn a_job_in_progress_says_how_far_it_is_and_when_it_is_looked_at_again() {
    let mut look = running();
    look.points[0].percent = Some(42.7);
    // Without history: started 23:00:00, polled 10 s later, so the next poll is 15 s after that.
    look.points[0].looked_at = Some(at("2025-01-31T23:00:10Z"));
    let view = view(&look, at("2025-01-31T23:00:13Z"));
    let row = &view.rows[0];
    assert_eq!(
        (row.state, row.percent, row.elapsed_seconds),
        (ResourceState::InProgress, Some(42), Some(13))
    );
    assert_eq!(row.remark(), "next poll in 12 s");
    assert_eq!(view.phase, "backing up");
}

#[test]
fn with_history_the_usual_duration_is_told() {
    let mut look = running();
    look.usual.insert("database".into(), 600);
    let row = view(&look, at("2025-01-31T23:00:30Z")).rows.remove(0);
    assert_eq!(row.remark(), "usually 10 min, next poll in 8 min 57 s");
}

#[test]
fn a_look_that_is_due_is_under_way() {
    let row = view(&running(), at("2025-01-31T23:30:00Z")).rows.remove(0);
    assert!(row.remark().ends_with("being polled"), "{}", row.remark());
}

#[test]
fn a_resource_without_a_point_is_starting_and_says_what_it_waits_for() {
    let mut look = running();
    look.waits_for
        .insert("storage".into(), "the file system is being updated".into());
    let row = view(&look, at("2025-01-31T23:00:13Z")).rows.remove(1);
    assert_eq!(
        (row.state, row.remark().as_str()),
        (ResourceState::Starting, "waits: the file system is being updated")
    );
    look.status = ExecutionStatus::Aborted;
    look.waits_for.clear();
    assert_eq!(
        view(&look, at("2025-01-31T23:00:13Z")).rows[1].state,
        ResourceState::NotStarted
    );
}

#[test]
fn a_failed_job_says_why() {
    let mut look = running();
    look.points[0].status = PointStatus::Failed;
    look.points[0].failure = Some(Failure {
        error: "JobFailed".into(),
        cause: "ended EXPIRED".into(),
    });
    let row = view(&look, at("2025-01-31T23:00:13Z")).rows.remove(0);
    assert_eq!(
        (row.state, row.remark().as_str()),
        (ResourceState::Failed, "JobFailed: ended EXPIRED")
    );
}

#[test]
fn the_phase_follows_the_run() {
    let now = at("2025-01-31T23:01:00Z");
    let mut look = running();
    let mut record = run("hubs-1", "2025-01-31T23:00:00Z", None);
    record.quiesced_at = Some(at("2025-01-31T23:00:20Z"));
    look.run = Some(record);
    assert_eq!(view(&look, now).phase, "backing up, application quiesced");
    assert_eq!(view(&look, now).times, "1 min, quiesced for 40 s");
    look.points.clear();
    assert_eq!(view(&look, now).phase, "application quiesced, counting");
    look.set = None;
    assert_eq!(view(&look, now).phase, "planning");
}

#[test]
fn when_all_jobs_have_ended_the_set_is_being_sealed() {
    let mut look = running();
    look.points[0].status = PointStatus::Available;
    if let Some(set) = &mut look.set {
        set.resources.pop();
    }
    assert_eq!(view(&look, at("2025-01-31T23:01:00Z")).phase, "sealing");
}
