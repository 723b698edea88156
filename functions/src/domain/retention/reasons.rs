//! Why a set is kept or expires, as text for the operator.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

/// A reason why a set is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum KeepReason {
    /// The set that a restore would use today.
    NewestSealed,
    /// The `number`th newest of the last `of`.
    Last { number: u32, of: u32 },
    /// The newest of its day, as 2026-11-20 (UTC).
    Daily { day: String, number: u32, of: u32 },
    /// The newest of its ISO week, as 2026-W47.
    Weekly { week: String, number: u32, of: u32 },
    /// The newest of its month, as 2026-11.
    Monthly { month: String, number: u32, of: u32 },
    /// Its run has not ended.
    Running,
    /// Failed sets are kept for some days, for whoever investigates the failure.
    FailedRecently { until: Timestamp },
    /// Nothing expires while nothing newer can replace it.
    NoNewerSealed,
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeepReason::NewestSealed => write!(f, "the newest sealed set"),
            KeepReason::Last { number, of } => write!(f, "last {number} of {of}"),
            KeepReason::Daily { day, number, of } => write!(f, "day {number} of {of} ({day})"),
            KeepReason::Weekly { week, number, of } => write!(f, "week {number} of {of} ({week})"),
            KeepReason::Monthly { month, number, of } => {
                write!(f, "month {number} of {of} ({month})")
            }
            KeepReason::Running => write!(f, "its run has not ended"),
            KeepReason::FailedRecently { until } => {
                write!(f, "failed, kept until {} UTC", until.strftime("%Y-%m-%d %H:%M"))
            }
            KeepReason::NoNewerSealed => write!(f, "no newer set is sealed"),
        }
    }
}

/// The reason why a set expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum ExpireReason {
    NoRuleKeepsIt,
    FailedLongEnough { days: u32 },
    DeletionUnfinished,
}

impl fmt::Display for ExpireReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpireReason::NoRuleKeepsIt => {
                write!(f, "no rule of the deployment's keep applies to it any longer")
            }
            ExpireReason::FailedLongEnough { days } => {
                write!(f, "failed more than {days} days ago, and a newer set is sealed")
            }
            ExpireReason::DeletionUnfinished => write!(f, "its deletion was started and has to be completed"),
        }
    }
}
