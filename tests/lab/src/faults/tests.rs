#![allow(clippy::unwrap_used)]
use super::*;
use crate::call::tests::call;

fn rule(kind: FaultKind) -> Rule {
    Rule {
        kind: Some(kind),
        ..Rule::default()
    }
}

fn kinds(faults: &Faults, calls: usize) -> Vec<bool> {
    (0..calls)
        .map(|_| faults.for_call(&call("backup", "StartBackupJob", "fs-1")).is_some())
        .collect()
}

#[test]
fn the_nth_matching_call_is_hit_and_only_it() {
    let faults = Faults::default();
    faults
        .add(Rule {
            action: Some("StartBackupJob".to_owned()),
            nth: Some(2),
            ..rule(FaultKind::Throttle)
        })
        .unwrap();
    assert_eq!(faults.for_call(&call("backup", "DescribeBackupJob", "x")), None);
    assert_eq!(kinds(&faults, 4), [false, true, false, false]);
    assert_eq!(faults.list()[0]["hits"], 1);
    assert_eq!(faults.list()[0]["seen"], 4);
}

#[test]
fn times_extends_nth_and_limits_the_rest() {
    let faults = Faults::default();
    faults
        .add(Rule {
            nth: Some(2),
            times: Some(2),
            ..rule(FaultKind::Error500)
        })
        .unwrap();
    assert_eq!(kinds(&faults, 5), [false, true, true, false, false]);
    let faults = Faults::default();
    faults
        .add(Rule {
            times: Some(1),
            ..rule(FaultKind::Error500)
        })
        .unwrap();
    assert_eq!(kinds(&faults, 3), [true, false, false]);
}

#[test]
fn the_same_seed_draws_the_same_and_about_as_often_as_asked() {
    let drawn = |seed| {
        let faults = Faults::default();
        let rule = Rule {
            probability: Some(0.3),
            seed: Some(seed),
            ..rule(FaultKind::Throttle)
        };
        faults.add(rule).unwrap();
        kinds(&faults, 1000)
    };
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
    let hits = drawn(7).into_iter().filter(|hit| *hit).count();
    assert!((220..380).contains(&hits), "{hits} of 1000 at 0.3");
}

#[test]
fn selectors_must_all_match() {
    let faults = Faults::default();
    faults
        .add(Rule {
            service: Some("backup".to_owned()),
            resource: Some("fs-2".to_owned()),
            caller: Some("back-up-file-system".to_owned()),
            ..rule(FaultKind::CutAfter)
        })
        .unwrap();
    let mut hit = call("backup", "StartBackupJob", "arn:...:file-system/fs-2");
    assert_eq!(faults.for_call(&hit), None, "another caller");
    hit.caller = "back-up-file-system".to_owned();
    assert_eq!(faults.for_call(&hit).unwrap().kind, FaultKind::CutAfter);
    hit.service = "elasticfilesystem".to_owned();
    assert_eq!(faults.for_call(&hit), None, "another service");
}

#[test]
fn job_faults_wait_for_the_job_and_do_not_hit_calls() {
    let faults = Faults::default();
    faults
        .add(Rule {
            nth: Some(1),
            ..rule(FaultKind::JobPartial)
        })
        .unwrap();
    let start = call("backup", "StartBackupJob", "fs-1");
    assert_eq!(faults.for_call(&start), None);
    assert!(!faults.fires(&start, FaultKind::DeleteIgnored));
    assert_eq!(faults.for_job(&start), Some(FaultKind::JobPartial));
    assert_eq!(faults.for_job(&start), None);
}

#[test]
fn rules_can_be_removed_and_wrong_ones_are_refused_with_the_field() {
    let faults = Faults::default();
    let id = faults.add(rule(FaultKind::Throttle)).unwrap();
    assert!(faults.remove(id));
    assert!(!faults.remove(id));
    assert_eq!(kinds(&faults, 1), [false]);
    for (wrong, field) in [
        (Rule::default(), "kind"),
        (
            Rule {
                nth: Some(0),
                ..rule(FaultKind::Throttle)
            },
            "nth",
        ),
        (
            Rule {
                probability: Some(1.5),
                ..rule(FaultKind::Throttle)
            },
            "probability",
        ),
        (rule(FaultKind::Slow), "milliseconds"),
    ] {
        assert!(faults.add(wrong).unwrap_err().contains(field), "{field}");
    }
}

#[test]
fn kinds_have_the_names_of_the_control_api() {
    for (kind, name) in [
        (FaultKind::Error500, "error_500"),
        (FaultKind::KillCallerAfter, "kill_caller_after"),
        (FaultKind::JobCompletedWithIssues, "job_completed_with_issues"),
        (FaultKind::DeleteIgnored, "delete_ignored"),
    ] {
        assert_eq!(kind.name(), name);
    }
}

#[test]
fn what_is_shown_late_is_late_for_each_resource() {
    let faults = Faults::default();
    faults
        .add(Rule {
            times: Some(2),
            ..rule(FaultKind::WithoutTags)
        })
        .unwrap();
    let late = |resource| faults.for_call(&call("efs", "DescribeFileSystems", resource)).is_some();
    assert_eq!(
        [late("a"), late("a"), late("b"), late("a"), late("b"), late("b")],
        [true, true, true, false, true, false]
    );
    assert_eq!(faults.list()[0]["hits"], 4);
}
