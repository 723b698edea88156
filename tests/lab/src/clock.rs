//! The lab's clock: real time plus an offset that only grows. All dates and waits of the lab use it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A clock that can be moved forward and never goes backwards, even if the machine's clock does.
pub struct Clock {
    started_at: Timestamp,
    started: Instant,
    offset: watch::Sender<Duration>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that shows the real time.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started_at: Timestamp::now(),
            started: Instant::now(),
            offset: watch::Sender::new(Duration::ZERO),
        }
    }

    /// The lab's present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let since = self.started.elapsed() + self.offset();
        SignedDuration::try_from(since)
            .ok()
            .and_then(|since| self.started_at.checked_add(since).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// How far the lab is ahead of the machine's clock.
    #[must_use]
    pub fn offset(&self) -> Duration {
        *self.offset.borrow()
    }

    /// Moves the clock forward and wakes waiters whose time has come. Returns the new time.
    pub fn advance(&self, by: Duration) -> Timestamp {
        self.offset.send_modify(|offset| *offset = offset.saturating_add(by));
        self.now()
    }

    /// Waits until the lab's clock shows `time`.
    pub async fn sleep_until(&self, time: Timestamp) {
        let mut moved = self.offset.subscribe();
        loop {
            moved.mark_unchanged();
            let Ok(left) = Duration::try_from(time.duration_since(self.now())) else {
                return; // negative: the time has passed
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Waits `duration` of the lab's time.
    pub async fn sleep(&self, duration: Duration) {
        let until = SignedDuration::try_from(duration)
            .ok()
            .and_then(|duration| self.now().checked_add(duration).ok())
            .unwrap_or(Timestamp::MAX);
        self.sleep_until(until).await;
    }
}

/// Seconds since 1970 with milliseconds, as AWS's JSON protocols write times.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn epoch_seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::*;

    #[test]
    fn shows_real_time_until_advanced_and_never_goes_back() {
        let clock = Clock::new();
        let before = clock.now();
        assert!(before.duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(5));
        let after = clock.advance(Duration::from_secs(86_400));
        assert!(after.duration_since(before) >= SignedDuration::from_hours(24));
        clock.advance(Duration::ZERO);
        assert!(clock.now() >= after);
    }

    #[tokio::test]
    async fn an_advance_wakes_those_whose_time_has_come() {
        let clock = Arc::new(Clock::new());
        let sleeper = clock.clone();
        let long = tokio::spawn(async move { sleeper.sleep(Duration::from_secs(3600)).await });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(3601));
        tokio::time::timeout(Duration::from_secs(5), long)
            .await
            .unwrap()
            .unwrap();
    }
}
