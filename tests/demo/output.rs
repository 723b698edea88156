//! The output of the demo: what it is doing and how long that usually takes, commands and their output in short, and
//! on-call's messages in full.

use std::future::Future;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Result;
use holdfast_tests::emails::{Email, Emails};
use holdfast_tests::lab::{Lab, program};
use tokio::process::Command;

pub const DEPLOYMENT: &str = "hubs-demo";

/// Runs a part of the demo, and prints the seconds that it usually takes on 2 cores, and at its end those that it took.
pub async fn part<T>(what: &str, usually: u32, work: impl Future<Output = Result<T>>) -> Result<T> {
    println!("\n== {what} (usually {usually} s)");
    let started = Instant::now();
    let outcome = work.await?;
    println!("\n   took {:.0} s", started.elapsed().as_secs_f64());
    Ok(outcome)
}

/// Runs the operator's command and shows it; returns whether it succeeded.
pub async fn holdfast(lab: &Lab, arguments: &[&str]) -> Result<bool> {
    let mut command = command(lab, arguments);
    Ok(command.status().await?.success())
}

/// The same, but only the first `lines` are shown, and then what the rest is.
pub async fn holdfast_in_short(lab: &Lab, arguments: &[&str], lines: usize, rest: &str) -> Result<bool> {
    let ended = command(lab, arguments).stderr(Stdio::inherit()).output().await?;
    let said = String::from_utf8_lossy(&ended.stdout);
    said.lines().take(lines).for_each(|line| println!("{line}"));
    let left = said.lines().count().saturating_sub(lines);
    if left > 0 {
        println!("... and {left} lines more: {rest}");
    }
    Ok(ended.status.success())
}

fn command(lab: &Lab, arguments: &[&str]) -> Command {
    println!("\n$ holdfast {}", arguments.join(" "));
    let mut command = Command::new(program("holdfast"));
    command.args(arguments).envs(&lab.environment);
    command
}

/// Shows the next message as the person on call reads it.
pub async fn show(letters: &Emails) -> Result<Email> {
    let letter = letters.next().await?;
    println!("\n-- on-call got: {}\n", letter.subject);
    // A message begins with its subject.
    let text = letter.text.strip_prefix(letter.subject.as_str());
    let text = text.unwrap_or(&letter.text).trim();
    text.lines().for_each(|line| println!("   {line}"));
    println!();
    Ok(letter)
}
