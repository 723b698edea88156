//! A world for the tests of this package that start real servers.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;
use crate::durations::Durations;
use crate::faults::Faults;
use crate::reaper::Reaper;
use crate::upstream::Upstream;
use crate::work::Work;
use crate::world::{ACCOUNT, REGION, World};

/// A world in `dir`, with the Python interpreter that the environment or the repository has, and without MiniStack.
pub fn world(dir: &Path) -> Arc<World> {
    let python = std::env::var("HOLDFAST_LAB_PYTHON").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python"),
        PathBuf::from,
    );
    Arc::new(World {
        clock: Clock::new(),
        durations: Durations::default(),
        order: crate::order::ListOrder::new(0),
        faults: Faults::default(),
        dir: dir.to_owned(),
        account: ACCOUNT,
        region: REGION,
        upstream: Upstream::new(1),
        reaper: Reaper::start(&python).unwrap(),
        python,
        work: Work::default(),
    })
}
