//! How a run archives a table: what the machine `transfer` and its step `export-table` tell each other, and in how many parts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::job::{Failure, Run};
use super::table_archive::{ArchiveMethod, TableArchive};
use crate::error::{Error, Result};

const GIB: u64 = 1 << 30;

/// The largest table that one call of the step scans, and the size from which a table with point-in-time recovery is exported by
/// DynamoDB itself. One partition gives 3,000 read units a second, which are 12 MB with strongly consistent reads: 4 GiB take six minutes
/// of the fifteen that a function has, and reading them back one or two more. Below this size a scan is also the cheaper one: DynamoDB's
/// export costs 0.10 USD for each GB, a strongly consistent scan on demand about 0.03 USD; above it, an export costs the table nothing.
/// (Developer Guide, "Partitions and data distribution"; prices of us-east-1, 2026.)
pub const MOST_SCANNED_AT_ONCE: u64 = 4 * GIB;

/// What one of many calls scans, or reads back: with [`PARTS_AT_ONCE`] of them on one partition it still takes a call less than its time.
pub const PART_BYTES: u64 = GIB / 2;

/// Parts that are written at once: `MaxConcurrency` of the machine's map.
pub const PARTS_AT_ONCE: u32 = 16;

/// The most parts of an archive: their numbers are in the machine's state, which is limited to 256 KiB.
pub const MOST_PARTS: u32 = 2_000;

/// The largest table that is scanned: parts of [`MOST_SCANNED_AT_ONCE`].
pub const MOST_SCANNED: u64 = MOST_PARTS as u64 * MOST_SCANNED_AT_ONCE;

/// What is to be archived: the input of an execution of `transfer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRequest {
    pub run: Run,
    /// The resource's name.
    pub resource: String,
    pub table: String,
    pub archive: TableArchive,
    /// Of the keys, with its slash.
    pub prefix: String,
    /// When the table's backup was taken.
    pub at: Timestamp,
}

/// What is known of a table before it is archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFacts {
    /// As DynamoDB last measured it, about every six hours.
    pub bytes: u64,
    pub point_in_time_recovery: bool,
}

/// How a table is archived.
///
/// # Errors
/// `InvalidInput` for an export of a table without point-in-time recovery; `JobFailed` for one that is too large to be scanned.
pub fn choose_method(table: &str, archive: &TableArchive, facts: TableFacts) -> Result<ArchiveMethod> {
    let method = match archive.method {
        Some(ArchiveMethod::Export) if !facts.point_in_time_recovery => {
            return Err(Error::invalid(
                "archive.method",
                "\"export\"",
                format!(
                    "scan or nothing, because table {table} has no point-in-time recovery; or turn it on for the table"
                ),
            ));
        }
        Some(method) => method,
        None if facts.point_in_time_recovery && facts.bytes > MOST_SCANNED_AT_ONCE => ArchiveMethod::Export,
        None => ArchiveMethod::Scan,
    };
    if method == ArchiveMethod::Scan && facts.bytes > MOST_SCANNED {
        return Err(Error::JobFailed(format!(
            "archiving table {table}: it has {} GiB, and at most {} GiB are scanned. Turn on its point-in-time recovery, so that DynamoDB \
             exports it, or remove `archive` from the resource",
            facts.bytes / GIB,
            MOST_SCANNED / GIB
        )));
    }
    Ok(method)
}

/// The parts in which a table of this size is scanned, or an export of this size is read back.
pub fn parts_for(bytes: u64) -> u32 {
    match bytes {
        0..=MOST_SCANNED_AT_ONCE => 1,
        bytes => u32::try_from(bytes.div_ceil(PART_BYTES))
            .unwrap_or(u32::MAX)
            .min(MOST_PARTS),
    }
}

/// The order in which parts are begun: those that run at once are far from each other. Segments of a scan follow each other as the
/// table's partitions do, so neighbours would share the 3,000 read units of one partition.
pub fn spread(parts: u32) -> Vec<u32> {
    let stride = parts.div_ceil(PARTS_AT_ONCE).max(1);
    (0..stride)
        .flat_map(|first| (first..parts).step_by(stride as usize))
        .collect()
}

/// The read units a second of one of so many parts: those that run at once share the rate.
pub fn rate_of_part(archive: &TableArchive, parts: u32) -> Option<f64> {
    let sharing = parts.clamp(1, PARTS_AT_ONCE);
    archive.rate.map(|rate| f64::from(rate) / f64::from(sharing))
}

