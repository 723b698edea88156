//! From the lab's clock to the machine's: PostgreSQL records commits in the machine's time, a point-in-time restore
//! is requested in the lab's.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How far the lab's clock was ahead: each step is valid from a moment of the machine's clock on.
#[derive(Debug, Default)]
pub struct Timeline(Vec<(Timestamp, SignedDuration)>);

impl Timeline {
    /// Records the offset of the lab's clock at `real`, a moment of the machine's clock.
    pub fn observe(&mut self, real: Timestamp, offset: Duration) {
        let offset = SignedDuration::try_from(offset).unwrap_or(SignedDuration::MAX);
        if self.0.last().is_none_or(|(_, last)| *last != offset) {
            self.0.push((real, offset));
        }
    }

    /// The machine's time when the lab's clock showed `lab`; for a time that an advance jumped over, the moment of
    /// the jump.
    #[must_use]
    pub fn real(&self, lab: Timestamp) -> Timestamp {
        let minus = |offset: SignedDuration| lab.checked_sub(offset).unwrap_or(Timestamp::MIN);
        let begun = self
            .0
            .iter()
            .rposition(|(from, offset)| minus(*offset) >= *from)
            .unwrap_or(0);
        let Some((_, offset)) = self.0.get(begun) else {
            return lab;
        };
        let real = minus(*offset);
        match self.0.get(begun + 1) {
            Some((next, _)) => real.min(*next),
            None => real,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn finds_the_machine_time_before_within_and_after_a_jump() {
        let at = |s: i64| Timestamp::from_second(s).unwrap();
        let mut timeline = Timeline::default();
        timeline.observe(at(100), Duration::ZERO);
        timeline.observe(at(110), Duration::ZERO);
        timeline.observe(at(120), Duration::from_secs(3600));
        assert_eq!(timeline.real(at(115)), at(115));
        assert_eq!(timeline.real(at(1000)), at(120));
        assert_eq!(timeline.real(at(3600 + 130)), at(130));
        assert_eq!(timeline.real(at(50)), at(50));
        assert_eq!(Timeline::default().real(at(7)), at(7));
    }
}
