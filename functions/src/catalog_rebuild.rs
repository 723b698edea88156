//! Rebuilds a lost catalog: finds the sealed sets by the tags and names of their recovery points.
//!
//! What was only in the catalog is lost: probe counts, samples, guards, whether the application was quiesced. The configuration is
//! captured again if the source still exists. A restore of such a set is therefore never `verified`.

use crate::catalog::Catalog;
use crate::domain::catalog_rebuild::{Completeness, FoundSet, TaggedPoint, sets};
use crate::domain::descriptor::{DEFAULT_DEADLINE_SECONDS, Descriptor};
use crate::domain::kinds;
use crate::domain::resource::Resource;
use crate::domain::seal::CaptureSpan;
use crate::domain::set::{BackupSet, Point, PointStatus, SetStatus};
use crate::error::{Class, Error, Result};
use crate::kinds::Kinds;

/// Replaces the ARN of the execution that created the set.
pub const EXECUTION: &str = "rebuilt from tags";

/// A set that was found, and its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct RebuiltSet {
    pub found: FoundSet,
    pub outcome: RebuildOutcome,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RebuildOutcome {
    /// The set is in the catalog, sealed, and can be restored. Lists the resources whose configuration could not be captured: they
    /// are restored with AWS's defaults.
    Sealed { without_configuration: Vec<String> },
    /// The set is already in the catalog; its record is left unchanged.
    AlreadyRecorded,
    /// The set was not written, with the reason as text.
    Skipped(String),
}

/// Finds all sets of one deployment, or of all, and writes those that are sealed and complete. May run again at any time: it never
/// changes existing records. Register the deployments first: their descriptors name the resources of tables, and the vaults.
///
/// # Errors
/// `NotFound` if `only` is not registered; else AWS's. Sets that are already written stay.
pub async fn rebuild(catalog: &Catalog, kinds: &Kinds, only: Option<&str>) -> Result<Vec<RebuiltSet>> {
    let mut descriptors = Vec::new();
    match only {
        Some(name) => descriptors.push(catalog.descriptor(name).await?),
        None => {
            for (name, _) in catalog.deployments().await? {
                descriptors.push(catalog.descriptor(&name).await?);
            }
        }
    }
    let known: Vec<Resource> = descriptors.iter().flat_map(Descriptor::resources).collect();
    let mut tagged = Vec::new();
    for kind in kinds.each() {
        let found = kind.tagged(&known).await?;
        tagged.extend(
            found
                .into_iter()
                .filter(|point| only.is_none_or(|name| point.deployment == name)),
        );
    }
    let mut rebuilt = Vec::new();
    for found in sets(tagged) {
        let descriptor = descriptors
            .iter()
            .find(|descriptor| descriptor.deployment == found.deployment);
        let outcome = write(catalog, kinds, descriptor, &found).await?;
        rebuilt.push(RebuiltSet { found, outcome });
    }
    Ok(rebuilt)
}

async fn write(
    catalog: &Catalog,
    kinds: &Kinds,
    descriptor: Option<&Descriptor>,
    found: &FoundSet,
) -> Result<RebuildOutcome> {
    if catalog.set(&found.deployment, &found.set).await?.is_some() {
        return Ok(RebuildOutcome::AlreadyRecorded);
    }
    match found.state {
        Completeness::Complete => {}
        Completeness::Missing(sealed) => {
            return Ok(RebuildOutcome::Skipped(format!(
                "only {} of its {sealed} recovery points exist",
                found.points.len()
            )));
        }
        Completeness::Unproven => {
            return Ok(RebuildOutcome::Skipped(
                "nothing shows that it was sealed: its run failed, or it contains only tables, whose backups carry no tags"
                    .to_owned(),
            ));
        }
    }
    let mut points = Vec::with_capacity(found.points.len());
    let mut without_configuration = Vec::new();
    for tagged in &found.points {
        let resource = resource(tagged, descriptor);
        let configuration = match kinds.of(&resource.target).capture(&resource).await {
            Ok(configuration) => configuration,
            Err(error) if error.class() == Class::Final => {
                without_configuration.push(resource.name.clone());
                serde_json::Value::Null
            }
            Err(error) => return Err(error),
        };
        points.push(Point {
            set: found.set.clone(),
            resource,
            status: PointStatus::Available,
            recovery_point: Some(tagged.recovery_point.clone()),
            configuration,
            started_at: None,
            captured_at: Some(tagged.captured_at),
            finished_at: None,
            size_bytes: tagged.size_bytes,
            percent: None,
            looked_at: None,
            sample: None,
            probes: Vec::new(),
            failure: None,
        });
    }
    let Some(capture) = CaptureSpan::of(&points) else {
        return Err(Error::VerificationFailed(format!(
            "rebuilding set {}: none of its recovery points holds data",
            found.set
        )));
    };
    catalog.adopt_set(&sealed(found, capture, &points), &points).await?;
    Ok(RebuildOutcome::Sealed { without_configuration })
}

fn sealed(found: &FoundSet, capture: CaptureSpan, points: &[Point]) -> BackupSet {
    BackupSet {
        id: found.set.clone(),
        deployment: found.deployment.clone(),
        status: SetStatus::Sealed,
        execution: EXECUTION.to_owned(),
        started_at: found.started_at,
        ended_at: Some(capture.to),
        resources: points.iter().map(|point| point.resource.name.clone()).collect(),
        captured_from: Some(capture.from),
        captured_to: Some(capture.to),
        skew_seconds: Some(capture.skew_seconds()),
        quiesced_seconds: None,
        quiesced_throughout: None,
        probes: Vec::new(),
        reasons: Vec::new(),
    }
}

/// The resource of a recovery point: as in the descriptor, if it is there.
fn resource(tagged: &TaggedPoint, descriptor: Option<&Descriptor>) -> Resource {
    let found = Resource {
        name: name(tagged, descriptor),
        target: tagged.target.clone(),
        deadline_seconds: descriptor.map_or(DEFAULT_DEADLINE_SECONDS, |descriptor| descriptor.deadline_seconds),
    };
    let own = descriptor.into_iter().flat_map(Descriptor::resources).find(|own| {
        own.name == found.name
            && own.target.kind() == found.target.kind()
            && own.target.identifier() == found.target.identifier()
    });
    own.unwrap_or(found)
}

/// From the tag; for a recovery point without tags, from its kind.
fn name(tagged: &TaggedPoint, descriptor: Option<&Descriptor>) -> String {
    match (&tagged.resource, kinds::stateful(&tagged.target)) {
        (Some(name), _) => name.clone(),
        (None, Some(kind)) => {
            let known: Vec<Resource> = descriptor.into_iter().flat_map(Descriptor::resources).collect();
            kind.name_without_tags(&tagged.set, &tagged.target, &tagged.recovery_point, &known)
        }
        (None, None) => tagged.target.identifier().to_owned(),
    }
}

#[cfg(test)]
mod tests;
