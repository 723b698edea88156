#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::kinds::{self, Profile};
use crate::domain::names;
use crate::testing::generated;
use crate::testing::wrong::check;

/// A descriptor with every field.
fn whole() -> Value {
    json!({
        "deployment": "hubs-prod",
        "enabled": true,
        "topic": "arn:aws:sns:eu-west-1:123456789012:hubs-on-call",
        "covers": {"prefix": "hubs-"},
        "resources": {
            "database": {
                "kind": "aurora", "cluster": "hubs-db", "deadline": "12h",
                "terraform": "module.data[\"a/b\"].aws_rds_cluster.main[0]", "logical_id": "HubsDb1",
            },
            "storage": {
                "kind": "efs", "file_system": "fs-0123456789abcdef0", "vault": "hubs",
                "role": "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole",
                "roots": ["/storage", "/aws-backup-restore_2026-11-20T02-15-03-123Z/data"],
            },
            "rooms": {"kind": "dynamodb", "table": "hubs-rooms"},
            "tables": {"kind": "dynamodb", "prefix": "hubs-", "protect": "pitr"},
            "login": {"kind": "secret", "secret": "hubs/prod/login"},
            "keys": {"kind": "parameters", "path": "/hubs/prod"},
        },
        "probes": {
            "users": {
                "resource": "database", "sql": "select count(*) from users", "secret": "hubs/prod/database",
                "database": "polycosm", "timeout": "30s",
            },
            "rooms": {"resource": "rooms"},
            "likes": {"resource": "tables", "table": "hubs-likes"},
        },
        "hooks": {
            "quiesce": [
                {
                    "name": "offline", "kind": "lambda", "function": "hubs-offline", "timeout": "90s", "retries": 0,
                    "on_failure": "stop",
                },
                {
                    "name": "web", "kind": "ecs_scale", "cluster": "hubs", "service": "web", "timeout": "10m", "retries": 2,
                    "on_failure": "stop",
                },
                {
                    "name": "ingest", "kind": "event_source", "rules": ["hubs-nightly"], "event_bus": "hubs",
                    "mappings": ["a1b2c3d4-5678-90ab-cdef-111111111111"], "timeout": "10m", "retries": 0,
                    "on_failure": "continue",
                },
                {
                    "name": "maintenance", "kind": "ssm_command", "tags": {"role": "dokku"},
                    "commands": ["dokku maintenance:enable hubs"], "timeout": "2m", "retries": 0, "on_failure": "stop",
                },
                {
                    "name": "offline-mode", "kind": "stack_parameter", "stack": "hubs", "parameter": "OfflineMode",
                    "value": "Yes - Offline", "timeout": "30m", "retries": 0, "on_failure": "stop",
                },
                {
                    "name": "access", "kind": "sql", "resource": "database", "database": "polycosm", "secret": "hubs/prod/admin",
                    "close": true, "except": ["dba"], "timeout": "10m", "retries": 0, "on_failure": "stop",
                },
                {
                    "name": "jobs", "kind": "sql", "resource": "database", "database": "polycosm", "secret": "hubs/prod/admin",
                    "statements": ["update jobs set paused = true"], "undo": ["update jobs set paused = false"],
                    "timeout": "1m", "retries": 0, "on_failure": "stop",
                },
                {
                    "name": "search", "kind": "http", "method": "PUT", "url": "https://search.example.org/index",
                    "headers": {"Authorization": "Bearer ${secret:hubs/search:token}"}, "body": {"rebuild": true},
                    "expected_status": [202],
                    "poll": {
                        "url": "https://search.example.org/tasks/${response:/id}",
                        "success": {"pointer": "/status", "equals": ["DONE"]}, "failure": {"status": [410]},
                    },
                    "undo": {"method": "DELETE", "url": "https://search.example.org/index"},
                    "timeout": "1h", "retries": 0, "on_failure": "stop",
                },
            ],
            "resume": [
                {
                    "name": "online", "kind": "lambda", "function": "hubs-online", "timeout": "1m", "retries": 0,
                    "on_failure": "stop",
                },
            ],
            "after_restore": [{
                "name": "index", "kind": "step_function", "input": {"tables": ["hubs-rooms"]},
                "state_machine": "arn:aws:states:eu-west-1:123456789012:stateMachine:holdfast-hook-index",
                "timeout": "2h", "retries": 1, "on_failure": "stop",
            }],
            "max_quiesced": "15m",
        },
        "cut_over": [
            {"name": "old-name", "kind": "rename", "resource": "database", "login": "hubs/prod/app"},
            {
                "name": "login", "kind": "secret", "resource": "database", "secret": "hubs/prod/login",
                "values": {"host": "host", "reader": "reader_host", "port": "port"},
            },
            {
                "name": "likes", "kind": "parameter", "resource": "tables", "table": "hubs-likes",
                "parameter": "/hubs/prod/likes", "value": "table",
            },
            {
                "name": "app", "kind": "ecs_service", "resource": "storage", "cluster": "hubs", "service": "app",
                "volume": "storage",
            },
            {"name": "files", "kind": "parameter", "resource": "storage", "parameter": "hubs-files", "value": "directory"},
            {"name": "restart", "kind": "ecs_restart", "resource": "storage", "cluster": "hubs", "service": "app"},
            {
                "name": "api", "kind": "lambda_environment", "resource": "rooms", "function": "hubs-api",
                "variable": "ROOMS_TABLE", "value": "table",
            },
            {
                "name": "dns", "kind": "route53_record", "resource": "database", "hosted_zone": "Z0123456789ABCDEFGHIJ",
                "record": "db.hubs.example.org", "value": "reader_host",
            },
            {
                "name": "mount", "kind": "ssm_command", "resource": "storage", "tags": {"role": "hub"},
                "commands": ["mount-storage \"$STORAGE\""], "undo": ["mount-storage \"$STORAGE\""],
                "values": {"STORAGE": "file_system"},
            },
            {"name": "hubs", "kind": "instance_refresh", "resource": "storage", "group": "hubs-app"},
        ],
        "stack": {"name": "hubs-prod", "restore_parameters": {
            "Snapshot": {"resource": "database", "value": "snapshot"},
            "Vault": {"resource": "storage", "value": "vault"},
            "Files": {"resource": "storage", "value": "recovery_point"},
            "Login": {"resource": "login", "value": "secret"},
            "Keys": {"value": "stack"},
        }},
        "keep": {"last": 3, "daily": 14, "weekly": 8, "monthly": 12, "failed_days": 7},
        "deadline": "6h",
        "restore_deadline": "1d",
    })
}

