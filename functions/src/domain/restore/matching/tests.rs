#![allow(clippy::unwrap_used)]

mod generated;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::domain::descriptor::Descriptor;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::descriptor_updates::{DescriptorChange, DescriptorField};
use crate::domain::restore::request::RestoreRequest;
use crate::domain::set::ProbeResult;

pub fn descriptor(document: &Value) -> Descriptor {
    let mut whole = json!({"deployment": "hubs-prod"});
    whole
        .as_object_mut()
        .unwrap()
        .extend(document.as_object().unwrap().clone());
    Descriptor::parse(&whole).unwrap()
}

/// A cluster, a table of a prefix and a secret, under these names, with a probe and a switch each.
fn hubs(database: &str, tables: &str) -> Value {
    json!({
        "resources": {
            database: {"kind": "aurora", "cluster": "hubs-db"},
            tables: {"kind": "dynamodb", "prefix": "hubs-"},
            "login": {"kind": "secret", "secret": "hubs/login"},
        },
        "probes": {
            "users": {"resource": database, "sql": "select count(*) from users", "secret": "hubs/login", "database": "hubs"},
            "rooms": {"resource": tables, "table": "hubs-rooms"},
        },
        "cut_over": [
            {"name": "login", "kind": "secret", "resource": database, "secret": "hubs/login"},
            {"name": "table", "kind": "parameter", "resource": tables, "table": "hubs-rooms", "parameter": "/hubs/table"},
        ],
    })
}

fn at(hour: u8) -> Timestamp {
    format!("2026-11-20T{hour:02}:00:00Z").parse().unwrap()
}

/// The resources in a backup of this deployment.
pub fn in_set(then: &Descriptor) -> Vec<Resource> {
    let tables = ["hubs-rooms".to_owned()];
    let expanded = |resource: Resource| match resource.target {
        Target::DynamodbPrefix { .. } => then.tables(&resource, &tables),
        _ => vec![resource],
    };
    then.resources().into_iter().flat_map(expanded).collect()
}

pub fn counts(then: &Descriptor) -> Vec<ProbeResult> {
    let count = |name: &String| ProbeResult {
        name: name.clone(),
        count: Some(4),
        failure: None,
    };
    then.probes.keys().map(count).collect()
}

/// The matched resources, all gaps, and the paired counts.
pub fn found(
    then: &Descriptor,
    today: &Descriptor,
    followed: &[DescriptorChange],
    request: &Value,
) -> (Vec<MatchedResource>, Vec<Gap>, Vec<ProbePair>) {
    let matched = resources(today, &in_set(then), Some(at(1)), followed, at(3));
    let mut request_of = json!({"deployment": "hubs-prod"});
    request_of
        .as_object_mut()
        .unwrap()
        .extend(request.as_object().unwrap().clone());
    let request = RestoreRequest::parse(&request_of)
        .unwrap()
        .called_today(&matched, today);
    let sides = Sides {
        set: "set",
        then: Some(then),
        today,
        resources: &matched,
        request: &request,
    };
    let mut gaps = sides.gaps();
    let (pairs, more) = probes(&sides, &counts(then));
    gaps.extend(more);
    gaps.extend(switches(&sides));
    (matched, gaps, pairs)
}

fn subjects(gaps: &[Gap]) -> Vec<String> {
    gaps.iter().map(Gap::subject).collect()
}

fn names(matched: &[MatchedResource]) -> Vec<&str> {
    matched.iter().map(|of| of.name.as_str()).collect()
}

#[test]
fn renamed_resources_are_followed_with_their_probes_and_switches() {
    let (then, today) = (
        descriptor(&hubs("database", "tables")),
        descriptor(&hubs("db", "items")),
    );
    let (matched, gaps, pairs) = found(&then, &today, &[], &json!({}));
    assert_eq!(names(&matched), ["db", "login", "items.hubs-rooms"]);
    assert_eq!(gaps, []);
    assert!(
        pairs.iter().all(|pair| pair.standing == ProbeComparability::Same),
        "{pairs:?}"
    );
}

#[test]
fn a_table_that_got_a_resource_of_its_own_is_followed() {
    let then = descriptor(&hubs("database", "tables"));
    let mut document = hubs("database", "tables");
    document["resources"]["rooms"] = json!({"kind": "dynamodb", "table": "hubs-rooms"});
    let (matched, gaps, pairs) = found(&then, &descriptor(&document), &[], &json!({}));
    assert_eq!(names(&matched), ["database", "login", "rooms"]);
    assert_eq!(
        subjects(&gaps),
        ["resource tables"],
        "no table of the set is left to it"
    );
    assert!(
        pairs.iter().all(|pair| pair.standing == ProbeComparability::Same),
        "{pairs:?}"
    );
}

