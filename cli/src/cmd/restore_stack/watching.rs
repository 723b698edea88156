//! Waits until the new stack is created.

use std::time::Duration;

use holdfast::domain::restore::stack::creation::{Phase, phase};
use holdfast::domain::restore::stack::texts::by_hand;
use serde_json::json;

use super::prepared::Prepared;
use super::text;
use crate::cloudformation::{self, Stack as NewStack, creation};
use crate::failure::{Failure, Result};
use crate::stack::Stack;
use crate::{clock, output};

/// Between two looks: a stack takes minutes.
const PAUSE: Duration = Duration::from_secs(5);
/// Looks that may fail in a row: about five minutes.
const PATIENCE: usize = 60;

/// # Errors
/// `NotDone` if the creation failed, with the resources that did; `Stopped` on Ctrl-C; `Aws` if AWS does not respond for five minutes.
pub async fn follow(stack: &Stack, prepared: &Prepared, new: &NewStack, json: bool) -> Result<()> {
    let ended = tokio::select! {
        ended = ended(stack, &new.id) => ended?,
        stopped = tokio::signal::ctrl_c() => return Err(match stopped {
            Ok(()) => Failure::Stopped(format!("\nThe creation continues. {}", text::started(prepared, new))),
            Err(error) => Failure::NotDone(format!("waiting for Ctrl-C: {error}")),
        }),
    };
    if phase(&ended.status) == Phase::Failed {
        let causes = creation::failures(&stack.config, &ended.id).await?;
        return Err(Failure::NotDone(text::failed(prepared, &ended, &causes)));
    }
    match json {
        true => output::json(&json!({
            "deployment": prepared.deployment, "set": prepared.set.id, "stack": ended.id, "status": ended.status,
            "outputs": ended.outputs, "remarks": prepared.remarks,
            "by_hand": by_hand(&ended.name, &prepared.old, &prepared.filled, prepared.is_hubs),
        })),
        false => output::text(&text::created(prepared, &ended)),
    }
}

/// The stack once its creation has ended. By its ARN: its name may be another stack's by then.
async fn ended(stack: &Stack, id: &str) -> Result<NewStack> {
    let mut unanswered = 0;
    let mut shown = String::new();
    loop {
        match cloudformation::describe(&stack.config, id, "It was deleted.").await {
            Ok(found) if phase(&found.status) != Phase::InProgress => return Ok(found),
            Ok(found) => {
                unanswered = 0;
                if shown != found.status {
                    eprintln!("Stack {} is {}.", found.name, found.status);
                    shown = found.status;
                }
            }
            Err(Failure::Aws(message)) if unanswered < PATIENCE => {
                unanswered += 1;
                eprintln!("{message}");
            }
            Err(failure) => return Err(failure),
        }
        clock::wait(PAUSE).await;
    }
}
