//! Generated documents for tests: valid ones, valid ones with faults added, and nonsense of the right shape.

#![allow(clippy::unwrap_used)]

use std::fmt::Debug;

use proptest::collection::{btree_map, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;
use serde_json::{Map, Value, json};

use crate::domain::kinds::EXAMPLES;
use crate::error::{Error, Result};
use crate::testing::wrong::right_resources;

/// Holds if a document was accepted, or refused as `InvalidInput` with every fault complete.
pub fn refused_by_its_faults<T: Debug>(outcome: Result<T>) -> std::result::Result<(), TestCaseError> {
    match outcome {
        Ok(_) => Ok(()),
        Err(Error::InvalidInput(faults)) => {
            prop_assert!(!faults.is_empty() && faults.len() <= 101);
            for fault in faults {
                prop_assert!(
                    !fault.path.is_empty() && !fault.value.is_empty() && !fault.allowed.is_empty(),
                    "{:?}",
                    fault
                );
                prop_assert!(fault.value.chars().count() <= 500, "{:?}", fault);
                prop_assert!(!fault.to_string().chars().any(char::is_control), "{:?}", fault);
            }
            Ok(())
        }
        Err(other) => Err(TestCaseError::fail(format!("refused as {}: {other}", other.name()))),
    }
}

/// Words with a meaning in a descriptor, so that nonsense passes the first checks.
const WORDS: [&str; 53] = [
    "deployment",
    "enabled",
    "topic",
    "resources",
    "probes",
    "hooks",
    "keep",
    "deadline",
    "kind",
    "cluster",
    "file_system",
    "vault",
    "role",
    "table",
    "prefix",
    "secret",
    "path",
    "sql",
    "database",
    "timeout",
    "resource",
    "name",
    "function",
    "last",
    "daily",
    "weekly",
    "monthly",
    "failed_days",
    "cut_over",
    "service",
    "volume",
    "values",
    "rename",
    "ecs_service",
    "ecs_restart",
    "lambda_environment",
    "instance_refresh",
    "route53_record",
    "ssm_command",
    "terraform",
    "aws_rds_cluster.main[0]",
    "aurora",
    "efs",
    "dynamodb",
    "parameters",
    "lambda",
    "6h",
    "60s",
    "hubs-db",
    "fs-0123456789abcdef0",
    "select 1",
    "/hubs/prod",
    "arn:aws:sns:eu-west-1:123456789012:on-call",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,12}", 1 => "[a-z-]{0,40}", 1 => Just("x".repeat(2000))]
}

/// Any JSON, with the words of a descriptor.
pub fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3i64..2000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let map = btree_map(word(), inner.clone(), 0..8).prop_map(|map| Value::Object(map.into_iter().collect()));
        prop_oneof![vec(inner, 0..4).prop_map(Value::from), map]
    })
}

/// A request, almost a request, or anything.
pub fn request() -> impl Strategy<Value = Value> {
    let named = prop_oneof![Just(json!("hubs-prod")), anything()].prop_map(|name| json!({"deployment": name}));
    let with_more = (named.clone(), word(), anything()).prop_map(|(mut request, field, value)| {
        request[field] = value;
        request
    });
    prop_oneof![named, with_more, anything()]
}

const RESTORE_FIELDS: [&str; 18] = [
    "deployment",
    "purpose",
    "set",
    "before",
    "at",
    "only",
    "except",
    "suffix",
    "names",
    "into",
    "instance_classes",
    "ca_certificates",
    "cut_over",
    "approval",
    "safety_backup",
    "dry_run",
    "on_failure",
    "source",
];

/// A valid request of a restore with up to three fields added, most of them wrong.
pub fn restore_request() -> impl Strategy<Value = Value> {
    let field = select(&RESTORE_FIELDS[..]);
    let text = select(vec![
        "newest",
        "2026-11-20T02:15:00Z",
        "yes",
        "required",
        "undo",
        "retained",
        "hubs-prod-20261120-021500-630a",
        "database",
    ]);
    let value = prop_oneof![
        anything(),
        text.clone().prop_map(Value::from),
        text.clone().prop_map(|text| json!([text])),
        (text.clone(), text).prop_map(|(key, text)| json!({key: text})),
        any::<bool>().prop_map(Value::from),
    ];
    let fields = vec((field, value), 0..4);
    fields.prop_map(|fields| {
        let mut request = json!({"deployment": "hubs-prod", "restore": "hubs-prod-20261120-021500-630a"});
        if !fields.is_empty() {
            request.as_object_mut().unwrap().remove("restore");
        }
        for (field, value) in fields {
            request[field] = value;
        }
        request
    })
}

fn name() -> impl Strategy<Value = String> {
    "[a-z](-?[a-z0-9]){0,15}".prop_filter("at most 32", |name| name.len() <= 32)
}