#[test]
fn what_cut_overs_made_of_a_resource_is_followed_and_what_nobody_recorded_is_asked_about() {
    let then = descriptor(&hubs("database", "tables"));
    let mut document = hubs("db", "tables");
    document["resources"]["db"]["cluster"] = json!("hubs-db-r2");
    document["probes"]["rooms"]["table"] = json!("hubs-rooms-r1");
    document["cut_over"][1]["table"] = json!("hubs-rooms-r1");
    let change = |field: &str, from: &str, to: &str, hour| DescriptorChange {
        resource: "database".into(),
        place: DescriptorField::Resource("database".into()),
        field: field.into(),
        from: from.into(),
        to: to.into(),
        at: at(hour),
        back_at: None,
    };
    let followed = [
        change("cluster", "hubs-db", "hubs-db-r1", 1),
        change("table", "hubs-rooms", "hubs-rooms-r1", 2),
        change("cluster", "hubs-db", "hubs-db-r1", 2),
        change("cluster", "hubs-db-r1", "hubs-db-r2", 3),
        // Of another kind, and therefore of another resource.
        change("file_system", "hubs-db", "fs-1", 2),
    ];
    let (matched, gaps, pairs) = found(&then, &descriptor(&document), &followed, &json!({}));
    assert_eq!(names(&matched), ["db", "login", "tables.hubs-rooms-r1"]);
    assert_eq!(gaps, [], "{gaps:?}");
    assert!(
        pairs.iter().all(|pair| pair.standing == ProbeComparability::Same),
        "{pairs:?}"
    );

    let mut moved = hubs("database", "tables");
    moved["resources"]["database"]["cluster"] = json!("hubs-elsewhere");
    let (matched, gaps, _) = found(&then, &descriptor(&moved), &[], &json!({}));
    assert_eq!(names(&matched), ["database", "login", "tables.hubs-rooms"]);
    assert_eq!(subjects(&gaps), ["resource database"]);
    assert!(
        gaps[0].why.contains("hubs-db") && gaps[0].why.contains("hubs-elsewhere"),
        "{gaps:?}"
    );
}

#[test]
fn what_a_cut_over_led_away_from_before_the_backup_is_not_in_use() {
    let change = |from: &str, to: &str, hour, back: Option<u8>| DescriptorChange {
        resource: "tables.hubs-rooms".into(),
        place: DescriptorField::Switch("table".into()),
        field: "table".into(),
        from: from.into(),
        to: to.into(),
        at: at(hour),
        back_at: back.map(at),
    };
    let then = descriptor(&hubs("database", "tables"));
    for (hour, back, abandoned) in [
        (0, None, true),
        (0, Some(1), false),
        (0, Some(2), true),
        (2, None, false),
    ] {
        let followed = [change("hubs-rooms", "hubs-rooms-r1", hour, back)];
        let (matched, ..) = found(&then, &then, &followed, &json!({}));
        let table = matched
            .iter()
            .find(|of| of.resource.name == "tables.hubs-rooms")
            .unwrap();
        assert_eq!(table.abandoned, abandoned, "{hour} {back:?}");
    }
}

#[test]
fn names_that_were_exchanged_lead_to_what_they_are_and_never_to_one_name_twice() {
    let table = |table: &str| json!({"kind": "dynamodb", "table": table});
    let then = descriptor(&json!({"resources": {"a": table("one"), "b": table("two")}}));
    let swapped = descriptor(&json!({"resources": {"a": table("two"), "b": table("one")}}));
    assert_eq!(names(&found(&then, &swapped, &[], &json!({})).0), ["b", "a"]);
    let one_left = descriptor(&json!({"resources": {"a": table("two")}}));
    let (matched, gaps, _) = found(&then, &one_left, &[], &json!({}));
    assert_eq!(names(&matched), ["a-of-set", "a"]);
    assert_eq!(subjects(&gaps), ["resource a-of-set"]);
}

#[test]
fn a_secret_is_the_same_by_name_and_by_arn() {
    let of = |secret: &str| {
        descriptor(&json!({"resources": {
            "rooms": {"kind": "dynamodb", "table": "hubs-rooms"}, secret.split(['/', ':']).next().unwrap(): {"kind": "secret", "secret": secret},
        }}))
    };
    let then = of("hubs/login");
    let today = of("arn:aws:secretsmanager:eu-west-1:111122223333:secret:hubs/login-AbCdEf");
    let (matched, gaps, _) = found(&then, &today, &[], &json!({}));
    assert_eq!((names(&matched), gaps), (vec!["arn", "rooms"], Vec::new()));
}

