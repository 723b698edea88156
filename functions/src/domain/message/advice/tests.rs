use super::*;

pub(super) const LOCATIONS: [FailureLocation; 17] = [
    FailureLocation::Plan,
    FailureLocation::Approval,
    FailureLocation::SafetyBackup,
    FailureLocation::Hook,
    FailureLocation::Probe,
    FailureLocation::Capture,
    FailureLocation::Seal,
    FailureLocation::Prune,
    FailureLocation::Copy,
    FailureLocation::Login,
    FailureLocation::Comparison,
    FailureLocation::Reference,
    FailureLocation::Switch,
    FailureLocation::SwitchBack,
    FailureLocation::Descriptor,
    FailureLocation::Removal,
    FailureLocation::Record,
];

/// All names of `Error`, and the other errors that the machines catch.
pub(super) const ERRORS: [&str; 26] = [
    "Throttled",
    "Unavailable",
    "NotReady",
    "QuotaExceeded",
    "InvalidInput",
    "NotFound",
    "AccessDenied",
    "Conflict",
    "JobFailed",
    "DeadlineExceeded",
    "DeploymentBusy",
    "VerificationFailed",
    "CopiesLeftOut",
    "SnapshotsRunOut",
    "NotSampled",
    "NotCaptured",
    "ProtectionTurnedOn",
    "NotProtected",
    "InNoSet",
    "States.Timeout",
    "States.DataLimitExceeded",
    "States.Permissions",
    "Ec2.InvalidGroup.NotFound",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "SomethingElse",
];

fn reason(subject: &str, error: &str) -> Reason {
    Reason {
        subject: subject.into(),
        error: error.into(),
        message: "why".into(),
    }
}

#[test]
fn a_subject_tells_where_it_arose() {
    for (machine, subject, location) in [
        (Machine::Backup, "database", FailureLocation::Capture),
        (Machine::Restore, "tables.hubs-Rooms.1", FailureLocation::Copy),
        (Machine::UndoRestore, "storage", FailureLocation::Removal),
        (Machine::Backup, "switch web", FailureLocation::Reference),
        (Machine::Restore, "switch web", FailureLocation::Switch),
        (Machine::UndoCutOver, "switch web", FailureLocation::SwitchBack),
        (Machine::Backup, "probe users", FailureLocation::Probe),
        (Machine::Restore, "hook web", FailureLocation::Hook),
        (Machine::Backup, "Quiesce", FailureLocation::Hook),
        (Machine::Restore, "BackUpDeployment", FailureLocation::SafetyBackup),
        (Machine::Restore, "VerifyRestore", FailureLocation::Comparison),
        (Machine::Backup, "set hubs-20261120-021500-ab12", FailureLocation::Prune),
    ] {
        assert_eq!(FailureLocation::of(machine, subject), location, "{subject}");
    }
}

/// Previously, a wrong password was reported as "the function's role, or the key that encrypts it", and a refused task
/// definition as "the copy is not what was backed up".
#[test]
fn the_same_error_has_another_cause_in_another_place() {
    let probe = remedy("AccessDenied", FailureLocation::Probe, "hubs");
    assert!(
        probe.contains("password") && probe.contains("probe's secret"),
        "{probe}"
    );
    let table = remedy("AccessDenied", FailureLocation::Capture, "hubs");
    assert!(table.contains("key") && !table.contains("password"), "{table}");
    let switch = remedy("VerificationFailed", FailureLocation::Switch, "hubs");
    assert!(!switch.contains("do not use"), "{switch}");
    assert!(remedy("VerificationFailed", FailureLocation::Comparison, "hubs").contains("do not use"));
    for location in LOCATIONS {
        let denied = remedy("AccessDenied", location, "hubs");
        assert!(!denied.contains("the function's role"), "{denied}");
    }
}

#[test]
fn one_step_is_said_of_all_that_have_the_same_cause() {
    let reasons = ["a", "b", "b", "c", "d", "e", "f"].map(|name| reason(name, "Throttled"));
    let said = steps(Machine::Backup, &reasons, "hubs");
    assert_eq!(said.len(), 1);
    assert!(
        said[0].words.starts_with("a, b, c, d and 2 more: AWS throttled"),
        "{said:?}"
    );
    let said = steps(
        Machine::Backup,
        &[reason("a", "Throttled"), reason("Quiesce", "Throttled")],
        "hubs",
    );
    assert_eq!(said.len(), 2);
}

#[test]
fn every_error_of_ours_has_advice_in_every_place() {
    let none = remedy("SomethingElse", FailureLocation::Capture, "hubs");
    for error in &ERRORS[..16] {
        for location in LOCATIONS {
            assert_ne!(remedy(error, location, "hubs"), none, "{error} {location:?}");
        }
    }
}

/// An error alone never shows that something is unused.
#[test]
fn no_advice_removes_what_may_be_in_use() {
    for error in ERRORS {
        for location in LOCATIONS {
            let advice = remedy(error, location, "hubs").to_lowercase();
            for harmful in [
                "delete",
                "rename or remove",
                "remove it.",
                "remove what",
                "no longer needed",
            ] {
                assert!(
                    !advice.contains(harmful) || advice.contains("deleted by mistake"),
                    "{error} {location:?}: {advice}"
                );
            }
        }
    }
}
