#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::restore::item::CreatedResource;
use crate::testing::generated;

fn now() -> Timestamp {
    at(0)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn descriptor() -> Descriptor {
    Descriptor::parse(&json!({
        "deployment": "hubs",
        "resources": {
            "database": {"kind": "aurora", "cluster": "db"},
            "rooms": {"kind": "dynamodb", "table": "rooms"},
            "tables": {"kind": "dynamodb", "prefix": "shop-"},
            "files": {"kind": "efs", "file_system": "fs-01234567"},
        },
        "probes": {
            "orders": {"resource": "tables", "table": "shop-orders"},
            "rooms": {"resource": "rooms"},
        },
        "cut_over": [
            {"name": "login", "resource": "database", "kind": "parameter", "parameter": "/db", "value": "host"},
            {"name": "rooms", "resource": "rooms", "kind": "parameter", "parameter": "/rooms"},
            {"name": "orders", "resource": "tables", "table": "shop-orders", "kind": "parameter", "parameter": "/orders"},
            {"name": "web", "resource": "files", "kind": "ecs_service", "cluster": "c", "service": "s"},
        ],
    }))
    .unwrap()
}

fn item(name: &str, target: Value, created: Value) -> RestoreItem {
    let mut resource = json!({"name": name, "deadline_seconds": 1});
    resource
        .as_object_mut()
        .unwrap()
        .extend(target.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "restore": "r1", "status": "restored", "made": created,
        "planned": {"resource": resource, "beside": {"into": "nothing"}, "source": {"from": "table_backup", "arn": "a"}},
    }))
    .unwrap()
}

fn items() -> [RestoreItem; 4] {
    let cluster =
        json!({"made": "cluster", "cluster": "db-r1", "arn": "a", "host": "h", "reader_host": "r", "port": 1});
    let table = |name: &str| json!({"made": "table", "table": name, "arn": "a"});
    [
        item("database", json!({"kind": "aurora", "cluster": "db"}), cluster),
        item(
            "rooms",
            json!({"kind": "dynamodb", "table": "rooms"}),
            table("rooms-r1"),
        ),
        item(
            "tables.shop-orders",
            json!({"kind": "dynamodb", "table": "shop-orders"}),
            table("shop-orders-r1"),
        ),
        item(
            "files",
            json!({"kind": "efs", "file_system": "fs-01234567"}),
            json!({"made": "directory", "file_system": "fs-01234567", "job": "j", "directory": "/d"}),
        ),
    ]
}

fn switched(descriptor: &Descriptor, state: SwitchState) -> Vec<SwitchRecord> {
    let of = |switch: &crate::domain::descriptor::Switch| SwitchRecord {
        switch: switch.clone(),
        state,
        before: Value::Null,
        after: Value::Null,
        returning: Value::Null,
        at: None,
    };
    descriptor.cut_over.iter().map(of).collect()
}

/// A restart refers to no copy.
#[test]
fn a_restart_alone_puts_nothing_in_use() {
    let mut before = descriptor();
    before.cut_over.retain(|switch| switch.name == "login");
    before.cut_over[0].action = SwitchAction::EcsRestart {
        cluster: "c".into(),
        service: "s".into(),
    };
    let switched = switched(&before, SwitchState::Done);
    assert_eq!(in_use(&switched, &items()), BTreeMap::new());
}

#[test]
fn every_name_of_what_was_switched_leads_to_the_copy_and_back() {
    let before = descriptor();
    let changes = changes(&before, &in_use(&switched(&before, SwitchState::Done), &items()), now());
    let mut after = before.clone();
    assert_eq!(apply_changes(&mut after, &changes), []);
    let document = serde_json::to_value(&after).unwrap();
    assert_eq!(document["resources"]["database"]["cluster"], "db-r1");
    assert_eq!(document["resources"]["rooms"]["table"], "rooms-r1");
    assert_eq!(document["resources"]["tables"]["prefix"], "shop-");
    assert_eq!(document["probes"]["orders"]["table"], "shop-orders-r1");
    assert_eq!(document["cut_over"][2]["table"], "shop-orders-r1");
    // A directory is in the file system that was backed up.
    assert_eq!(document["resources"]["files"]["file_system"], "fs-01234567");
    let paths: Vec<String> = changes.iter().map(|change| change.path()).collect();
    assert_eq!(
        paths,
        [
            "resources.database.cluster",
            "resources.rooms.table",
            "probes.orders.table",
            "cut_over.orders.table"
        ]
    );
    assert_eq!(Descriptor::parse(&document).unwrap(), after);
    // Both may be repeated.
    assert_eq!(apply_changes(&mut after, &changes), []);
    assert_eq!(revert_changes(&mut after, &changes), []);
    assert_eq!(revert_changes(&mut after, &changes), []);
    assert_eq!(after, before);
}

