//! For any set and any descriptor: nothing that one side has is silently ignored.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::*;
use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::restore::verdict::{self, Check, Finding, VerificationOutcome};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The resources in AWS; a descriptor may name each of them.
fn things() -> Vec<Value> {
    vec![
        json!({"kind": "aurora", "cluster": "db-1"}),
        json!({"kind": "aurora", "cluster": "db-2"}),
        json!({"kind": "dynamodb", "table": "rooms"}),
        json!({"kind": "dynamodb", "prefix": "hubs-"}),
        json!({"kind": "efs", "file_system": "fs-01234567"}),
    ]
}

/// A descriptor of some of the resources, with probes and switches for them, all with random names.
fn deployment() -> impl Strategy<Value = Descriptor> {
    let named = (subsequence(things(), 1..=5), Just(NAMES.to_vec()).prop_shuffle());
    let probes = btree_map(select(&["p", "q", "r"][..]), (0usize..5, 1u8..3), 0..3);
    let switches = vec((select(&["s", "t", "u"][..]), 0usize..5, 1u8..3), 0..3);
    (named, probes, switches).prop_map(|((things, names), probes, switches)| {
        let resources: BTreeMap<&str, &Value> = names.iter().copied().zip(&things).collect();
        let nth = |index: usize| resources.iter().nth(index % resources.len()).unwrap();
        let table = |thing: &Value| thing.get("prefix").map(|_| "hubs-rooms");
        let probe = |(name, (index, statement)): (&str, (usize, u8))| {
            let (resource, thing) = nth(index);
            let probe = match (thing["kind"].as_str()?, table(thing)) {
                ("aurora", _) => {
                    json!({"resource": resource, "sql": format!("select {statement}"), "secret": "s", "database": "d"})
                }
                ("dynamodb", Some(table)) => json!({"resource": resource, "table": table}),
                ("dynamodb", None) => json!({"resource": resource}),
                _ => return None,
            };
            Some((name.to_owned(), probe))
        };
        let mut seen = BTreeSet::new();
        let switch = |(name, index, parameter): (&str, usize, u8)| {
            let (resource, thing) = nth(index);
            let parameter = format!("/hubs/{parameter}");
            let first = !seen.contains(name) && !seen.contains(&parameter);
            seen.extend([name.to_owned(), parameter.clone()]);
            first.then(|| {
                let mut switch =
                    json!({"name": name, "kind": "parameter", "resource": resource, "parameter": parameter});
                if let Some(table) = table(thing) {
                    switch["table"] = json!(table);
                }
                switch
            })
        };
        let probes: BTreeMap<String, Value> = probes.into_iter().filter_map(probe).collect();
        let switches: Vec<Value> = switches.into_iter().filter_map(switch).collect();
        descriptor(&json!({"resources": resources, "probes": probes, "cut_over": switches}))
    })
}

fn is_named(gaps: &[Gap], of: GapKind, name: &str) -> bool {
    gaps.iter().any(|gap| gap.of == of && gap.name == name)
}

/// Those of `these` that are not in `those`.
fn beyond<'a>(
    these: &'a [(SwitchAction, String)],
    those: &[(SwitchAction, String)],
) -> Vec<&'a (SwitchAction, String)> {
    these.iter().filter(|switch| !those.contains(switch)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn everything_is_matched_or_named_and_whatever_is_named_is_unproven(then in deployment(), today in deployment()) {
        let (matched, gaps, pairs) = found(&then, &today, &[], &json!({}));
        let names: BTreeSet<&str> = matched.iter().map(|of| of.name.as_str()).collect();
        prop_assert_eq!(names.len(), matched.len(), "no two items have one name");
        for of in &matched {
            let resource = in_set(&today).into_iter().find(|resource| resource.name == of.name);
            let same = resource.is_some_and(|resource| resource.target == of.resource.target);
            prop_assert_eq!(of.by == MatchedBy::Identity, same, "{:?}", of);
            prop_assert!(of.by == MatchedBy::Identity || is_named(&gaps, GapKind::Resource, &of.name), "{:?}", of);
        }
        for resource in today.resources() {
            let matched = matched.iter().any(|of| of.by != MatchedBy::Nothing && of.is_of(&resource));
            prop_assert!(matched || is_named(&gaps, GapKind::Resource, &resource.name), "{:?}", resource);
        }
        let today_of = |item: &str| matched.iter().find(|of| of.resource.name == item).map(|of| of.name.as_str());
        prop_assert_eq!(pairs.len(), then.probes.len());
        for pair in &pairs {
            let before = &then.probes[&pair.in_set];
            let after = today.probes.get(&pair.name);
            let same = after.is_some_and(|after| {
                Some(after.item_name().as_str()) == today_of(&before.item_name()) && after.count == before.count
            });
            if pair.standing == ProbeComparability::Same {
                prop_assert!(same, "{:?}", pair);
            } else {
                prop_assert!(is_named(&gaps, GapKind::Probe, &pair.name), "{:?}", pair);
            }
        }
        for name in today.probes.keys() {
            let compared = pairs.iter().any(|pair| pair.name == *name && pair.standing == ProbeComparability::Same);
            prop_assert!(compared || is_named(&gaps, GapKind::Probe, name), "{}", name);
        }
        let pair = |switch: &Switch, item: &str| (switch.action.clone(), item.to_owned());
        let now: Vec<_> = today.cut_over.iter().map(|switch| pair(switch, &switch.item_name())).collect();
        let before = then.cut_over.iter().map(|switch| {
            let item = switch.item_name();
            pair(switch, today_of(&item).unwrap_or(&item))
        });
        let before: Vec<_> = before.collect();
        let (lost, added) = (beyond(&before, &now).len(), beyond(&now, &before).len());
        let named = gaps.iter().filter(|gap| gap.of == GapKind::Switch).count();
        prop_assert!(named >= lost.max(added) && named <= lost + added, "{} lost, {} added: {:?}", lost, added, gaps);

        // Whatever the counts of the copies are, with any gap the restore is not verified.
        let plan = Matching { gaps: gaps.clone(), probes: pairs, live: Vec::new() };
        let counted = verdict::counted(&plan, counts(&then), counts(&today));
        let mut checks = verdict::probes(&counted.expected, &counted.actual, |_| true, true);
        checks.extend(counted.checks);
        for gap in &gaps {
            let unproven = |check: &Check| check.name == gap.subject() && check.finding == Finding::Unproven;
            prop_assert!(checks.iter().any(unproven), "{:?} is not in {:?}", gap, checks);
        }
        let compared = plan.probes.iter().any(|pair| pair.standing == ProbeComparability::Same);
        let outcome = verdict::verify(checks, at(3)).outcome;
        prop_assert_eq!(outcome == VerificationOutcome::Verified, gaps.is_empty() && compared);
    }
}
