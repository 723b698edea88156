//! What to do about an error that was retried for long enough, or is not waited for any longer.

use super::location::FailureLocation;
use super::phrases::{PRUNED_LATER, SWITCH_BACK_AGAIN};

pub fn throttled(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Capture | FailureLocation::Seal => {
            "AWS throttled the calls for longer than Holdfast retries. Back up at a quieter time; if this happens every night, move \
             the schedule or request a higher rate from AWS."
        }
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Hook => "the hook's target had no capacity left; the reason says of what. Free some.",
        FailureLocation::SwitchBack => SWITCH_BACK_AGAIN,
        _ => "AWS throttled the calls for longer than Holdfast retries. Start again in a few minutes.",
    }
}

pub fn unavailable(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Hook => {
            "the hook's target did not respond in time, and may have done its work nevertheless. Its log shows what it was doing."
        }
        FailureLocation::Probe | FailureLocation::Login => {
            "the database, or the network path to it, did not respond. Check that the cluster is available and that its security group \
             allows the stack's VpcSubnetIds and VpcSecurityGroupIds; if so, see https://health.aws.amazon.com/health/status."
        }
        FailureLocation::Approval => {
            "on-call could not be asked. See https://health.aws.amazon.com/health/status, then start again."
        }
        FailureLocation::SwitchBack => SWITCH_BACK_AGAIN,
        FailureLocation::Prune => PRUNED_LATER,
        _ => {
            "it failed for longer than Holdfast retries. If the reason says what to do, do that. If a database did not respond, check that \
             it runs and that it can be reached from the stack's VpcSubnetIds; for a service of AWS, see \
             https://health.aws.amazon.com/health/status; else the function's log, linked in the execution."
        }
    }
}

pub fn not_ready(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Hook => "the hook's target is not ready; the reason says why, and what to wait for.",
        FailureLocation::Probe | FailureLocation::Login => {
            "the database is not ready for logins; the reason says why. Wait until its console shows it as available."
        }
        FailureLocation::Switch => {
            "the resource to be switched stayed in a state in which it cannot be switched; the reason names it. Wait until its console \
             shows it as available."
        }
        FailureLocation::SwitchBack => SWITCH_BACK_AGAIN,
        FailureLocation::Prune => PRUNED_LATER,
        FailureLocation::Removal => {
            "it stayed in a state in which it cannot be removed; the reason names it. Try again when that state has ended."
        }
        _ => {
            "it stayed in a state in which nothing can be done with it; the reason names it. Wait until its console shows it as available."
        }
    }
}

/// Suggests removing nothing for the sake of a quota: an error and its location do not show that it is unused.
pub fn quota_exceeded(location: FailureLocation) -> &'static str {
    match location {
        FailureLocation::Capture | FailureLocation::Seal => {
            "an account quota is used up; the reason names it. Request a higher one in the Service Quotas console, or keep fewer sets \
             (`keep` in the descriptor). Remove no snapshot by hand."
        }
        FailureLocation::Copy | FailureLocation::Login => {
            "an account quota is used up; the reason names it. Request a higher one in the Service Quotas console, or free some of it \
             with `holdfast undo-restore RUN` for earlier restores that nothing uses: it refuses if they are in use."
        }
        FailureLocation::Switch | FailureLocation::SwitchBack => {
            "a quota of the resource to be switched is used up; the reason names it. Request a higher one in the Service Quotas console. \
             Remove neither the copies nor what was there before: both are needed."
        }
        FailureLocation::Prune => PRUNED_LATER,
        _ => "an account quota is used up; the reason names it. Request a higher one in the Service Quotas console.",
    }
}
