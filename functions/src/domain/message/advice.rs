//! What to do about a failure: by its error's stable name *and* where it occurred, since the same refusal means one thing for a
//! table and another for a probe's login.

mod location;
mod phrases;
mod retryable;
mod terminal;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod troubleshooting;

pub use location::FailureLocation;

use super::facts::LISTED;
use super::layout::NextStep;
use super::words;
use crate::domain::machine::Machine;
use crate::domain::set::Reason;

/// How many subjects one step names.
const NAMED: usize = 4;

/// One step for each cause, with all its subjects; in the order of the reasons.
pub fn steps(machine: Machine, reasons: &[Reason], deployment: &str) -> Vec<NextStep> {
    let mut causes: Vec<(String, Vec<String>)> = Vec::new();
    for reason in reasons {
        let location = FailureLocation::of(machine, &reason.subject);
        let remedy = remedy(&words::name(&reason.error), location, deployment);
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

/// What to do about an error that occurred at a location. Never more than these two imply: the reason itself says what exactly was
/// refused, or is missing. No advice to remove something, or to change a secret, unless these two alone show that it is safe.
pub fn remedy(error: &str, location: FailureLocation, deployment: &str) -> String {
    let remedy = match error {
        "CopiesLeftOut" => return left_out(deployment),
        "NotSampled" => NOT_SAMPLED,
        "NotCaptured" => NOT_CAPTURED,
        "ProtectionTurnedOn" => TURNED_ON,
        "NotProtected" => return not_protected(deployment),
        "InNoSet" => return in_no_set(deployment),
        "SnapshotsRunOut" => {
            "nothing has to be done tonight. Within the week request a higher quota of what the reason counts in the Service Quotas \
             console, or keep fewer sets (`keep` in the descriptors)."
        }
        _ if location == FailureLocation::SafetyBackup => SAFETY_BACKUP,
        "DeploymentBusy" => return busy(deployment),
        "States.Timeout" | "States.HeartbeatTimeout" if location == FailureLocation::Approval => {
            "nobody answered in time, which counts as no: nothing was done."
        }
        "Throttled" => retryable::throttled(location),
        "Unavailable" | "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => {
            retryable::unavailable(location)
        }
        "NotReady" => retryable::not_ready(location),
        "QuotaExceeded" => retryable::quota_exceeded(location),
        "InvalidInput" => terminal::invalid_input(location),
        "NotFound" => return terminal::not_found(location, deployment),
        "AccessDenied" => terminal::access_denied(location),
        "Conflict" => terminal::conflict(location),
        "JobFailed" => terminal::job_failed(location),
        "DeadlineExceeded" => terminal::deadline_exceeded(location),
        "VerificationFailed" => return terminal::verification_failed(location, deployment),
        "States.DataLimitExceeded"
            if matches!(
                location,
                FailureLocation::Plan | FailureLocation::Capture | FailureLocation::Copy | FailureLocation::Comparison
            ) =>
        {
            TOO_MUCH
        }
        "States.Permissions" => {
            "somebody changed the state machine's role, or a policy of the organization denies the action, which the error names. \
             During the day, deploy the same version again. An application that may be half-switched has priority: switch it to \
             one side by hand."
        }
        error if error.starts_with("Ec2.") && location == FailureLocation::Plan => {
            "a security group that a copy needs does not exist, or may not be described; the reason names it. Create one, and use \
             it for the source before the next backup; until then leave the resource out with --except, or check the permissions \
             of the state machine's role."
        }
        error if error.starts_with("Lambda.") || error.starts_with("Runtime.") => {
            "the step's function crashed, or Lambda could not run it. Its log, linked in the execution, shows why."
        }
        _ => "no advice is known for this error. The state in the execution, linked below, shows more.",
    };
    remedy.to_owned()
}

const NOT_SAMPLED: &str = "nothing has to be done now: this set can be restored, but the content of its copy cannot be compared \
    with it. During the day, fix what kept it from being read, which the reason names (for a file system: \
    check that its function of infra/efs-access.yaml can mount it). Remove nothing.";
const NOT_CAPTURED: &str = "nothing has to be done now: this set can be restored, but what the reason names then has to be put \
    back by hand. During the day, fix what kept AWS from returning it, so that the next set has it.";
const TURNED_ON: &str = "nothing has to be done now. If they were on before, find out who turned them off: a template that does not have \
    them may turn them off at each of its deployments, so set them there too. Their window of point-in-time recovery begins now. AWS \
    charges for point-in-time recovery by a table's size.";
const SAFETY_BACKUP: &str = "nothing was restored. Do what the safety backup's own message says, then start the restore again; \
    without `safety_backup` only if the present data may be lost.";
const TOO_MUCH: &str = "the run's state exceeds the 256 KiB that Step Functions allows. Split the deployment into several with \
    fewer resources; or restore fewer at a time with --only, which leaves it with data from two points in time.";
fn busy(deployment: &str) -> String {
    format!(
        "another run of {deployment} is in progress; the reason names it. Wait for its own message (`holdfast restores \
         {deployment}` lists a restore that waits for an answer); start this one again only if that one was of another kind, or \
         failed."
    )
}

fn not_protected(deployment: &str) -> String {
    format!(
        "the set is not affected, and the next backup tries again. If AWS denied it, let the stack's ProtectedTablePattern match the \
         table, or turn it on yourself: `holdfast protect {deployment}`. If another change of the table was in progress, nothing has \
         to be done."
    )
}

fn in_no_set(deployment: &str) -> String {
    format!(
        "what belongs to the deployment IS NOT BACKED UP: add it to the descriptor, then `holdfast apply FILE`. If it belongs to \
         something else, describe that in a descriptor of its own, or narrow `covers`. To see all that differs: `holdfast diff \
         {deployment}`."
    )
}

fn left_out(deployment: &str) -> String {
    format!(
        "check whether the application uses any of these tables. A table that it uses IS NOT BACKED UP: name it in a switch of the \
         descriptor (`table`), then `holdfast apply FILE`. The copies of a restore that nothing uses any more are removed by \
         `holdfast undo-restore RUN`, never by hand (`holdfast restores {deployment}` lists the restores that created them)."
    )
}
