//! A restore: its request, its plan, the outcome for each resource, and what was switched.

pub mod dependents;
pub mod descriptor_updates;
pub mod diff;
pub mod history;
pub mod infrastructure;
pub mod item;
pub mod kept_copies;
pub mod leftovers;
pub mod login;
pub mod matching;
pub mod members;
pub mod modes;
pub mod name_map;
pub mod naming;
pub mod plan;
pub mod plan_table;
pub mod remark;
pub mod removable;
pub mod request;
pub mod retained_backups;
pub mod schedule;
pub mod set_selection;
pub mod settings;
pub mod shortage;
pub mod stack;
pub mod stages;
pub mod switch_order;
pub mod switch_progress;
pub mod verdict;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::descriptor_updates::DescriptorChange;
use self::infrastructure::Infrastructure;
use self::login::LoginResult;
use self::plan::Plan;
use self::switch_progress::{SwitchRecord, SwitchState};
use self::verdict::Verification;
use super::job::Run;
use super::set::Reason;

/// The status of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreStatus {
    /// The plan exists; nothing is created yet.
    Planned,
    /// Copies are being created or verified.
    Running,
    /// The copies exist beside the live resources, which are unchanged.
    Restored,
    /// What the application uses is being switched to the copies.
    Switching,
    /// The application uses the copies.
    CutOver,
    /// The application was switched back; the copies still exist.
    SwitchedBack,
    /// Everything that the run created is being or was removed; see [`RestoreRecord::left`].
    Undone,
    /// It failed, and its copies are kept for inspection.
    Failed,
}

impl RestoreStatus {
    /// As text for people.
    pub fn words(self) -> &'static str {
        match self {
            RestoreStatus::Planned => "planned, nothing is created yet",
            RestoreStatus::Running => "copies are being created or verified",
            RestoreStatus::Restored => "restored, the copies exist beside the live resources",
            RestoreStatus::Switching => "BEING SWITCHED, the application may use some of each",
            RestoreStatus::CutOver => "cut over, the application uses the copies",
            RestoreStatus::SwitchedBack => "switched back, the copies still exist",
            RestoreStatus::Undone => "undone, its copies are removed",
            RestoreStatus::Failed => "failed, its copies are kept",
        }
    }
}

/// The catalog's record of one execution of `restore` (`RESTORE#<id>`); its resources are [`item::RestoreItem`]s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreRecord {
    pub id: String,
    pub deployment: String,
    /// ARN of the execution.
    pub execution: String,
    pub started_at: Timestamp,
    pub status: RestoreStatus,
    pub plan: Plan,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// The secrets, and their versions, that were tried on the copies: a cut-over requires that they are unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logins: Vec<LoginResult>,
    /// What was switched, in order; switching back uses it.
    #[serde(default)]
    pub switched: Vec<SwitchRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<Infrastructure>,
    /// The descriptor's changes that followed the cut-over, and are reverted with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed: Vec<DescriptorChange>,
    /// The question that the machine waits for a person to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Why it failed, one entry per resource or step.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// When its undo began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoing_at: Option<Timestamp>,
    /// When on-call was notified that it waits for capacity.
    #[serde(rename = "told_waiting_at", default, skip_serializing_if = "Option::is_none")]
    pub notified_of_wait_at: Option<Timestamp>,
    /// What an undo could not remove, and where it is.
    #[serde(default)]
    pub left: Vec<Reason>,
}

impl RestoreRecord {
    /// The record of a restore that was just planned.
    pub fn planned(run: &Run, plan: Plan) -> Self {
        Self {
            id: run.id.clone(),
            deployment: run.deployment.clone(),
            execution: run.execution.clone(),
            started_at: run.started_at,
            status: RestoreStatus::Planned,
            plan,
            verification: None,
            logins: Vec::new(),
            switched: Vec::new(),
            infrastructure: None,
            followed: Vec::new(),
            question: None,
            reasons: Vec::new(),
            undoing_at: None,
            notified_of_wait_at: None,
            left: Vec::new(),
        }
    }
}

impl RestoreRecord {
    /// The resources of which the application uses the live one despite the cut-over: those without a switch in the plan, and those
    /// whose switch was not carried out. Empty if the whole deployment was cut over.
    pub fn live(&self) -> Vec<String> {
        let mut live = self.plan.matching.live.clone();
        for switched in self.switched.iter().filter(|of| of.state != SwitchState::Done) {
            let name = switched.switch.item_name();
            if !live.contains(&name) {
                live.push(name);
            }
        }
        live
    }
}

/// A question that a person must answer before the machine continues.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub about: About,
    /// The Step Functions task token: anyone who has it can answer, so it is never shown or logged.
    pub token: String,
    pub asked_at: Timestamp,
    /// When no answer means no.
    pub until: Timestamp,
    /// When on-call was notified of the question; until then, the notification is retried.
    #[serde(rename = "told_at", default, skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<Timestamp>,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Question({:?}, until {})", self.about, self.until)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// May the plan be carried out?
    Plan,
    /// May the application be switched to the copies?
    CutOver,
}
