//! Moves the clock to the next time that something waits for: a Wait state's end, a retry, a job's end. Nothing is skipped over,
//! so that hours of the lab's clock pass in seconds with the same events.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::backend::{Backend, advance_by};
use crate::ministack::WaitMode;

/// How long the lab may be busy, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);
/// A longer wait is for something else.
const FARTHEST: f64 = 400.0 * 86_400.0;

/// Waits until the lab is idle, then moves the clock. Returns by how much: null if nothing waits for it.
pub async fn skip(house: &Backend) -> Result<Value, (u16, String)> {
    if house.ministack.waits() != WaitMode::ByClock {
        let why = "clock: state machines of this lab wait in real time; start it with --wait-by-clock";
        return Err((409, why.to_owned()));
    }
    let looks = PATIENCE.as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        let failed = |error: anyhow::Error| (500, format!("{error:#}"));
        // Executions first: they start jobs of the lab, but no job starts them.
        let strands = house.ministack.execution_activity().await.map_err(failed)?;
        let now = house.world.clock.now();
        let jobs = house.world.work.doing(now);
        if strands.busy == 0 && !jobs.busy {
            let job = jobs.next.map(|next| next.duration_since(now).as_secs_f64());
            let next = [strands.next_seconds, job].into_iter().flatten().reduce(f64::min);
            let Some(seconds) = next.filter(|seconds| *seconds < FARTHEST) else {
                return Ok(json!({ "now": now.to_string(), "skipped_seconds": null }));
            };
            // MiniStack gets milliseconds: with one more, the time is reached there too.
            let by = SignedDuration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
            let by = by.unsigned_abs() + Duration::from_millis(1);
            let now = advance_by(house, by).await?;
            return Ok(json!({ "now": now.to_string(), "skipped_seconds": by.as_secs_f64() }));
        }
        tokio::time::sleep(LOOK).await;
    }
    Err((
        409,
        format!("clock: the lab was still busy after {} s", PATIENCE.as_secs()),
    ))
}
