//! Shared by all services of a lab.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::durations::Durations;
use crate::faults::Faults;
use crate::order::ListOrder;
use crate::reaper::Reaper;
use crate::upstream::Upstream;
use crate::work::Work;

pub use crate::account::{ACCOUNT, REGION};

/// The lab's shared state: time, durations, faults, places.
pub struct World {
    /// Time in the lab.
    pub clock: Clock,
    /// How long jobs take.
    pub durations: Durations,
    /// Injected faults.
    pub faults: Faults,
    /// The order of lists without a documented order.
    pub order: ListOrder,
    /// The lab's own directory, absolute; each service uses a subdirectory with its name.
    pub dir: PathBuf,
    /// Account number of every ARN.
    pub account: &'static str,
    /// Region of every ARN.
    pub region: &'static str,
    /// The Python interpreter of the lab's virtual environment.
    pub python: PathBuf,
    /// The client of MiniStack, for calls of services to the rest of AWS.
    pub upstream: Upstream,
    /// Kills what a service started if the lab itself dies without stopping.
    pub reaper: Reaper,
    /// The background work.
    pub work: Work,
}

impl World {
    /// The ARN of a resource: `world.arn("rds", "cluster:hubs")`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}
