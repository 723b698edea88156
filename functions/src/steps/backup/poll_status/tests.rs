#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::domain::job::Progress;
use crate::domain::resource::{RecoveryPoint, Target};
use crate::runs::starting;
use crate::testing::{RecordedKind, finished, kinds, later, now, planned, resource, table_backup};

/// A run with backups in progress.
struct UnderWay {
    needs: Needs,
    kind: Arc<RecordedKind>,
    run: Run,
    jobs: Vec<Job>,
}

impl UnderWay {
    /// One table's backup each, started ten minutes into the run.
    async fn of(names: &[&str]) -> Self {
        let (catalog, _, run) = planned(&[]).await;
        let kind = Arc::new(RecordedKind::default());
        let mut jobs = Vec::new();
        for name in names {
            let mut table = resource("rooms");
            table.name = (*name).to_owned();
            let input = starting::Input {
                run: run.clone(),
                resource: table,
                now: now(),
            };
            jobs.push(starting::start(&catalog, kind.as_ref(), input).await.unwrap());
        }
        let needs = Needs {
            catalog,
            kinds: kinds(&kind),
        };
        Self { needs, kind, run, jobs }
    }

    fn input(&self, now: Timestamp) -> Input {
        Input {
            run: self.run.clone(),
            jobs: self.jobs.clone(),
            at_rest: false,
            look_at: None,
            now,
        }
    }

    /// One call; its jobs are the input of the next.
    async fn look(&mut self, now: Timestamp) -> Output {
        let output = handle(&self.needs, self.input(now)).await.unwrap();
        self.jobs.clone_from(&output.jobs);
        output
    }

    async fn point(&self, resource: &str) -> Point {
        let point = self.needs.catalog.point("hubs-prod", &self.run.id, resource).await;
        point.unwrap().unwrap()
    }

    fn ends(&self, resource: &str) {
        self.kind.looking(resource, Ok(Progress::Succeeded(finished())));
    }
}

fn statuses(output: &Output) -> Vec<JobStatus> {
    output.jobs.iter().map(|job| job.status).collect()
}

fn running(percent: f64) -> Result<Progress> {
    Ok(Progress::InProgress { percent: Some(percent) })
}

#[tokio::test]
async fn a_job_in_progress_is_looked_at_again_later() {
    let mut run = UnderWay::of(&["rooms"]).await;
    run.kind.next(Progress::InProgress { percent: Some(40.0) });
    let output = run.look(later(60)).await;
    // Without history: 10 s, and half of the elapsed time.
    assert_eq!(
        (output.status, output.look_at),
        (JobStatus::InProgress, Some(later(100)))
    );
    assert_eq!(run.jobs[0].percent, Some(40.0));
    let point = run.point("rooms").await;
    assert_eq!((point.percent, point.looked_at), (Some(40.0), Some(later(60))));
}

#[tokio::test]
async fn a_backup_that_another_job_was_in_the_way_of_begins_again_within_its_first_deadline() {
    let mut run = UnderWay::of(&["rooms"]).await;
    let began = run.jobs[0].started_at;
    let blocked = || Progress::Blocked {
        reason: "in the way".into(),
    };
    run.kind.next(blocked());
    let output = run.look(later(60)).await;
    assert_eq!(output.status, JobStatus::InProgress);
    assert_eq!(run.kind.calls().last().unwrap(), "back_up_again rooms");
    let point = run.point("rooms").await;
    assert_eq!(
        (point.recovery_point, point.started_at),
        (Some(table_backup("again")), began)
    );
    assert_eq!(run.jobs[0].recovery_point, Some(table_backup("again")));
    run.kind.next(Progress::InProgress { percent: None });
    let late = run
        .look(later(i64::try_from(run.jobs[0].resource.deadline_seconds).unwrap() + 1))
        .await;
    assert_eq!(late.jobs[0].failure.as_ref().unwrap().error, "DeadlineExceeded");
}

#[tokio::test]
async fn all_jobs_that_are_due_are_looked_at_in_one_call() {
    let mut run = UnderWay::of(&["a", "b", "c"]).await;
    run.jobs[1].usual_seconds = Some(3600);
    run.ends("a");
    let output = run.look(later(60)).await;
    assert_eq!(run.kind.looked(), ["a", "c"]);
    assert_eq!(
        statuses(&output),
        [JobStatus::Succeeded, JobStatus::InProgress, JobStatus::InProgress]
    );
    // A job that has ended is never polled again.
    run.look(later(3_300)).await;
    assert_eq!(run.kind.looked(), ["b", "c"]);
    run.ends("b");
    run.ends("c");
    let output = run.look(later(3_600)).await;
    assert_eq!((output.status, output.look_at), (JobStatus::Succeeded, None));
}