fn duration(units: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(units).prop_map(str::to_owned)
}

const DEADLINES: [&str; 5] = ["1m", "90s", "6h", "2d", "7d"];

/// A mapping of the fields that are present.
fn fields(entries: Vec<(&str, Option<Value>)>) -> Value {
    Value::Object(
        entries
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
    )
}

fn resource(index: usize) -> impl Strategy<Value = Value> {
    let role = "arn:aws:iam::123456789012:role/backup";
    let target = prop_oneof![
        Just(json!({"kind": "aurora", "cluster": format!("db-{index}")})),
        Just(
            json!({"kind": "aurora", "cluster": format!("db-{index}"), "terraform": "module.a.aws_rds_cluster.b", "logical_id": "B"})
        ),
        Just(json!({"kind": "efs", "file_system": format!("fs-{index:017x}")})),
        Just(
            json!({"kind": "efs", "file_system": format!("fs-{index:08x}"), "vault": "a_vault", "role": role, "roots": ["/", "/a/b"]})
        ),
        Just(json!({"kind": "dynamodb", "table": format!("table.{index}"), "protect": "pitr"})),
        Just(json!({"kind": "dynamodb", "prefix": format!("prefix_{index}-")})),
        Just(json!({"kind": "secret", "secret": format!("hubs/{index}")})),
        Just(json!({"kind": "parameters", "path": format!("/hubs/{index}")})),
        of_any_kind(index),
    ];
    (target, weighted(0.3, duration(&DEADLINES))).prop_map(|(mut target, deadline)| {
        if let Some(deadline) = deadline {
            target["deadline"] = deadline.into();
        }
        target
    })
}

/// An example of one kind, each only once in a descriptor; for a higher index, other parameters.
fn of_any_kind(index: usize) -> impl Strategy<Value = Value> {
    let example = |file: &&str| right_resources(file).0.as_object().unwrap().values().next().cloned();
    let another = || json!({"kind": "parameters", "path": format!("/another/{index}")});
    Just(EXAMPLES.get(index).and_then(example).unwrap_or_else(another))
}

/// One probe for every second resource in which something can be counted.
fn probes(resources: &Map<String, Value>) -> Value {
    let countable = resources
        .iter()
        .filter(|(_, resource)| matches!(resource["kind"].as_str(), Some("aurora" | "dynamodb")));
    let probe = |name: &String, resource: &Value| match (&resource["cluster"], &resource["prefix"]) {
        (Value::String(_), _) => {
            json!({"resource": name, "sql": "select count(*) from users", "secret": "hubs/db", "database": "app", "timeout": "45s"})
        }
        (_, Value::String(prefix)) => json!({"resource": name, "table": format!("{prefix}users")}),
        _ => json!({"resource": name}),
    };
    Value::Object(
        countable
            .step_by(2)
            .map(|(name, resource)| (format!("p-{}", &name[..1]), probe(name, resource)))
            .collect(),
    )
}

/// One switch for every resource that is restored: first a rename, of every second cluster. Some are followed by a restart.
fn cut_over(resources: &Map<String, Value>) -> Value {
    let mut switches = Vec::new();
    for (index, (name, resource)) in resources.iter().enumerate() {
        let more = match (resource["kind"].as_str(), &resource["prefix"]) {
            (Some("aurora"), _) if index % 2 == 0 => json!({"kind": "rename"}),
            (Some("aurora"), _) if index % 3 == 1 => json!({
                "kind": "route53_record", "hosted_zone": "Z0123456789", "record": format!("db-{index}.example.org"),
            }),
            (Some("aurora"), _) => json!({"kind": "secret", "secret": format!("hubs/{index}")}),
            (Some("efs"), _) => json!({"kind": "ecs_service", "cluster": "hubs", "service": format!("app-{index}")}),
            (Some("dynamodb"), Value::String(prefix)) => json!({
                "kind": "secret", "secret": "tables", "table": format!("{prefix}users"),
                "values": {format!("table-{index}"): "table"},
            }),
            (Some("dynamodb"), _) if index % 2 == 0 => json!({
                "kind": "lambda_environment", "function": "hubs-api", "variable": format!("TABLE_{index}"),
            }),
            (Some("dynamodb"), _) => json!({"kind": "parameter", "parameter": format!("/hubs/{index}")}),
            _ => continue,
        };
        let mut switch = more;
        switch["name"] = format!("switch-{index}").into();
        switch["resource"] = name.as_str().into();
        switches.push(switch);
        if index % 3 == 0 && resource["prefix"].is_null() {
            switches.push(json!({
                "name": format!("restart-{index}"), "kind": "ecs_restart", "resource": name, "cluster": "hubs",
                "service": format!("app-{index}"),
            }));
            switches.push(json!({
                "name": format!("command-{index}"), "kind": "ssm_command", "resource": name, "commands": ["true"],
                "instances": ["i-0123456789abcdef0"], "undo": ["true"],
            }));
            switches.push(json!({
                "name": format!("refresh-{index}"), "kind": "instance_refresh", "resource": name,
                "group": format!("app-{index}"),
            }));
        }
    }
    switches.into()
}

