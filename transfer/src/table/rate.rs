//! The rate that the user allows, in capacity units a second, so that an application that uses the same table is not starved.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::clock;

/// A budget that is filled with so many capacity units a second, and holds those of one second at most. A request may overdraw it,
/// because what a request consumes is only known afterwards; the next one waits until the debt is paid.
#[derive(Debug, Clone)]
pub struct Rate(Option<Arc<Budget>>);

#[derive(Debug)]
struct Budget {
    units_per_second: f64,
    state: Mutex<(f64, Instant)>,
}

impl Rate {
    /// `None` is no limit.
    pub fn new(units_per_second: Option<f64>) -> Self {
        Self(units_per_second.map(|units_per_second| {
            let state = Mutex::new((0.0, clock::now()));
            Arc::new(Budget {
                units_per_second,
                state,
            })
        }))
    }

    /// Waits until the budget allows a request that is expected to consume so many units, which it pays.
    pub async fn pay(&self, units: f64) {
        if let Some(budget) = &self.0 {
            let delay = budget.pay(units, clock::now());
            if !delay.is_zero() {
                clock::wait(delay).await;
            }
        }
    }

    /// Corrects what was paid by what the request consumed.
    pub fn correct(&self, paid: f64, consumed: f64) {
        if let Some(budget) = &self.0 {
            budget.state.lock().unwrap_or_else(PoisonError::into_inner).0 += paid - consumed;
        }
    }
}

impl Budget {
    /// Pays, and returns how long the payer has to wait: until the debt that it found is paid.
    fn pay(&self, units: f64, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (balance, since) = *state;
        let earned = now.saturating_duration_since(since).as_secs_f64() * self.units_per_second;
        let balance = (balance + earned).min(self.units_per_second);
        *state = (balance - units, now.max(since));
        Duration::from_secs_f64((-balance / self.units_per_second).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// 60 seconds of requests that each wait as they are asked to.
    #[test]
    fn consumption_stays_at_the_rate_whatever_a_request_costs() {
        for (rate, units) in [(100.0, 1.0), (100.0, 128.0), (3000.0, 128.0), (5.0, 128.0)] {
            let start = clock::now();
            let budget = Budget {
                units_per_second: rate,
                state: Mutex::new((0.0, start)),
            };
            let (mut elapsed, mut consumed) = (Duration::ZERO, 0.0);
            while elapsed < Duration::from_secs(60) {
                elapsed += budget.pay(units, start + elapsed);
                consumed += units;
            }
            let most = rate * elapsed.as_secs_f64() + rate + 2.0 * units;
            assert!(
                consumed <= most && consumed >= most * 0.5,
                "{rate} {units}: {consumed} in {elapsed:?}"
            );
        }
    }

    #[test]
    fn what_a_request_did_not_consume_is_returned() {
        let rate = Rate::new(Some(10.0));
        let budget = rate.0.clone().unwrap();
        let start = budget.state.lock().unwrap().1;
        assert_eq!(budget.pay(100.0, start), Duration::ZERO);
        rate.correct(100.0, 20.0);
        assert_eq!(budget.pay(1.0, start), Duration::from_secs(2));
    }
}