/// RDS manages another secret for the copy, with which the hook then logs in there.
#[test]
fn a_hook_acts_on_the_copy_with_the_copys_own_master_secret() {
    let managed = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-1-AbCdEf";
    let hook = |name: &str, secret: &str| json!({"name": name, "kind": "sql", "resource": "database", "database": "app", "secret": secret, "close": true});
    let mut document = serde_json::to_value(descriptor()).unwrap();
    document["hooks"] = json!([hook("access", managed), hook("other", "app/admin")]);
    let before = Descriptor::parse(&document).unwrap();
    let mut items = items();
    let copied = managed.replace("cluster-1", "cluster-2");
    let cluster = json!({
        "made": "cluster", "cluster": "db-r1", "arn": "a", "host": "h", "reader_host": "r", "port": 1, "master_secret": copied,
    });
    items[0].created = Some(serde_json::from_value(cluster).unwrap());
    let changes = changes(&before, &in_use(&switched(&before, SwitchState::Done), &items), now());
    let paths: Vec<String> = changes.iter().map(DescriptorChange::path).collect();
    assert!(paths.contains(&"hooks.access.secret".to_owned()), "{paths:?}");
    assert!(!paths.contains(&"hooks.other.secret".to_owned()), "{paths:?}");
    let mut after = before.clone();
    assert_eq!(apply_changes(&mut after, &changes), []);
    let place = after.hooks.quiesce[0].place.clone().unwrap();
    assert_eq!((place.target.identifier(), place.secret), ("db-r1", copied));
    assert_eq!(
        Descriptor::parse(&serde_json::to_value(&after).unwrap()).unwrap(),
        after
    );
    assert_eq!(revert_changes(&mut after, &changes), []);
    assert_eq!(after, before);
}

#[test]
fn what_was_not_switched_keeps_its_name() {
    let descriptor = descriptor();
    assert!(in_use(&switched(&descriptor, SwitchState::Begun), &items()).is_empty());
    assert!(in_use(&switched(&descriptor, SwitchState::Done), &[]).is_empty());
}

#[test]
fn a_cluster_that_was_renamed_has_the_old_name_again() {
    let mut descriptor = descriptor();
    descriptor.cut_over.truncate(1);
    let mut rename = descriptor.cut_over[0].clone();
    (rename.name, rename.action) = ("name".to_owned(), SwitchAction::Rename);
    for at in [0, 1] {
        let mut descriptor = descriptor.clone();
        descriptor.cut_over.insert(at, rename.clone());
        let names = in_use(&switched(&descriptor, SwitchState::Done), &items());
        assert_eq!((names.len(), names["database"].now.as_str()), (1, "db"));
        assert_eq!(changes(&descriptor, &names, now()), []);
    }
}

#[test]
fn a_name_that_somebody_else_wrote_stays() {
    let before = descriptor();
    let changes = changes(&before, &in_use(&switched(&before, SwitchState::Done), &items()), now());
    let mut theirs = before.clone();
    "other".clone_into(theirs.resources.get_mut("database").unwrap().target.identifier_mut());
    let left = apply_changes(&mut theirs, &changes);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].path(), "resources.database.cluster");
    assert_eq!(theirs.resources["database"].target.identifier(), "other");
}

#[test]
fn a_descriptor_of_before_the_cut_over_is_noticed() {
    let before = descriptor();
    let mut changes = changes(&before, &in_use(&switched(&before, SwitchState::Done), &items()), now());
    let mut after = before.clone();
    apply_changes(&mut after, &changes);
    assert_eq!(replaced(&after, &before, &changes).len(), changes.len());
    assert!(replaced(&after, &after, &changes).is_empty());
    assert!(replaced(&before, &before, &changes).is_empty());
    for change in &mut changes {
        change.back_at = Some(at(5));
    }
    assert!(replaced(&after, &before, &changes).is_empty());
}

#[test]
fn a_resource_that_was_renamed_in_the_descriptor_is_followed_and_taken_back() {
    let before = descriptor();
    let in_use = in_use(&switched(&before, SwitchState::Done), &items());
    let renamed = |descriptor: &Descriptor| {
        let mut document = serde_json::to_value(descriptor).unwrap();
        let database = document["resources"]
            .as_object_mut()
            .unwrap()
            .remove("database")
            .unwrap();
        document["resources"]["db"] = database;
        document["cut_over"][0]["resource"] = json!("db");
        Descriptor::parse(&document).unwrap()
    };
    // Between the plan and the cut-over, and between the cut-over and switching back.
    let mut late = renamed(&before);
    let changes_of_late = changes(&late, &in_use, now());
    assert_eq!(apply_changes(&mut late, &changes_of_late), []);
    assert_eq!(late.resources["db"].target.identifier(), "db-r1");
    let changes = changes(&before, &in_use, now());
    let mut after = before.clone();
    apply_changes(&mut after, &changes);
    let mut after = renamed(&after);
    assert_eq!(revert_changes(&mut after, &changes), []);
    assert_eq!(after, renamed(&before));
}

