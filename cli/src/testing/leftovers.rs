//! For tests: what a restore of `hubs` left.

use holdfast::domain::kinds::upkeep::MonthlyCost;
use holdfast::domain::resource::Target;
use holdfast::domain::restore::RestoreStatus;
use holdfast::domain::restore::leftovers::{Leftover, Obstacle, RestoreLeftovers};
use holdfast::domain::usage::RestoredCopy;

use crate::testing::at;

/// A cluster and a table.
pub fn restored(obstacle: Option<Obstacle>) -> RestoreLeftovers {
    let copy = |resource: &str, target: Target, size: Option<u64>, cost| Leftover {
        resource: resource.into(),
        copy: RestoredCopy::Resource {
            target,
            names: Vec::new(),
        },
        created_at: at("2025-01-31T23:00:00Z"),
        size_bytes: size,
        cost: MonthlyCost::of([("its instances", cost)]),
    };
    let (cluster, table) = ("hubs-db-r1".to_owned(), "hubs-rooms-r1".to_owned());
    RestoreLeftovers {
        restore: "hubs-20250131-230000-cd34".into(),
        status: RestoreStatus::Restored,
        obstacle,
        copies: vec![
            copy("database", Target::Aurora { cluster }, Some(100 << 30), Some(200.0)),
            copy("rooms", Target::DynamoDb { table, archive: None }, None, None),
        ],
    }
}
