#![allow(clippy::unwrap_used)]

use super::*;
use crate::catalog::RunMilestone;
use crate::testing::restores::planned_restore;
use crate::testing::{RecordedKind, later, now, resource};

fn input(run: &Run, now: Timestamp) -> Input {
    Input {
        run: run.clone(),
        resource: resource("database"),
        now,
    }
}

fn creating() -> RestoreProgress {
    RestoreProgress::InProgress {
        stage: Some("copying"),
        phase: "cluster hubs-db-r1 is creating".into(),
        percent: Some(5.0),
        made: None,
    }
}

#[tokio::test]
async fn each_call_does_what_comes_next_until_the_copy_is_there() {
    let (catalog, _, run) = planned_restore().await;
    let kind = RecordedKind::default();
    kind.advancing("database", Ok(creating()));
    let first = restore(&catalog, &kind, input(&run, now())).await.unwrap();
    assert_eq!((first.status, first.wait_seconds), (JobStatus::InProgress, 10));
    assert_eq!(first.phase.as_deref(), Some("cluster hubs-db-r1 is creating"));
    let record = catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_eq!(record.status, RestoreStatus::Running);
    for _ in 0..2 {
        let ended = restore(&catalog, &kind, input(&run, later(600))).await.unwrap();
        assert_eq!((ended.status, ended.wait_seconds), (JobStatus::Succeeded, 0));
    }
    // An ended restore never asks AWS again.
    assert_eq!(kind.calls(), ["advance database", "advance database"]);
    let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
    assert_eq!((item.started_at, item.finished_at), (Some(now()), Some(later(600))));
    assert!(matches!(
        item.created,
        Some(crate::domain::restore::item::CreatedResource::Cluster { .. })
    ));
}

fn at_work(stage: Option<&'static str>, percent: Option<f64>) -> Result<RestoreProgress> {
    Ok(RestoreProgress::InProgress {
        stage,
        phase: "as text".into(),
        percent,
        made: None,
    })
}