fn faults(document: &Value) -> Vec<String> {
    match Descriptor::parse(document) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

#[test]
fn a_whole_descriptor_is_read_and_written_back() {
    let descriptor = Descriptor::parse(&whole()).unwrap();
    assert_eq!(serde_json::to_value(&descriptor).unwrap(), whole());
    assert_eq!(descriptor.keep.last, 3);
    assert_eq!(descriptor.hooks.quiesce[0].timeout_seconds, 90);
}

#[test]
fn what_is_left_out_has_its_default_and_is_written_out() {
    let short = json!({
        "deployment": "hubs",
        "resources": {
            "database": {"kind": "aurora", "cluster": "hubs-db"},
            "rooms": {"kind": "dynamodb", "table": "hubs-rooms"},
            "files": {"kind": "efs", "file_system": "fs-0123456789abcdef0"},
        },
        "probes": {"users": {"resource": "database", "sql": "select 1", "secret": "s", "database": "d"}},
        "hooks": [{"name": "offline", "kind": "lambda", "function": "f"}],
        "cut_over": [
            {"name": "a", "kind": "secret", "resource": "database", "secret": "s"},
            {"name": "b", "kind": "parameter", "resource": "database", "parameter": "h"},
            {"name": "c", "kind": "parameter", "resource": "rooms", "table": "hubs-rooms", "parameter": "t"},
            {"name": "d", "kind": "parameter", "resource": "files", "parameter": "d"},
        ],
        "keep": {"last": 30},
    });
    let mut long = short.clone();
    long["enabled"] = json!(true);
    long["probes"]["users"]["timeout"] = json!("30s");
    let mut hook = short["hooks"][0].clone();
    hook["timeout"] = json!("1m");
    hook["retries"] = json!(0);
    hook["on_failure"] = json!("stop");
    long["hooks"] = json!({"quiesce": [hook], "max_quiesced": "15m"});
    long["keep"] = json!({"last": 30, "daily": 14, "weekly": 8, "monthly": 12, "failed_days": 7});
    long["deadline"] = json!("6h");
    long["restore_deadline"] = json!("36h");
    long["cut_over"][0]["values"] = json!({"host": "host", "port": "port"});
    long["cut_over"][1]["value"] = json!("host");
    long["cut_over"][2]["value"] = json!("table");
    long["cut_over"][2].as_object_mut().unwrap().remove("table");
    long["cut_over"][3]["value"] = json!("directory");
    assert_eq!(serde_json::to_value(Descriptor::parse(&short).unwrap()).unwrap(), long);
}

#[test]
fn a_resource_has_its_own_deadline_or_the_deployments() {
    let resources = Descriptor::parse(&whole()).unwrap().resources();
    let deadlines: Vec<_> = resources
        .iter()
        .map(|resource| (resource.name.as_str(), resource.deadline_seconds / 3600))
        .collect();
    assert_eq!(
        deadlines,
        [
            ("database", 12),
            ("keys", 6),
            ("login", 6),
            ("rooms", 6),
            ("storage", 6),
            ("tables", 6)
        ]
    );
}

#[test]
fn a_table_belongs_to_one_resource_alone() {
    let mut document = whole();
    document["resources"]["logs"] = json!({"kind": "dynamodb", "prefix": "hubs-log-", "deadline": "1h"});
    let descriptor = Descriptor::parse(&document).unwrap();
    let found: Vec<String> = ["hubs-log-a", "hubs-rooms", "hubs-likes", "hubs-likes", "other", "hubs-"]
        .map(str::to_owned)
        .to_vec();
    let tables = |name: &str| -> Vec<String> {
        let resource = descriptor
            .resources()
            .into_iter()
            .find(|resource| resource.name == name)
            .unwrap();
        descriptor
            .tables(&resource, &found)
            .into_iter()
            .map(|resource| resource.name)
            .collect()
    };
    assert_eq!(tables("tables"), ["tables.hubs-", "tables.hubs-likes"]);
    assert_eq!(tables("logs"), ["logs.hubs-log-a"]);
    assert_eq!(tables("rooms"), Vec::<String>::new());
}

#[test]
fn no_fault_shows_a_password() {
    let mut document = whole();
    document["resources"]["login"]["secret"] = json!("hunter2 is the password");
    document["resources"]["database"]["password"] = json!("hunter2");
    document["resources"]["database"]["cluster"] = json!("postgres://postgres:hunter2@hubs-db/polycosm");
    document["resources"]["rooms"]["api_key"] = json!(["hunter2"]);
    document["probes"]["users"]["secret"] = json!({"username": "postgres", "password": "hunter2"});
    let faults = faults(&document);
    assert_eq!(faults.len(), 5, "{faults:#?}");
    assert!(!faults.join("\n").contains("hunter2"), "{faults:#?}");
}

#[test]
fn very_many_faults_are_counted_rather_than_listed() {
    let resources: serde_json::Map<String, Value> = (0..300)
        .map(|index| (format!("r{index:03}"), json!({"kind": "aurora"})))
        .collect();
    let faults = faults(&json!({"deployment": "hubs", "resources": resources}));
    assert_eq!(faults.len(), 101);
    assert!(
        faults[0].starts_with("resources: 300 resources is not allowed"),
        "{}",
        faults[0]
    );
    assert!(
        faults[100].starts_with("(document): 201 more faults is not allowed"),
        "{}",
        faults[100]
    );
}

#[test]
fn wrong_descriptors_are_told_exactly_what_is_wrong() {
    // What a fault lists comes from the registry, so that a new kind changes no case.
    let restored = |kind: &dyn Profile| kind.stateful().is_some();
    let counted = |kind: &dyn Profile| kind.stateful().is_some_and(|kind| kind.counting().is_some());
    let switched =
        |by: &'static str| move |kind: &dyn Profile| kind.stateful().is_some_and(|kind| kind.switches().contains(&by));
    let cases = include_str!("wrong.txt")
        .replace("{kinds of secrets}", &kinds::any_of(&kinds::names(switched("secret"))))
        .replace("{kinds of renames}", &kinds::any_of(&kinds::names(switched("rename"))))
        .replace("{kinds}", &kinds::names(|_| true).join(", "))
        .replace("{restored kinds}", &kinds::any_of(&kinds::names(restored)))
        .replace("{counted kinds}", &kinds::any_of(&kinds::names(counted)));
    check(&cases, &whole(), Descriptor::parse);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_right_document_is_read_and_its_canonical_form_is_stable(document in generated::right()) {
        let descriptor = Descriptor::parse(&document);
        prop_assert!(descriptor.is_ok(), "{}", descriptor.unwrap_err());
        let canonical = serde_json::to_value(descriptor.as_ref().unwrap()).unwrap();
        let again = Descriptor::parse(&canonical).unwrap();
        prop_assert_eq!(&again, descriptor.as_ref().unwrap());
        prop_assert_eq!(serde_json::to_value(&again).unwrap(), canonical);
    }

    #[test]
    fn what_is_accepted_can_be_named_in_aws(document in generated::mutated()) {
        if let Ok(descriptor) = Descriptor::parse(&document) {
            prop_assert!(names::is_name(&descriptor.deployment) && !descriptor.resources.is_empty());
            prop_assert!(descriptor.resources().iter().all(|resource| resource.deadline_seconds >= 60));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_mutated_document_is_read_or_refused_by_its_faults(document in generated::mutated()) {
        generated::refused_by_its_faults(Descriptor::parse(&document))?;
    }

    #[test]
    fn any_nonsense_is_refused_by_its_faults(document in generated::anything()) {
        generated::refused_by_its_faults(Descriptor::parse(&document))?;
    }
}

/// A hook that pauses jobs with a login of its own could not run while another one has closed the database.
#[test]
fn a_hook_that_closes_a_database_keeps_the_logins_of_all_hooks_there() {
    let mut document = whole();
    document["hooks"]["quiesce"][6]["secret"] = json!("hubs/prod/jobs");
    let descriptor = Descriptor::parse(&document).unwrap();
    let others = |descriptor: &Descriptor| -> Vec<String> {
        let place = descriptor.hooks.quiesce[5].place.as_ref().unwrap();
        place
            .others
            .iter()
            .filter(|other| other.starts_with("hubs/prod/jobs"))
            .cloned()
            .collect()
    };
    assert_eq!(others(&descriptor), ["hubs/prod/jobs"]);
    let mut again = descriptor;
    again.place_hooks();
    assert_eq!(others(&again), ["hubs/prod/jobs"], "also after a cut-over");
}
