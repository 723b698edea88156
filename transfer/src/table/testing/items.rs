//! Generated items: every type, every size.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::table::number::Number;
use crate::table::value::{Item, Value};

/// Numbers as DynamoDB takes them: up to 38 digits, from 1E-130 to 9.99E+125, written in every way.
pub fn number() -> impl Strategy<Value = Number> {
    let written = prop_oneof![
        4 => any::<i64>().prop_map(|number| number.to_string()),
        2 => (any::<bool>(), "[1-9][0-9]{0,37}", -100..80i32).prop_map(|(minus, digits, exponent)| {
            format!("{}{digits}E{exponent}", if minus { "-" } else { "" })
        }),
        2 => ("[0-9]{1,19}", "[0-9]{1,19}").prop_map(|(whole, fraction)| format!("{whole}.{fraction}")),
        1 => prop_oneof![Just("0"), Just("-0"), Just("1E-130"), Just("9.9999999999999999999999999999999999999E+125")].prop_map(str::to_owned),
    ];
    written.prop_map(|text| Number::parse(text).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![8 => "\\PC{0,20}", 1 => Just(String::new()), 1 => "[\\x00-\\x1f\"\\\\\u{2028}😀é]{0,20}"]
}

fn blob() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

/// Distinct by value, as DynamoDB requires.
fn numbers() -> impl Strategy<Value = Vec<Number>> {
    btree_set(-1_000_000_000_000i64..1_000_000_000_000, 1..6).prop_map(|numbers| {
        numbers
            .into_iter()
            .map(|number| Number::parse(format!("{number}.50")).unwrap())
            .collect()
    })
}

pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::S),
        number().prop_map(Value::N),
        blob().prop_map(Value::B),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        btree_set(text(), 1..5).prop_map(|texts| Value::Ss(texts.into_iter().collect())),
        numbers().prop_map(Value::Ns),
        btree_set(blob(), 1..5).prop_map(|blobs: BTreeSet<_>| Value::Bs(blobs.into_iter().collect())),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::L),
            btree_map(text(), inner, 0..5).prop_map(Value::M),
        ]
    })
}

/// Attributes besides the key.
pub fn attributes() -> impl Strategy<Value = BTreeMap<String, Value>> {
    btree_map("[a-zA-Z_.\\-éß]{1,12}", value(), 0..6)
}

/// So many items with distinct keys, a few of them as large as an item may be, a few nested 32 deep.
pub fn items(count: usize, seed: u8) -> Vec<Item> {
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = attributes();
    (0..count)
        .map(|number| {
            let mut item = strategy.new_tree(&mut runner).unwrap().current();
            match number % 500 {
                0 => drop(item.insert("large".into(), Value::S("\u{1}".repeat(380 * 1024)))),
                1 => drop(item.insert("blob".into(), Value::B(vec![number as u8; 380 * 1024]))),
                2 => drop(item.insert("deep".into(), nested(31))),
                _ => {}
            }
            item.insert("id".into(), Value::S(format!("item-{number}")));
            item.insert("at".into(), Value::N(Number::parse((number % 7).to_string()).unwrap()));
            item
        })
        .collect()
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::S(String::new()), |inner, level| match level % 2 {
        0 => Value::L(vec![inner]),
        _ => Value::M(BTreeMap::from([("m".to_owned(), inner)])),
    })
}
