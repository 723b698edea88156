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
/// is missing, the reason itself says. Nothing is to be removed, and no secret to be changed, of which that alone does not tell
/// that it may be.
pub fn remedy(error: &str, place: Place, deployment: &str) -> String {
    let remedy = match error {
        "CopiesLeftOut" => return left_out(deployment),
        "NotSampled" => NOT_SAMPLED,
        "NotCaptured" => NOT_CAPTURED,
        "SnapshotsRunOut" => {
            "nothing has to be done tonight. Within the week ask for a higher quota of manual DB cluster snapshots in the Service Quotas \
             console, or keep fewer sets (`keep` in the descriptors)."
        }
        _ if place == Place::SafetyBackup => SAFETY_BACKUP,
        "DeploymentBusy" => return busy(deployment),
        "States.Timeout" | "States.HeartbeatTimeout" if place == Place::Question => {
            "nobody answered in time, which means no: nothing was done."
        }
        "Throttled" => throttled(place),
        "Unavailable" | "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => unanswered(place),
        "NotReady" => not_ready(place),
        "QuotaExceeded" => over_quota(place),
        "InvalidInput" => invalid(place),
        "NotFound" => return missing(place, deployment),
        "AccessDenied" => refused(place),
        "Conflict" => in_the_way(place),
        "JobFailed" => broken_off(place),
        "DeadlineExceeded" => late(place),
        "VerificationFailed" => return unexpected(place, deployment),
        "States.DataLimitExceeded"
            if matches!(place, Place::Plan | Place::Capture | Place::Copy | Place::Comparison) =>
        {
            TOO_MUCH
        }
        "States.Permissions" => {
            "somebody changed the state machine's role, or a policy of the organization forbids it; the error names the action. By day, \
             deploy the same version again. An application that may be half-switched comes first: lead it to one side by hand."
        }
        error if error.starts_with("Ec2.") && place == Place::Plan => {
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
/// Of an application that may be half-switched.
const BACK_AGAIN: &str = "keep users out, and take the cut-over back again: it goes on where it stopped. Start no restore, and leave the \
    descriptor as it is, until all leads to one side.";

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

fn throttled(place: Place) -> &'static str {
    match place {
        Place::Capture | Place::Seal => {
            "AWS slowed the calls down for longer than they are tried again. Back up at a quieter time; when it comes back every \
             night, move the schedule or ask AWS for a higher rate."
        }
        Place::Prune => PRUNED_LATER,
        Place::Hook => {
            "Lambda had no room to run the hook's function: its reserved concurrency, or the account's, is used up. Free some."
        }
        Place::SwitchBack => BACK_AGAIN,
        _ => "AWS slowed the calls down for longer than they are tried again. Start again in some minutes.",
    }
}

fn unanswered(place: Place) -> &'static str {
    match place {
        Place::Hook => {
            "the hook's function did not answer in its time, and may have done its work all the same. Its log says what it was at."
        }
        Place::Probe | Place::Login => {
            "the database, or what leads to it, did not answer. See that the cluster is available and that its security group lets \
             the stack's VpcSubnetIds and VpcSecurityGroupIds in; else see https://health.aws.amazon.com/health/status."
        }
        Place::Question => {
            "on-call could not be asked. See https://health.aws.amazon.com/health/status, then start again."
        }
        Place::SwitchBack => BACK_AGAIN,
        Place::Prune => PRUNED_LATER,
        _ => {
            "an AWS service, or the step's function, did not answer for longer than it is tried again. See \
             https://health.aws.amazon.com/health/status and the function's log, linked in the execution."
        }
    }
}

fn not_ready(place: Place) -> &'static str {
    match place {
        Place::Hook => {
            "the hook's function is being changed, or waits for its network; the reason says which. Wait until its console shows it active; where \
             its subnets have no free address, free some, or give it other subnets."
        }
        Place::Probe | Place::Login => {
            "the database is not ready for logins; the reason says why. Wait until its console shows it available."
        }
        Place::Switch => {
            "what is to be switched stayed in a state in which it cannot be; the reason names it. Wait until its console shows it \
             available."
        }
        Place::SwitchBack => BACK_AGAIN,
        Place::Prune => PRUNED_LATER,
        Place::Removal => {
            "it stayed in a state in which it cannot be removed; the reason names it. Try again when that has ended."
        }
        _ => {
            "it stayed in a state in which nothing can be done with it; the reason names it. Wait until its console shows it available."
        }
    }
}

