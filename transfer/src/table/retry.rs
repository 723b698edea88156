//! Requests are sent again when the table throttles or does not respond. The SDK retries nothing: its retries would hide from the
//! [`Pace`] that the table is busy.

use std::future::Future;
use std::time::Duration;

use super::clock;
use super::error::{Error, Result};
use super::pace::Pace;
use super::port::Refusal;

const FIRST_DELAY: Duration = Duration::from_millis(50);
/// While the table throttles: with one request at a time, longer delays leave capacity unused at the end of a scan by many machines.
const LONGEST_DELAY: Duration = Duration::from_secs(2);
/// While the endpoint does not respond.
const LONGEST_OUTAGE_DELAY: Duration = Duration::from_secs(20);
/// About ten minutes in which nothing at all succeeds.
const MOST_ATTEMPTS: u32 = 600;
/// About a minute in which the endpoint does not respond.
const MOST_UNAVAILABLE: u32 = 12;

/// Attempts of one request, or of one batch's remaining items.
#[derive(Debug, Default)]
pub struct Attempts {
    throttled: u32,
    unavailable: u32,
}

impl Attempts {
    /// Something was achieved: the count begins again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Waits before the next attempt: at random within a time that doubles, so that not all who were throttled come again at once.
    ///
    /// # Errors
    /// With what the last refusal said, when there were too many, or when another attempt is useless.
    pub async fn wait_after(&mut self, refusal: Refusal, doing: &str) -> Result<()> {
        clock::wait(self.delay_after(refusal, doing)?).await;
        Ok(())
    }

    fn delay_after(&mut self, refusal: Refusal, doing: &str) -> Result<Duration> {
        let (count, most, limit, said) = match refusal {
            Refusal::Throttled(said) => (&mut self.throttled, MOST_ATTEMPTS, LONGEST_DELAY, said),
            Refusal::Unavailable(said) => (&mut self.unavailable, MOST_UNAVAILABLE, LONGEST_OUTAGE_DELAY, said),
            Refusal::Invalid(said) => return Err(Error::Aws(format!("{doing}: {said}"))),
            Refusal::Final(error) => return Err(error),
        };
        *count += 1;
        if *count >= most {
            return Err(Error::Aws(format!(
                "{doing}: no success in {most} attempts, the last with: {said}. Run the command again when the table responds."
            )));
        }
        let longest = FIRST_DELAY.saturating_mul(1 << (*count - 1).min(16)).min(limit);
        Ok(longest.mul_f64(fastrand::f64()))
    }
}

/// Sends a request until it succeeds, at the table's pace.
///
/// # Errors
/// As [`Attempts::wait_after`].
pub async fn until_done<T, F>(pace: &Pace, doing: &str, send: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Refusal>>,
{
    let mut attempts = Attempts::default();
    loop {
        let permit = pace.permit().await;
        let refusal = match send().await {
            Ok(done) => {
                permit.succeeded();
                return Ok(done);
            }
            Err(refusal) => refusal,
        };
        match refusal {
            Refusal::Throttled(_) => permit.throttled(),
            _ => drop(permit),
        }
        attempts.wait_after(refusal, doing).await?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn delays_grow_to_their_limit_and_attempts_end() {
        let mut attempts = Attempts::default();
        for attempt in 1..MOST_ATTEMPTS {
            let delay = attempts
                .delay_after(Refusal::Throttled("slow down".into()), "reading")
                .unwrap();
            assert!(delay <= LONGEST_DELAY && delay <= FIRST_DELAY.saturating_mul(1 << (attempt - 1).min(16)));
        }
        let error = attempts
            .delay_after(Refusal::Throttled("slow down".into()), "reading")
            .unwrap_err();
        assert!(error.to_string().contains("slow down"), "{error}");
        attempts.reset();
        assert!(
            attempts
                .delay_after(Refusal::Throttled("slow down".into()), "reading")
                .is_ok()
        );
        assert!(attempts.delay_after(Refusal::Invalid("no".into()), "reading").is_err());
    }
}
