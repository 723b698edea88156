//! The clock's jump to the next thing that is waited for: a Wait state's end, a retry, a job's end. Nothing is passed over, so
//! what happens in hours of the lab's clock happens as it would have, in seconds.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::backend::{Backend, advance_by};
use crate::ministack::WaitMode;

/// How long what is being done may take, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);
/// What waits longer than this waits for something else.
const FARTHEST: f64 = 400.0 * 86_400.0;

/// Waits until nothing is being done, then moves the clock. Returns by how much: null where nothing waits for it.
pub async fn skip(house: &Backend) -> Result<Value, (u16, String)> {
    if house.ministack.waits() != WaitMode::ByClock {
        let why = "clock: state machines of this lab wait in real time; start it with --wait-by-clock";
        return Err((409, why.to_owned()));
    }
    let looks = PATIENCE.as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        let failed = |error: anyhow::Error| (500, format!("{error:#}"));
        // Executions first: a job of the lab moves none of them, but they start jobs.
        let strands = house.ministack.execution_activity().await.map_err(failed)?;
        let now = house.world.clock.now();
        let jobs = house.world.work.doing(now);
        if strands.busy == 0 && !jobs.busy {
            let job = jobs.next.map(|next| next.duration_since(now).as_secs_f64());
            let next = [strands.next_seconds, job].into_iter().flatten().reduce(f64::min);
            let Some(seconds) = next.filter(|seconds| *seconds < FARTHEST) else {
                return Ok(json!({ "now": now.to_string(), "skipped_seconds": null }));
            };
            // MiniStack is told milliseconds: one more, and the time has come there too.
            let by = SignedDuration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
            let by = by.unsigned_abs() + Duration::from_millis(1);
            let now = advance_by(house, by).await?;
            return Ok(json!({ "now": now.to_string(), "skipped_seconds": by.as_secs_f64() }));
        }
        tokio::time::sleep(LOOK).await;
    }
    Err((
        409,
        format!("clock: something was still being done after {} s", PATIENCE.as_secs()),
    ))
}
