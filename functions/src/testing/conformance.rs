//! The requirements for every kind: each method is called twice, with each of AWS's responses lost in turn, with a foreign resource
//! in the way, and with what belongs to another kind. A kind provides the list of responses; the registry runs the suite for each
//! of its lines.

mod backup;
mod planning;
mod recovery;
mod restore;

use std::fmt::Debug;
use std::sync::Arc;

use aws_config::SdkConfig;

pub use self::backup::{BackupAnswers, run_backup};
pub use self::planning::{PlanningAnswers, run_planning};
pub use self::recovery::{RecoveryAnswers, run_recovery};
pub use self::restore::{RestoreAnswers, run_restore};
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::domain::restore::plan::PlannedResource;
use crate::error::{Class, Result};
use crate::kinds::Kind;
use crate::testing::replay::{Exchange, Replay};

/// The exchanges of one call.
pub type Script = fn() -> Vec<Exchange>;

/// A resource and recovery point of one kind, which every other kind refuses.
pub struct Example {
    pub resource: Resource,
    pub point: RecoveryPoint,
    pub planned: PlannedResource,
}

impl Example {
    /// The example that a kind's own responses are about.
    pub fn of(backup: BackupAnswers, restore: RestoreAnswers) -> Self {
        Self {
            resource: backup.resource,
            point: backup.point,
            planned: restore.item.planned,
        }
    }
}

/// Replays scripts to a kind.
#[derive(Clone, Copy)]
struct Replays(fn(&SdkConfig) -> Arc<dyn Kind>);

impl Replays {
    fn play(self, script: Vec<Exchange>) -> (Arc<dyn Kind>, Replay) {
        let replay = Replay::new(script);
        ((self.0)(&replay.config()), replay)
    }

    /// Calls twice, and returns what both calls returned.
    async fn twice<T: PartialEq + Debug>(
        self,
        first: impl Fn() -> Vec<Exchange>,
        second: impl Fn() -> Vec<Exchange>,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) -> T {
        let (kind, replay) = self.play(both(first, second));
        let returned = call(kind.clone()).await.unwrap();
        assert_eq!(returned, call(kind).await.unwrap());
        replay.played();
        returned
    }

    /// Calls twice, and again with each response lost, if nothing changes between the calls. Returns what they returned.
    async fn repeatedly<T: PartialEq + Debug>(
        self,
        script: impl Fn() -> Vec<Exchange>,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) -> T {
        let returned = self.twice(&script, &script, &call).await;
        self.with_each_answer_lost(&script, &script, None, &call).await;
        returned
    }

    /// As [`Replays::with_each_answer_lost_to`], for a call that returns the same after each loss.
    async fn with_each_answer_lost<T: PartialEq + Debug>(
        self,
        script: impl Fn() -> Vec<Exchange>,
        done: impl Fn() -> Vec<Exchange>,
        writes: Option<&str>,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) {
        let (kind, replay) = self.play(script());
        let returned = call(kind).await.unwrap();
        replay.played();
        let check = |again: T, action: &str| assert_eq!(again, returned, "after the answer to {action} was lost");
        self.with_each_answer_lost_to(script, done, writes, call, check).await;
    }

    /// Cuts the connection at each response in turn. The call fails with a retryable error, and `check` gets what the next one
    /// returns. From the call `writes` on, AWS has performed the request, and the next call meets `done`.
    async fn with_each_answer_lost_to<T: Debug>(
        self,
        script: impl Fn() -> Vec<Exchange>,
        done: impl Fn() -> Vec<Exchange>,
        writes: Option<&str>,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
        check: impl Fn(T, &str),
    ) {
        let script = script();
        for (place, exchange) in script.iter().enumerate() {
            let is_done = script[..=place]
                .iter()
                .any(|exchange| Some(exchange.action()) == writes);
            let next = if is_done { &done() } else { &script };
            check(self.after_a_loss(&script, place, next, &call).await, exchange.action());
        }
    }

    /// What a call with the script `next` returns after one that lost the response at `place` of `script` and failed with a
    /// retryable error.
    async fn after_a_loss<T: Debug>(
        self,
        script: &[Exchange],
        place: usize,
        next: &[Exchange],
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) -> T {
        let lost = &script[place];
        let mut met = script[..place].to_vec();
        met.push(lost.clone().lost());
        met.extend_from_slice(next);
        let (kind, replay) = self.play(met);
        let error = call(kind.clone()).await.unwrap_err();
        assert_eq!(
            error.class(),
            Class::Transient,
            "the answer to {} was lost: {error}",
            lost.action()
        );
        let returned = call(kind).await.unwrap();
        replay.played();
        returned
    }
}

fn both(first: impl Fn() -> Vec<Exchange>, second: impl Fn() -> Vec<Exchange>) -> Vec<Exchange> {
    first().into_iter().chain(second()).collect()
}

/// What belongs to another kind is refused with a final error.
#[track_caller]
fn assert_refused<T: Debug>(returned: Result<T>) {
    let error = returned.unwrap_err();
    assert_eq!(error.name(), "InvalidInput", "{error}");
}
