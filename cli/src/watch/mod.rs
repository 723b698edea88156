//! Following one execution: poll, show, wait, until it has ended.

mod failure_cause;
mod outcome;
pub mod restore;
mod screen;
pub mod snapshot;
mod view;
mod waiting;
mod watched_run;

use std::time::Duration;

use crate::clock;
use crate::failure::{Failure, Result};
use crate::stack::Stack;
use screen::Screen;
use watched_run::WatchedRun;

/// Polls that may fail in a row: about five minutes.
const PATIENCE: usize = 60;

/// Shows the progress of an execution of `backup`, and returns its result.
///
/// # Errors
/// `NotDone` when the backup failed; `NotFound` where there is no such execution; `Aws` when AWS refuses, or does not
/// respond for five minutes.
pub async fn follow(stack: &Stack, execution: &str, json: bool) -> Result<()> {
    let mut watched = WatchedRun::new(stack, execution).await?;
    let mut screen = Screen::new(json);
    let mut unanswered = 0;
    for looks in 0.. {
        match watched.look().await {
            Ok(look) => {
                unanswered = 0;
                if look.has_ended() {
                    let now = clock::now();
                    // The end is shown with its own time.
                    screen.show(&view::view(&look, look.stopped_at.unwrap_or(now)))?;
                    return screen.end(&look, now);
                }
                // The table's times are updated between polls.
                for _ in 0..pause(looks) {
                    screen.show(&view::view(&look, clock::now()))?;
                    clock::wait(Duration::from_secs(1)).await;
                }
            }
            Err(Failure::Aws(message)) if unanswered < PATIENCE => {
                unanswered += 1;
                screen.note(&message);
                clock::wait(Duration::from_secs(5)).await;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Watches a run until `watching` ends, or the operator presses Ctrl-C.
///
/// # Errors
/// Those of `watching`; `Stopped` on Ctrl-C, with the command that watches the run again.
pub async fn interruptible<T>(stack: &Stack, execution: &str, watching: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = watching => done,
        stopped = tokio::signal::ctrl_c() => Err(match stopped {
            Ok(()) => Failure::Stopped(format!(
                "\nThe run continues. Watch it again: holdfast watch{} {execution}",
                stack.option
            )),
            Err(error) => Failure::NotDone(format!("waiting for Ctrl-C: {error}")),
        }),
    }
}

/// Seconds until the next poll: often at first, when much happens, then less.
fn pause(looks: usize) -> u64 {
    match looks {
        0..30 => 1,
        30..90 => 2,
        _ => 5,
    }
}

/// An execution's ARN, also from its name alone: its machine is `backup`.
pub fn execution_arn(execution: &str, backup_machine: &str) -> String {
    if execution.starts_with("arn:") {
        return execution.to_owned();
    }
    format!(
        "{}:{execution}",
        backup_machine.replacen(":stateMachine:", ":execution:", 1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_may_be_given_by_name() {
        let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-backup";
        let arn = "arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:20250131-hubs";
        assert_eq!(execution_arn("20250131-hubs", machine), arn);
        assert_eq!(execution_arn(arn, machine), arn);
    }
}