#[test]
fn what_only_one_side_has_is_named() {
    let (full, less) = (hubs("database", "tables"), {
        let mut less = hubs("database", "tables");
        less["probes"].as_object_mut().unwrap().remove("users");
        less["cut_over"].as_array_mut().unwrap().remove(0);
        less["resources"]["cache"] = json!({"kind": "dynamodb", "table": "cache"});
        less
    });
    let (full, less) = (descriptor(&full), descriptor(&less));
    let gaps = found(&full, &less, &[], &json!({})).1;
    assert_eq!(subjects(&gaps), ["resource cache", "probe users", "switch login"]);
    let gaps = found(&less, &full, &[], &json!({})).1;
    assert_eq!(subjects(&gaps), ["resource cache", "probe users", "switch login"]);
    // What the request leaves out is no gap.
    let request = json!({"except": ["database", "cache"]});
    assert_eq!(subjects(&found(&full, &less, &[], &request).1), Vec::<String>::new());
}

#[test]
fn a_resource_that_is_gone_takes_its_probe_and_its_switch_with_it_by_name() {
    let then = descriptor(&hubs("database", "tables"));
    let mut today = hubs("database", "tables");
    today["resources"].as_object_mut().unwrap().remove("database");
    today["probes"].as_object_mut().unwrap().remove("users");
    today["cut_over"].as_array_mut().unwrap().remove(0);
    let (matched, gaps, _) = found(&then, &descriptor(&today), &[], &json!({}));
    assert_eq!(names(&matched), ["database", "login", "tables.hubs-rooms"]);
    assert_eq!(subjects(&gaps), ["resource database", "probe users", "switch login"]);
}

#[test]
fn a_probe_is_the_same_by_what_it_counts() {
    let then = descriptor(&hubs("database", "tables"));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut today = hubs("database", "tables");
        change(&mut today);
        let (_, gaps, pairs) = found(&then, &descriptor(&today), &[], &json!({}));
        let users = pairs.into_iter().find(|pair| pair.in_set == "users").unwrap();
        (subjects(&gaps), users.name, users.standing)
    };
    let nothing = || Vec::<String>::new();
    let other_login = with(&|today| {
        today["probes"]["users"]["secret"] = json!("hubs/reader");
        today["probes"]["users"]["timeout"] = json!("1m");
    });
    assert_eq!(other_login, (nothing(), "users".into(), ProbeComparability::Same));
    let renamed = with(&|today| {
        let probe = today["probes"].as_object_mut().unwrap().remove("users").unwrap();
        today["probes"]["accounts"] = probe;
    });
    assert_eq!(renamed, (nothing(), "accounts".into(), ProbeComparability::Same));
    for change in ["sql", "database"] {
        let (gaps, name, standing) = with(&|today| today["probes"]["users"][change] = json!("select 1"));
        assert_eq!(
            (gaps, name),
            (vec!["probe users".to_owned()], "users".into()),
            "{change}"
        );
        assert!(matches!(standing, ProbeComparability::Changed(_)), "{standing:?}");
    }
}

#[test]
fn what_a_request_leaves_out_is_said_of_each_count() {
    let then = descriptor(&hubs("database", "tables"));
    let today = descriptor(&hubs("db", "tables"));
    for only in ["db", "database"] {
        let (_, gaps, pairs) = found(&then, &today, &[], &json!({"only": [only]}));
        assert_eq!(gaps, [], "{only}");
        let standings: Vec<_> = pairs.iter().map(|pair| (pair.name.as_str(), &pair.standing)).collect();
        let why = "the request leaves tables.hubs-rooms out".to_owned();
        assert_eq!(
            standings,
            [
                ("rooms", &ProbeComparability::LeftOut(why)),
                ("users", &ProbeComparability::Same)
            ]
        );
    }
}

#[test]
fn a_switch_that_was_changed_is_told_with_both_sides() {
    let then = descriptor(&hubs("database", "tables"));
    let mut today = hubs("database", "tables");
    today["cut_over"][0]["secret"] = json!("hubs/other");
    let gaps = found(&then, &descriptor(&today), &[], &json!({})).1;
    assert_eq!(subjects(&gaps), ["switch login"]);
    assert!(
        gaps[0].why.contains("hubs/login") && gaps[0].why.contains("hubs/other"),
        "{gaps:?}"
    );
    let mut renamed = hubs("database", "tables");
    renamed["cut_over"][0]["name"] = json!("credentials");
    assert_eq!(found(&then, &descriptor(&renamed), &[], &json!({})).1, []);
}
