//! How many requests are under way at once: as many as the table takes.
//!
//! The limit doubles until the table first throttles, then grows by one for each round of requests, and is halved by each round in
//! which a request was throttled: additive increase, multiplicative decrease, as TCP finds the capacity of a line.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The limit of concurrent requests to a table, shared by all who send any.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    most: f64,
    under_way: usize,
    /// Requests of one round were sent under one limit: only the first of them that is throttled lowers it.
    round: u64,
    throttled_before: bool,
}

/// The permission for one request; ends when dropped.
#[derive(Debug)]
pub struct Permit {
    pace: Pace,
    round: u64,
}

impl Pace {
    /// Begins with `first` requests at once, and never has more than `most`.
    pub fn new(first: usize, most: usize) -> Self {
        let most = most.max(1) as f64;
        let state = State {
            limit: (first.max(1) as f64).min(most),
            most,
            under_way: 0,
            round: 0,
            throttled_before: false,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            freed: Notify::new(),
        }))
    }

    /// Waits until one more request may be sent.
    pub async fn permit(&self) -> Permit {
        loop {
            let freed = self.0.freed.notified();
            if let Some(permit) = self.try_permit() {
                return permit;
            }
            freed.await;
        }
    }

    fn try_permit(&self) -> Option<Permit> {
        let mut state = self.lock();
        if state.under_way as f64 >= state.limit.floor() {
            return None;
        }
        state.under_way += 1;
        let round = state.round;
        drop(state);
        // Whoever waits beside us may be allowed to send, too.
        self.0.freed.notify_one();
        Some(Permit {
            pace: self.clone(),
            round,
        })
    }

    #[cfg(test)]
    fn limit(&self) -> usize {
        self.lock().limit as usize
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The request had its response.
    pub fn succeeded(self) {
        let mut state = self.pace.lock();
        state.limit += if state.throttled_before { 1.0 / state.limit } else { 1.0 };
        state.limit = state.limit.min(state.most);
    }

    /// The request, or a part of it, was throttled.
    pub fn throttled(self) {
        let mut state = self.pace.lock();
        if self.round == state.round {
            state.limit = (state.limit / 2.0).max(1.0);
            state.round += 1;
            state.throttled_before = true;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pace.lock().under_way -= 1;
        self.pace.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fill(pace: &Pace) -> Vec<Permit> {
        std::iter::from_fn(|| pace.try_permit()).collect()
    }

    #[test]
    fn the_limit_doubles_until_the_first_throttling_then_grows_by_one_a_round() {
        let pace = Pace::new(2, 64);
        for expected in [2, 4, 8] {
            let round = fill(&pace);
            assert_eq!(round.len(), expected);
            round.into_iter().for_each(Permit::succeeded);
        }
        let round = fill(&pace);
        assert_eq!(round.len(), 16);
        round.into_iter().for_each(Permit::throttled);
        assert_eq!(pace.limit(), 8, "a round lowers the limit once");
        fill(&pace).into_iter().for_each(Permit::succeeded);
        assert_eq!(pace.limit(), 8);
        fill(&pace).into_iter().for_each(Permit::succeeded);
        assert!((9..=10).contains(&pace.limit()), "{}", pace.limit());
    }

    #[test]
    fn the_limit_stays_between_one_and_the_most() {
        let pace = Pace::new(4, 4);
        fill(&pace).into_iter().for_each(Permit::succeeded);
        assert_eq!(pace.limit(), 4);
        for _ in 0..5 {
            pace.try_permit().unwrap().throttled();
        }
        assert_eq!(fill(&pace).len(), 1);
    }

    #[tokio::test]
    async fn who_waits_is_let_through_when_a_request_ends() {
        let pace = Pace::new(1, 1);
        let first = pace.permit().await;
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { drop(pace.permit().await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        first.succeeded();
        waiting.await.unwrap();
    }
}
