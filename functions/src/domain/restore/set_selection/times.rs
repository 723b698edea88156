//! Times and spans in the texts of a selection.

use jiff::Timestamp;

/// Whole seconds from one time to a later one; 0 where it is not later.
pub fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_second() - from.as_second()).unwrap_or(0)
}

pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The first whole second at or after a time: the earliest that an operator can write.
pub fn time_from(at: Timestamp) -> String {
    let second = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    time(Timestamp::from_second(second).unwrap_or(at))
}
