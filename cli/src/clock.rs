//! The operator's clock, and the only place where this command waits. The product itself has neither.
#![allow(
    clippy::disallowed_methods,
    reason = "an operator's command shows ages and waits between looks"
)]

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub fn now() -> Timestamp {
    Timestamp::now()
}

/// This machine's time zone; `None` where nothing tells it.
pub fn zone() -> Option<TimeZone> {
    TimeZone::try_system().ok()
}

/// Waits between two looks of `holdfast watch`.
pub async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}
