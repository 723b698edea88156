#![allow(clippy::unwrap_used)]

use holdfast::domain::descriptor::{Descriptor, SwitchAction};
use serde_json::{Value, json};

use super::*;
use crate::discover::yaml;

const FILES: &str = "fs-0123456789abcdef0";
const OTHER_FILES: &str = "fs-0fedcba9876543210";
const TOKEN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rocket-chat/token-AbCdEf";
const MASTER: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-0a1b-AbCdEf";
const HOST: &str = "hubs-db.cluster-c1x2y3z4.eu-west-1.rds.amazonaws.com";

fn mounted(name: &str, file_system: &str, more: Value) -> Value {
    let mut efs = json!({ "fileSystemId": file_system, "transitEncryption": "ENABLED" });
    efs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "name": name, "efsVolumeConfiguration": efs })
}

fn listing(definition: Value) -> ServiceListing {
    let mut described = json!({ "family": "rocket-chat", "revision": 8 });
    described
        .as_object_mut()
        .unwrap()
        .extend(definition.as_object().unwrap().clone());
    ServiceListing {
        name: "chat/rocket-chat".parse().unwrap(),
        service: json!({ "status": "ACTIVE", "schedulingStrategy": "REPLICA" }),
        definition: described,
        clusters: BTreeMap::from([(
            "hubs-db".to_owned(),
            Cluster {
                engine: "aurora-postgresql".into(),
                hosts: vec![HOST.into()],
                master_secret: Some(MASTER.into()),
                ..Cluster::default()
            },
        )]),
    }
}

/// As in the example of Rocket.Chat: MongoDB beside the application, its files on EFS.
fn rocket_chat() -> ServiceListing {
    listing(json!({
        "volumes": [mounted("data", FILES, json!({ "rootDirectory": "/rocket-chat" })), {"name": "scratch", "host": {}}],
        "containerDefinitions": [
            {
                "name": "web",
                "secrets": [
                    {"name": "TOKEN", "valueFrom": format!("{TOKEN}:token::")},
                    {"name": "SMTP", "valueFrom": "arn:aws:ssm:eu-west-1:123456789012:parameter/chat/smtp"},
                    {"name": "PLAIN", "valueFrom": "chat-plain"},
                ],
                "environment": [{"name": "PASSWORD", "value": "hunter2"}],
            },
            {
                "name": "mongo",
                "secrets": [{"name": "KEY", "valueFrom": TOKEN}],
                "logConfiguration": {"secretOptions": [{"name": "key", "valueFrom": "/chat/logs"}]},
                "repositoryCredentials": {"credentialsParameter": "registry/login"},
                "environmentFiles": [{"value": "arn:aws:s3:::chat-config/web.env", "type": "s3"}],
            },
        ],
    }))
}

fn written(listing: &ServiceListing) -> (DescriptorDraft, String, Value) {
    let draft = draft(listing);
    let text = yaml::write(&draft, "in ECS service chat/rocket-chat");
    let document = crate::document::parse("found", &text).unwrap().remove(0).value;
    (draft, text, document)
}

#[test]
fn a_service_becomes_a_descriptor_that_is_valid() {
    let (draft, text, document) = written(&rocket_chat());
    Descriptor::parse(&document).unwrap();
    assert_eq!(
        document,
        json!({
            "deployment": "rocket-chat",
            "resources": {
                "data": { "kind": "efs", "file_system": FILES },
                "rocket-chat-token": { "kind": "secret", "secret": TOKEN },
                "registry-login": { "kind": "secret", "secret": "registry/login" },
                "keys": { "kind": "parameters", "path": "/chat" },
            },
            "cut_over": [{
                "name": "rocket-chat", "kind": "ecs_service", "resource": "data", "cluster": "chat", "service": "rocket-chat",
            }],
        }),
        "{text}"
    );
    for part in [
        "  # Volume data of task definition rocket-chat:8 mounts it, directory /rocket-chat.\n  data:\n",
        "  # Container web gets it as TOKEN.\n  # Container mongo gets it as KEY.\n  rocket-chat-token:\n",
        "  # /chat/logs: The log driver of container mongo gets it as key.\n",
        "  # The image of container mongo is pulled with it.\n",
        "# hooks:\n#   quiesce:\n#     - { name: rocket-chat, kind: ecs_scale, cluster: chat, service: rocket-chat }\n",
        "Only service chat/rocket-chat was looked at.",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("scratch"), "{text}");
    let begins = [
        "Environment file arn:aws:s3:::chat-config/web.env: ",
        "AWS::SSM::Parameter chat-plain: ",
    ];
    assert_eq!(draft.unprotected.len(), begins.len(), "{:#?}", draft.unprotected);
    assert!(
        draft
            .unprotected
            .iter()
            .zip(begins)
            .all(|(line, begins)| line.starts_with(begins))
    );
}