/// The waits that a restore requests at some seconds after its start, by the stage that it is in.
async fn waits(catalog: &Catalog, run: &Run, looks: &[(i64, Option<&'static str>, Option<f64>)]) -> Vec<u64> {
    let mut waits = Vec::new();
    for (second, stage, percent) in looks {
        let kind = RecordedKind::default();
        kind.advancing("database", at_work(*stage, *percent));
        let job = restore(catalog, &kind, input(run, later(*second))).await.unwrap();
        waits.push(job.wait_seconds);
    }
    waits
}

#[tokio::test]
async fn each_stage_is_watched_as_a_job_of_its_own() {
    let (catalog, _, run) = planned_restore().await;
    let looks = [
        (0, Some("copying"), None),
        (1_800, Some("copying"), None),
        (1_890, Some("instances"), None),
        // The same stage is still in progress.
        (3_690, None, None),
        (3_780, Some("finishing"), None),
    ];
    assert_eq!(waits(&catalog, &run, &looks).await, [10, 90, 10, 90, 10]);
}

#[tokio::test]
async fn without_history_a_percentage_says_when_to_look_and_says_nothing_of_the_next_stage() {
    let (catalog, _, run) = planned_restore().await;
    let looks = [
        (0, Some("copying"), Some(0.0)),
        (600, Some("copying"), Some(49.0)),
        // Not notified this time.
        (900, Some("copying"), None),
        (1_300, Some("instances"), None),
    ];
    assert_eq!(waits(&catalog, &run, &looks).await, [10, 300, 450, 10]);
}

#[tokio::test]
async fn the_next_restore_is_watched_by_how_long_each_stage_took() {
    let (catalog, _, run) = planned_restore().await;
    let kind = RecordedKind::default();
    for (second, stage) in [
        (0, "copying"),
        (900, "copying"),
        (1_800, "instances"),
        (2_400, "finishing"),
    ] {
        kind.advancing("database", at_work(Some(stage), None));
        restore(&catalog, &kind, input(&run, later(second))).await.unwrap();
    }
    let of = async |stage: Option<&str>| {
        let name = stages::timing("database", stage);
        catalog.timing("hubs-prod", &name).await.unwrap().durations
    };
    assert!(
        of(Some("copying")).await.is_empty(),
        "nothing is remembered of a restore that has not ended"
    );
    for _ in 0..2 {
        restore(&catalog, &kind, input(&run, later(2_430))).await.unwrap();
    }
    assert_eq!(of(Some("copying")).await, [1_800]);
    assert_eq!(
        (of(Some("instances")).await, of(Some("finishing")).await),
        (vec![600], vec![30])
    );
    assert!(of(None).await.is_empty(), "the whole counts once it is verified");

    let (fresh, _, next) = planned_restore().await;
    for (run, seconds) in [("r1", 2_400), ("r2", 1_800), ("r3", 1_830)] {
        let name = stages::timing("database", Some("copying"));
        fresh.add_timing("hubs-prod", &name, run, seconds).await.unwrap();
    }
    let looks = [
        (0, Some("copying"), Some(0.0)),
        (1_701, Some("copying"), Some(10.0)),
        (1_786, Some("instances"), None),
    ];
    assert_eq!(waits(&fresh, &next, &looks).await, [1_701, 85, 10]);
}

/// How often a copy is polled, and how late its end is noticed, when each stage takes the given time.
async fn watched(catalog: &Catalog, run: &Run, stages: &[(&'static str, u64)], percent: bool) -> (u32, u64) {
    let whole: u64 = stages.iter().map(|(_, seconds)| seconds).sum();
    let (mut second, mut looks, mut late) = (0, 0, 0);
    let mut left = stages.iter();
    let mut open: Option<(&'static str, u64, u64)> = None;
    loop {
        looks += 1;
        let ended = open.is_none_or(|(_, began, takes)| second >= began + takes);
        if ended {
            late += open.map_or(0, |(_, began, takes)| second - began - takes);
            open = left.next().map(|(stage, takes)| (*stage, second, *takes));
        }
        let kind = RecordedKind::default();
        if let Some((stage, began, takes)) = open {
            let share = ((second - began) * 100 / takes) as f64;
            kind.advancing(
                "database",
                at_work(Some(stage), (percent && stage == "copying").then_some(share)),
            );
        }
        let job = restore(catalog, &kind, input(run, later(i64::try_from(second).unwrap())))
            .await
            .unwrap();
        if job.status == JobStatus::Succeeded {
            assert!(late * 20 <= whole, "{late} s of {whole} s");
            return (looks, late);
        }
        second += job.wait_seconds;
    }
}

/// The targets: at most 12 polls of a copy in progress, and its end noticed within 5 % of the job's time.
#[tokio::test]
async fn a_restore_with_history_takes_at_most_twelve_looks() {
    let cluster = [
        ("copying", 1_800),
        ("configuring", 20),
        ("instances", 1_800),
        ("finishing", 20),
    ];
    let table = [("copying", 1_800), ("stream", 15), ("settings", 5)];
    for stages in [&cluster[..], &table[..]] {
        let (mut looks, mut records) = (Vec::new(), Vec::<Vec<(String, u64)>>::new());
        for nth in 0..4 {
            let (catalog, _, run) = planned_restore().await;
            for (nth, stages) in records.iter().enumerate() {
                for (stage, seconds) in stages {
                    let name = crate::domain::restore::stages::timing("database", Some(stage));
                    catalog
                        .add_timing("hubs-prod", &name, &format!("r{nth}"), *seconds)
                        .await
                        .unwrap();
                }
            }
            looks.push(watched(&catalog, &run, stages, false).await.0);
            let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
            let ended = item.stages.ended().map(|(stage, seconds)| (stage.to_owned(), seconds));
            records.push(ended.collect::<Vec<_>>());
            assert!(nth == 0 || looks[nth] <= 12, "{looks:?}");
        }
    }
}

#[tokio::test]
async fn a_first_restore_takes_few_looks_where_aws_says_how_far_it_is() {
    let files = [("copying", 1_800)];
    let (catalog, _, run) = planned_restore().await;
    let (looks, _) = watched(&catalog, &run, &files, true).await;
    let (catalog, _, run) = planned_restore().await;
    let (blind, _) = watched(&catalog, &run, &files, false).await;
    assert_eq!((looks, blind), (13, 33));
}

#[tokio::test]
async fn a_step_that_dies_at_any_write_leaves_an_item_that_undo_will_look_for() {
    for nth in 1..=3 {
        let (catalog, memory, run) = planned_restore().await;
        let kind = RecordedKind::default();
        memory.lose_write(nth);
        restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
        let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
        let calls = kind.calls().len();
        assert!(calls == 0 || item.status != ItemStatus::Planned, "{nth}: {item:?}");
        let again = restore(&catalog, &kind, input(&run, now())).await.unwrap();
        assert_eq!(again.status, JobStatus::Succeeded, "{nth}");
    }
}

#[tokio::test]
async fn what_never_will_be_is_an_answer_and_is_recorded() {
    for (advance, error) in [
        (
            Ok(RestoreProgress::Failed {
                reason: "its status is restore-failed".into(),
            }),
            "JobFailed",
        ),
        (Err(Error::Conflict("the name is taken".into())), "Conflict"),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let kind = RecordedKind::default();
        kind.advancing("database", advance);
        let job = restore(&catalog, &kind, input(&run, now())).await.unwrap();
        assert_eq!(job.status, JobStatus::Failed);
        assert_eq!(job.failure.unwrap().error, error);
        let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
        assert_eq!(
            (item.status, item.failure.unwrap().error.as_str()),
            (ItemStatus::Failed, error)
        );
    }
}

#[tokio::test]
async fn an_error_that_passes_is_no_answer() {
    for error in [
        Error::Throttled("slow down".into()),
        Error::NotReady("modifying".into()),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let kind = RecordedKind::default();
        kind.advancing("database", Err(error.clone()));
        let returned = restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
        assert_eq!(returned.name(), error.name());
        let job = restore(&catalog, &kind, input(&run, now())).await.unwrap();
        assert_eq!(job.status, JobStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_restore_past_its_deadline_has_failed_and_says_what_it_waited_for() {
    let (catalog, _, run) = planned_restore().await;
    let kind = RecordedKind::default();
    kind.advancing("database", Ok(creating()));
    kind.advancing("database", Ok(creating()));
    restore(&catalog, &kind, input(&run, now())).await.unwrap();
    let late = i64::try_from(resource("database").deadline_seconds).unwrap();
    let job = restore(&catalog, &kind, input(&run, later(late))).await.unwrap();
    let failure = job.failure.unwrap();
    assert_eq!(failure.error, "DeadlineExceeded");
    assert!(
        failure.cause.contains("cluster hubs-db-r1 is creating"),
        "{}",
        failure.cause
    );
}

fn short(created: Option<CreatedResource>) -> Result<RestoreProgress> {
    Ok(RestoreProgress::LacksCapacity {
        stage: "instances",
        phase: "hubs-db-1-r1 waits until AWS has capacity".into(),
        lacking: vec!["hubs-db-1-r1".into()],
        in_any_zone: Vec::new(),
        made: created,
    })
}

#[tokio::test]
async fn on_call_is_told_once_that_a_restore_waits_for_capacity() {
    let (catalog, _, run) = planned_restore().await;
    let kind = RecordedKind::default();
    let mut notifies = Vec::new();
    for minute in [0, 10, 20, 30] {
        kind.advancing("database", short(None));
        let job = restore(&catalog, &kind, input(&run, later(60 * minute))).await.unwrap();
        notifies.push(job.tell);
    }
    assert_eq!(notifies, [false, false, true, true], "until on-call was notified");
    let heard = |record: &mut RestoreRecord| record.notified_of_wait_at = Some(now());
    catalog.change_restore("hubs-prod", &run.id, heard).await.unwrap();
    kind.advancing("database", short(None));
    let job = restore(&catalog, &kind, input(&run, later(60 * 40))).await.unwrap();
    assert!(!job.tell);
}

/// The restored data is complete; it only has no instance yet.
#[tokio::test]
async fn a_copy_that_only_waits_for_capacity_is_kept_when_its_deadline_is_past() {
    let late = i64::try_from(resource("database").deadline_seconds).unwrap();
    let cluster = crate::testing::restores::cluster();
    for (first, last, kept) in [
        (short(Some(cluster.clone())), short(Some(cluster.clone())), true),
        (short(None), short(None), false),
        // Its instance was being created, or existed, at the last poll.
        (short(Some(cluster.clone())), Ok(creating()), true),
        (Ok(creating()), Ok(creating()), false),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let kind = RecordedKind::default();
        kind.advancing("database", first);
        restore(&catalog, &kind, input(&run, now())).await.unwrap();
        kind.advancing("database", last);
        let job = restore(&catalog, &kind, input(&run, later(late))).await.unwrap();
        assert_eq!(job.failure.unwrap().error, "DeadlineExceeded");
        let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
        assert_eq!(item.shortage.kept, kept, "{item:?}");
    }
}

#[tokio::test]
async fn nothing_is_begun_for_a_run_that_has_ended_or_was_undone() {
    let (catalog, _, run) = planned_restore().await;
    let kind = RecordedKind::default();
    let undone = |record: &mut RestoreRecord| record.status = RestoreStatus::Undone;
    catalog.change_restore("hubs-prod", &run.id, undone).await.unwrap();
    let error = restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    let (catalog, _, run) = planned_restore().await;
    catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Ended, now())
        .await
        .unwrap();
    let error = restore(&catalog, &kind, input(&run, now())).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(kind.calls().is_empty());
}

/// A kind that records what the catalog has of an item while processing it, and may be undone meanwhile.
struct Watched {
    catalog: Catalog,
    kind: RecordedKind,
    shown: std::sync::Mutex<Vec<Option<Timestamp>>>,
    overtaken: bool,
}

impl Watched {
    fn new(catalog: &Catalog, overtaken: bool) -> Self {
        Self {
            catalog: catalog.clone(),
            kind: RecordedKind::default(),
            shown: std::sync::Mutex::default(),
            overtaken,
        }
    }
}

#[async_trait::async_trait]
impl Restore for Watched {
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<crate::kinds::Preflight> {
        self.kind.preflight(run, item).await
    }
    async fn advance(&self, run: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
        let name = &item.planned.resource.name;
        let shown = self.catalog.item(&run.deployment, &run.id, name).await?;
        self.shown.lock().unwrap().push(shown.unwrap().busy_since);
        if self.overtaken {
            let undone = RestoreItem {
                status: ItemStatus::Undone,
                ..item.clone()
            };
            self.catalog.put_item(&run.deployment, &undone).await?;
        }
        self.kind.advance(run, item).await
    }
    async fn undo(&self, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
        self.kind.undo(run, item).await
    }
    async fn compare(
        &self,
        run: &Run,
        item: &RestoreItem,
        at_rest: bool,
    ) -> Result<Vec<crate::domain::restore::verdict::Check>> {
        self.kind.compare(run, item, at_rest).await
    }
    async fn sample(
        &self,
        resource: &Resource,
        captured: &serde_json::Value,
    ) -> Result<Option<crate::domain::set::Sample>> {
        self.kind.sample(resource, captured).await
    }
}

#[tokio::test]
async fn whoever_undoes_sees_that_a_function_is_at_work_and_that_it_has_ended() {
    for advance in [
        Ok(creating()),
        Err(Error::Throttled("slow down".into())),
        Err(Error::Conflict("the name is taken".into())),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let watched = Watched::new(&catalog, false);
        watched.kind.advancing("database", advance);
        let _ = restore(&catalog, &watched, input(&run, now())).await;
        assert_eq!(*watched.shown.lock().unwrap(), [Some(now())]);
        let item = catalog.item("hubs-prod", &run.id, "database").await.unwrap().unwrap();
        assert_eq!(item.busy_since, None);
    }
}

#[tokio::test]
async fn what_was_made_after_the_undo_had_looked_is_removed_or_told_of() {
    for (undoing, left) in [
        (UndoProgress::Gone, 0),
        (UndoProgress::Underway("cluster hubs-db-r1 is deleting".into()), 1),
    ] {
        let (catalog, _, run) = planned_restore().await;
        let overtaken = Watched::new(&catalog, true);
        overtaken.kind.undoing("database", Ok(undoing));
        let error = restore(&catalog, &overtaken, input(&run, now())).await.unwrap_err();
        assert_eq!(error.name(), "Conflict");
        assert_eq!(overtaken.kind.calls(), ["advance database", "undo database"]);
        let record = catalog.known_restore("hubs-prod", &run.id).await.unwrap();
        assert_eq!(record.left.len(), left);
    }
}
