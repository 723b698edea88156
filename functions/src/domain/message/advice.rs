//! What to do about a failure: by its error's stable name *and* where it arose, since the same refusal means one thing of a
//! table and another of a probe's login.

mod place;
#[cfg(test)]
pub(super) mod tests;

pub use place::Place;

use super::facts::LISTED;
use super::layout::Step;
use super::words;
use crate::domain::machine::Machine;
use crate::domain::set::Reason;

/// Subjects of one step that are named.
const NAMED: usize = 4;

/// One step for each cause, with all that it was seen of; in the order of the reasons.
pub fn steps(machine: Machine, reasons: &[Reason], deployment: &str) -> Vec<Step> {
    let mut causes: Vec<(String, Vec<String>)> = Vec::new();
    for reason in reasons {
        let place = Place::of(machine, &reason.subject);
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
        Step::say(format!("{named}{more}: {remedy}"))
    });
    steps.collect()
}

/// What to do about an error that arose in a place. Never more than the error and the place tell: what exactly was refused, or
/// is missing, stands in the reason's own message.
pub fn remedy(error: &str, place: Place, deployment: &str) -> String {
    let remedy = match error {
        _ if place == Place::SafetyBackup => {
            "the safety backup failed; its own message says why. Remove the cause, or restore without `safety_backup`."
        }
        "DeploymentBusy" => {
            return format!(
                "another run of {deployment} is under way, and the message names it. Wait for its own message, then start this one again."
            );
        }
        "Throttled" => throttled(place),
        "Unavailable" | "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => unanswered(place),
        "NotReady" => not_ready(place),
        "QuotaExceeded" => return over_quota(place, deployment),
        "InvalidInput" => invalid(place),
        "NotFound" => return missing(place, deployment),
        "AccessDenied" => refused(place),
        "Conflict" => in_the_way(place),
        "JobFailed" => broken_off(place),
        "DeadlineExceeded" => late(place),
        "VerificationFailed" => return unexpected(place, deployment),
        "CopiesLeftOut" => {
            return format!(
                "remove the copies that are no longer needed (holdfast restores {deployment} lists what made them). One that the \
                 application uses, name in a switch of the descriptor (`table`), then holdfast apply FILE: until then it is not \
                 backed up."
            );
        }
        "NotSampled" => {
            "nothing has to be done to restore this set. So that the next one can be compared with its copy, remove what the message \
             names (of a file system: see that its function of infra/efs-access.yaml can mount it)."
        }
        "States.DataLimitExceeded" => {
            "the run's state outgrew the 256 KiB of Step Functions. Split the deployment into several with fewer resources; restore \
             fewer at a time with --only."
        }
        "States.Permissions" => {
            "the state machine's role refuses. Deploy the stack again; nothing of it should be changed by hand."
        }
        error if error.starts_with("Ec2.") => {
            "a security group that a copy needs is gone, or may not be looked at; the message names it. Create it again, or see \
             what the role of the state machine may do."
        }
        error if error.starts_with("Lambda.") || error.starts_with("Runtime.") => {
            "the step's function broke, or Lambda could not run it. Its log, linked in the execution, says more."
        }
        _ => "no advice is known for this error. The state in the execution, linked below, says more.",
    };
    remedy.to_owned()
}

fn throttled(place: Place) -> &'static str {
    match place {
        Place::Capture | Place::Seal | Place::Prune => {
            "AWS slowed the calls down for longer than they are tried again. Back up at a quieter time; when it comes back every \
             night, move the schedule or ask AWS for a higher rate."
        }
        Place::Hook => {
            "Lambda had no room to run the hook's function: its reserved concurrency, or the account's, is used up. Free some."
        }
        _ => "AWS slowed the calls down for longer than they are tried again. Start again in some minutes.",
    }
}

fn unanswered(place: Place) -> &'static str {
    match place {
        Place::Hook => "the hook's function did not answer in its time. Its log says what it was at.",
        Place::Probe | Place::Login => {
            "the database, or what leads to it, did not answer. See that the cluster is available and that its security group lets \
             the stack's VpcSubnetIds and VpcSecurityGroupIds in; else see https://health.aws.amazon.com/health/status."
        }
        Place::Question => {
            "on-call could not be asked in time. See https://health.aws.amazon.com/health/status, then start again."
        }
        _ => {
            "an AWS service, or the step's function, did not answer for longer than it is tried again. See \
             https://health.aws.amazon.com/health/status and the function's log, linked in the execution."
        }
    }
}

