//! What to do about a failure: by its error's stable name *and* where it arose, since the same refusal means one thing of a
//! table and another of a probe's login.

mod location;
mod phrases;
mod retryable;
mod terminal;
#[cfg(test)]
pub(super) mod tests;

pub use location::FailureLocation;

use super::facts::LISTED;
use super::layout::NextStep;
use super::words;
use crate::domain::machine::Machine;
use crate::domain::set::Reason;

/// Subjects of one step that are named.
const NAMED: usize = 4;

/// One step for each cause, with all that it was seen of; in the order of the reasons.
pub fn steps(machine: Machine, reasons: &[Reason], deployment: &str) -> Vec<NextStep> {
    let mut causes: Vec<(String, Vec<String>)> = Vec::new();
    for reason in reasons {
        let place = FailureLocation::of(machine, &reason.subject);
        let remedy = remedy(&words::name(&reason.error), place, deployment);
        let subject = words::name(&reason.subject);
        match causes.iter_mut().find(|(known, _)| *known == remedy) {
            Some((_, subjects)) if subjects.contains(&subject) => {}
            Some((_, subjects)) => subjects.push(subject),
            None => causes.push((remedy, vec![subject])),
        }
    }
    let steps = causes.into_iter().take(LISTED).map(|(remedy, subjects)| {
        let more = match subjects.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = subjects[..subjects.len().min(NAMED)].join(", ");
        NextStep::say(format!("{named}{more}: {remedy}"))
    });
    steps.collect()
}

/// What to do about an error that arose in a place. Never more than the error and the place tell: what exactly was refused, or
/// is missing, the reason itself says. Nothing is to be removed, and no secret to be changed, of which that alone does not tell
/// that it may be.
pub fn remedy(error: &str, place: FailureLocation, deployment: &str) -> String {
    let remedy = match error {
        "CopiesLeftOut" => return left_out(deployment),
        "NotSampled" => NOT_SAMPLED,
        "NotCaptured" => NOT_CAPTURED,
        "SnapshotsRunOut" => {
            "nothing has to be done tonight. Within the week ask for a higher quota of manual DB cluster snapshots in the Service Quotas \
             console, or keep fewer sets (`keep` in the descriptors)."
        }
        _ if place == FailureLocation::SafetyBackup => SAFETY_BACKUP,
        "DeploymentBusy" => return busy(deployment),
        "States.Timeout" | "States.HeartbeatTimeout" if place == FailureLocation::Question => {
            "nobody answered in time, which means no: nothing was done."
        }
        "Throttled" => retryable::throttled(place),
        "Unavailable" | "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => {
            retryable::unanswered(place)
        }
        "NotReady" => retryable::not_ready(place),
        "QuotaExceeded" => retryable::over_quota(place),
        "InvalidInput" => terminal::invalid(place),
        "NotFound" => return terminal::missing(place, deployment),
        "AccessDenied" => terminal::refused(place),
        "Conflict" => terminal::in_the_way(place),
        "JobFailed" => terminal::ended_early(place),
        "DeadlineExceeded" => terminal::late(place),
        "VerificationFailed" => return terminal::unexpected(place, deployment),
        "States.DataLimitExceeded"
            if matches!(
                place,
                FailureLocation::Plan | FailureLocation::Capture | FailureLocation::Copy | FailureLocation::Comparison
            ) =>
        {
            TOO_MUCH
        }
        "States.Permissions" => {
            "somebody changed the state machine's role, or a policy of the organization forbids it; the error names the action. By day, \
             deploy the same version again. An application that may be half-switched comes first: lead it to one side by hand."
        }
        error if error.starts_with("Ec2.") && place == FailureLocation::Plan => {
            "a security group that a copy needs is gone, or may not be looked at; the reason names it. Create one, and \
             lead the source to it before the next backup; until then leave the resource out with --except, or see what the role of the \
             state machine may do."
        }
        error if error.starts_with("Lambda.") || error.starts_with("Runtime.") => {
            "the step's function broke, or Lambda could not run it. Its log, linked in the execution, says more."
        }
        _ => "no advice is known for this error. The state in the execution, linked below, says more.",
    };
    remedy.to_owned()
}

const NOT_SAMPLED: &str = "nothing has to be done now: this set can be restored, but its copy's content cannot be compared with it. By day, \
    mend what kept it from being read, which the reason names (a file system: see that its function of infra/efs-access.yaml can \
    mount it). Remove nothing.";
const NOT_CAPTURED: &str = "nothing has to be done now: this set can be restored, and what the reason names has to be put back by hand then. By day, \
    mend what kept AWS from telling it, so that the next set has it.";
const SAFETY_BACKUP: &str = "nothing was restored. Do what the safety backup's own message says, then start the restore again; without \
    `safety_backup` only if what is there now may be lost.";
const TOO_MUCH: &str = "what the run carries outgrew the 256 KiB of Step Functions. Split the deployment into several with fewer resources; \
    or restore fewer at a time with --only, which leaves it with data of two moments.";
fn busy(deployment: &str) -> String {
    format!(
        "another run of {deployment} is under way; the reason names it. Wait for its own message (one that waits for an answer: \
         `holdfast restores {deployment}`); this one is needed only if that one was of another kind, or failed."
    )
}

fn left_out(deployment: &str) -> String {
    format!(
        "see whether the application uses any of these tables. One that it uses IS NOT BACKED UP: name it in a switch of the descriptor \
         (`table`), then `holdfast apply FILE`. Those of a restore that nothing uses any more are removed by `holdfast undo-restore RUN`, \
         never by hand (`holdfast restores {deployment}` lists what made them)."
    )
}