/// Nothing that a tired person would remove for the sake of a quota is known to be of no use.
fn over_quota(place: Place) -> &'static str {
    match place {
        Place::Capture | Place::Seal => {
            "a quota of the account is used up; the reason names it. Ask for a higher one in the Service Quotas console, or keep fewer \
             sets (`keep` in the descriptor). Remove no snapshot by hand."
        }
        Place::Copy | Place::Login => {
            "a quota of the account is used up; the reason names it. Ask for a higher one in the Service Quotas console, or make room by \
             `holdfast undo-restore RUN` of earlier restores that nothing uses: it refuses what is in use."
        }
        Place::Switch | Place::SwitchBack => {
            "a quota of what is to be switched is used up; the reason names it. Ask for a higher one in the Service Quotas console. Remove \
             neither the copies nor what was there before: both are needed."
        }
        Place::Prune => PRUNED_LATER,
        _ => {
            "a quota of the account is used up; the reason names it. Ask for a higher one in the Service Quotas console."
        }
    }
}

fn invalid(place: Place) -> &'static str {
    match place {
        Place::Plan | Place::Lead => {
            "correct what each line names: a field of the descriptor (then `holdfast apply FILE`), one of the execution's input, or \
             what it asks for in AWS."
        }
        Place::Hook => "correct the hook in the descriptor as the reason says, then `holdfast apply FILE`.",
        Place::Probe => "correct the probe in the descriptor as the reason says, then `holdfast apply FILE`.",
        Place::Login => {
            "the secret holds no login of the form that the reason names. See which field is meant before anything in it is changed."
        }
        Place::Switch => {
            "it cannot be switched so, for the reason given. Correct the switch in the descriptor, then `holdfast apply FILE`."
        }
        Place::SwitchBack => BACK_AGAIN,
        _ => "correct what the reason names, in the execution's input or in AWS.",
    }
}

fn missing(place: Place, deployment: &str) -> String {
    match place {
        Place::Plan => format!(
            "the reason names what is not there. What there is: `holdfast deployments`, `holdfast sets {deployment}`, \
             `holdfast restores {deployment}`."
        ),
        Place::Capture => format!(
            "it is not there under the name that the descriptor has. If it was renamed or replaced, correct the descriptor, then \
             `holdfast apply FILE`; if it was deleted by mistake, see what a restore would bring back: `holdfast restore {deployment} --dry-run`."
        ),
        Place::Seal => "what was to be sealed is gone; the reason names it. This set is lost: back up again.".to_owned(),
        Place::Copy => format!(
            "what it is restored from, or needs, is gone; the reason names it. Choose another set (`holdfast sets {deployment}`); or leave \
             it out with --except, and the deployment is of two moments."
        ),
        Place::Hook => "the hook's function is not there. Deploy it, or correct the hook in the descriptor, then `holdfast apply FILE`.".to_owned(),
        Place::Probe => {
            "what the probe names, a table or a secret, is not there. Correct the probe in the descriptor, then `holdfast apply FILE`."
                .to_owned()
        }
        Place::Login => "the secret that is to log in, or the copy, is not there; the reason says which.".to_owned(),
        Place::Switch | Place::Lead => {
            "what is to be switched, or what it should lead to, is not there; the reason names it. Correct the switch in the \
             descriptor, then `holdfast apply FILE`."
                .to_owned()
        }
        Place::SwitchBack => {
            "what was used before the restore, or the switch itself, is gone; the reason names it. It cannot be led back to: decide \
             by hand what this switch should lead to."
                .to_owned()
        }
        Place::Removal => format!("there is no such restore. Those that there are: `holdfast restores {deployment}`."),
        Place::Prune => PRUNED_LATER.to_owned(),
        _ => "the reason names what is not there.".to_owned(),
    }
}

fn refused(place: Place) -> &'static str {
    match place {
        Place::Hook => {
            "Holdfast may not call the hook's function: its name has to match the stack's parameter HookFunctionPattern (see also \
             the function's own policy)."
        }
        Place::Probe => {
            "the database, or Secrets Manager, refuses the probe; the reason says which. A wrong password: see first whether the \
             application uses the same secret, and still logs in with it; give the probe a user and a secret of its own, or write the \
             password that the database has into the probe's secret. A missing right: grant it to the probe's user. A secret that \
             may not be read: see SecretPattern and its key's policy."
        }
        Place::Login => {
            "the copy refuses a login that the application would use, or Secrets Manager the secret; the reason says which. The copy has \
             the passwords of the moment that was backed up: set that user's password on the copy, and change no secret that the live \
             application uses."
        }
        Place::Switch | Place::SwitchBack | Place::Lead => {
            "Holdfast may not look at it, or change it: the reason names the action. It has to match the stack's SecretPattern, \
             ParameterPattern, EcsServicePattern or ClusterPattern, and its key's policy has to allow it."
        }
        Place::Question => {
            "on-call could not be told: the topic, or its key, refuses. See the topic's policy and the stack's TopicPattern."
        }
        Place::Removal => {
            "it may not be removed: deletion protection, a policy, or a tag that is not this restore's; the reason names it. Ask who set it."
        }
        Place::Prune => PRUNED_LATER,
        Place::Record => "the catalog refuses; the reason names the action. See the policy of the table's key.",
        _ => {
            "AWS refuses the action that the reason names. See the policy of the key or the vault that it names; or, where it names \
             neither, the stack's patterns (ClusterPattern, TablePattern, FileSystemPattern, VaultPattern)."
        }
    }
}

