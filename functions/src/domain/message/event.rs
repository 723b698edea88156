//! What a message is about, and how urgent it is.

use serde::Serialize;

/// What a message is about; the message attribute `event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    BackupSealed,
    BackupFailed,
    /// Nothing was begun: no such deployment, a faulty descriptor, another run under way.
    BackupNotStarted,
    /// The execution ended without reaching its own Notify: aborted, timed out, or broken.
    BackupEnded,
    /// An application that an earlier message called at rest is no longer.
    BroughtBack,
    Nightly,
    /// A plan that was only to be looked at.
    RestorePlanned,
    /// The machine waits for a person's word.
    RestoreAsks,
    /// AWS has no capacity for a copy, for some time now.
    RestoreWaits,
    /// The copies are proven, and stand beside what was there.
    RestoreVerified,
    /// The copies stand beside what was there, and something about them could not be told.
    RestoreUnproven,
    /// The application uses the copies.
    RestoreCutOver,
    /// A person said no, or nobody said anything in time.
    RestoreRejected,
    /// Nothing was begun: a wrong request, something that is missing, another run under way.
    RestoreNotStarted,
    RestoreFailed,
    /// The cut-over failed: the application may use some of each.
    CutOverFailed,
    /// The execution ended without reaching its own Notify: aborted, timed out, or broken.
    RestoreEnded,
    /// What a restore made was removed.
    RestoreUndone,
    /// Something that a restore made could not be removed.
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
    /// All is well.
    Info,
    /// Look at it by day.
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
