//! What every kind has to do, whatever it is of: each method twice, with each of AWS's answers lost in turn, with something in
//! the way that is not ours, with what belongs to another kind. A kind's part is the list of its answers; the registry runs the
//! suite for each of its lines.

mod backup;
mod restore;

use std::fmt::Debug;
use std::sync::Arc;

use aws_config::SdkConfig;

pub use self::backup::{BackupAnswers, run_backup};
pub use self::restore::{RestoreAnswers, run_restore};
use crate::error::{Class, Result};
use crate::kinds::Kind;
use crate::testing::replay::{Exchange, Replay};

/// The answers that one call meets.
pub type Script = fn() -> Vec<Exchange>;

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
        first: Script,
        second: Script,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) -> T {
        let (kind, replay) = self.play(both(first, second));
        let returned = call(kind.clone()).await.unwrap();
        assert_eq!(returned, call(kind).await.unwrap());
        replay.played();
        returned
    }

    /// As [`Replays::with_each_answer_lost_to`], for a call that returns the same whenever it is heard.
    async fn with_each_answer_lost<T: PartialEq + Debug>(
        self,
        script: Script,
        done: Script,
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
        script: Script,
        done: Script,
        writes: Option<&str>,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
        check: impl Fn(T, &str),
    ) {
        let actions: Vec<_> = script().iter().map(|exchange| exchange.action().to_owned()).collect();
        for (place, action) in actions.iter().enumerate() {
            let heard = script().into_iter().take(place);
            let lost = script().into_iter().skip(place).take(1).map(Exchange::lost);
            let is_done = actions[..=place].iter().any(|action| Some(action.as_str()) == writes);
            let next = if is_done { done() } else { script() };
            let (kind, replay) = self.play(heard.chain(lost).chain(next).collect());
            let error = call(kind.clone()).await.unwrap_err();
            assert_eq!(
                error.class(),
                Class::Transient,
                "the answer to {action} was lost: {error}"
            );
            check(call(kind).await.unwrap(), action);
            replay.played();
        }
    }
}

fn both(first: Script, second: Script) -> Vec<Exchange> {
    first().into_iter().chain(second()).collect()
}
