//! What to do about an error that stays until somebody sees to its cause.

use super::location::FailureLocation;
use super::phrases::{BACK_AGAIN, PRUNED_LATER};

pub fn invalid(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Plan | FailureLocation::Lead => {
            "correct what each line names: a field of the descriptor (then `holdfast apply FILE`), one of the execution's input, or \
             what it asks for in AWS."
        }
        FailureLocation::Hook => "correct the hook in the descriptor as the reason says, then `holdfast apply FILE`.",
        FailureLocation::Probe => "correct the probe in the descriptor as the reason says, then `holdfast apply FILE`.",
        FailureLocation::Login => {
            "the secret holds no login of the form that the reason names. See which field is meant before anything in it is changed."
        }
        FailureLocation::Switch => {
            "it cannot be switched so, for the reason given. Correct the switch in the descriptor, then `holdfast apply FILE`."
        }
        FailureLocation::SwitchBack => BACK_AGAIN,
        _ => "correct what the reason names, in the execution's input or in AWS.",
    }
}

pub fn missing(place: FailureLocation, deployment: &str) -> String {
    match place {
        FailureLocation::Plan => format!(
            "the reason names what is not there. What there is: `holdfast deployments`, `holdfast sets {deployment}`, \
             `holdfast restores {deployment}`."
        ),
        FailureLocation::Capture => format!(
            "it is not there under the name that the descriptor has. If it was renamed or replaced, correct the descriptor, then \
             `holdfast apply FILE`; if it was deleted by mistake, see what a restore would bring back: `holdfast restore {deployment} --dry-run`."
        ),
        FailureLocation::Seal => "what was to be sealed is gone; the reason names it. This set is lost: back up again.".to_owned(),
        FailureLocation::Copy => format!(
            "what it is restored from, or needs, is gone; the reason names it. Choose another set (`holdfast sets {deployment}`); or leave \
             it out with --except, and the deployment is of two moments."
        ),
        FailureLocation::Hook => "the hook's function is not there. Deploy it, or correct the hook in the descriptor, then `holdfast apply FILE`.".to_owned(),
        FailureLocation::Probe => {
            "what the probe names, a table or a secret, is not there. Correct the probe in the descriptor, then `holdfast apply FILE`."
                .to_owned()
        }
        FailureLocation::Login => "the secret that is to log in, or the copy, is not there; the reason says which.".to_owned(),
        FailureLocation::Switch | FailureLocation::Lead => {
            "what is to be switched, or what it should lead to, is not there; the reason names it. Correct the switch in the \
             descriptor, then `holdfast apply FILE`."
                .to_owned()
        }
        FailureLocation::SwitchBack => {
            "what was used before the restore, or the switch itself, is gone; the reason names it. It cannot be led back to: decide \
             by hand what this switch should lead to."
                .to_owned()
        }
        FailureLocation::Removal => format!("there is no such restore. Those that there are: `holdfast restores {deployment}`."),
        FailureLocation::Prune => PRUNED_LATER.to_owned(),
        _ => "the reason names what is not there.".to_owned(),
    }
}

pub fn refused(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Hook => {
            "Holdfast may not call the hook's function: its name has to match the stack's parameter HookFunctionPattern (see also \
             the function's own policy)."
        }
        FailureLocation::Probe => {
            "the database, or Secrets Manager, refuses the probe; the reason says which. A wrong password: see first whether the \
             application uses the same secret, and still logs in with it; give the probe a user and a secret of its own, or write the \
             password that the database has into the probe's secret. A missing right: grant it to the probe's user. A secret that \
             may not be read: see SecretPattern and its key's policy."
        }
        FailureLocation::Login => {
            "the copy refuses a login that the application would use, or Secrets Manager the secret; the reason says which. The copy has \
             the passwords of the moment that was backed up: set that user's password on the copy, and change no secret that the live \
             application uses."
        }
        FailureLocation::Switch | FailureLocation::SwitchBack | FailureLocation::Lead => {
            "Holdfast may not look at it, or change it: the reason names the action. It has to match the stack's SecretPattern, \
             ParameterPattern, EcsServicePattern or ClusterPattern, and its key's policy has to allow it."
        }
        FailureLocation::Question => {
            "on-call could not be told: the topic, or its key, refuses. See the topic's policy and the stack's TopicPattern."
        }
        FailureLocation::Removal => {
            "it may not be removed: deletion protection, a policy, or a tag that is not this restore's; the reason names it. Ask who set it."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Record => {
            "the catalog refuses; the reason names the action. See the policy of the table's key."
        }
        _ => {
            "AWS refuses the action that the reason names. See the policy of the key or the vault that it names; or, where it names \
             neither, the stack's patterns (ClusterPattern, TablePattern, FileSystemPattern, VaultPattern)."
        }
    }
}

