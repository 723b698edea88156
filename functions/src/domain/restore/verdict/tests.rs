#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::Finding::{Different, Same, Unproven};
use super::*;
use crate::domain::job::Failure;
use crate::domain::restore::matching::{Gap, GapKind, Matching, ProbeComparability, ProbePair};

fn count(name: &str, count: u64) -> ProbeResult {
    ProbeResult {
        name: name.to_owned(),
        count: Some(count),
        failure: None,
    }
}

fn failed(name: &str, error: &str) -> ProbeResult {
    ProbeResult {
        name: name.to_owned(),
        count: None,
        failure: Some(Failure {
            error: error.to_owned(),
            cause: "no answer".to_owned(),
        }),
    }
}

fn at() -> Timestamp {
    "2026-11-20T03:00:00Z".parse().unwrap()
}

#[test]
fn each_way_in_which_two_counts_can_stand_to_each_other() {
    let not = "not counted (Unavailable: no answer)";
    for (before, after, at_rest, comparable, finding, detail) in [
        (
            Some(count("p", 562)),
            Some(count("p", 562)),
            true,
            true,
            Same,
            "562 at backup, 562 in the copy".to_owned(),
        ),
        (
            Some(count("p", 562)),
            Some(count("p", 562)),
            false,
            true,
            Same,
            "562 at backup, 562 in the copy".to_owned(),
        ),
        (
            Some(count("p", 562)),
            Some(count("p", 561)),
            true,
            true,
            Different,
            "562 at backup, 561 in the copy".to_owned(),
        ),
        (
            Some(count("p", 0)),
            Some(count("p", 1)),
            true,
            true,
            Different,
            "0 at backup, 1 in the copy".to_owned(),
        ),
        (
            Some(count("p", 562)),
            Some(count("p", 563)),
            false,
            true,
            Unproven,
            "562 at backup, 563 in the copy: they may differ, because the application was not quiesced, items expire, or the statement depends \
             on the time"
                .to_owned(),
        ),
        (
            Some(count("p", 562)),
            Some(count("p", 0)),
            false,
            true,
            Different,
            "562 at backup, 0 in the copy: nothing was found".to_owned(),
        ),
        (
            Some(count("p", 562)),
            Some(count("p", 0)),
            false,
            false,
            Different,
            "562 at backup, 0 in the copy: nothing was found".to_owned(),
        ),
        (
            Some(count("p", 0)),
            Some(count("p", 0)),
            true,
            true,
            Unproven,
            "0 at backup, 0 in the copy: a count of zero does not prove that nothing is missing".to_owned(),
        ),
        (
            Some(count("p", 562)),
            Some(count("p", 562)),
            true,
            false,
            Unproven,
            "562 at backup, 562 in the copy: they are from different moments, so that they need not agree".to_owned(),
        ),
        (
            Some(count("p", 562)),
            Some(count("p", 570)),
            true,
            false,
            Unproven,
            "562 at backup, 570 in the copy: they are from different moments, so that they need not agree".to_owned(),
        ),
        (
            Some(count("p", 562)),
            None,
            true,
            true,
            Unproven,
            "562 at backup; it was not run against the copy".to_owned(),
        ),
        (
            None,
            Some(count("p", 562)),
            true,
            true,
            Unproven,
            "562 in the copy; it was not counted at backup".to_owned(),
        ),
        (
            Some(failed("p", "Unavailable")),
            Some(count("p", 5)),
            true,
            true,
            Unproven,
            format!("{not} at backup, 5 in the copy"),
        ),
        (
            Some(count("p", 5)),
            Some(failed("p", "Unavailable")),
            true,
            true,
            Unproven,
            format!("5 at backup, {not} in the copy"),
        ),
        (
            Some(failed("p", "Unavailable")),
            None,
            true,
            true,
            Unproven,
            format!("{not} at backup; it was not run against the copy"),
        ),
        (
            Some(count("p", 5)),
            Some(failed("p", "NotFound")),
            false,
            false,
            Different,
            "5 at backup, not counted (NotFound: no answer) in the copy".to_owned(),
        ),
    ] {
        let list = |result: Option<ProbeResult>| result.into_iter().collect::<Vec<_>>();
        let checks = probes(&list(before), &list(after), |_| at_rest, comparable);
        assert_eq!(checks, [Check::new("probe p", finding, detail)]);
    }
}

#[test]
fn a_deployment_without_probes_is_never_verified() {
    let checks = counted(&Matching::default(), Vec::new(), Vec::new()).checks;
    assert_eq!(
        (checks.len(), checks[0].finding, checks[0].name.as_str()),
        (1, Unproven, "probes")
    );
    assert_eq!(verify(checks, at()).outcome, VerificationOutcome::Unproven);
    assert_eq!(verify(Vec::new(), at()).outcome, VerificationOutcome::Unproven);
    let configuration = vec![Check::new("database: configuration", Same, "nothing differs")];
    let verification = verify(configuration, at());
    assert_eq!(verification.outcome, VerificationOutcome::Unproven);
    assert_eq!(verification.checks[0].name, "probes");
}

#[test]
fn one_count_and_nothing_amiss_is_verified_and_the_worst_comes_first() {
    let check = |name: &str, finding| Check::new(name, finding, "");
    let good = vec![check("database: configuration", Same), check("probe users", Same)];
    assert_eq!(verify(good.clone(), at()).outcome, VerificationOutcome::Verified);
    let all = [
        good,
        vec![check("b", Unproven), check("a", Different), check("c", Unproven)],
    ]
    .concat();
    let verification = verify(all, at());
    assert_eq!(verification.outcome, VerificationOutcome::Failed);
    let names: Vec<&str> = verification.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "database: configuration", "probe users"]);
}

