//! Where a failure arose: told by its subject, which is the name of a resource, a word and a name, or a state of the machine.

use crate::domain::machine::{Activity, Machine};

/// What Holdfast was at when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Reading the request, the descriptor and what they name, before anything is touched.
    Plan,
    /// Asking on-call for a word.
    Question,
    SafetyBackup,
    Hook,
    /// Counting rows or items.
    Probe,
    /// Backing up a resource.
    Capture,
    /// Judging a set and sealing it.
    Seal,
    /// Removing sets that are kept no longer.
    Prune,
    /// Restoring a resource.
    Copy,
    /// Logging in to a copy as the application will.
    Login,
    /// Comparing copies with what was backed up.
    Comparison,
    /// Looking whether a switch leads to what is backed up.
    Lead,
    /// Leading the application to a copy.
    Switch,
    /// Leading it back.
    SwitchBack,
    /// Writing the copies' names into the descriptor.
    Descriptor,
    /// Removing what a restore made.
    Removal,
    /// Reading and writing what is known of the run.
    Record,
}

impl Place {
    /// Names of resources are of lower case (`domain::names::NAME_RULE`), names of states are not, and only what stands behind a
    /// word has a space.
    pub fn of(machine: Machine, subject: &str) -> Self {
        match subject {
            "ListDueDeployments"
            | "PlanBackup"
            | "PlanRestore"
            | "PlanUndoCutOver"
            | "DescribeSecurityGroups"
            | "TakeDeployment" => Place::Plan,
            "AskApproval" | "AskCutOver" => Place::Question,
            "BackUpDeployment" => Place::SafetyBackup,
            "Quiesce" | "Resume" => Place::Hook,
            "TakeProbes" | "ListProbes" | "CountProbes" => Place::Probe,
            "StartBackups" | "PollStatus" => Place::Capture,
            "SealSet" | "set" | "backup" => Place::Seal,
            "PruneSets" => Place::Prune,
            "RestoreResources" => Place::Copy,
            "CheckLogins" => Place::Login,
            "CompareResources" | "VerifyRestore" => Place::Comparison,
            "CutOver" => Place::Switch,
            "UndoCutOver" | "undo-cut-over" => Place::SwitchBack,
            "descriptor" => Place::Descriptor,
            "UndoRestore" | "undo-restore" => Place::Removal,
            "catalog" | "EndRun" | "Notify" => Place::Record,
            _ => Self::of_word(machine, subject),
        }
    }

    fn of_word(machine: Machine, subject: &str) -> Self {
        match (subject.split_once(' ').map(|(word, _)| word), machine.activity()) {
            (Some("hook"), _) => Place::Hook,
            (Some("probe"), _) => Place::Probe,
            (Some("set"), _) => Place::Prune,
            (Some("switch"), Activity::BackUp) => Place::Lead,
            (Some("switch"), Activity::SwitchBack) => Place::SwitchBack,
            (Some("switch"), Activity::Restore | Activity::RemoveCopies) => Place::Switch,
            (_, Activity::BackUp) => Place::Capture,
            (_, Activity::Restore) => Place::Copy,
            (_, Activity::RemoveCopies) => Place::Removal,
            (_, Activity::SwitchBack) => Place::SwitchBack,
        }
    }

    /// As the heading of a table.
    #[cfg(test)]
    pub fn words(self) -> &'static str {
        match self {
            Place::Plan => "planning",
            Place::Question => "asking on-call",
            Place::SafetyBackup => "the safety backup",
            Place::Hook => "a hook",
            Place::Probe => "a probe",
            Place::Capture => "backing up a resource",
            Place::Seal => "sealing the set",
            Place::Prune => "removing old sets",
            Place::Copy => "restoring a resource",
            Place::Login => "logging in to a copy",
            Place::Comparison => "comparing a copy",
            Place::Lead => "looking where a switch leads",
            Place::Switch => "switching to a copy",
            Place::SwitchBack => "switching back",
            Place::Descriptor => "changing the descriptor",
            Place::Removal => "removing copies",
            Place::Record => "reading or writing the catalog",
        }
    }
}