/// A valid descriptor.
pub fn right() -> impl Strategy<Value = Value> {
    let resources = (1usize..12)
        .prop_flat_map(|count| (vec(name(), count), (0..count).map(resource).collect::<Vec<_>>()))
        .prop_map(|(names, resources)| {
            let mut map: Map<String, Value> = names.into_iter().zip(resources).collect();
            map.insert("main".into(), json!({"kind": "aurora", "cluster": "main"}));
            map
        });
    let hooks = btree_map(name(), weighted(0.5, duration(&["1s", "60s", "1m"])), 0..4).prop_map(|hooks| {
        let hook = |(name, timeout): (String, Option<String>)| {
            fields(vec![
                ("name", Some(name.into())),
                ("kind", Some("lambda".into())),
                ("function", Some("quiesce:live".into())),
                ("timeout", timeout.map(Value::from)),
            ])
        };
        Value::Array(hooks.into_iter().map(hook).collect())
    });
    let keep = (
        weighted(0.5, 1u32..9),
        weighted(0.5, 0u32..1000),
        weighted(0.5, 0u32..9),
        weighted(0.5, 0u32..365),
    )
        .prop_map(|(last, daily, monthly, failed_days)| {
            fields(vec![
                ("last", last.map(Value::from)),
                ("daily", daily.map(Value::from)),
                ("monthly", monthly.map(Value::from)),
                ("failed_days", failed_days.map(Value::from)),
            ])
        });
    let topic = weighted(0.3, Just(json!("arn:aws-cn:sns:cn-north-1:123456789012:on-call")));
    (
        name(),
        weighted(0.5, any::<bool>()),
        topic,
        resources,
        hooks,
        weighted(0.5, keep),
        weighted(0.5, duration(&DEADLINES)),
    )
        .prop_map(|(deployment, enabled, topic, resources, hooks, keep, deadline)| {
            fields(vec![
                ("deployment", Some(deployment.into())),
                ("enabled", enabled.map(Value::from)),
                ("topic", topic),
                ("probes", Some(probes(&resources))),
                ("cut_over", Some(cut_over(&resources))),
                ("resources", Some(Value::Object(resources))),
                ("hooks", Some(hooks)),
                ("keep", keep),
                ("deadline", deadline.map(Value::from)),
            ])
        })
}

/// One change to a document: at a place, sets something, removes it, or renames it.
#[derive(Debug, Clone)]
enum Change {
    Put(Value),
    Remove,
    Rename(String),
    Add(String, Value),
    Bend(String),
}

/// A valid descriptor with one to five changes, most of them faults.
pub fn mutated() -> impl Strategy<Value = Value> {
    let change = prop_oneof![
        anything().prop_map(Change::Put),
        Just(Change::Remove),
        word().prop_map(Change::Rename),
        (word(), anything()).prop_map(|(field, value)| Change::Add(field, value)),
        "[\\PC\\x00-\\x1f]{1,3}".prop_map(Change::Bend),
    ];
    (right(), vec((any::<Index>(), change), 1..6)).prop_map(|(mut document, changes)| {
        for (place, change) in changes {
            let places = pointers(&document);
            apply(&mut document, &places[place.index(places.len())], change);
        }
        document
    })
}

/// JSON pointers to every value of a document, the document itself first.
pub fn pointers(document: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut inside = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        found.extend(pointers(value).into_iter().map(|rest| format!("/{key}{rest}")));
    };
    match document {
        Value::Object(map) => map.iter().for_each(|(key, value)| inside(key, value)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| inside(&index.to_string(), value)),
        _ => {}
    }
    found
}

fn apply(document: &mut Value, pointer: &str, change: Change) {
    let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", ""));
    let key = key.replace("~1", "/").replace("~0", "~");
    match (change, document.pointer_mut(parent)) {
        (Change::Remove, Some(Value::Object(map))) => {
            map.remove(&key);
        }
        (Change::Rename(to), Some(Value::Object(map))) => {
            if let Some(value) = map.remove(&key) {
                map.insert(to, value);
            }
        }
        (Change::Add(field, value), Some(Value::Object(map))) => {
            map.insert(field, value);
        }
        (Change::Put(value), _) => *document.pointer_mut(pointer).unwrap() = value,
        (Change::Bend(extra), _) => {
            if let Some(Value::String(text)) = document.pointer_mut(pointer) {
                text.push_str(&extra);
            }
        }
        _ => {}
    }
}