#[test]
fn a_volume_by_an_access_point_gets_no_switch() {
    let access_point = json!({ "authorizationConfig": { "accessPointId": "fsap-0123456789abcdef0" } });
    let (draft, text, document) = written(&listing(json!({ "volumes": [
        mounted("fixed", FILES, access_point.clone()),
        mounted("free", FILES, json!({ "rootDirectory": "/a" })),
        mounted("alone", OTHER_FILES, access_point),
    ]})));
    let descriptor = Descriptor::parse(&document).unwrap();
    assert_eq!(descriptor.cut_over.len(), 1);
    assert_eq!(descriptor.cut_over[0].resource, "fixed");
    assert!(
        matches!(&descriptor.cut_over[0].action, SwitchAction::EcsService { volume: Some(of), .. } if of == "free")
    );
    assert!(
        text.contains("mounts it, by access point fsap-0123456789abcdef0."),
        "{text}"
    );
    let notes = draft.notes.join("\n");
    assert!(
        notes.contains("volume fixed: it mounts by") && notes.contains("volume alone: it mounts by"),
        "{notes}"
    );
}

#[test]
fn a_cluster_is_found_by_its_endpoint_and_switched_by_its_master_secret() {
    let container = |value: String, secret: String| {
        json!({ "containerDefinitions": [{
            "name": "web", "environment": [{"name": "DATABASE_URL", "value": value}], "secrets": [{"name": "LOGIN", "valueFrom": secret}],
        }]})
    };
    let url = format!("postgres://app:hunter2@{HOST}:5432/app");
    let (_, text, document) = written(&listing(container(url.clone(), format!("{MASTER}:password::"))));
    let descriptor = Descriptor::parse(&document).unwrap();
    // A copy has a master secret of its own, so this one is no resource.
    assert_eq!(
        document["resources"],
        json!({"database": {"kind": "aurora", "cluster": "hubs-db"}}),
        "{text}"
    );
    assert!(matches!(descriptor.cut_over[0].action, SwitchAction::EcsService { .. }));
    let comments =
        "  # Variable DATABASE_URL of container web leads to it.\n  # Secret LOGIN of container web leads to it.\n";
    assert!(text.contains(comments) && !text.contains("hunter2"), "{text}");

    for (value, secret) in [
        (url, TOKEN.to_owned()),
        (String::new(), format!("{MASTER}:password::v1")),
    ] {
        let (_, text, document) = written(&listing(container(value, secret)));
        let descriptor = Descriptor::parse(&document).unwrap();
        assert!(
            descriptor.resources.contains_key("database") && descriptor.cut_over.is_empty(),
            "{text}"
        );
    }
    let (_, text, document) = written(&listing(container(format!("old-{HOST}"), TOKEN.to_owned())));
    assert!(document["resources"]["database"].is_null(), "{text}");
}

#[test]
fn what_another_controller_deploys_gets_no_switch_and_a_daemon_no_hook() {
    let mut other = rocket_chat();
    other.service = json!({ "deploymentController": { "type": "CODE_DEPLOY" }, "schedulingStrategy": "DAEMON" });
    let (draft, text, document) = written(&other);
    assert!(Descriptor::parse(&document).unwrap().cut_over.is_empty());
    assert!(draft.notes[0].contains("is deployed by CODE_DEPLOY"), "{text}");
    assert!(draft.hooks.is_empty() && !text.contains("ecs_scale"), "{text}");
}

#[test]
fn other_volumes_with_data_are_not_protected() {
    let draft = draft(&listing(json!({ "volumes": [
        mounted("data", FILES, json!({})),
        {"name": "instance", "host": {"sourcePath": "/var/data"}},
        {"name": "shared", "dockerVolumeConfiguration": {"scope": "shared", "driver": "local"}},
        {"name": "task", "dockerVolumeConfiguration": {"scope": "task"}},
        {"name": "windows", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs-0a"}},
        {"name": "launch", "configuredAtLaunch": true},
    ]})));
    let begins = [
        "Bind mount instance ",
        "Docker volume shared ",
        "Volume (fsxWindowsFileServerVolumeConfiguration) windows ",
    ];
    assert_eq!(draft.unprotected.len(), begins.len(), "{:#?}", draft.unprotected);
    assert!(
        draft
            .unprotected
            .iter()
            .zip(begins)
            .all(|(line, begins)| line.starts_with(begins))
    );
}

#[test]
fn the_running_definition_is_the_services_or_its_primary_task_sets() {
    let sets =
        json!([{"status": "ACTIVE", "taskDefinition": "arn:old"}, {"status": "PRIMARY", "taskDefinition": "arn:new"}]);
    assert_eq!(
        running(&json!({"taskDefinition": "arn:own", "taskSets": sets})),
        Some("arn:own")
    );
    assert_eq!(
        running(&json!({"taskDefinition": "", "taskSets": sets})),
        Some("arn:new")
    );
    assert_eq!(running(&json!({})), None);
}
