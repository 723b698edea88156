//! How every kind's backup is started: the configuration is captured, the point is recorded before anything is created, the backup is
//! started or adopted, and its id recorded before it is returned to the machine.

use std::time::Duration;

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
use crate::kinds::optional;
use crate::kinds::{Kind, StartedBackup};

/// How long a backup waits for a sample, within its step's time: the application may be at rest meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub resource: Resource,
    pub now: Timestamp,
}

/// Starts the backup of one resource, after sampling some of its data to compare a restore with. If an earlier call for the same
/// run started it, returns that one.
///
/// # Errors
/// `NotFound` for a prefix that matches no table; `Conflict` for a run that has ended; else the kind's own.
pub async fn start(catalog: &Catalog, kind: &dyn Kind, input: Input) -> Result<Job> {
    start_with_configuration(catalog, kind, input, None).await
}

/// As [`start`], with a field of the configuration that the kind does not capture itself.
pub async fn start_with_configuration(
    catalog: &Catalog,
    kind: &dyn Kind,
    input: Input,
    extra_field: Option<(&str, Value)>,
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
    closing::ensure_not_ended(catalog, &run, &format!("backing up {}", resource.name)).await?;
    let known = catalog.point(&run.deployment, &run.id, &resource.name).await?;
    let usual = pacing::usual(&catalog.timing(&run.deployment, &resource.name).await?.durations);
    if let Some(point) = known.filter(has_started) {
        return Ok(jobs::of_point(&point, usual));
    }
    // Captured before the backup, so that it is never newer than the backup.
    let mut configuration = kind.capture(&resource).await?;
    for (field, why) in optional::not_captured(&configuration) {
        let warning = Reason {
            subject: resource.name.clone(),
            error: "NotCaptured".to_owned(),
            message: format!("{field} could not be captured, so a restore of this set does not restore it ({why})"),
        };
        catalog.warn_run(&run.deployment, &run.id, warning).await?;
    }
    if let (Some((field, value)), Some(captured)) = (extra_field, configuration.as_object_mut()) {
        captured.insert(field.to_owned(), value);
    }
    let sample = sample_or_warn(PATIENCE, catalog, kind, &run, &resource, &configuration).await?;
    let point = Point {
        configuration,
        sample,
        ..Point::begun(&run.id, resource)
    };
    // Deleting the set looks for a backup that this step started and did not record.
    // An earlier try's capture and sample are kept: it may have started the backup, and this try's are from a later time.
    let mut point = catalog.begin_point(&run.deployment, &point).await?;
    if has_started(&point) {
        return Ok(jobs::of_point(&point, usual));
    }
    let StartedBackup {
        recovery_point,
        started_at,
    } = kind.back_up(&run, &point.resource).await?;
    let at_once = recovery_point.arn().is_none();
    point.recovery_point = Some(recovery_point);
    point.started_at = Some(started_at);
    if at_once {
        // A guard's backup is complete at once.
        jobs::poll(kind, &mut point, now).await?;
    }
    let point = catalog.put_point(&run.deployment, &point).await?;
    tracing::info!(deployment = %run.deployment, set = %run.id, resource = %point.resource.name, "started");
    Ok(jobs::of_point(&point, usual))
}

/// A sample to compare a restore with. No backup fails for lack of one: a second failure is a warning.
async fn sample_or_warn(
    patience: Duration,
    catalog: &Catalog,
    kind: &dyn Kind,
    run: &Run,
    resource: &Resource,
    configuration: &Value,
) -> Result<Option<Sample>> {
    let sampling = async {
        match kind.sample(resource, configuration).await {
            Err(error) if error.class() != Class::Final => kind.sample(resource, configuration).await,
            sample => sample,
        }
    };
    let sampled = tokio::time::timeout(patience, sampling).await.unwrap_or_else(|_| {
        Err(Error::DeadlineExceeded(format!(
            "sampling {}: it took longer than {} s",
            resource.name,
            patience.as_secs()
        )))
    });
    match sampled {
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
            "its content could not be sampled, so a restore of this set has no sample to compare the copy with ({}: {error})",
            error.name()
        ),
    }
}

/// Whether the backup was started, so that the point is more than an intent.
fn has_started(point: &Point) -> bool {
    point.recovery_point.is_some() || point.status == PointStatus::Failed
}

#[cfg(test)]
mod tests;
