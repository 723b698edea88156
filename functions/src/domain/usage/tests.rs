#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn resource(target: Target, names: &[&str]) -> RestoredCopy {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    RestoredCopy::Resource { target, names }
}

fn table() -> RestoredCopy {
    resource(
        Target::DynamoDb {
            table: "hubs-rooms-r1".into(),
            archive: None,
        },
        &[],
    )
}

fn cluster() -> RestoredCopy {
    resource(
        Target::Aurora {
            cluster: "hubs-db-r1".into(),
        },
        &["hubs-db-r1.cluster-x"],
    )
}

fn directory() -> RestoredCopy {
    RestoredCopy::Directory {
        file_system: "fs-1".into(),
        directory: "/aws-backup-restore_x".into(),
    }
}

fn words(copies: &[RestoredCopy], report: &UsageReport) -> Vec<String> {
    let users = users(copies, report, &BTreeSet::new());
    users.iter().map(CopyUser::to_string).collect()
}

fn descriptor(resource: serde_json::Value) -> Descriptor {
    Descriptor::parse(&json!({
        "deployment": "other", "resources": {"it": resource},
    }))
    .unwrap()
}

fn service(definition: serde_json::Value) -> RunningService {
    RunningService {
        name: "web of cluster hubs".into(),
        revision: "hubs:8".into(),
        definition,
    }
}

#[test]
fn nothing_seen_is_nothing_in_use() {
    assert_eq!(
        words(&[table(), cluster(), directory()], &UsageReport::default()),
        [""; 0]
    );
}

#[test]
fn a_descriptor_of_any_deployment_that_names_a_copy_is_a_user() {
    let named = |resource| UsageReport {
        descriptors: vec![descriptor(resource)],
        ..UsageReport::default()
    };
    for (copy, resource, path) in [
        (
            table(),
            json!({"kind": "dynamodb", "table": "hubs-rooms-r1"}),
            "resources.it.table",
        ),
        (
            cluster(),
            json!({"kind": "aurora", "cluster": "hubs-db-r1"}),
            "resources.it.cluster",
        ),
    ] {
        let found = words(&[copy], &named(resource));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("descriptor of other") && found[0].contains(path),
            "{found:?}"
        );
    }
    for resource in [
        json!({"kind": "dynamodb", "table": "hubs-rooms"}),
        json!({"kind": "dynamodb", "prefix": "hubs-"}),
        json!({"kind": "aurora", "cluster": "hubs-db"}),
    ] {
        assert_eq!(words(&[table(), cluster(), directory()], &named(resource)), [""; 0]);
    }
}

#[test]
fn a_service_uses_what_its_task_definition_mounts_or_names() {
    let volume = |root: &str| json!({"volumes": [{"name": "storage", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": root}}]});
    let variable = |value: &str| json!({"containerDefinitions": [{"name": "web", "environment": [{"name": "WHERE", "value": value}]}]});
    for (copy, definition, by) in [
        (directory(), volume("/aws-backup-restore_x"), "volume storage"),
        (directory(), volume("/aws-backup-restore_x/hubs/"), "volume storage"),
        (
            resource(
                Target::Efs {
                    file_system: "fs-1".into(),
                    vault: None,
                    role: None,
                },
                &[],
            ),
            volume("/"),
            "volume storage",
        ),
        (table(), variable("hubs-rooms-r1"), "variable WHERE"),
        (
            table(),
            variable("arn:aws:dynamodb:eu-west-1:000000000000:table/hubs-rooms-r1"),
            "variable WHERE",
        ),
        (
            cluster(),
            variable("postgres://hubs@HUBS-DB-R1.cluster-x:5432/hubs"),
            "variable WHERE",
        ),
    ] {
        let seen = UsageReport {
            services: vec![service(definition)],
            ..UsageReport::default()
        };
        let found = words(&[copy], &seen);
        assert_eq!(found.len(), 1, "{by}: {found:?}");
        assert!(
            found[0].contains(by) && found[0].contains("web of cluster hubs (hubs:8)"),
            "{found:?}"
        );
    }
    for definition in [
        volume("/"),
        volume("/aws-backup-restore_xy"),
        variable("hubs-rooms"),
        variable("hubs-db.cluster-x"),
        json!({}),
    ] {
        let seen = UsageReport {
            services: vec![service(definition.clone())],
            ..UsageReport::default()
        };
        assert_eq!(
            words(&[table(), cluster(), directory()], &seen),
            [""; 0],
            "{definition}"
        );
    }
}

#[test]
fn an_access_point_into_the_directory_is_a_user() {
    let seen = |path: &str| UsageReport {
        access_points: vec![AccessPoint {
            id: "fsap-1".into(),
            file_system: "fs-1".into(),
            path: path.into(),
        }],
        ..UsageReport::default()
    };
    assert!(words(&[directory()], &seen("/aws-backup-restore_x/a"))[0].contains("access point fsap-1"));
    assert_eq!(words(&[directory()], &seen("/live")), [""; 0]);
}

#[test]
fn a_switch_that_leads_to_a_copy_is_a_user_whatever_is_done_without() {
    let seen = UsageReport {
        references: vec![SwitchReference {
            copy: table(),
            deployment: "hubs-prod".into(),
            switch: "rooms-table".into(),
            what: "parameter /hubs/table".into(),
        }],
        ..UsageReport::default()
    };
    let all = [
        UsageCheck::Descriptors,
        UsageCheck::Switches,
        UsageCheck::Services,
        UsageCheck::AccessPoints,
        UsageCheck::Activity,
    ];
    let found = users(&[table()], &seen, &all.into());
    assert_eq!(found.len(), 1);
    assert!(found[0].uses.contains("parameter /hubs/table") && found[0].uses.contains("hubs-prod"));
}

#[test]
fn what_could_not_be_looked_at_and_what_was_done_is_excused_by_name_alone() {
    let seen = UsageReport {
        unseen: vec![SkippedCheck {
            look: UsageCheck::Services,
            why: "not allowed".into(),
        }],
        activity: vec![CopyActivity {
            copy: table(),
            what: "it was written".into(),
        }],
        ..UsageReport::default()
    };
    let left = |without: &[UsageCheck]| users(&[table()], &seen, &without.iter().copied().collect()).len();
    assert_eq!(left(&[]), 2);
    assert_eq!(left(&[UsageCheck::Switches, UsageCheck::Descriptors]), 2);
    assert_eq!(left(&[UsageCheck::Services]), 1);
    assert_eq!(left(&[UsageCheck::Activity]), 1);
    assert_eq!(left(&[UsageCheck::Services, UsageCheck::Activity]), 0);
}
