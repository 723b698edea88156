//! Whether the copies of a restore may be removed, and why not: a decision without AWS.

use holdfast::domain::restore::leftovers::RestoreLeftovers;
use serde::Serialize;

/// What AWS says of one copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// It exists, with the restore's tag.
    Exists,
    /// There is none of its name any more.
    Gone,
    /// There is one of its name, but without the restore's tag.
    Foreign,
    /// That could not be checked, and why.
    Unknown(String),
}

/// Whether the copies of a restore may be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Removable,
    /// None of them exists any more: the removal only records that.
    Gone,
    /// They stay, for these reasons.
    Stay(Vec<String>),
}

/// A restore's copies, each with its state in AWS, and the verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreVerdict {
    pub left: RestoreLeftovers,
    /// One for each copy.
    pub states: Vec<CopyState>,
    pub verdict: Verdict,
    /// What could not be checked here, as text. The removal checks it with its own permissions.
    pub unchecked: Vec<String>,
}

impl RestoreVerdict {
    /// Whether `undo-restore` is started for it.
    pub fn is_removable(&self) -> bool {
        matches!(self.verdict, Verdict::Removable | Verdict::Gone)
    }
}

/// `users` are those that were found of the copies, as text.
pub fn verdict(deployment: &str, left: &RestoreLeftovers, states: &[CopyState], users: &[String]) -> Verdict {
    let mut reasons: Vec<String> = left
        .obstacle
        .iter()
        .map(|obstacle| obstacle.words(deployment, &left.restore))
        .collect();
    // Nothing is left that could be in use, or need a newer set.
    if states.iter().all(|state| *state == CopyState::Gone) && !left.is_open() {
        return Verdict::Gone;
    }
    reasons.extend(users.iter().cloned());
    let foreign = left
        .copies
        .iter()
        .zip(states)
        .filter(|(_, state)| **state == CopyState::Foreign);
    reasons.extend(foreign.map(|(left_over, _)| {
        format!(
            "{copy} has no tag holdfast:restore = {restore}, so it may be somebody else's: look at it. If the restore did create \
             it, add the tag; if it did not, `holdfast undo-restore {restore}` removes the others and leaves it",
            copy = left_over.copy,
            restore = left.restore
        )
    }));
    match reasons.is_empty() {
        true => Verdict::Removable,
        false => Verdict::Stay(reasons),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use holdfast::domain::restore::leftovers::Obstacle;

    use super::*;
    use crate::testing::leftovers::restored;

    fn of(obstacle: Option<Obstacle>, states: [CopyState; 2], users: &[&str]) -> Verdict {
        let users: Vec<String> = users.iter().map(|user| (*user).to_owned()).collect();
        verdict("hubs", &restored(obstacle), &states, &users)
    }

    #[test]
    fn what_nothing_uses_can_be_removed() {
        let unknown = CopyState::Unknown("not allowed".into());
        assert_eq!(of(None, [CopyState::Exists, unknown], &[]), Verdict::Removable);
        assert_eq!(of(None, [CopyState::Exists, CopyState::Gone], &[]), Verdict::Removable);
        let gone = [CopyState::Gone, CopyState::Gone];
        assert_eq!(of(None, gone.clone(), &[]), Verdict::Gone);
        assert_eq!(of(Some(Obstacle::NoNewerSet), gone, &[]), Verdict::Gone);
    }

    #[test]
    fn what_is_used_or_not_ours_or_too_new_stays_with_all_reasons() {
        let found = of(
            Some(Obstacle::NoNewerSet),
            [CopyState::Exists, CopyState::Foreign],
            &["cluster a is named by a service"],
        );
        let Verdict::Stay(reasons) = found else {
            panic!("{found:?}")
        };
        assert_eq!(reasons.len(), 3, "{reasons:?}");
        assert!(reasons[0].contains("holdfast backup hubs --watch"), "{reasons:?}");
        assert!(reasons[2].contains("table hubs-rooms-r1 has no tag"), "{reasons:?}");
    }

    #[test]
    fn a_restore_that_runs_stays_also_before_its_copies_are_seen() {
        for obstacle in [Obstacle::Running, Obstacle::Switching, Obstacle::InUse] {
            let found = of(Some(obstacle), [CopyState::Gone, CopyState::Gone], &[]);
            assert!(matches!(found, Verdict::Stay(_)), "{obstacle:?}: {found:?}");
        }
    }
}
