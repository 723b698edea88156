//! What to do about an error that persists until somebody fixes its cause.

use super::location::FailureLocation;
use super::phrases::{PRUNED_LATER, SWITCH_BACK_AGAIN};

pub fn invalid_input(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Plan | FailureLocation::Reference => {
            "correct what each line names: a field of the descriptor (then `holdfast apply FILE`), a field of the execution's input, or \
             what it refers to in AWS."
        }
        FailureLocation::Hook => "correct the hook in the descriptor as the reason says, then `holdfast apply FILE`.",
        FailureLocation::Probe => "correct the probe in the descriptor as the reason says, then `holdfast apply FILE`.",
        FailureLocation::Login => {
            "the secret does not hold a login of the form that the reason names. Check which field is meant before anything in it is changed."
        }
        FailureLocation::Switch => {
            "it cannot be switched this way, for the reason given. Correct the switch in the descriptor, then `holdfast apply FILE`."
        }
        FailureLocation::SwitchBack => SWITCH_BACK_AGAIN,
        _ => "correct what the reason names, in the execution's input or in AWS.",
    }
}

pub fn not_found(location: FailureLocation, deployment: &str) -> String {
    match location {
        FailureLocation::Plan => format!(
            "the reason names what does not exist. To see what does: `holdfast deployments`, `holdfast sets {deployment}`, \
             `holdfast restores {deployment}`."
        ),
        FailureLocation::Capture => format!(
            "it does not exist under the name that the descriptor has. If it was renamed or replaced, correct the descriptor, then \
             `holdfast apply FILE`; if it was deleted by mistake, see what could be restored: `holdfast restore {deployment} --dry-run`."
        ),
        FailureLocation::Seal => {
            "what was to be sealed no longer exists; the reason names it. This set is lost: back up again.".to_owned()
        }
        FailureLocation::Copy => format!(
            "what it is restored from, or something that it needs, no longer exists; the reason names it. Choose another set \
             (`holdfast sets {deployment}`); or leave it out with --except: the deployment then has data from two points in time."
        ),
        FailureLocation::Hook => {
            "the hook's target does not exist. Deploy it, or correct the hook in the descriptor, then `holdfast apply FILE`."
                .to_owned()
        }
        FailureLocation::Probe => {
            "what the probe names, a table or a secret, does not exist. Correct the probe in the descriptor, then `holdfast apply FILE`."
                .to_owned()
        }
        FailureLocation::Login => "the secret to log in with, or the copy, does not exist; the reason says which.".to_owned(),
        FailureLocation::Switch | FailureLocation::Reference => {
            "what is to be switched, or what it should point to, does not exist; the reason names it. Correct the switch in the \
             descriptor, then `holdfast apply FILE`."
                .to_owned()
        }
        FailureLocation::SwitchBack => {
            "what was used before the restore, or the switch itself, no longer exists; the reason names it. It cannot be switched back: \
             decide by hand what this switch should point to."
                .to_owned()
        }
        FailureLocation::Removal => {
            format!("there is no such restore. To see which restores there are: `holdfast restores {deployment}`.")
        }
        FailureLocation::Prune => PRUNED_LATER.to_owned(),
        _ => "the reason names what does not exist.".to_owned(),
    }
}

pub fn access_denied(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Hook => {
            "Holdfast is not allowed to call the hook's target; the reason says what has to be changed."
        }
        FailureLocation::Probe => {
            "the database, or Secrets Manager, denies access to the probe; the reason says which. For a wrong password, check first \
             whether the application uses the same secret and can still log in with it; give the probe a user and a secret of its own, \
             or write the password that the database has into the probe's secret. For a missing privilege, grant it to the probe's \
             user. For a secret that may not be read, check SecretPattern and its key's policy."
        }
        FailureLocation::Login => {
            "the copy denies a login that the application would use, or Secrets Manager denies access to the secret; the reason says \
             which. The copy has the passwords of the time of the backup: set that user's password on the copy, and change no secret \
             that the live application uses."
        }
        FailureLocation::Switch | FailureLocation::SwitchBack | FailureLocation::Reference => {
            "Holdfast may not read it, or change it. If a database denied it, do what the reason says. An action of AWS has to match the \
             stack's SecretPattern, ParameterPattern, EcsServicePattern, SwitchFunctionPattern, SwitchGroupPattern, SwitchHostedZonePattern or ClusterPattern, and \
             the key's policy has to allow it."
        }
        FailureLocation::Approval => {
            "on-call could not be notified: the topic, or its key, denies access. Check the topic's policy and the stack's TopicPattern."
        }
        FailureLocation::Removal => {
            "it may not be removed: deletion protection, a policy, or a tag that is not this restore's; the reason names it. Ask who set it."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Record => {
            "the catalog denies access; the reason names the action. Check the policy of the table's key."
        }
        _ => {
            "it was denied what the reason names. If a database denied it, do what the reason says. If AWS did, check the policy of the \
             key or the vault that it names; or, if it names neither, the stack's patterns (ClusterPattern, TablePattern, \
             FileSystemPattern, VaultPattern, BackupRolePattern)."
        }
    }
}

