//! What every kind has to do, whatever it is of: each method twice, with each of AWS's answers lost in turn, with something in
//! the way that is not ours, with what belongs to another kind. A kind's part is the list of its answers; the registry runs the
//! suite for each of its lines.

mod backup;
mod recovery;
mod restore;

use std::fmt::Debug;
use std::sync::Arc;

use aws_config::SdkConfig;

pub use self::backup::{BackupAnswers, run_backup};
pub use self::recovery::{RecoveryAnswers, run_recovery};
pub use self::restore::{RestoreAnswers, run_restore};
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::domain::restore::plan::PlannedResource;
use crate::error::{Class, Result};
use crate::kinds::Kind;
use crate::testing::replay::{Exchange, Replay};

/// The answers that one call meets.
pub type Script = fn() -> Vec<Exchange>;

/// What belongs to one kind, and is refused by every other.
pub struct Example {
    pub resource: Resource,
    pub point: RecoveryPoint,
    pub planned: PlannedResource,
}

impl Example {
    /// What a kind's own answers are about.
    pub fn of(backup: BackupAnswers, restore: RestoreAnswers) -> Self {
        Self {
            resource: backup.resource,
            point: backup.point,
            planned: restore.item.planned,
        }
    }
}

/// Plays scripts to a kind.
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

    /// Calls twice, and again with each answer lost, where nothing changes between the calls. Returns what they returned.
    async fn repeatedly<T: PartialEq + Debug>(
        self,
        script: impl Fn() -> Vec<Exchange>,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) -> T {
        let returned = self.twice(&script, &script, &call).await;
        self.with_each_answer_lost(&script, &script, None, &call).await;
        returned
    }

    /// As [`Replays::with_each_answer_lost_to`], for a call that returns the same whenever it is heard.
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

    /// Cuts the connection at each answer in turn. The call fails so that it is tried again, and `check` sees what the next one
    /// returns. From the call `writes` on, AWS has done what it was asked for, and the next one meets `done`.
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

    /// What a call returns that meets `next`, after one that lost the answer at `place` of `script` and failed so that it is tried
    /// again.
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

/// What belongs to another kind is refused for good.
#[track_caller]
fn assert_refused<T: Debug>(returned: Result<T>) {
    let error = returned.unwrap_err();
    assert_eq!(error.name(), "InvalidInput", "{error}");
}
