//! A restore as the catalog has it.

use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;

/// A restore, its items, and whether it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRestore {
    pub record: RestoreRecord,
    pub items: Vec<RestoreItem>,
    /// Whether its execution has ended.
    pub has_ended: bool,
}