pub fn conflict(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Capture => {
            "something that nothing identifies as Holdfast's has the name that this backup needs; the reason names it. Leave it: the next \
             backup needs another name. If it happens again, ask whoever created it."
        }
        FailureLocation::Copy => {
            "something that does not belong to this restore has the name that the copy needs; the reason names it. Leave it, and restore \
             again with another --suffix."
        }
        FailureLocation::Switch => {
            "somebody else changed what was to be switched; the reason names it, and it is left unchanged. Find out who changes it, then \
             do what the reason says."
        }
        FailureLocation::SwitchBack => {
            "somebody else has changed it since; the reason names it, and it is left unchanged. Trying again does not help until it is \
             switched back by hand: restore only what the switch changes (such as host and port), and leave the rest, above all a \
             password, as it is now."
        }
        FailureLocation::Removal => {
            "it is in use, or may be; each reason names by whom. Leave what the application was cut over to; end the other uses first."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Login => {
            "the secret was changed while the login to the copy was being checked. Start again, once nothing rotates it."
        }
        FailureLocation::Plan | FailureLocation::Approval | FailureLocation::Seal | FailureLocation::Record => {
            "the run had ended, or another had replaced it, before this step started; the reason says which. Start a new one."
        }
        _ => "somebody else changed it meanwhile; the reason says what. Find out who, then start again.",
    }
}

pub fn job_failed(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Hook => "the hook's target failed; its log and the reason say why. Correct it.",
        FailureLocation::Seal => "the set has nothing to restore from; the reason says why.",
        FailureLocation::Switch => {
            "AWS refused the switch, or could not complete it, for the reason given (for a service: see its task definition and its \
             events). The verification of the copies remains valid."
        }
        FailureLocation::SwitchBack => {
            "AWS refused to switch it back, or could not, for the reason given. Fix that, then undo the cut-over again."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Login => "the master user's password could not be set on the copy, for the reason given.",
        _ => {
            "it could not be finished, for the reason given. Fix that; the resource's own events in the AWS console may say more."
        }
    }
}

pub fn deadline_exceeded(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Capture => {
            "its backup took longer than allowed. If the reason says what to change, do that. Otherwise, if its console shows that it \
             still makes progress, raise `deadline` in the descriptor; if it does not, open a case with AWS."
        }
        FailureLocation::Copy => {
            "its restore took longer than allowed. If the reason says what to change, do that. Otherwise, if its console showed that it \
             still made progress, raise `restore_deadline` in the descriptor; if it did not, open a case with AWS."
        }
        FailureLocation::Probe => {
            "counting took longer than allowed. Give the probe a longer `timeout`, or a cheaper statement."
        }
        FailureLocation::Switch => {
            "the switch took longer than allowed; the reason says what it waited for. Check what keeps that from happening (for an ECS \
             service: its events)."
        }
        FailureLocation::SwitchBack => SWITCH_BACK_AGAIN,
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Removal => {
            "AWS was still removing it when the time was up. Check its console, then remove again."
        }
        FailureLocation::Login => {
            "the copy did not accept the master user's password in time. Check it in the console."
        }
        _ => "it took longer than allowed. The execution, linked below, shows what it waited for.",
    }
}

pub fn verification_failed(location: FailureLocation, deployment: &str) -> String {
    let advice = match location {
        FailureLocation::Probe => {
            "the statement, its result or the server's certificate is not what a probe needs; the reason says which. Correct the \
             probe in the descriptor, then `holdfast apply FILE`."
        }
        FailureLocation::Reference => {
            "check yourself that it points to what is backed up; the reason says why that could not be determined. The set itself is as \
             good as its other checks."
        }
        FailureLocation::Switch => {
            "its present value is not what was expected, so it was left unchanged; the reason says what it is. The verification of the \
             copies remains valid: they did not cause this."
        }
        FailureLocation::SwitchBack => {
            "it points to neither the copy nor what was there before, so it was left unchanged. Decide by hand what it should point to."
        }
        FailureLocation::Comparison | FailureLocation::Copy => {
            return format!(
                "the copy is not what was backed up: do not use it. See what differs; another set may do (`holdfast sets {deployment}`). A \
                 count that differs may also be counted in the wrong place: check the probe."
            );
        }
        FailureLocation::Plan | FailureLocation::Record => {
            "a record in the catalog cannot be read; the reason says which. Change nothing in it before it is known what the application \
             uses. If a newer version wrote it, deploy that; `holdfast rebuild-catalog`, during the day, recovers sets, but not what \
             switching a restore back needs."
        }
        FailureLocation::Prune => PRUNED_LATER,
        _ => "what was read is not what was expected; the reason says what.",
    };
    advice.to_owned()
}
