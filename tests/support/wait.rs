//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a condition is checked often.
const OFTEN: Duration = Duration::from_secs(1);

/// Factor on limits, for a shared machine: there, late is not wrong.
const SHARED: u32 = 4;

/// Calls `check` until it returns a value.
///
/// # Errors
/// If `what` was not true within `limit` (on a machine without other load), or if `check` failed.
pub async fn until<T, F, Fut>(what: &str, limit: Duration, mut check: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let started = Instant::now();
    let limit = limit * SHARED;
    loop {
        if let Some(value) = check().await? {
            return Ok(value);
        }
        if started.elapsed() > limit {
            bail!("not within {limit:?}: {what}");
        }
        // After a while, check less often: each check is work for the lab, too.
        let pause = if started.elapsed() < OFTEN { 50 } else { 120 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}
