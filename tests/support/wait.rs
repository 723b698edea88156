//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a condition is looked at often.
const OFTEN: Duration = Duration::from_secs(1);

/// Times a limit on a machine that others use too: what is late there is late, not wrong.
const SHARED: u32 = 4;

/// Asks `check` again until it answers a value.
///
/// # Errors
/// When `what` did not come true within `limit`, on a machine of one's own, or `check` failed.
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
        // What takes long is not looked at as often: each look is work for the lab, too.
        let pause = if started.elapsed() < OFTEN { 50 } else { 120 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}
