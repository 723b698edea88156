#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::*;
use crate::testing::generated::{anything, pointers};

fn found(before: Value, after: Value, expected: &[&str]) -> Vec<String> {
    differences(&before, &after, expected)
        .iter()
        .map(Difference::to_string)
        .collect()
}

#[test]
fn a_difference_names_its_field_and_both_values() {
    let before = json!({
        "Engine": "aurora-postgresql", "Retention": 14, "Groups": ["a", "b"],
        "Members": [{"Id": "one", "Tier": 0}, {"Id": "two", "Tier": 1}], "Tags": {"owner": "hubs"},
    });
    let after = json!({
        "Engine": "aurora-mysql", "Retention": 14, "Groups": ["a"],
        "Members": [{"Id": "one", "Tier": 2}], "Port": 5432,
    });
    assert_eq!(
        found(before, after, &[]),
        [
            r#"Engine: was "aurora-postgresql", is "aurora-mysql""#,
            r#"Groups[1]: was "b", is nothing"#,
            r#"Members[0].Tier: was 0, is 2"#,
            r#"Members[1]: was {"Id":"two","Tier":1}, is nothing"#,
            "Port: was nothing, is 5432",
            r#"Tags: was {"owner":"hubs"}, is nothing"#,
        ]
    );
}

#[test]
fn missing_null_and_empty_are_the_same_and_nothing_else_is() {
    let empties = [
        json!({}),
        json!({"a": null}),
        json!({"a": []}),
        json!({"a": {}}),
        json!({"a": {"b": [null]}}),
    ];
    for before in &empties {
        for after in &empties {
            assert_eq!(found(before.clone(), after.clone(), &[]), [""; 0], "{before} {after}");
        }
        for value in [
            json!(0),
            json!(false),
            json!(""),
            json!([0]),
            json!({"b": ""}),
            json!([""]),
        ] {
            let after = json!({"a": value});
            assert_eq!(found(before.clone(), after.clone(), &[]).len(), 1, "{before} {after}");
            assert_eq!(found(after.clone(), before.clone(), &[]).len(), 1, "{after} {before}");
        }
    }
}

#[test]
fn numbers_are_compared_by_value() {
    assert!(found(json!([1, 0.5, -2]), json!([1.0, 0.5, -2.0]), &[]).is_empty());
    assert_eq!(found(json!(u64::MAX), json!(u64::MAX - 1), &[]).len(), 1);
    assert_eq!(found(json!(1), json!("1"), &[]), [r#"(whole): was 1, is "1""#]);
}

#[test]
fn an_expected_path_hides_itself_and_all_below() {
    let before =
        json!({"Arn": "a", "Ports": 1, "Members": [{"Id": "x", "Sub": {"At": 1}}], "p": {"rds.force_ssl": "1"}});
    let after =
        json!({"Arn": "b", "Ports": 2, "Members": [{"Id": "y", "Sub": {"At": 2}}], "p": {"rds.force_ssl": "0"}});
    let left = |expected: &[&str]| -> Vec<String> {
        differences(&before, &after, expected)
            .into_iter()
            .map(|difference| difference.path)
            .collect()
    };
    let all = ["Arn", "Members[0].Id", "Members[0].Sub.At", "Ports", "p.rds.force_ssl"];
    assert_eq!(left(&[]), all);
    assert_eq!(left(&["Arn"]), all[1..]);
    assert_eq!(
        left(&["Port", "Member", "Arn.x", "Members[1]", "[0]"]),
        all,
        "a path hides no other"
    );
    for hides_both in ["Members", "Members.*", "Members[*]", "Members[0]", "*.*"] {
        assert!(!left(&[hides_both]).join(" ").contains("Members"), "{hides_both}");
    }
    for hides_one in ["Members.*.Id", "Members[*].Id", "Members[0].Id", "*[0].Id", "*.*.Id"] {
        assert_eq!(
            left(&[hides_one]),
            ["Arn", "Members[0].Sub.At", "Ports", "p.rds.force_ssl"],
            "{hides_one}"
        );
    }
    assert_eq!(left(&["p.rds.force_ssl", "p.rds"]).len(), 4);
    assert!(left(&["*"]).is_empty());
    assert!(left(&[""]).is_empty());
}

#[test]
fn what_is_hidden_below_something_missing_does_not_make_it_differ() {
    let before = json!({"Members": [{"At": 1, "Id": "x"}]});
    assert_eq!(
        found(before.clone(), json!({}), &["Members[*].Id", "Members[*].At"]),
        [""; 0]
    );
    assert_eq!(
        found(before, json!(null), &["Members[*].Id"]),
        [r#"Members: was [{"At":1,"Id":"x"}], is nothing"#]
    );
}

#[test]
fn a_long_value_is_cut() {
    let long = &differences(&json!("é".repeat(500)), &json!("\u{7f}\n"), &[])[0];
    assert_eq!(long.before.chars().count(), 101);
    assert_eq!(long.after, r#""\u007f\n""#);
}

/// The path of a JSON pointer, as a difference names it.
fn path(document: &Value, pointer: &str) -> String {
    let mut path = String::new();
    let mut value = document;
    for step in pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
    {
        value = match value {
            Value::Array(list) => {
                path.push_str(&format!("[{step}]"));
                &list[step.parse::<usize>().unwrap()]
            }
            map => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&step);
                &map[&step]
            }
        };
    }
    path
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn equal_values_have_no_difference(value in anything()) {
        prop_assert_eq!(differences(&value, &value.clone(), &[]), vec![]);
    }

    #[test]
    fn any_change_is_found_where_it_is_and_hidden_where_it_is_expected(document in anything(), place in any::<Index>(), to in "[a-z]{1,5}") {
        let places = pointers(&document);
        let pointer = &places[place.index(places.len())];
        // AWS has no such field names, which a path could not distinguish.
        prop_assume!(pointer.split('/').skip(1).all(|key| !key.is_empty() && !key.starts_with(['.', '['])));
        let mut changed = document.clone();
        let value = changed.pointer_mut(pointer).unwrap();
        prop_assume!(*value != json!(to));
        *value = json!(to);
        let path = path(&document, pointer);
        for (before, after) in [(&document, &changed), (&changed, &document)] {
            let found = differences(before, after, &[]);
            prop_assert_eq!(found.len(), 1, "{:?}", found);
            // If one side lacks it, the difference is its outermost new part.
            prop_assert!(found[0].path == "(whole)" || path.starts_with(&found[0].path), "{:?}", found);
            prop_assert!(found[0].before != found[0].after || found[0].before.ends_with('…'));
            prop_assert!(differences(before, after, &[&path]).is_empty(), "{}", path);
            prop_assert_eq!(differences(before, after, &["zz.zz"]).len(), 1);
        }
    }

    #[test]
    fn both_ways_round_the_same_fields_differ(one in anything(), other in anything()) {
        let paths = |found: Vec<Difference>| found.into_iter().map(|difference| difference.path).collect::<Vec<_>>();
        prop_assert_eq!(paths(differences(&one, &other, &[])), paths(differences(&other, &one, &[])));
    }
}
