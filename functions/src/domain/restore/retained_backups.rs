//! What AWS keeps of a resource independently of the catalog: its continuous backup, and backups that outlive it.

use jiff::Timestamp;

use crate::domain::kinds::Stateful;
use crate::domain::restore::plan::Source;
use crate::domain::restore::set_selection::RecoveryWindow;

/// A continuous backup.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuousBackup {
    pub window: RecoveryWindow,
    /// As of its latest restorable moment.
    pub source: Source,
}

/// A backup of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RetainedBackup {
    pub source: Source,
    /// The moment whose data it holds.
    pub captured_at: Timestamp,
    pub size_bytes: Option<u64>,
}

/// The backups found without the catalog.
#[derive(Debug, Clone, PartialEq)]
pub enum RetainedBackups {
    /// For each resource by identifier (for a pattern, each match): the newest backup that is early enough, or what is missing, as
    /// text.
    Found(Vec<(String, Result<RetainedBackup, String>)>),
    /// AWS retains nothing of this kind that could be found; why.
    NotRetained(&'static str),
}

impl ContinuousBackup {
    /// The newest backup not after `before`; `None` if the window begins later.
    pub fn newest(self, kind: &dyn Stateful, before: Option<Timestamp>) -> Option<RetainedBackup> {
        let RecoveryWindow { earliest, latest } = self.window;
        let (source, captured_at) = match before {
            Some(before) if before < earliest => return None,
            Some(before) if before < latest => (kind.as_of(self.source, before), before),
            _ => (self.source, latest),
        };
        Some(RetainedBackup {
            source,
            captured_at,
            size_bytes: None,
        })
    }
}

/// The newest backup not after `before`.
pub fn newest(backups: impl IntoIterator<Item = RetainedBackup>, before: Option<Timestamp>) -> Option<RetainedBackup> {
    let early_enough = |backup: &RetainedBackup| before.is_none_or(|before| backup.captured_at <= before);
    backups
        .into_iter()
        .filter(early_enough)
        .max_by_key(|backup| backup.captured_at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::kinds::dynamodb::DynamoDb;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + 60 * minute).unwrap()
    }

    #[test]
    fn a_continuous_backup_comes_to_the_moment_or_to_its_latest() {
        let table = |minute: i64| Source::TableAt {
            table: "rooms".to_owned(),
            at: at(minute),
        };
        let backup = ContinuousBackup {
            window: RecoveryWindow {
                earliest: at(0),
                latest: at(60),
            },
            source: table(60),
        };
        for (before, restored_to) in [(None, 60), (Some(90), 60), (Some(60), 60), (Some(30), 30), (Some(0), 0)] {
            let newest = backup.clone().newest(&DynamoDb, before.map(at)).unwrap();
            assert_eq!(
                (newest.source, newest.captured_at),
                (table(restored_to), at(restored_to)),
                "{before:?}"
            );
        }
        assert_eq!(backup.newest(&DynamoDb, Some(at(-1))), None);
    }

    #[test]
    fn the_newest_that_is_early_enough_is_taken() {
        let backup = |minute: i64| RetainedBackup {
            source: Source::TableBackup {
                arn: format!("arn:{minute}"),
            },
            captured_at: at(minute),
            size_bytes: None,
        };
        let backups = || [backup(1), backup(3), backup(2)];
        assert_eq!(newest(backups(), None), Some(backup(3)));
        assert_eq!(newest(backups(), Some(at(2))), Some(backup(2)));
        assert_eq!(newest(backups(), Some(at(0))), None);
    }
}
