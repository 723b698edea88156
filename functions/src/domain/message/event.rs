//! What a message is about, and how urgent it is.

use serde::Serialize;

/// What a message is about; the message attribute `event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    BackupSealed,
    BackupFailed,
    /// Nothing was started: no such deployment, a faulty descriptor, another run in progress.
    BackupNotStarted,
    /// The execution ended without reaching its Notify: aborted, timed out, or failed.
    BackupEnded,
    /// An application that an earlier message reported as quiesced was resumed.
    BroughtBack,
    Nightly,
    /// A dry run: only a plan was requested.
    RestorePlanned,
    /// The machine waits for a person's approval.
    RestoreAsks,
    /// AWS has had no capacity for a copy for some time.
    RestoreWaits,
    /// The copies are verified; the application was not switched to them.
    RestoreVerified,
    /// The copies exist, and something about them could not be determined; the application was not switched to them.
    RestoreUnproven,
    /// The application uses the copies.
    RestoreCutOver,
    /// A person said no, or nobody answered in time.
    RestoreRejected,
    /// Nothing was started: an invalid request, something missing, another run in progress.
    RestoreNotStarted,
    RestoreFailed,
    /// The cut-over failed: the application may use some copies and some of what it used before.
    CutOverFailed,
    /// The execution ended without reaching its Notify: aborted, timed out, or failed.
    RestoreEnded,
    /// The copies that a restore created were removed.
    RestoreUndone,
    /// Something that a restore created could not be removed.
    UndoFailed,
    /// The application uses again what it used before the restore.
    CutOverUndone,
}

impl Event {
    pub fn as_str(self) -> &'static str {
        match self {
            Event::BackupSealed => "backup_sealed",
            Event::BackupFailed => "backup_failed",
            Event::BackupNotStarted => "backup_not_started",
            Event::BackupEnded => "backup_ended",
            Event::BroughtBack => "brought_back",
            Event::Nightly => "nightly",
            Event::RestorePlanned => "restore_planned",
            Event::RestoreAsks => "restore_asks",
            Event::RestoreWaits => "restore_waits",
            Event::RestoreVerified => "restore_verified",
            Event::RestoreUnproven => "restore_unproven",
            Event::RestoreCutOver => "restore_cut_over",
            Event::RestoreRejected => "restore_rejected",
            Event::RestoreNotStarted => "restore_not_started",
            Event::RestoreFailed => "restore_failed",
            Event::CutOverFailed => "cut_over_failed",
            Event::RestoreEnded => "restore_ended",
            Event::RestoreUndone => "restore_undone",
            Event::UndoFailed => "undo_failed",
            Event::CutOverUndone => "cut_over_undone",
        }
    }
}

/// How urgent a message is; the message attribute `severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing has to be done.
    Info,
    /// Look at it during the day.
    Warning,
    /// Look at it now.
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}
