//! The operator's clock, and the only place where this command waits. The library has neither.
#![allow(
    clippy::disallowed_methods,
    reason = "an operator's command shows ages and waits between polls"
)]

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub fn now() -> Timestamp {
    Timestamp::now()
}

/// This machine's time zone; `None` if it is unknown.
pub fn zone() -> Option<TimeZone> {
    TimeZone::try_system().ok()
}

/// Waits between two polls of `holdfast watch`.
pub async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}
