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
use crate::kinds::{Kind, StartedBackup};
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
    start_with_configuration(catalog, kind, input, None).await
}

/// The same, where the step knows something of the resource that its kind does not capture: a field of the configuration.
pub async fn start_with_configuration<K: Kind + Restore>(
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
        configuration,
        sample,
        ..Point::begun(&run.id, resource)
    };
    // Whoever deletes the set looks for what this step made and did not live to record.
    // What an earlier try captured and sampled stands: it may have started the backup, so that this try's is of a later moment.
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
        // A guard has seen all there is to see.
        jobs::poll(kind, &mut point, now).await?;
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
mod tests;
