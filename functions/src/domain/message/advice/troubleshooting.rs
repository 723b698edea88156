//! Every error with what to do about it, wherever it occurs: `docs/troubleshooting.md`. `HOLDFAST_WRITE=1 cargo test troubleshooting`
//! writes it again.

use super::remedy;
use super::tests::{ERRORS, LOCATIONS};
use crate::domain::message::generated_document::assert_written;

const HEAD: &str = "\
# Troubleshooting, by error

Errors have names, in the messages to on-call and in `holdfast show`. The reason beside a name says what was being done, to what, and what
AWS or the server returned. A message to on-call already contains the step for its case; `the reason` and `linked below` on this page are
those of the message. The console of Step Functions shows `BackupFailed`, `RestoreFailed`, `UndoFailed`, `NightFailed` or `NotifyFailed`,
which only say that a run failed: read its message, or `holdfast show`. Generated from the code of the messages (`functions/src/domain/message/advice/troubleshooting.rs`); `hubs` is the deployment.
";

/// What an error means, in one sentence.
fn meaning(error: &str) -> &'static str {
    match error {
        "Throttled" => {
            "AWS limits the rate of these calls, or a table or a function has no capacity left. Retried before it is reported."
        }
        "Unavailable" => "A service, a server or the way to it did not respond. Retried before it is reported.",
        "NotReady" => {
            "Something has to end, or to become free, first: a change of the resource, capacity, an address. Waited for before it is reported."
        }
        "QuotaExceeded" => {
            "A quota of the account, or a limit of a resource, is used up. Tried again before it is reported."
        }
        "InvalidInput" => {
            "A field, of a descriptor or of a run's input, has a value that is not allowed, or names what is not there."
        }
        "NotFound" => "What is needed does not exist.",
        "AccessDenied" => "A policy, a key, a lock or a database denies it, or AWS does not accept the credentials.",
        "Conflict" => {
            "It was changed or taken by somebody else, or is used, or the run itself had ended; it is left as it is."
        }
        "JobFailed" => {
            "AWS, a server or a hook refused it or failed at it: trying again changes nothing until the cause is removed."
        }
        "DeadlineExceeded" => "It took longer than the descriptor or Holdfast allows.",
        "DeploymentBusy" => "A deployment has one run at a time, and another is in progress.",
        "VerificationFailed" => "What was read is not what it has to be.",
        "CopiesLeftOut" => "A warning: tables of a prefix are copies of restores, and are not backed up.",
        "SnapshotsRunOut" => "A warning: the quota of manual snapshots will be used up within a week.",
        "NotSampled" => "A warning: what is read to compare a copy with could not be read.",
        "NotCaptured" => "A warning: a part of the configuration could not be read.",
        "ProtectionTurnedOn" => {
            "A warning: a backup turned on what protects a table, as `protect` in the descriptor asks."
        }
        "NotProtected" => "A warning: what protects a table is off, and could not be turned on.",
        "InNoSet" => {
            "A warning: something is named as `covers` in the descriptor says, and is in no descriptor; or that is not known."
        }
        "States.Timeout" => "A step took too long; while asking for approval: nobody answered in time.",
        "States.DataLimitExceeded" => "The state of a run is larger than Step Functions allows.",
        "States.Permissions" => "The role of a state machine may not call what it has to.",
        "Ec2.InvalidGroup.NotFound" => "EC2 refused a security group.",
        "Lambda.Unknown" | "Runtime.ExitError" => "A function crashed, or Lambda could not run it.",
        _ => "Any error that no other section names.",
    }
}

fn whole() -> String {
    let sections = ERRORS.iter().map(|error| section(error));
    std::iter::once(HEAD.to_owned()).chain(sections).collect()
}

fn section(error: &str) -> String {
    let title = match error {
        "SomethingElse" => "Any other error",
        "States.Timeout" => "States.Timeout, States.HeartbeatTimeout, Sandbox.Timedout",
        "Lambda.Unknown" => "Lambda.… (of Lambda itself)",
        "Runtime.ExitError" => "Runtime.… (of a function's runtime)",
        "Ec2.InvalidGroup.NotFound" => "Ec2.…",
        other => other,
    };
    let mut advice: Vec<(String, Vec<&str>)> = Vec::new();
    for location in LOCATIONS {
        let remedy = remedy(error, location, "hubs");
        match advice.iter_mut().find(|(known, _)| *known == remedy) {
            Some((_, places)) => places.push(location.words()),
            None => advice.push((remedy, vec![location.words()])),
        }
    }
    let what_to_do = match advice.as_slice() {
        [(everywhere, _)] => format!("What to do: {everywhere}\n"),
        several => {
            let rows = several
                .iter()
                .map(|(remedy, places)| format!("| {} | {remedy} |\n", places.join(", ")));
            format!("| while | what to do |\n|---|---|\n{}", rows.collect::<String>())
        }
    };
    format!("\n## {title}\n\n{}\n\n{what_to_do}", meaning(error))
}

#[test]
fn what_to_do_about_an_error_is_what_was_read() {
    assert_written("troubleshooting.md", &whole());
}

#[test]
fn every_error_has_a_meaning_of_its_own() {
    for error in ERRORS.iter().filter(|error| **error != "SomethingElse") {
        assert_ne!(meaning(error), meaning("SomethingElse"), "{error}");
    }
}