fn pair(name: &str, in_set: &str, standing: ProbeComparability) -> ProbePair {
    ProbePair {
        name: name.into(),
        in_set: in_set.into(),
        standing,
    }
}

fn gap(of: GapKind, name: &str) -> Gap {
    Gap {
        of,
        name: name.into(),
        why: "because".into(),
    }
}

#[test]
fn a_count_whose_statement_changed_is_no_comparison_whatever_it_says() {
    for (now, detail) in [
        (vec![count("users", 5)], "5 at backup, 5 in the copy: because"),
        (vec![count("users", 0)], "5 at backup, 0 in the copy: because"),
        (
            vec![failed("users", "NotFound")],
            "5 at backup, not counted (NotFound: no answer) in the copy: because",
        ),
        (Vec::new(), "5 at backup, not counted in the copy: because"),
    ] {
        let matching = Matching {
            gaps: vec![gap(GapKind::Probe, "users")],
            probes: vec![pair("users", "users", ProbeComparability::Changed("because".into()))],
            live: Vec::new(),
        };
        let found = counted(&matching, vec![count("users", 5)], now);
        assert_eq!((found.expected.len(), found.actual.len()), (0, 0));
        assert_eq!(found.checks, [Check::new("probe users", Unproven, detail)]);
    }
}

#[test]
fn a_probe_that_got_another_name_is_compared_by_what_it_counts() {
    let matching = Matching {
        probes: vec![pair("accounts", "users", ProbeComparability::Same)],
        ..Matching::default()
    };
    let found = counted(&matching, vec![count("users", 5)], vec![count("accounts", 5)]);
    assert_eq!(found.checks, []);
    let checks = probes(&found.expected, &found.actual, |_| true, true);
    assert_eq!(
        checks,
        [Check::new("probe accounts", Same, "5 at backup, 5 in the copy")]
    );
}

#[test]
fn a_restore_of_which_nothing_is_counted_says_which_counts_were_left_out() {
    let matching = Matching {
        probes: vec![pair(
            "users",
            "users",
            ProbeComparability::LeftOut("the request leaves database out".into()),
        )],
        ..Matching::default()
    };
    let found = counted(&matching, vec![count("users", 5)], Vec::new());
    assert_eq!((found.checks.len(), found.checks[0].finding), (1, Unproven));
    let detail = &found.checks[0].detail;
    assert!(
        detail.contains("probe users (the request leaves database out)") && !detail.contains("has no probes"),
        "{detail}"
    );
}

#[test]
fn whatever_has_no_counterpart_is_a_check_that_proves_nothing() {
    let matching = Matching {
        gaps: vec![
            gap(GapKind::Resource, "database"),
            gap(GapKind::Switch, "login"),
            gap(GapKind::Probe, "users"),
            gap(GapKind::Probe, "rooms"),
        ],
        probes: vec![
            pair("tables", "tables", ProbeComparability::Same),
            pair("users", "users", ProbeComparability::Removed),
        ],
        live: Vec::new(),
    };
    let found = counted(
        &matching,
        vec![count("tables", 4), count("users", 5)],
        vec![count("tables", 4), count("rooms", 3)],
    );
    let mut checks = probes(&found.expected, &found.actual, |_| true, true);
    checks.extend(found.checks);
    let verification = verify(checks, at());
    assert_eq!(verification.outcome, VerificationOutcome::Unproven);
    let mut unproven: Vec<&str> = verification
        .checks
        .iter()
        .filter(|check| check.finding == Unproven)
        .map(|check| check.name.as_str())
        .collect();
    unproven.sort_unstable();
    assert_eq!(
        unproven,
        ["probe rooms", "probe users", "resource database", "switch login"]
    );
}

fn results() -> impl Strategy<Value = Vec<ProbeResult>> {
    let result = (select(&["a", "b", "c"][..]), 0u64..3, 0..4).prop_map(|(name, number, kind)| match kind {
        0 => failed(name, "Unavailable"),
        1 => failed(name, "NotFound"),
        _ => count(name, number),
    });
    vec(result, 0..4).prop_map(|mut results| {
        results.sort_by(|a, b| a.name.cmp(&b.name));
        results.dedup_by(|a, b| a.name == b.name);
        results
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn verified_means_that_every_count_was_taken_twice_and_agreed(
        expected in results(), actual in results(), at_rest: bool, comparable: bool, others in vec(select(&[Same, Unproven, Different][..]), 0..3)
    ) {
        let mut checks = probes(&expected, &actual, |_| at_rest, comparable);
        prop_assert!(checks.len() >= expected.len().max(actual.len()));
        checks.extend(others.iter().map(|finding| Check::new("storage: files", *finding, "")));
        let verification = verify(checks, at());
        let agree = comparable && !expected.is_empty() && expected == actual
            && expected.iter().all(|result| result.count.is_some_and(|count| count > 0));
        let all_same = others.iter().all(|finding| *finding == Same);
        prop_assert_eq!(verification.outcome == VerificationOutcome::Verified, agree && all_same);
        if others.contains(&Different) {
            prop_assert_eq!(verification.outcome, VerificationOutcome::Failed);
        }
        prop_assert!(verification.checks.is_sorted_by(|a, b| a.finding >= b.finding));
    }
}
