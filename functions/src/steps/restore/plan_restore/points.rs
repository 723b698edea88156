//! The recovery points of sets, with today's names of their resources.

use super::context::Planning;
use crate::domain::kinds;
use crate::domain::resource::Resource;
use crate::domain::restore::descriptor_updates::DescriptorChange;
use crate::domain::restore::matching::{self, MatchedResource};
use crate::domain::set::{BackupSet, Point, SetStatus};
use crate::error::Result;

/// Gives a set's points today's names of their resources, and today's ways to reach them.
pub fn called_today(
    planning: &Planning<'_>,
    set: &BackupSet,
    mut points: Vec<Point>,
    followed: &[DescriptorChange],
) -> (Vec<MatchedResource>, Vec<Point>) {
    let resources: Vec<Resource> = points.iter().map(|point| point.resource.clone()).collect();
    let captured = Some(set.started_at);
    let matched = matching::resources(planning.descriptor, &resources, captured, followed, planning.now);
    let today = planning.descriptor.resources();
    for (point, matched) in points.iter_mut().zip(&matched) {
        point.resource.name.clone_from(&matched.name);
        if let Some(today) = today.iter().find(|today| today.name == matched.name) {
            let captured = &point.resource.target;
            if captured.kind() == today.target.kind() {
                point.resource.target = kinds::of(captured).reached_as(captured, &today.target);
            }
        }
    }
    (matched, points)
}

/// The points of all sealed sets, with today's names of their resources.
pub async fn of_all_sets(
    planning: &Planning<'_>,
    sets: &[BackupSet],
    followed: &[DescriptorChange],
) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for set in sets.iter().filter(|set| set.status == SetStatus::Sealed) {
        let points_of_set = planning.needs.catalog.points(&set.deployment, &set.id).await?;
        points.extend(called_today(planning, set, points_of_set, followed).1);
    }
    Ok(points)
}

pub fn of_resource<'a>(points: &'a [Point], name: &'a str) -> impl Iterator<Item = &'a Point> {
    points.iter().filter(move |point| point.resource.name == name)
}
