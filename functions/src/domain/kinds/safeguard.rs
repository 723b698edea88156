//! What protects a resource itself, apart from its backups, and what a run says of it.

use serde::Serialize;

use crate::domain::resource::Resource;
use crate::domain::set::Reason;

/// A setting that protects a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Safeguard {
    /// It can be restored to any second of its recovery period.
    PointInTimeRecovery,
    /// AWS refuses to delete it.
    DeletionProtection,
}

impl Safeguard {
    /// As in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Safeguard::PointInTimeRecovery => "point-in-time recovery",
            Safeguard::DeletionProtection => "deletion protection",
        }
    }
}

/// Safeguards as in a sentence: `point-in-time recovery and deletion protection`.
pub fn words(safeguards: &[Safeguard]) -> String {
    let words: Vec<&str> = safeguards.iter().map(|safeguard| safeguard.words()).collect();
    words.join(" and ")
}

/// The stable names of the two warnings.
const TURNED_ON: &str = "ProtectionTurnedOn";
const NOT_PROTECTED: &str = "NotProtected";

/// The warning of a run that turned on what was off when the configuration was captured.
pub fn turned_on(resource: &Resource, safeguards: &[Safeguard]) -> Reason {
    let was = if safeguards.len() == 1 { "was" } else { "were" };
    Reason {
        subject: resource.name.clone(),
        error: TURNED_ON.to_owned(),
        message: format!(
            "{} of {} {was} off, and {was} turned on, as the descriptor's `protect` asks",
            words(safeguards),
            resource.target.identifier()
        ),
    }
}

/// The warning of a run that could not turn one on.
pub fn not_protected(resource: &Resource, safeguard: Safeguard, error: &str, why: &str) -> Reason {
    Reason {
        subject: resource.name.clone(),
        error: NOT_PROTECTED.to_owned(),
        message: format!(
            "{} of {} is off, and could not be turned on ({error}: {why})",
            safeguard.words(),
            resource.target.identifier()
        ),
    }
}

/// Whether one of these warnings is about a resource's safeguards.
pub fn is_told(resource: &str, warnings: &[Reason]) -> bool {
    let is_about = |warning: &Reason| [TURNED_ON, NOT_PROTECTED].contains(&warning.error.as_str());
    warnings
        .iter()
        .any(|warning| is_about(warning) && warning.subject == resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::resource;

    #[test]
    fn a_warning_names_what_was_off_and_whose() {
        use Safeguard::{DeletionProtection, PointInTimeRecovery};
        let rooms = resource("rooms");
        assert_eq!(
            turned_on(&rooms, &[PointInTimeRecovery, DeletionProtection]).message,
            "point-in-time recovery and deletion protection of hubs-rooms were off, and were turned on, as the descriptor's \
             `protect` asks"
        );
        let one = turned_on(&rooms, &[DeletionProtection]);
        assert!(
            one.message.starts_with("deletion protection of hubs-rooms was off"),
            "{one:?}"
        );
        let refused = not_protected(&rooms, PointInTimeRecovery, "AccessDenied", "no policy allows it");
        assert!(
            refused.message.ends_with("(AccessDenied: no policy allows it)"),
            "{refused:?}"
        );
        for warning in [one, refused] {
            let warnings = [warning];
            assert!(is_told("rooms", &warnings) && !is_told("users", &warnings));
        }
        assert!(!is_told("rooms", &[]));
    }
}