#[test]
fn a_descriptor_of_before_two_cut_overs_is_noticed_too() {
    let first = descriptor();
    let changes_to = |descriptor: &Descriptor, to: &str| {
        let was = descriptor.resources["database"].target.clone();
        let in_use = BTreeMap::from([(
            "database".to_owned(),
            ReplacedResource {
                was,
                now: to.to_owned(),
                master_secret: None,
            },
        )]);
        changes(descriptor, &in_use, now())
    };
    let mut history = changes_to(&first, "db-r1");
    let mut second = first.clone();
    apply_changes(&mut second, &history);
    history.extend(changes_to(&second, "db-r2"));
    let mut third = second.clone();
    apply_changes(&mut third, &history[1..]);
    for old in [&first, &second] {
        let found = replaced(&third, old, &history);
        assert_eq!((found.len(), found[0].to.as_str()), (1, "db-r2"));
        assert_eq!(found[0].from, old.resources["database"].target.identifier());
    }
    assert_eq!(replaced(&third, &third, &history), []);
}

#[test]
fn a_resource_is_found_under_the_name_of_a_moment() {
    let change = |from: &str, to: &str, when: i64, back: Option<i64>| DescriptorChange {
        resource: "database".to_owned(),
        place: DescriptorField::Resource("database".to_owned()),
        field: "cluster".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        at: at(when),
        back_at: back.map(at),
    };
    let history = [
        change("db", "db-r1", 100, None),
        change("db-r1", "db-r2", 200, Some(300)),
    ];
    for (name, known_at) in [("db", 50), ("db-r1", 150), ("db-r2", 250), ("db-r1", 350)] {
        let then = |moment: i64| name_at(name, at(known_at), &history, at(moment));
        assert_eq!(
            [50, 100, 150, 250, 350].map(then),
            ["db", "db-r1", "db-r1", "db-r2", "db-r1"],
            "{name}"
        );
    }
    assert_eq!(name_at("other", at(350), &history, at(50)), "other");
}

proptest! {
    /// Every change can be reverted, which leaves the descriptor as it was.
    #[test]
    fn following_is_taken_back_exactly(document in generated::right(), suffix in "r[0-9]{4}") {
        let before = Descriptor::parse(&document).unwrap();
        let in_use: BTreeMap<String, ReplacedResource> = before
            .cut_over
            .iter()
            .filter_map(|switch| Some((switch, crate::domain::reference::resource_of(&before, switch)?)))
            .map(|(switch, was)| {
                let now = format!("{}-{suffix}", was.identifier());
                (switch.item_name(), ReplacedResource { was, now, master_secret: None })
            })
            .collect();
        let changes = changes(&before, &in_use, now());
        let mut after = before.clone();
        prop_assert_eq!(apply_changes(&mut after, &changes), []);
        let named: Vec<String> = after.cut_over.iter().filter_map(|switch| crate::domain::reference::resource_of(&after, switch))
            .map(|target| target.identifier().to_owned()).collect();
        prop_assert!(named.iter().all(|name| name.ends_with(&suffix)), "{:?}", named);
        prop_assert_eq!(revert_changes(&mut after, &changes), []);
        prop_assert_eq!(after, before);
    }
}

#[test]
fn a_managed_secret_is_followed_wherever_it_is_logged_in_with_and_taken_back() {
    let old = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-old-Ab12Cd";
    let new = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-new-Ef34Gh";
    let before = Descriptor::parse(&json!({
        "deployment": "hubs",
        "resources": {"database": {"kind": "aurora", "cluster": "db"}},
        "probes": {
            "users": {"resource": "database", "sql": "select 1", "database": "d", "secret": old},
            "own": {"resource": "database", "sql": "select 1", "database": "d", "secret": "hubs/app"},
        },
        "cut_over": [
            {"name": "host", "resource": "database", "kind": "parameter", "parameter": "/db", "value": "host", "login": old},
        ],
    }))
    .unwrap();
    let mut items = items();
    let Some(CreatedResource::Cluster { master_secret, .. }) = &mut items[0].created else {
        panic!("{:?}", items[0].created)
    };
    *master_secret = Some(new.to_owned());
    let changes = changes(&before, &in_use(&switched(&before, SwitchState::Done), &items), now());
    let mut after = before.clone();
    assert_eq!(apply_changes(&mut after, &changes), []);
    let document = serde_json::to_value(&after).unwrap();
    assert_eq!(document["probes"]["users"]["secret"], new);
    assert_eq!(document["cut_over"][0]["login"], new);
    assert_eq!(document["probes"]["own"]["secret"], "hubs/app");
    assert_eq!(revert_changes(&mut after, &changes), []);
    assert_eq!(after, before);
}
