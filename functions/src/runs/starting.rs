//! What the four start steps share: the configuration is captured, the point is in the catalog before anything is made of
//! which nobody would know, the backup is started or adopted, and recorded before the machine hears of it.

use std::time::Duration;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::closing;
use super::jobs;
use crate::catalog::Catalog;
use crate::domain::job::{Job, Run};
use crate::domain::kinds;
use crate::domain::pacing;
use crate::domain::resource::Resource;
use crate::domain::set::{Point, PointStatus, Reason, Sample};
use crate::error::{Class, Error, Result};
use crate::kinds::Restore;
use crate::kinds::optional;
use crate::kinds::{Kind, Started};
use crate::runtime;

/// How long a backup waits for a sample, within the time of its step: the application may be at rest meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a start step needs: the catalog and its own kind.
pub struct Needs<K> {
    pub catalog: Catalog,
    pub kind: K,
}

impl<K> Needs<K> {
    pub fn from_env(aws: &SdkConfig, kind: K) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kind,
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub resource: Resource,
    pub now: Timestamp,
}

/// Starts the backup of one resource, after a few of its things were sampled, to compare a restore with. What an earlier call for
/// the same run started, or ended, is answered again.
///
/// # Errors
/// `NotFound` for a prefix that no table begins with; `Conflict` for a run that has ended; else the kind's own.
pub async fn start<K: Kind + Restore>(catalog: &Catalog, kind: &K, input: Input) -> Result<Job> {
    start_knowing(catalog, kind, input, None).await
}

/// The same, where the step knows something of the resource that its kind does not capture: a field of the configuration.
pub async fn start_knowing<K: Kind + Restore>(
    catalog: &Catalog,
    kind: &K,
    input: Input,
    known_besides: Option<(&str, Value)>,
) -> Result<Job> {
    let Input { run, resource, now } = input;
    if kinds::is_pattern(&resource.target) {
        return Err(Error::NotFound(format!(
            "backing up {}: no {}'s name begins with {}. Correct the {}, or remove the resource",
            resource.name,
            kinds::of(&resource.target).noun(),
            resource.target.identifier(),
            resource.target.field(),
        )));
    }
    closing::refuse_ended(catalog, &run, &format!("backing up {}", resource.name)).await?;
    let known = catalog.point(&run.deployment, &run.id, &resource.name).await?;
    let usual = pacing::usual(&catalog.timing(&run.deployment, &resource.name).await?.durations);
    if let Some(point) = known.filter(has_started) {
        return Ok(jobs::of_point(&point, usual));
    }
    // Captured before the backup: what is missing in the configuration is then missing in the backup too.
    let mut configuration = kind.capture(&resource).await?;
    for (field, why) in optional::not_captured(&configuration) {
        let warning = Reason {
            subject: resource.name.clone(),
            error: "NotCaptured".to_owned(),
            message: format!("{field} could not be captured, so a restore of this set does not bring it back ({why})"),
        };
        catalog.warn_run(&run.deployment, &run.id, warning).await?;
    }
    if let (Some((field, value)), Some(captured)) = (known_besides, configuration.as_object_mut()) {
        captured.insert(field.to_owned(), value);
    }
    let sample = sampled(PATIENCE, catalog, kind, &run, &resource, &configuration).await?;
    let point = Point {
        set: run.id.clone(),
        resource,
        status: PointStatus::InProgress,
        recovery_point: None,
        configuration,
        started_at: None,
        captured_at: None,
        finished_at: None,
        size_bytes: None,
        percent: None,
        looked_at: None,
        sample,
        failure: None,
    };
    // Whoever deletes the set looks for what this step made and did not live to record.
    // What an earlier try captured and sampled stands: it may have started the backup, so that this try's is of a later moment.
    let mut point = catalog.begin_point(&run.deployment, &point).await?;
    if has_started(&point) {
        return Ok(jobs::of_point(&point, usual));
    }
    let Started {
        recovery_point,
        started_at,
    } = kind.back_up(&run, &point.resource).await?;
    let at_once = recovery_point.arn().is_none();
    point.recovery_point = Some(recovery_point);
    point.started_at = Some(started_at);
    if at_once {
        // A guard has seen all there is to see.
        jobs::look(kind, &mut point, now).await?;
    }
    let point = catalog.put_point(&run.deployment, &point).await?;
    tracing::info!(deployment = %run.deployment, set = %run.id, resource = %point.resource.name, "started");
    Ok(jobs::of_point(&point, usual))
}

/// A sample, to compare a restore with. No backup fails for want of one: what cannot be sampled at the second try is a warning.
async fn sampled<K: Restore>(
    patience: Duration,
    catalog: &Catalog,
    kind: &K,
    run: &Run,
    resource: &Resource,
    configuration: &Value,
) -> Result<Option<Sample>> {
    let looks = async {
        match kind.sample(resource, configuration).await {
            Err(error) if error.class() != Class::Final => kind.sample(resource, configuration).await,
            sample => sample,
        }
    };
    let looked = tokio::time::timeout(patience, looks).await.unwrap_or_else(|_| {
        Err(Error::DeadlineExceeded(format!(
            "sampling {}: it took longer than {} s",
            resource.name,
            patience.as_secs()
        )))
    });
    match looked {
        Ok(sample) => Ok(sample),
        Err(error) => {
            catalog
                .warn_run(&run.deployment, &run.id, not_sampled(resource, &error))
                .await?;
            Ok(None)
        }
    }
}

