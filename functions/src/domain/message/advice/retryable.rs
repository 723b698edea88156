//! What to do about an error that was tried again for long enough, or is waited for no longer.

use super::location::FailureLocation;
use super::phrases::{BACK_AGAIN, PRUNED_LATER};

pub fn throttled(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Capture | FailureLocation::Seal => {
            "AWS slowed the calls down for longer than they are tried again. Back up at a quieter time; when it comes back every \
             night, move the schedule or ask AWS for a higher rate."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Hook => {
            "Lambda had no room to run the hook's function: its reserved concurrency, or the account's, is used up. Free some."
        }
        FailureLocation::SwitchBack => BACK_AGAIN,
        _ => "AWS slowed the calls down for longer than they are tried again. Start again in some minutes.",
    }
}

pub fn unanswered(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Hook => {
            "the hook's function did not answer in its time, and may have done its work all the same. Its log says what it was at."
        }
        FailureLocation::Probe | FailureLocation::Login => {
            "the database, or what leads to it, did not answer. See that the cluster is available and that its security group lets \
             the stack's VpcSubnetIds and VpcSecurityGroupIds in; else see https://health.aws.amazon.com/health/status."
        }
        FailureLocation::Question => {
            "on-call could not be asked. See https://health.aws.amazon.com/health/status, then start again."
        }
        FailureLocation::SwitchBack => BACK_AGAIN,
        FailureLocation::Prune => PRUNED_LATER,
        _ => {
            "an AWS service, or the step's function, did not answer for longer than it is tried again. See \
             https://health.aws.amazon.com/health/status and the function's log, linked in the execution."
        }
    }
}

pub fn not_ready(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Hook => {
            "the hook's function is being changed, or waits for its network; the reason says which. Wait until its console shows it active; where \
             its subnets have no free address, free some, or give it other subnets."
        }
        FailureLocation::Probe | FailureLocation::Login => {
            "the database is not ready for logins; the reason says why. Wait until its console shows it available."
        }
        FailureLocation::Switch => {
            "what is to be switched stayed in a state in which it cannot be; the reason names it. Wait until its console shows it \
             available."
        }
        FailureLocation::SwitchBack => BACK_AGAIN,
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Removal => {
            "it stayed in a state in which it cannot be removed; the reason names it. Try again when that has ended."
        }
        _ => {
            "it stayed in a state in which nothing can be done with it; the reason names it. Wait until its console shows it available."
        }
    }
}

/// Nothing that a tired person would remove for the sake of a quota is known to be of no use.
pub fn over_quota(place: FailureLocation) -> &'static str {
    match place {
        FailureLocation::Capture | FailureLocation::Seal => {
            "a quota of the account is used up; the reason names it. Ask for a higher one in the Service Quotas console, or keep fewer \
             sets (`keep` in the descriptor). Remove no snapshot by hand."
        }
        FailureLocation::Copy | FailureLocation::Login => {
            "a quota of the account is used up; the reason names it. Ask for a higher one in the Service Quotas console, or make room by \
             `holdfast undo-restore RUN` of earlier restores that nothing uses: it refuses what is in use."
        }
        FailureLocation::Switch | FailureLocation::SwitchBack => {
            "a quota of what is to be switched is used up; the reason names it. Ask for a higher one in the Service Quotas console. Remove \
             neither the copies nor what was there before: both are needed."
        }
        FailureLocation::Prune => PRUNED_LATER,
        _ => {
            "a quota of the account is used up; the reason names it. Ask for a higher one in the Service Quotas console."
        }
    }
}
