//! Whether the copies of a failed restore are kept.

use crate::domain::restore::item::{ItemStatus, RestoreItem};
use crate::domain::restore::verdict::{Check, Finding};

/// Whether what a failed restore created is kept: the only thing wrong is that AWS has no capacity.
pub fn keeps(items: &[RestoreItem], checks: &[Check]) -> bool {
    let kept = |item: &&RestoreItem| item.shortage.kept && item.status == ItemStatus::Failed;
    let kept: Vec<&str> = items
        .iter()
        .filter(kept)
        .map(|item| item.planned.resource.name.as_str())
        .collect();
    let mut differences = checks.iter().filter(|check| check.finding == Finding::Different);
    !kept.is_empty() && differences.all(|check| kept.contains(&check.name.as_str()))
}