/// What was decided about an archive, kept by the machine between the calls of its step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum ExportPlan {
    Scan {
        began_at: Timestamp,
        parts: u32,
    },
    Export {
        /// `ExportArn`.
        export: String,
        /// In which its files are read back; known once it is complete.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parts: Option<u32>,
    },
}

/// What the machine's Choice branches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportStatus {
    /// DynamoDB exports: to be called again.
    InProgress,
    /// The listed parts are to be written or read back, each by a call of its own; then the step is called again.
    Parts,
    Succeeded,
    Failed,
}

/// The progress of an archive: the step's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportProgress {
    pub status: ExportStatus,
    /// Seconds to wait before the next call.
    pub wait_seconds: u64,
    pub plan: ExportPlan,
    /// Numbers of the parts that are left, from 0.
    pub parts: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Archived>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A complete archive, or one part of it: everything in it was read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    pub items: u64,
    /// As they are stored.
    pub file_bytes: u64,
    /// The digest of all items.
    pub sum: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    fn chosen(method: Option<ArchiveMethod>, bytes: u64, point_in_time_recovery: bool) -> Result<ArchiveMethod> {
        let facts = TableFacts {
            bytes,
            point_in_time_recovery,
        };
        choose_method("rooms", &TableArchive { method, rate: None }, facts)
    }

    #[test]
    fn dynamodb_exports_what_is_large_and_has_point_in_time_recovery() {
        use ArchiveMethod::{Export, Scan};

        for (asked, bytes, recovery, method) in [
            (None, 0, true, Scan),
            (None, MOST_SCANNED_AT_ONCE, true, Scan),
            (None, MOST_SCANNED_AT_ONCE + 1, true, Export),
            (None, MOST_SCANNED_AT_ONCE + 1, false, Scan),
            (None, u64::MAX, true, Export),
            (Some(Scan), MOST_SCANNED_AT_ONCE + 1, true, Scan),
            (Some(Export), 0, true, Export),
        ] {
            assert_eq!(
                chosen(asked, bytes, recovery).unwrap(),
                method,
                "{asked:?} {bytes} {recovery}"
            );
        }
        let error = chosen(Some(Export), 0, false).unwrap_err().to_string();
        assert!(error.contains("archive.method") && error.contains("rooms"), "{error}");
        let error = chosen(None, MOST_SCANNED + 1, false).unwrap_err().to_string();
        assert!(error.contains("point-in-time recovery"), "{error}");
        assert!(chosen(None, MOST_SCANNED, false).is_ok());
    }

    #[test]
    fn a_part_is_never_larger_than_what_one_call_scans() {
        assert_eq!((parts_for(0), parts_for(MOST_SCANNED_AT_ONCE)), (1, 1));
        for bytes in [MOST_SCANNED_AT_ONCE + 1, 40 * GIB, MOST_SCANNED] {
            let parts = u64::from(parts_for(bytes));
            assert!(parts > 1 && parts <= u64::from(MOST_PARTS));
            assert!(bytes / parts <= MOST_SCANNED_AT_ONCE, "{bytes} in {parts}");
        }
    }

    /// Of 8 partitions with as many segments each, those that run at once use every partition.
    #[test]
    fn parts_that_run_at_once_are_of_all_partitions() {
        for parts in [1, 2, 16, 17, 64, 1_000] {
            let order = spread(parts);
            assert_eq!(order.iter().copied().collect::<BTreeSet<u32>>(), (0..parts).collect());
            assert_eq!(order.len(), parts as usize);
        }
        let order = spread(64);
        for together in order.chunks(PARTS_AT_ONCE as usize) {
            let partitions: BTreeSet<u32> = together.iter().map(|number| number / 8).collect();
            assert_eq!(partitions.len(), 8, "{together:?}");
        }
    }

    #[test]
    fn parts_share_the_rate() {
        let archive = TableArchive {
            method: None,
            rate: Some(1_600),
        };
        assert_eq!(rate_of_part(&archive, 1), Some(1_600.0));
        assert_eq!(rate_of_part(&archive, 4), Some(400.0));
        assert_eq!(rate_of_part(&archive, 1_000), Some(100.0));
        assert_eq!(rate_of_part(&TableArchive::default(), 4), None);
    }
}