fn not_ready(place: Place) -> &'static str {
    match place {
        Place::Hook => {
            "the hook's function is being changed, or waits for its network. Wait until its console shows it active."
        }
        Place::Probe | Place::Login => {
            "the database is not ready for logins; the message says why. Wait until its console shows it available."
        }
        Place::Switch | Place::SwitchBack => {
            "what is to be switched stayed in a state in which it cannot be; the message names it. Wait until its console shows it \
             available."
        }
        Place::Removal => {
            "it stayed in a state in which it cannot be removed; the message names it. Try again when that has ended."
        }
        _ => {
            "it stayed in a state in which nothing can be done with it; the message names it. Wait until its console shows it available."
        }
    }
}

fn over_quota(place: Place, deployment: &str) -> String {
    let room = match place {
        Place::Copy | Place::Login | Place::Removal => {
            format!("copies of earlier restores (holdfast restores {deployment})")
        }
        Place::Capture | Place::Seal | Place::Prune => {
            format!("sets that are no longer needed (holdfast sets {deployment})")
        }
        _ => "what is no longer needed".to_owned(),
    };
    format!(
        "a quota of the account is used up; the message names it. Raise it in the Service Quotas console, or remove {room}."
    )
}

fn invalid(place: Place) -> &'static str {
    match place {
        Place::Plan | Place::Lead => {
            "correct what each line names: a field of the descriptor (then holdfast apply FILE), one of the execution's input, or \
             what it asks for in AWS."
        }
        Place::Hook => "correct the hook in the descriptor as the message says, then holdfast apply FILE.",
        Place::Probe => {
            "correct the probe, or its secret, as the message says; the probe in the descriptor, then holdfast apply FILE."
        }
        Place::Login => "the secret holds no login as the message expects one. Correct its value.",
        Place::Switch | Place::SwitchBack => {
            "what is to be switched cannot be, for the reason in the message. Correct the switch in the descriptor, then holdfast apply FILE."
        }
        _ => {
            "correct what the message names, in the descriptor (then holdfast apply FILE), in the execution's input or in AWS."
        }
    }
}

fn missing(place: Place, deployment: &str) -> String {
    match place {
        Place::Plan => format!(
            "the message names what is not there. What there is: holdfast deployments, holdfast sets {deployment}, holdfast \
             restores {deployment}."
        ),
        Place::Capture => format!(
            "it is not there under the name that the descriptor has. If it was renamed or replaced, correct the descriptor, then \
             holdfast apply FILE; if it was deleted by mistake, see what a restore would bring back: holdfast restore {deployment} --dry-run."
        ),
        Place::Copy => format!(
            "what it is restored from, or needs, is gone; the message names it. Choose another set (holdfast sets {deployment}), or \
             leave it out with --except."
        ),
        Place::Hook => "the hook's function is not there. Deploy it, or correct the hook in the descriptor, then holdfast apply FILE.".to_owned(),
        Place::Probe => "what the probe names, a table or a secret, is not there. Correct the probe in the descriptor, then holdfast apply FILE.".to_owned(),
        Place::Login => "the secret that is to log in, or the copy, is not there; the message says which.".to_owned(),
        Place::Switch | Place::Lead => {
            "what is to be switched, or what it should lead to, is not there; the message names it. Correct the switch in the descriptor, then holdfast apply FILE."
                .to_owned()
        }
        Place::SwitchBack => {
            "what was used before the restore, or the switch itself, is gone; the message names it. It cannot be led back to: decide \
             by hand what this switch should lead to."
                .to_owned()
        }
        _ => "the message names what is not there. If somebody removed it by hand, the rest can be done by starting again.".to_owned(),
    }
}