fn not_sampled(resource: &Resource, error: &Error) -> Reason {
    Reason {
        subject: resource.name.clone(),
        error: "NotSampled".to_owned(),
        message: format!(
            "what is backed up could not be sampled, so a restore of this set has nothing to compare its copy's content with ({}: {error})",
            error.name()
        ),
    }
}

/// Whether a point is more than the intent to start one.
fn has_started(point: &Point) -> bool {
    point.recovery_point.is_some() || point.status == PointStatus::Failed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::catalog::Mark;
    use crate::domain::job::{JobStatus, Progress};
    use crate::domain::looks;
    use crate::domain::resource::{RecoveryPoint, Target};
    use crate::domain::set::SampledItem;
    use crate::testing::{Backups, finished, later, now, planned, resource};

    fn input(run: &Run) -> Input {
        Input {
            run: run.clone(),
            resource: resource("rooms"),
            now: now(),
        }
    }

    #[tokio::test]
    async fn starting_twice_makes_one_recovery_point() {
        let (catalog, _, run) = planned(&[]).await;
        let kind = Backups::default();
        let first = start(&catalog, &kind, input(&run)).await.unwrap();
        let second = start(&catalog, &kind, input(&run)).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(kind.calls(), ["capture rooms", "sample rooms", "back_up rooms"]);
        assert_eq!(first.status, JobStatus::InProgress);
        assert_eq!(looks::next(&[second], now()), Some(later(10)));
        let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
        assert_eq!(point.recovery_point, first.recovery_point);
        assert_eq!(point.configuration["captured"], "rooms");
    }

    async fn warnings(catalog: &Catalog, run: &Run) -> Vec<Reason> {
        catalog.run("hubs-prod", &run.id).await.unwrap().unwrap().warnings
    }

    #[tokio::test]
    async fn a_sample_that_fails_at_first_is_taken_at_once() {
        let (catalog, _, run) = planned(&[]).await;
        let kind = Backups::default();
        let sample = Sample::Items {
            items: vec![SampledItem {
                key: serde_json::json!({"id": {"S": "a"}}),
                sha256: "0".repeat(64),
            }],
        };
        kind.sampling("rooms", Err(Error::Unavailable("later".into())));
        kind.sampling("rooms", Ok(Some(sample.clone())));
        start(&catalog, &kind, input(&run)).await.unwrap();
        assert_eq!(
            kind.calls(),
            ["capture rooms", "sample rooms", "sample rooms", "back_up rooms"]
        );
        let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
        assert_eq!(point.sample, Some(sample));
        assert_eq!(warnings(&catalog, &run).await, []);
    }

    #[tokio::test]
    async fn what_is_adopted_keeps_the_sample_from_before_it_was_made() {
        let (catalog, memory, run) = planned(&[]).await;
        let kind = Backups::default();
        let sample = |id: &str| Sample::Items {
            items: vec![SampledItem {
                key: serde_json::json!({"id": {"S": id}}),
                sha256: "0".repeat(64),
            }],
        };
        kind.sampling("rooms", Ok(Some(sample("before"))));
        kind.sampling("rooms", Ok(Some(sample("written since"))));
        memory.lose_write(2);
        start(&catalog, &kind, input(&run)).await.unwrap_err();
        assert_eq!(kind.made().len(), 1, "made, and not recorded");
        let again = Input {
            now: later(10),
            ..input(&run)
        };
        start(&catalog, &kind, again).await.unwrap();
        let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
        assert_eq!(point.sample, Some(sample("before")));
    }

    /// Fails at 8e363f8: whatever passes by itself was retried by the machine, and then failed the backup.
    #[tokio::test]
    async fn a_sample_that_cannot_be_taken_fails_no_backup_and_warns() {
        for (error, tries) in [
            (Error::AccessDenied("no Scan".into()), 1),
            (Error::NotReady("no mount target".into()), 2),
            (Error::Unavailable("no address is free in the subnet".into()), 2),
            (Error::Throttled("slower".into()), 2),
        ] {
            let (catalog, _, run) = planned(&[]).await;
            let kind = Backups::default();
            for _ in 0..tries {
                kind.sampling("rooms", Err(error.clone()));
            }
            start(&catalog, &kind, input(&run)).await.unwrap();
            let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
            assert_eq!((point.sample, kind.made().len()), (None, 1), "{error:?}");
            let [warning] = &warnings(&catalog, &run).await[..] else {
                panic!("not one warning of {error:?}")
            };
            assert_eq!((&*warning.subject, &*warning.error), ("rooms", "NotSampled"));
            assert!(warning.message.contains(&error.to_string()), "{}", warning.message);
        }
    }

    /// Fails at 8e363f8: a file system that hung was waited for until the step timed out, again and again.
    #[tokio::test]
    async fn a_sample_that_takes_too_long_is_given_up() {
        let (catalog, _, run) = planned(&[]).await;
        let kind = Backups::sampling_forever();
        let at_once = Duration::ZERO;
        let sample = sampled(at_once, &catalog, &kind, &run, &resource("rooms"), &Value::Null).await;
        assert_eq!(sample.unwrap(), None);
        let warnings = warnings(&catalog, &run).await;
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].message.contains("it took longer than 0 s"), "{warnings:?}");
    }

    #[tokio::test]
    async fn a_point_whose_write_was_not_heard_of_is_adopted() {
        let (catalog, memory, run) = planned(&[]).await;
        let kind = Backups::default();
        memory.lose_answer(2);
        let lost = start(&catalog, &kind, input(&run)).await.unwrap_err();
        assert_eq!(lost.name(), "Unavailable");
        start(&catalog, &kind, input(&run)).await.unwrap();
        assert_eq!(kind.calls(), ["capture rooms", "sample rooms", "back_up rooms"]);
    }

    #[tokio::test]
    async fn a_step_that_dies_at_any_write_leaves_a_point_and_is_run_again_without_harm() {
        // The intent is lost, its answer is lost, the result is lost, its answer is lost.
        for (nth, arrives, known, made) in [
            (1, false, false, 0),
            (1, true, true, 0),
            (2, false, true, 1),
            (2, true, true, 1),
        ] {
            let (catalog, memory, run) = planned(&[]).await;
            let kind = Backups::default();
            if arrives {
                memory.lose_answer(nth);
            } else {
                memory.lose_write(nth);
            }
            start(&catalog, &kind, input(&run)).await.unwrap_err();
            let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap();
            assert_eq!((point.is_some(), kind.made().len()), (known, made), "{nth} {arrives}");
            let job = start(&catalog, &kind, input(&run)).await.unwrap();
            assert_eq!(
                (job.status, kind.made().len()),
                (JobStatus::InProgress, 1),
                "{nth} {arrives}"
            );
            assert!(job.recovery_point.is_some());
            let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap();
            assert_eq!(point.unwrap().recovery_point, job.recovery_point);
        }
    }

    #[tokio::test]
    async fn what_another_call_recorded_meanwhile_is_never_taken_back() {
        let (catalog, _, run) = planned(&[]).await;
        let kind = Backups::default();
        let job = start(&catalog, &kind, input(&run)).await.unwrap();
        let recorded = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap();
        let mut late = recorded.clone().unwrap();
        late.recovery_point = None;
        let held = catalog.begin_point("hubs-prod", &late).await.unwrap();
        assert_eq!(held.recovery_point, job.recovery_point);
        assert_eq!(catalog.point("hubs-prod", &run.id, "rooms").await.unwrap(), recorded);
    }

    #[tokio::test]
    async fn the_first_look_comes_at_nine_tenths_of_the_usual_time() {
        let (catalog, _, run) = planned(&[]).await;
        for (set, seconds) in [("a", 900), ("b", 1000), ("c", 1100)] {
            catalog.add_timing("hubs-prod", "rooms", set, seconds).await.unwrap();
        }
        let job = start(&catalog, &Backups::default(), input(&run)).await.unwrap();
        assert_eq!(job.usual_seconds, Some(1000));
        assert!(looks::is_due(&job, later(900)) && !looks::is_due(&job, later(899)));
    }

    #[tokio::test]
    async fn a_prefix_without_tables_fails_alone() {
        let (catalog, _, run) = planned(&[]).await;
        let mut input = input(&run);
        input.resource.target = Target::DynamodbPrefix { prefix: "none-".into() };
        let error = start(&catalog, &Backups::default(), input).await.unwrap_err();
        assert_eq!(error.name(), "NotFound");
    }

    #[tokio::test]
    async fn nothing_is_started_for_a_run_that_has_ended() {
        let (catalog, _, run) = planned(&[]).await;
        catalog
            .mark_run("hubs-prod", &run.id, Mark::Ended, now())
            .await
            .unwrap();
        let kind = Backups::default();
        let error = start(&catalog, &kind, input(&run)).await.unwrap_err();
        assert_eq!(error.name(), "Conflict");
        assert!(error.to_string().contains("holdfast backup hubs-prod"), "{error}");
        assert!(kind.calls().is_empty());
    }

    #[tokio::test]
    async fn what_a_guard_saw_is_in_its_point_and_not_carried_by_the_machine() {
        let (catalog, _, run) = planned(&[]).await;
        let kind = Backups::guarding(1000);
        kind.next(Progress::Succeeded(finished()));
        for _ in 0..2 {
            let job = start(&catalog, &kind, input(&run)).await.unwrap();
            assert_eq!((job.status, job.recovery_point), (JobStatus::Succeeded, None));
        }
        let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
        let Some(RecoveryPoint::Versions { versions, .. }) = point.recovery_point else {
            panic!("no versions")
        };
        assert_eq!(versions.len(), 1000);
    }
}
