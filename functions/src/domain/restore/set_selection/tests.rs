#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::restore::remark::Remark;
use crate::domain::set::Reason;

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}Z").parse().unwrap()
}

/// A set that started at 02:15 of a day, and if sealed was captured by 02:20:30.5.
fn set(deployment: &str, day: u32, status: SetStatus) -> BackupSet {
    let sealed = status == SetStatus::Sealed;
    BackupSet {
        id: format!("{deployment}-202611{day:02}-021500-630a"),
        deployment: deployment.to_owned(),
        status,
        execution: "arn".to_owned(),
        started_at: at(&format!("{day:02}T02:15:00")),
        ended_at: (status != SetStatus::Running).then(|| at(&format!("{day:02}T02:40:00"))),
        resources: vec!["database".to_owned()],
        captured_from: sealed.then(|| at(&format!("{day:02}T02:16:00"))),
        captured_to: sealed.then(|| at(&format!("{day:02}T02:20:30.5"))),
        skew_seconds: None,
        quiesced_seconds: None,
        quiesced_throughout: None,
        probes: Vec::new(),
        reasons: Vec::new(),
    }
}

fn sets() -> Vec<BackupSet> {
    use SetStatus::{Expiring, Failed, Running, Sealed};
    let mut failed = set("hubs", 18, Failed);
    failed.reasons = vec![Reason {
        subject: "database".to_owned(),
        error: "JobFailed".to_owned(),
        message: "the snapshot failed".to_owned(),
    }];
    vec![
        set("hubs", 19, Sealed),
        set("hubs", 10, Expiring),
        set("hubs", 17, Sealed),
        failed,
        set("hubs", 20, Running),
        set("hubs", 16, Sealed),
        set("other", 20, Sealed),
    ]
}

fn now() -> Timestamp {
    at("20T03:00:00")
}

fn chosen(wanted: &RequestedMoment) -> SelectedSet {
    select_set("hubs", &sets(), wanted, now()).unwrap()
}

fn refused(sets: &[BackupSet], wanted: &RequestedMoment) -> String {
    let error = select_set("hubs", sets, wanted, now()).unwrap_err();
    format!("{}: {error}", error.name())
}

const RUNNING: &str =
    "the newest set, hubs-20261120-021500-630a, is not offered: its run, of 2026-11-20T02:15:00Z, has not ended";

#[test]
fn the_newest_is_the_newest_sealed_one() {
    let chosen = chosen(&RequestedMoment::Newest);
    assert_eq!(chosen.set.id, "hubs-20261119-021500-630a");
    assert_eq!(chosen.passed_over, [""; 0]);
    assert_eq!(
        chosen.remarks,
        [
            "what was written since 2026-11-19T02:20:30Z, 1 day ago, is not in the copies",
            RUNNING
        ]
    );
}

#[test]
fn an_incident_is_never_in_the_chosen_set() {
    for (before, day, passed_over) in [
        ("19T02:20:30.500000001", 19, 0),
        ("19T02:20:30.5", 17, 1),
        ("19T02:18:00", 17, 1),
        ("18T00:00:00", 17, 1),
        ("17T02:20:30.5", 16, 2),
    ] {
        let chosen = chosen(&RequestedMoment::Before(at(before)));
        assert_eq!(chosen.set.id, format!("hubs-202611{day}-021500-630a"), "{before}");
        assert_eq!(chosen.passed_over.len(), passed_over, "{before}");
    }
    let chosen = chosen(&RequestedMoment::Before(at("17T00:00:00")));
    assert_eq!(
        chosen.passed_over,
        ["hubs-20261119-021500-630a", "hubs-20261117-021500-630a"]
    );
    assert_eq!(
        chosen.remarks[..2],
        [
            "what was written since 2026-11-16T02:20:30Z, 4 days ago, is not in the copies",
            "2 newer sealed sets are passed over; the newest is hubs-20261119-021500-630a (captured by 2026-11-19T02:20:30Z)",
        ]
    );
}

#[test]
fn a_time_before_every_set_is_told_which_is_the_earliest() {
    assert_eq!(
        refused(&sets(), &RequestedMoment::Before(at("16T02:20:30.5"))),
        "InvalidInput: before: \"2026-11-16T02:20:30.5Z\" is not allowed; expected a time after 2026-11-16T02:20:31Z, by which \
         the earliest sealed set, hubs-20261116-021500-630a, was captured; or that set itself: {\"set\": \
         \"hubs-20261116-021500-630a\"}"
    );
}