fn refused(place: Place) -> &'static str {
    match place {
        Place::Hook => {
            "Holdfast may not call the hook's function: its name has to match the stack's parameter HookFunctionPattern (see also \
             the function's own policy)."
        }
        Place::Probe => {
            "the database, or Secrets Manager, refuses the probe; the message says which. A wrong password: write the right one into \
             the probe's secret. A missing right: grant it to the probe's user. A secret that may not be read: SecretPattern, or its key's policy."
        }
        Place::Login => {
            "the copy refuses a login that the application would use, or Secrets Manager the secret; the message says which. See \
             that the secret holds what the database expects."
        }
        Place::Switch | Place::SwitchBack | Place::Lead => {
            "Holdfast may not look at it, or change it: the message names the action. It has to match the stack's SecretPattern, \
             ParameterPattern, EcsServicePattern or ClusterPattern, and its key's policy has to allow it."
        }
        Place::Question => {
            "on-call could not be told: the topic, or its key, refuses. See the topic's policy and the stack's TopicPattern."
        }
        Place::Removal | Place::Prune => {
            "it may not be removed: a lock, deletion protection, a policy or a tag that is not ours; the message names it."
        }
        Place::Record => "the catalog refuses; the message names the action. See the policy of the table's key.",
        _ => {
            "AWS refuses; the message names the action and what it was asked of. Most often the policy of a key or a vault has \
             changed, or the name is outside the stack's patterns (ClusterPattern, TablePattern, FileSystemPattern, VaultPattern)."
        }
    }
}

fn in_the_way(place: Place) -> &'static str {
    match place {
        Place::Capture => {
            "something that is not ours bears the name that this backup needs; the message names it. Rename or remove it."
        }
        Place::Copy => {
            "something that is not of this restore bears the name that the copy needs; the message names it. Restore again with \
             another --suffix."
        }
        Place::Switch | Place::SwitchBack => {
            "somebody else changed what was to be switched; the message names it, and it stays as it is. See who changes it, then do \
             what the message says."
        }
        Place::Removal => "it is in use, or may be; the message names by whom, and what to do about each.",
        Place::Login => {
            "the secret was changed while the copy was being looked at. Start again, once nothing rotates it."
        }
        Place::Plan | Place::Question | Place::Seal | Place::Record => {
            "the run had ended, or another had taken its place, before this step came; the message says which. Start a new one."
        }
        _ => "somebody else changed it meanwhile; the message says what. See who does, then start again.",
    }
}

fn broken_off(place: Place) -> &'static str {
    match place {
        Place::Hook => "the hook's function failed; its log and the message say why. Correct it.",
        Place::Seal => "the set has nothing to restore from; the message says why.",
        Place::Switch | Place::SwitchBack => {
            "AWS refused the switch, or could not carry it out, for the reason in the message. Remove the cause."
        }
        Place::Login => "the master user's password could not be set on the copy, for the reason in the message.",
        _ => "AWS, or the step, could not finish it, for the reason in the message. Remove the cause.",
    }
}

fn late(place: Place) -> &'static str {
    match place {
        Place::Capture => {
            "its backup ran past its deadline. If its console shows it still moving, raise `deadline` in the descriptor; if it \
             stands still, open a case with AWS."
        }
        Place::Copy => {
            "its restore ran past its deadline. If its console showed it still moving, raise `restore_deadline` in the descriptor; if \
             it stood still, open a case with AWS."
        }
        Place::Probe => "counting took longer than it may. Give the probe a longer `timeout`, or a cheaper statement.",
        Place::Switch | Place::SwitchBack => {
            "the switch took longer than it may; what it waited for stands in the message. See there what keeps it (of an ECS service: its events)."
        }
        Place::Removal => "AWS was still removing it when the time was over. Look in its console, then remove again.",
        Place::Login => "the copy did not take the master user's password in time. Look at it in the console.",
        _ => "it took longer than it may. Look in the execution, linked below, for what it waited for.",
    }
}

fn unexpected(place: Place, deployment: &str) -> String {
    match place {
        Place::Probe => {
            "the statement, its answer or the server's certificate is not what a probe needs; the message says which. Correct the \
             probe in the descriptor, then holdfast apply FILE."
                .to_owned()
        }
        Place::Lead => {
            "see for yourself that it leads to what is backed up; the message says why that could not be told. The set itself is as \
             good as its other checks."
                .to_owned()
        }
        Place::Switch | Place::SwitchBack => {
            "what is there is not what was expected, so it was left as it is; the message says what. The copies are as good as they \
             were found: this is no fault of theirs."
                .to_owned()
        }
        Place::Comparison | Place::Copy => format!(
            "the copy is not what was backed up. Do not use it. Look at what differs, then restore another set: holdfast sets {deployment}."
        ),
        Place::Plan | Place::Record | Place::Seal | Place::Prune | Place::Capture => {
            "what the catalog holds of it is not what Holdfast wrote, or was written by a newer version. Deploy the newest version; \
             else make the catalog anew from the backups themselves: holdfast rebuild-catalog."
                .to_owned()
        }
        _ => "what was read is not what was expected; the message says what.".to_owned(),
    }
}
