//! What a deployment's old leftovers add up to, for the nightly digest.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::copies::{Leftover, Obstacle, RestoreLeftovers};
use crate::domain::duration::friendly;
use crate::domain::kinds::upkeep::dollars_words;
use crate::domain::message::words;

/// Leftovers that are older than this are in the digest, in days.
pub const OLD_DAYS: i64 = 7;

/// The copies of one deployment's earlier restores that are older than [`OLD_DAYS`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftoverSummary {
    pub copies: usize,
    /// Of the copies whose size is known.
    pub size_bytes: u64,
    /// US dollars a month at list prices of us-east-1, of what has a known price.
    pub dollars: f64,
    /// Whether something has no known size or price.
    pub incomplete: bool,
    /// Seconds since the oldest was created.
    pub oldest_seconds: u64,
}

impl LeftoverSummary {
    /// As text; the command in backquotes.
    pub fn words(&self, deployment: &str) -> String {
        let (least, oldest) = (
            if self.incomplete { "at least " } else { "" },
            friendly(self.oldest_seconds),
        );
        let copies = match self.copies {
            1 => "1 copy".to_owned(),
            number => format!("{number} copies"),
        };
        let cost = match self.incomplete && self.dollars < 0.005 {
            true => "a cost that is not known".to_owned(),
            false => format!("{} a month (list price, us-east-1)", dollars_words(self.dollars)),
        };
        format!(
            "{deployment}: {copies}, the oldest {oldest} old, {least}{}, {cost}: `holdfast tidy {deployment}`",
            words::size(self.size_bytes)
        )
    }
}

/// `None` if nothing is old. What the application was switched to is no leftover, and what is still being restored is not yet one.
pub fn summary(found: &[RestoreLeftovers], now: Timestamp) -> Option<LeftoverSummary> {
    let is_left = |of: &&RestoreLeftovers| matches!(of.obstacle, None | Some(Obstacle::NoNewerSet));
    let age = |left: &Leftover| now.duration_since(left.created_at);
    let old: Vec<&Leftover> = found
        .iter()
        .filter(is_left)
        .flat_map(|of| &of.copies)
        .filter(|left| age(left) > SignedDuration::from_hours(24 * OLD_DAYS))
        .collect();
    let oldest = old.iter().map(|left| age(left).as_secs()).max()?;
    Some(LeftoverSummary {
        copies: old.len(),
        size_bytes: old.iter().filter_map(|left| left.size_bytes).sum(),
        dollars: old.iter().filter_map(|left| left.cost.dollars).sum(),
        incomplete: old
            .iter()
            .any(|left| left.size_bytes.is_none() || left.cost.dollars.is_none() || !left.cost.without.is_empty()),
        oldest_seconds: u64::try_from(oldest).unwrap_or(0),
    })
}