#[tokio::test]
async fn before_anything_is_due_nothing_is_asked_and_what_ended_at_once_is_not_waited_for() {
    let mut run = UnderWay::of(&["a", "guard"]).await;
    run.jobs[0].usual_seconds = Some(1800);
    run.jobs[1].status = JobStatus::Succeeded;
    let output = run.look(now()).await;
    assert!(run.kind.looked().is_empty());
    assert_eq!(
        (output.status, output.look_at),
        (JobStatus::InProgress, Some(later(1_701)))
    );
    run.jobs.remove(0);
    let output = run.look(now()).await;
    assert_eq!((output.status, output.look_at), (JobStatus::Succeeded, None));
}

#[tokio::test]
async fn who_has_waited_looks_whatever_the_clocks_say() {
    let mut run = UnderWay::of(&["a"]).await;
    run.jobs[0].usual_seconds = Some(1800);
    let mut input = run.input(later(1));
    input.look_at = run.look(now()).await.look_at;
    handle(&run.needs, input).await.unwrap();
    assert_eq!(run.kind.looked(), ["a"]);
}

#[tokio::test]
async fn many_jobs_are_all_looked_at() {
    let names: Vec<String> = (0..60).map(|number| format!("table-{number:02}")).collect();
    let mut run = UnderWay::of(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for name in &names[..30] {
        run.ends(name);
    }
    let output = run.look(later(60)).await;
    assert_eq!(run.kind.looked(), names);
    let ended = output.jobs.iter().position(|job| job.status == JobStatus::InProgress);
    assert_eq!(ended, Some(30), "each job is in its place");
}

#[tokio::test]
async fn a_finished_job_stays_finished_whatever_a_late_look_says() {
    let mut run = UnderWay::of(&["rooms"]).await;
    run.kind.next(Progress::Succeeded(finished()));
    let input = run.input(later(60));
    let first = run.look(later(60)).await;
    assert_eq!(first.status, JobStatus::Succeeded);
    run.kind.next(Progress::InProgress { percent: Some(99.0) });
    assert_eq!(handle(&run.needs, input).await.unwrap(), first);
}

#[tokio::test]
async fn a_call_that_nobody_heard_of_is_made_again_without_harm() {
    let mut run = UnderWay::of(&["a", "b", "c"]).await;
    run.ends("a");
    run.kind.looking("b", running(50.0));
    let throttled = || Err(Error::Throttled("slow down".into()));
    run.kind.looking("c", throttled());
    let input = run.input(later(60));
    let first = run.look(later(60)).await;
    run.kind.looking("b", running(50.0));
    run.kind.looking("c", throttled());
    assert_eq!(handle(&run.needs, input).await.unwrap(), first);
}

#[tokio::test]
async fn a_failed_job_is_an_answer_in_awss_words() {
    let mut run = UnderWay::of(&["rooms"]).await;
    run.kind.next(Progress::Failed {
        reason: "the backup job was EXPIRED".into(),
    });
    let output = run.look(later(60)).await;
    assert_eq!(output.status, JobStatus::Failed);
    let failure = run.jobs[0].failure.clone().unwrap();
    assert_eq!(failure.error, "JobFailed");
    assert!(failure.cause.contains("EXPIRED"));
}

#[tokio::test]
async fn a_job_past_its_deadline_is_abandoned_and_has_failed_and_no_other_has() {
    let mut run = UnderWay::of(&["late", "long"]).await;
    run.jobs[1].resource.deadline_seconds = 24 * 3600;
    run.kind.looking("late", running(5.0));
    let output = run.look(later(6 * 3600 + 1)).await;
    assert_eq!(statuses(&output), [JobStatus::Failed, JobStatus::InProgress]);
    assert_eq!(output.jobs[0].failure.as_ref().unwrap().error, "DeadlineExceeded");
    assert_eq!(run.point("late").await.status, PointStatus::Failed);
    let abandoned = run.kind.calls().into_iter().filter(|call| call == "abandon");
    assert_eq!(abandoned.count(), 1);
}

#[tokio::test]
async fn a_look_that_fails_says_nothing_about_the_job_and_is_repeated_soon() {
    let mut run = UnderWay::of(&["hidden", "seen"]).await;
    run.kind.looking("hidden", Err(Error::Throttled("slow down".into())));
    let output = run.look(later(60)).await;
    assert_eq!(statuses(&output), [JobStatus::InProgress; 2]);
    assert_eq!((output.jobs[0].misses, output.jobs[1].misses), (1, 0));
    assert_eq!(output.look_at, Some(later(65)));
    assert_eq!(run.point("hidden").await.looked_at, None);
    run.kind.looked();
    // A job that is not due is left alone; the misses of a successful poll start again at 0.
    let output = run.look(later(65)).await;
    assert_eq!(run.kind.looked(), ["hidden"]);
    assert_eq!((output.jobs[0].misses, output.jobs[0].looked_at), (0, Some(later(65))));
}

#[tokio::test]
async fn a_job_that_cannot_be_seen_for_long_is_given_up_by_itself() {
    let mut run = UnderWay::of(&["hidden", "seen"]).await;
    let mut at = 60;
    for looks in 1..=pacing::MOST_MISSES {
        assert_eq!(run.jobs[0].status, JobStatus::InProgress, "before look {looks}");
        run.kind.looking("hidden", Err(Error::Throttled("slow down".into())));
        run.look(later(at)).await;
        at += 60;
    }
    let failure = run.jobs[0].failure.clone().unwrap();
    assert_eq!(
        (run.jobs[0].status, failure.error.as_str()),
        (JobStatus::Failed, "Throttled")
    );
    assert!(
        failure.cause.contains("slow down") && failure.cause.contains("20th poll in a row"),
        "{}",
        failure.cause
    );
    assert_eq!(run.jobs[1].status, JobStatus::InProgress);
    // `seal-set` polls once more, and may find it finished after all.
    assert_eq!(run.point("hidden").await.status, PointStatus::InProgress);
}

#[tokio::test]
async fn an_error_that_does_not_pass_fails_its_job_at_once_and_no_other() {
    let mut run = UnderWay::of(&["denied", "a", "b"]).await;
    run.kind
        .looking("denied", Err(Error::AccessDenied("no DescribeBackup".into())));
    run.ends("b");
    let output = run.look(later(60)).await;
    assert_eq!(
        statuses(&output),
        [JobStatus::Failed, JobStatus::InProgress, JobStatus::Succeeded]
    );
    assert_eq!(output.jobs[0].failure.as_ref().unwrap().error, "AccessDenied");
    assert_eq!(output.status, JobStatus::InProgress);
    run.ends("a");
    assert_eq!(run.look(later(120)).await.status, JobStatus::Failed);
}

#[tokio::test]
async fn a_catalog_that_does_not_answer_is_a_look_that_failed() {
    let (catalog, memory, _) = planned(&[]).await;
    let mut run = UnderWay::of(&["rooms"]).await;
    run.needs.catalog = catalog;
    memory.lose_write(1);
    run.ends("rooms");
    assert_eq!(run.look(later(60)).await.jobs[0].misses, 1);
    run.ends("rooms");
    assert_eq!(run.look(later(65)).await.status, JobStatus::Succeeded);
}

#[tokio::test]
async fn the_order_of_the_jobs_changes_nothing() {
    let mut outputs = Vec::new();
    for turned in [false, true] {
        let mut run = UnderWay::of(&["a", "b", "c", "d", "e", "f"]).await;
        run.ends("a");
        run.kind.looking("b", Err(Error::Throttled("slow down".into())));
        run.kind.looking("c", Err(Error::NotFound("no such backup".into())));
        run.kind.looking("d", running(70.0));
        run.jobs[4].usual_seconds = Some(3600);
        if turned {
            run.jobs.reverse();
        }
        let mut output = run.look(later(60)).await;
        if turned {
            output.jobs.reverse();
        }
        outputs.push(output);
    }
    assert_eq!(outputs[0], outputs[1]);
}

#[tokio::test]
async fn the_application_goes_on_as_soon_as_the_last_job_ends_that_reads_it() {
    let mut run = UnderWay::of(&["files", "more-files", "table"]).await;
    run.jobs[0].holds_quiesce = true;
    run.jobs[1].holds_quiesce = true;
    let mut resumes = Vec::new();
    for (second, ending) in [
        (60, None),
        (120, Some("files")),
        (180, Some("more-files")),
        (240, Some("table")),
    ] {
        if let Some(name) = ending {
            run.ends(name);
        }
        let input = Input {
            at_rest: true,
            ..run.input(later(second))
        };
        let output = handle(&run.needs, input).await.unwrap();
        run.jobs = output.jobs;
        resumes.push((output.resume, output.status));
    }
    // The machine reports that it has resumed: until then, every call asks for it.
    assert_eq!(
        resumes,
        [
            (false, JobStatus::InProgress),
            (false, JobStatus::InProgress),
            (true, JobStatus::InProgress),
            (true, JobStatus::Succeeded)
        ]
    );
    assert!(!run.look(later(300)).await.resume, "nothing is at rest");
}

#[tokio::test]
async fn whatever_becomes_of_the_job_that_reads_the_application_goes_on() {
    let failed = || {
        Ok(Progress::Failed {
            reason: "ended FAILED".into(),
        })
    };
    for (result, second) in [
        (failed(), 60),
        (Err(Error::AccessDenied("not allowed".into())), 60),
        (running(3.0), 6 * 3600),
    ] {
        let mut run = UnderWay::of(&["files", "table"]).await;
        run.jobs[0].holds_quiesce = true;
        run.jobs[1].resource.deadline_seconds = 24 * 3600;
        run.kind.looking("files", result);
        let input = Input {
            at_rest: true,
            ..run.input(later(second))
        };
        let output = handle(&run.needs, input).await.unwrap();
        assert_eq!(
            statuses(&output),
            [JobStatus::Failed, JobStatus::InProgress],
            "{output:?}"
        );
        assert!(output.resume, "{output:?}");
    }
}

#[tokio::test]
async fn a_look_that_fails_keeps_the_application_at_rest() {
    let mut run = UnderWay::of(&["files"]).await;
    run.jobs[0].holds_quiesce = true;
    run.kind.looking("files", Err(Error::Throttled("slow down".into())));
    let input = Input {
        at_rest: true,
        ..run.input(later(60))
    };
    let output = handle(&run.needs, input).await.unwrap();
    assert!(!output.resume && output.jobs[0].holds_quiesce);
}

#[tokio::test]
async fn a_run_that_started_nothing_resumes_at_once() {
    let run = UnderWay::of(&[]).await;
    let input = Input {
        at_rest: true,
        ..run.input(now())
    };
    let output = handle(&run.needs, input).await.unwrap();
    assert_eq!(
        (output.status, output.resume, output.look_at),
        (JobStatus::Succeeded, true, None)
    );
}

#[tokio::test]
async fn what_the_machine_caught_of_a_start_is_a_job_that_failed() {
    let run = UnderWay::of(&["a"]).await;
    let caught = serde_json::json!({
        "resource": run.jobs[0].resource, "status": "failed", "failure": {"error": "Conflict", "cause": "{}"},
    });
    let input = Input {
        jobs: vec![serde_json::from_value(caught).unwrap()],
        ..run.input(now())
    };
    let output = handle(&run.needs, input).await.unwrap();
    assert_eq!(output.status, JobStatus::Failed);
    assert!(run.kind.looked().is_empty());
}

/// A state's input and output are bounded: 256 KiB (Step Functions, quotas).
#[tokio::test]
async fn hundreds_of_tables_with_long_names_fit_into_the_machine_s_state() {
    let table = "a-table-whose-name-is-as-long-as-those-of-a-stack-with-a-generated-suffix-1A2B3C4D5E6F";
    let mut run = UnderWay::of(&["one"]).await;
    let mut job = run.jobs.remove(0);
    job.resource.name = format!("tables.{table}");
    job.resource.target = Target::DynamoDb {
        table: table.into(),
        archive: None,
    };
    job.recovery_point = Some(RecoveryPoint::TableBackup {
        arn: format!("arn:aws:dynamodb:eu-central-1:111122223333:table/{table}/backup/01489602797149-73d8d5bc"),
        name: "hf-hubs-prod-20261120-021500-ab12-tables.a-table-whose-name-is-as-long".into(),
        archive: None,
    });
    (job.usual_seconds, job.looked_at, job.misses) = (Some(1800), Some(later(1_701)), 3);
    let output = Output {
        status: JobStatus::InProgress,
        resume: false,
        look_at: Some(later(1_800)),
        jobs: vec![job; 300],
    };
    let size = serde_json::to_vec(&output).unwrap().len();
    assert!(size < 240 * 1024, "{size}");
    let ended = Output {
        jobs: output.jobs.into_iter().map(Job::ended).collect(),
        ..output
    };
    assert!(serde_json::to_vec(&ended).unwrap().len() < size * 2 / 3);
}
