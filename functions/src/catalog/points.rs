//! The recovery points of a set.

use super::store::{Condition, Key};
use super::{Catalog, decode, encode, key, name_of};
use crate::domain::set::{Point, PointStatus};
use crate::error::Result;

impl Catalog {
    pub async fn point(&self, deployment: &str, set: &str, resource: &str) -> Result<Option<Point>> {
        self.store
            .get(&place(deployment, set, resource))
            .await?
            .map(decode)
            .transpose()
    }

    /// All points of a set, by resource name.
    pub async fn points(&self, deployment: &str, set: &str) -> Result<Vec<Point>> {
        let pk = key(deployment, "").pk;
        let items = self
            .store
            .query(&pk, &format!("SET#{set}#POINT#"), &Condition::Always)
            .await?;
        items.into_iter().map(decode).collect()
    }

    /// Records that a backup is about to start, unless the point already exists. Returns the point that is now in the catalog.
    pub async fn begin_point(&self, deployment: &str, point: &Point) -> Result<Point> {
        let place = place(deployment, &point.set, &point.resource.name);
        let absent = Condition::Absent("pk");
        if self.store.put(&place, encode(point)?, &absent).await? {
            return Ok(point.clone());
        }
        let found = self.point(deployment, &point.set, &point.resource.name).await?;
        Ok(found.unwrap_or_else(|| point.clone()))
    }

    /// Writes a point, unless it has ended: a late poll never overwrites a finished or failed point. Returns the point that is now
    /// in the catalog.
    pub async fn put_point(&self, deployment: &str, point: &Point) -> Result<Point> {
        let place = place(deployment, &point.set, &point.resource.name);
        let open = Condition::Any(vec![
            Condition::Absent("pk"),
            Condition::Equals("status", name_of(PointStatus::InProgress)),
        ]);
        if self.store.put(&place, encode(point)?, &open).await? {
            return Ok(point.clone());
        }
        let found = self.point(deployment, &point.set, &point.resource.name).await?;
        Ok(found.unwrap_or_else(|| point.clone()))
    }

    /// Writes the final state of a point unconditionally: for the step that seals.
    pub async fn finalize_point(&self, deployment: &str, point: &Point) -> Result<()> {
        let place = place(deployment, &point.set, &point.resource.name);
        self.store.put(&place, encode(point)?, &Condition::Always).await?;
        Ok(())
    }

    /// Deletes a point whose recovery point is deleted; already deleted is success.
    pub async fn delete_point(&self, deployment: &str, point: &Point) -> Result<()> {
        let place = place(deployment, &point.set, &point.resource.name);
        self.store.delete(&place, &Condition::Always).await?;
        Ok(())
    }
}

fn place(deployment: &str, set: &str, resource: &str) -> Key {
    key(deployment, format!("SET#{set}#POINT#{resource}"))
}
