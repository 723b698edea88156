//! Where a failure occurred: identified by its subject, which is a resource's name, a word and a name, or a state of the machine.

use crate::domain::machine::{Activity, Machine};

/// What Holdfast was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureLocation {
    /// Reading the request, the descriptor and what they name, before anything is touched.
    Plan,
    /// Asking on-call for approval.
    Approval,
    SafetyBackup,
    Hook,
    /// Counting rows or items.
    Probe,
    /// Backing up a resource.
    Capture,
    /// Checking a set and sealing it.
    Seal,
    /// Removing sets that are no longer kept.
    Prune,
    /// Restoring a resource.
    Copy,
    /// Logging in to a copy as the application will.
    Login,
    /// Comparing copies with what was backed up.
    Comparison,
    /// Checking that a switch refers to what is backed up.
    Reference,
    /// Switching the application to a copy.
    Switch,
    /// Switching it back.
    SwitchBack,
    /// Writing the copies' names into the descriptor.
    Descriptor,
    /// Removing what a restore created.
    Removal,
    /// Reading and writing the run's records.
    Record,
}

impl FailureLocation {
    /// Names of resources are in lower case (`domain::names::NAME_RULE`), names of states are not; only a word and a name have a
    /// space.
    pub fn of(machine: Machine, subject: &str) -> Self {
        match subject {
            "ListDueDeployments"
            | "PlanBackup"
            | "PlanRestore"
            | "PlanUndoCutOver"
            | "DescribeSecurityGroups"
            | "TakeDeployment" => FailureLocation::Plan,
            "AskApproval" | "AskCutOver" => FailureLocation::Approval,
            "BackUpDeployment" => FailureLocation::SafetyBackup,
            "Quiesce" | "Resume" | "FollowRestore" => FailureLocation::Hook,
            "TakeProbes" | "ListProbes" | "CountProbes" => FailureLocation::Probe,
            "StartBackups" | "PollStatus" => FailureLocation::Capture,
            "SealSet" | "set" | "backup" => FailureLocation::Seal,
            "PruneSets" => FailureLocation::Prune,
            "RestoreResources" => FailureLocation::Copy,
            "CheckLogins" => FailureLocation::Login,
            "CompareResources" | "VerifyRestore" => FailureLocation::Comparison,
            "CutOver" => FailureLocation::Switch,
            "UndoCutOver" | "undo-cut-over" => FailureLocation::SwitchBack,
            "descriptor" => FailureLocation::Descriptor,
            "UndoRestore" | "undo-restore" => FailureLocation::Removal,
            "catalog" | "EndRun" | "Notify" => FailureLocation::Record,
            _ => Self::of_word(machine, subject),
        }
    }

    fn of_word(machine: Machine, subject: &str) -> Self {
        match (subject.split_once(' ').map(|(word, _)| word), machine.activity()) {
            (Some("hook"), _) => FailureLocation::Hook,
            (Some("probe"), _) => FailureLocation::Probe,
            (Some("set"), _) => FailureLocation::Prune,
            (Some("switch"), Activity::BackUp) => FailureLocation::Reference,
            (Some("switch"), Activity::SwitchBack) => FailureLocation::SwitchBack,
            (Some("switch"), Activity::Restore | Activity::RemoveCopies) => FailureLocation::Switch,
            (_, Activity::BackUp) => FailureLocation::Capture,
            (_, Activity::Restore) => FailureLocation::Copy,
            (_, Activity::RemoveCopies) => FailureLocation::Removal,
            (_, Activity::SwitchBack) => FailureLocation::SwitchBack,
        }
    }

    /// As the heading of a table.
    #[cfg(test)]
    pub fn words(self) -> &'static str {
        match self {
            FailureLocation::Plan => "planning",
            FailureLocation::Approval => "asking for approval",
            FailureLocation::SafetyBackup => "the safety backup",
            FailureLocation::Hook => "a hook",
            FailureLocation::Probe => "a probe",
            FailureLocation::Capture => "backing up a resource",
            FailureLocation::Seal => "sealing the set",
            FailureLocation::Prune => "removing old sets",
            FailureLocation::Copy => "restoring a resource",
            FailureLocation::Login => "logging in to a copy",
            FailureLocation::Comparison => "comparing a copy",
            FailureLocation::Reference => "checking what a switch refers to",
            FailureLocation::Switch => "switching to a copy",
            FailureLocation::SwitchBack => "switching back",
            FailureLocation::Descriptor => "changing the descriptor",
            FailureLocation::Removal => "removing copies",
            FailureLocation::Record => "reading or writing the catalog",
        }
    }
}