/// The new set is good, and whatever is left of an old one is tried again.
const PRUNED_LATER: &str = "nothing has to be done now: the new set is sealed. What could not be removed costs money and nothing else, and is tried \
    again after the next backup; leave locks, legal holds and what is not Holdfast's as they are.";

fn in_the_way(place: Place) -> &'static str {
    match place {
        Place::Capture => {
            "something of which nothing tells that it is Holdfast's bears the name that this backup needs; the reason names it. Leave it: the next \
             backup needs another name. When it comes back, ask whoever made it."
        }
        Place::Copy => {
            "something that is not of this restore bears the name that the copy needs; the reason names it. Leave it, and restore again \
             with another --suffix."
        }
        Place::Switch => {
            "somebody else changed what was to be switched; the reason names it, and it stays as it is. See who changes it, then do \
             what the reason says."
        }
        Place::SwitchBack => {
            "somebody else changed it since; the reason names it, and it stays as it is. Trying again does not help until it is led back \
             by hand: take over only what the switch changes (such as host and port), and leave the rest, above all a password, as it is now."
        }
        Place::Removal => {
            "it is in use, or may be; each reason names by whom. Leave what the application was cut over to; end the other uses first."
        }
        Place::Prune => PRUNED_LATER,
        Place::Login => {
            "the secret was changed while the copy was being looked at. Start again, once nothing rotates it."
        }
        Place::Plan | Place::Question | Place::Seal | Place::Record => {
            "the run had ended, or another had taken its place, before this step came; the reason says which. Start a new one."
        }
        _ => "somebody else changed it meanwhile; the reason says what. See who does, then start again.",
    }
}

fn broken_off(place: Place) -> &'static str {
    match place {
        Place::Hook => "the hook's function failed; its log and the reason say why. Correct it.",
        Place::Seal => "the set has nothing to restore from; the reason says why.",
        Place::Switch => {
            "AWS refused the switch, or could not carry it out, for the reason given (of a service: see its task definition and its \
             events). The copies are as good as they were found."
        }
        Place::SwitchBack => {
            "AWS refused to lead it back, or could not, for the reason given. Remove that, then take the cut-over back again."
        }
        Place::Prune => PRUNED_LATER,
        Place::Login => "the master user's password could not be set on the copy, for the reason given.",
        _ => {
            "it could not be finished, for the reason given. Remove that; the resource's own events in AWS's console may say more."
        }
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
        Place::Switch => {
            "the switch took longer than it may; what it waited for stands in the reason. See there what keeps it (of an ECS service: its events)."
        }
        Place::SwitchBack => BACK_AGAIN,
        Place::Prune => PRUNED_LATER,
        Place::Removal => "AWS was still removing it when the time was over. Look in its console, then remove again.",
        Place::Login => "the copy did not take the master user's password in time. Look at it in the console.",
        _ => "it took longer than it may. Look in the execution, linked below, for what it waited for.",
    }
}

fn unexpected(place: Place, deployment: &str) -> String {
    let said = match place {
        Place::Probe => {
            "the statement, its answer or the server's certificate is not what a probe needs; the reason says which. Correct the \
             probe in the descriptor, then `holdfast apply FILE`."
        }
        Place::Lead => {
            "see for yourself that it leads to what is backed up; the reason says why that could not be told. The set itself is as \
             good as its other checks."
        }
        Place::Switch => {
            "what is there is not what was expected, so it was left as it is; the reason says what. The copies are as good as they \
             were found: this is no fault of theirs."
        }
        Place::SwitchBack => {
            "what it leads to now is neither the copy nor what was there before, so it was left as it is. Decide by hand what it should \
             lead to."
        }
        Place::Comparison | Place::Copy => {
            return format!(
                "the copy is not what was backed up: do not use it. See what differs; another set may do (`holdfast sets {deployment}`). A \
                 count that differs may also be counted in the wrong place: see the probe."
            );
        }
        Place::Plan | Place::Record => {
            "a record in the catalog cannot be read; the reason says which. Change nothing in it before it is known what the application \
             uses. If a newer version wrote it, deploy that; `holdfast rebuild-catalog`, by day, brings back sets and no restore's way back."
        }
        Place::Prune => PRUNED_LATER,
        _ => "what was read is not what was expected; the reason says what.",
    };
    said.to_owned()
}