pub fn in_the_way(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Capture => {
            "something of which nothing tells that it is Holdfast's bears the name that this backup needs; the reason names it. Leave it: the next \
             backup needs another name. When it comes back, ask whoever made it."
        }
        FailureLocation::Copy => {
            "something that is not of this restore bears the name that the copy needs; the reason names it. Leave it, and restore again \
             with another --suffix."
        }
        FailureLocation::Switch => {
            "somebody else changed what was to be switched; the reason names it, and it stays as it is. See who changes it, then do \
             what the reason says."
        }
        FailureLocation::SwitchBack => {
            "somebody else changed it since; the reason names it, and it stays as it is. Trying again does not help until it is led back \
             by hand: take over only what the switch changes (such as host and port), and leave the rest, above all a password, as it is now."
        }
        FailureLocation::Removal => {
            "it is in use, or may be; each reason names by whom. Leave what the application was cut over to; end the other uses first."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Login => {
            "the secret was changed while the copy was being looked at. Start again, once nothing rotates it."
        }
        FailureLocation::Plan | FailureLocation::Question | FailureLocation::Seal | FailureLocation::Record => {
            "the run had ended, or another had taken its place, before this step came; the reason says which. Start a new one."
        }
        _ => "somebody else changed it meanwhile; the reason says what. See who does, then start again.",
    }
}

pub fn ended_early(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Hook => "the hook's function failed; its log and the reason say why. Correct it.",
        FailureLocation::Seal => "the set has nothing to restore from; the reason says why.",
        FailureLocation::Switch => {
            "AWS refused the switch, or could not carry it out, for the reason given (of a service: see its task definition and its \
             events). The copies are as good as they were found."
        }
        FailureLocation::SwitchBack => {
            "AWS refused to lead it back, or could not, for the reason given. Remove that, then take the cut-over back again."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Login => "the master user's password could not be set on the copy, for the reason given.",
        _ => {
            "it could not be finished, for the reason given. Remove that; the resource's own events in AWS's console may say more."
        }
    }
}

pub fn late(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Capture => {
            "its backup ran past its deadline. If its console shows it still moving, raise `deadline` in the descriptor; if it \
             stands still, open a case with AWS."
        }
        FailureLocation::Copy => {
            "its restore ran past its deadline. If its console showed it still moving, raise `restore_deadline` in the descriptor; if \
             it stood still, open a case with AWS."
        }
        FailureLocation::Probe => {
            "counting took longer than it may. Give the probe a longer `timeout`, or a cheaper statement."
        }
        FailureLocation::Switch => {
            "the switch took longer than it may; what it waited for stands in the reason. See there what keeps it (of an ECS service: its events)."
        }
        FailureLocation::SwitchBack => BACK_AGAIN,
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Removal => {
            "AWS was still removing it when the time was over. Look in its console, then remove again."
        }
        FailureLocation::Login => {
            "the copy did not take the master user's password in time. Look at it in the console."
        }
        _ => "it took longer than it may. Look in the execution, linked below, for what it waited for.",
    }
}

pub fn unexpected(place: FailureLocation, deployment: &str) -> String {
    let said = match place {
        FailureLocation::Probe => {
            "the statement, its answer or the server's certificate is not what a probe needs; the reason says which. Correct the \
             probe in the descriptor, then `holdfast apply FILE`."
        }
        FailureLocation::Lead => {
            "see for yourself that it leads to what is backed up; the reason says why that could not be told. The set itself is as \
             good as its other checks."
        }
        FailureLocation::Switch => {
            "what is there is not what was expected, so it was left as it is; the reason says what. The copies are as good as they \
             were found: this is no fault of theirs."
        }
        FailureLocation::SwitchBack => {
            "what it leads to now is neither the copy nor what was there before, so it was left as it is. Decide by hand what it should \
             lead to."
        }
        FailureLocation::Comparison | FailureLocation::Copy => {
            return format!(
                "the copy is not what was backed up: do not use it. See what differs; another set may do (`holdfast sets {deployment}`). A \
                 count that differs may also be counted in the wrong place: see the probe."
            );
        }
        FailureLocation::Plan | FailureLocation::Record => {
            "a record in the catalog cannot be read; the reason says which. Change nothing in it before it is known what the application \
             uses. If a newer version wrote it, deploy that; `holdfast rebuild-catalog`, by day, brings back sets and no restore's way back."
        }
        FailureLocation::Prune => PRUNED_LATER,
        _ => "what was read is not what was expected; the reason says what.",
    };
    said.to_owned()
}