#[test]
fn a_set_that_is_not_offered_is_told_why() {
    let sealed = "hubs-20261119-021500-630a (captured by 2026-11-19T02:20:30Z), hubs-20261117-021500-630a (captured by \
                  2026-11-17T02:20:30Z), hubs-20261116-021500-630a (captured by 2026-11-16T02:20:30Z)";
    for (id, why, guess) in [
        (
            "hubs-20261118-021500-630a",
            "it failed (database: JobFailed)",
            "hubs-20261116-021500-630a",
        ),
        (
            "hubs-20261110-021500-630a",
            "its recovery points are being deleted",
            "hubs-20261116-021500-630a",
        ),
        (
            "hubs-20261120-021500-630a",
            "its run, of 2026-11-20T02:15:00Z, has not ended",
            "hubs-20261116-021500-630a",
        ),
        ("other-20261120-021500-630a", "this one is of other", ""),
        ("hubs-20251120-031500-9999", "no such set is in the catalog", ""),
        (
            "hubs-20261119-021500-630b",
            "no such set is in the catalog",
            "hubs-20261119-021500-630a",
        ),
    ] {
        let found = refused(&sets(), &RequestedMoment::Set(id.to_owned()));
        let expected =
            format!("InvalidInput: set: \"{id}\" is not allowed; expected a sealed set of hubs ({why}): {sealed}");
        let guess = if guess.is_empty() {
            String::new()
        } else {
            format!("; did you mean {guess}?")
        };
        assert_eq!(found, format!("{expected}{guess}"));
    }
    let id = "hubs-20261117-021500-630a";
    let chosen = chosen(&RequestedMoment::Set(id.to_owned()));
    assert_eq!((chosen.set.id.as_str(), chosen.passed_over.len()), (id, 1));
}

#[test]
fn without_a_sealed_set_the_newest_is_told() {
    let unsealed: Vec<BackupSet> = sets()
        .into_iter()
        .filter(|set| set.status != SetStatus::Sealed)
        .collect();
    let hint = "If the catalog was lost, rebuild it; if resources were deleted, restore what AWS keeps of them with \
                \"source\": \"retained\"";
    for wanted in [
        RequestedMoment::Newest,
        RequestedMoment::Before(now()),
        RequestedMoment::At(now()),
    ] {
        assert_eq!(
            refused(&unsealed, &wanted),
            format!(
                "NotFound: choosing a set to restore hubs from: no sealed set is in the catalog; of its 3 sets the newest is \
                 hubs-20261120-021500-630a: its run, of 2026-11-20T02:15:00Z, has not ended. {hint}"
            )
        );
        assert_eq!(
            refused(&[set("other", 1, SetStatus::Sealed)], &wanted),
            format!(
                "NotFound: choosing a set to restore hubs from: no sealed set is in the catalog; it has no sets at all. {hint}"
            )
        );
    }
}

#[test]
fn a_moment_takes_the_set_before_it_or_else_the_first_after_it() {
    for (moment, day) in [
        ("20T01:00:00", 19),
        ("19T02:20:30.5", 19),
        ("19T02:20:30", 17),
        ("01T00:00:00", 16),
    ] {
        let chosen = chosen(&RequestedMoment::At(at(moment)));
        assert_eq!(chosen.set.id, format!("hubs-202611{day}-021500-630a"), "{moment}");
    }
}

fn options(resource: &str, window: Option<(&str, &str)>, points: &[&str]) -> RecoveryOptions {
    RecoveryOptions {
        resource: resource.to_owned(),
        window: window.map(|(earliest, latest)| RecoveryWindow {
            earliest: at(earliest),
            latest: at(latest),
        }),
        points: points.iter().map(|point| (format!("set-{point}"), at(point))).collect(),
    }
}

#[test]
fn all_with_point_in_time_recovery_have_the_same_moment_and_the_rest_an_earlier_one() {
    let window = Some(("01T00:00:00.25", "20T02:55:00.5"));
    let options = [
        options("database", window, &[]),
        options("rooms", window, &["20T02:00:00"]),
        options("storage", None, &["20T02:30:00", "19T02:16:00", "20T02:16:00"]),
    ];
    let found = recovery_targets(at("20T02:29:59.999"), &options, now()).unwrap();
    assert_eq!(found.at, at("20T02:29:59"));
    let each: Vec<_> = found
        .targets
        .iter()
        .map(|target| {
            (
                target.resource.as_str(),
                target.holds,
                target.behind_seconds,
                target.loss_seconds,
            )
        })
        .collect();
    assert_eq!(
        each,
        [
            ("database", at("20T02:29:59"), 0, 1_801),
            ("rooms", at("20T02:29:59"), 0, 1_801),
            ("storage", at("20T02:16:00"), 839, 2_640),
        ]
    );
    assert_eq!(found.skew_seconds, 839);
    assert_eq!(
        found.remarks,
        [Remark::of(
            "storage",
            "it is restored from set set-20T02:16:00 as of 2026-11-20T02:16:00Z, 13 minutes 59 seconds before the others"
        )]
    );
}

