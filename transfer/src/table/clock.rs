//! The clock, and the only place where the engine waits: for a rate, and before a retry.
#![allow(
    clippy::disallowed_methods,
    reason = "a rate is measured, and a throttled request is sent again later"
)]

use std::time::{Duration, Instant};

pub fn now() -> Instant {
    Instant::now()
}

/// Tests do not wait: who is to wait, and how long, is decided by functions of their own.
pub async fn wait(duration: Duration) {
    match cfg!(test) {
        true => tokio::task::yield_now().await,
        false => tokio::time::sleep(duration).await,
    }
}