#[test]
fn a_moment_outside_a_window_names_the_window() {
    let options = [
        options("database", Some(("10T00:00:00.25", "20T02:55:00.5")), &["09T00:00:00"]),
        options("storage", None, &["10T02:16:00.5", "11T02:16:00"]),
        options("rooms", None, &[]),
    ];
    let faults = |time: &str| -> Vec<String> {
        let faults = recovery_targets(at(time), &options, now()).unwrap_err();
        faults.iter().map(ToString::to_string).collect()
    };
    let database =
        "a time from 2026-11-10T00:00:01Z to 2026-11-20T02:55:00Z, the window of point-in-time recovery of database";
    let storage = "a time from 2026-11-10T02:16:01Z on, when storage, without point-in-time recovery, has its earliest \
                   recovery point (set set-10T02:16:00.5)";
    let rooms = "a request without rooms ({\"except\": [\"rooms\"]}), which has neither point-in-time recovery nor a recovery \
                 point";
    let expected = |time: &str, rules: &[&str]| -> Vec<String> {
        let time = at(time);
        rules
            .iter()
            .map(|rule| format!("at: \"{time}\" is not allowed; expected {rule}"))
            .collect()
    };
    for (time, rules) in [
        ("09T00:00:00", vec![database, storage, rooms]),
        ("10T00:00:00.9", vec![database, storage, rooms]),
        ("10T00:00:01", vec![storage, rooms]),
        ("10T02:16:01", vec![rooms]),
        ("20T02:55:00.9", vec![rooms]),
        ("20T02:55:01", vec![database, rooms]),
    ] {
        assert_eq!(faults(time), expected(time, &rules), "{time}");
    }
}

fn any_sets() -> impl Strategy<Value = Vec<BackupSet>> {
    let statuses = [
        SetStatus::Sealed,
        SetStatus::Sealed,
        SetStatus::Running,
        SetStatus::Failed,
        SetStatus::Expiring,
    ];
    vec(
        (1u32..20, select(statuses.to_vec()), select(vec!["hubs", "other"])),
        0..8,
    )
    .prop_map(|sets| sets.into_iter().map(|(day, status, of)| set(of, day, status)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_chosen_is_sealed_of_the_deployment_and_as_new_as_it_may_be(sets in any_sets(), day in 1u32..20, second in 0i64..86_400) {
        let time = Timestamp::from_second(at(&format!("{day:02}T00:00:00")).as_second() + second).unwrap();
        let offered = |set: &&BackupSet| set.deployment == "hubs" && set.status == SetStatus::Sealed;
        for (wanted, fits) in [
            (RequestedMoment::Newest, Box::new(|_: &BackupSet| true) as Box<dyn Fn(&BackupSet) -> bool>),
            (RequestedMoment::Before(time), Box::new(|set: &BackupSet| set.captured_to.unwrap() < time)),
            (RequestedMoment::At(time), Box::new(|set: &BackupSet| set.captured_to.unwrap() <= time)),
        ] {
            let newest = sets.iter().filter(offered).filter(|set| fits(set)).map(|set| set.captured_to).max();
            match select_set("hubs", &sets, &wanted, now()) {
                Ok(chosen) => {
                    prop_assert!(offered(&&chosen.set));
                    match newest {
                        Some(newest) => prop_assert_eq!(chosen.set.captured_to, newest),
                        None => prop_assert!(matches!(wanted, RequestedMoment::At(_))),
                    }
                    let newer = sets.iter().filter(offered).filter(|set| set.captured_to > chosen.set.captured_to).count();
                    prop_assert!(chosen.passed_over.len() >= newer);
                }
                Err(Error::NotFound(_)) => prop_assert!(!sets.iter().any(|set| offered(&set))),
                Err(error) => {
                    prop_assert!(newest.is_none() && matches!(wanted, RequestedMoment::Before(_)), "{}", error);
                }
            }
        }
    }
}
