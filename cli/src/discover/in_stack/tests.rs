#![allow(clippy::unwrap_used)]

use holdfast::domain::descriptor::Descriptor;

use super::*;
use crate::discover::yaml;

fn resource(kind: &str, logical: &str, physical: &str) -> StackResource {
    StackResource {
        kind: kind.into(),
        logical: logical.into(),
        physical: physical.into(),
    }
}

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:hubs-prod-db-AbCdEf";

fn hubs_stack(app_db: &str) -> StackListing {
    let aurora = Cluster {
        engine: "aurora-postgresql".into(),
        instances: vec!["hubs-prod-db-1".into()],
        ..Cluster::default()
    };
    StackListing {
        name: "HubsProd".into(),
        arn: "arn:aws:cloudformation:us-east-1:000000000000:stack/HubsProd/0a1b".into(),
        outputs: BTreeMap::from([("AppDb".to_owned(), app_db.to_owned())]),
        template_parameters: vec!["KeyName".into(), "OfflineMode".into()],
        resources: vec![
            resource("AWS::EFS::FileSystem", "StorageEFS", "fs-0123456789abcdef0"),
            resource("AWS::Backup::BackupVault", "DailyBackupVault", "hubs-prod-vault"),
            resource("AWS::IAM::Role", "DailyBackupRole", "HubsProd-DailyBackupRole-1X"),
            resource("AWS::RDS::DBCluster", "AppDbCluster", "hubs-prod-db"),
            resource("AWS::RDS::DBInstance", "AppDbInstance", "hubs-prod-db-1"),
            resource("AWS::SecretsManager::Secret", "AppDbSecret", SECRET),
            resource("AWS::S3::Bucket", "Assets", "hubs-prod-assets"),
            resource("AWS::RDS::DBProxy", "AppDbProxy", "hubs-prod-proxy"),
            resource("AWS::Lambda::Function", "Fn", "hubs-prod-fn"),
        ],
        clusters: BTreeMap::from([("hubs-prod-db".to_owned(), aurora)]),
        parameters: vec![
            "/keymaster/HubsProd/perms-key".into(),
            "/keymaster/HubsProd/jwt-key".into(),
        ],
    }
}

#[test]
fn a_hubs_stack_becomes_a_descriptor_that_is_valid() {
    let draft = draft(&hubs_stack("hubs-prod-db"));
    let text = yaml::write(&draft, "in stack HubsProd");
    let documents = crate::document::parse("found", &text).unwrap();
    assert_eq!(
        documents[0].value,
        serde_json::json!({
            "deployment": "hubs-prod",
            "resources": {
                "database": { "kind": "aurora", "cluster": "hubs-prod-db", "logical_id": "AppDbCluster" },
                "storage": {
                    "kind": "efs",
                    "file_system": "fs-0123456789abcdef0",
                    "vault": "hubs-prod-vault",
                    "role": "arn:aws:iam::000000000000:role/HubsProd-DailyBackupRole-1X",
                    "logical_id": "StorageEFS",
                },
                "login": { "kind": "secret", "secret": SECRET },
                "keys": { "kind": "parameters", "path": "/keymaster/HubsProd" },
            },
            "stack": { "name": "HubsProd" },
        })
    );
    Descriptor::parse(&documents[0].value).unwrap();
    for part in [
        "#   AWS::S3::Bucket hubs-prod-assets (Assets): turn versioning on",
        "#   AWS::RDS::DBProxy hubs-prod-proxy (AppDbProxy): it holds no data; a switch of kind rds_proxy",
        "  # The cluster in the stack's output AppDb\n  database:\n",
        "  # logical_id: AppDbSecret\n  login:\n",
        "kind: stack_parameter, stack: HubsProd, parameter: OfflineMode, value: VALUE",
        "found were login.",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("hubs-prod-fn"), "{text}");
}

#[test]
fn the_database_is_found_whatever_form_the_output_has() {
    for output in [
        "hubs-prod-db",
        "HUBS-PROD-DB",
        "hubs-prod-db.cluster-c1x2y3z4.us-east-1.rds.amazonaws.com",
        "arn:aws:rds:us-east-1:000000000000:cluster:hubs-prod-db",
        "https://console.aws.amazon.com/rds/home?region=us-east-1#database:id=hubs-prod-db;is-cluster=true",
    ] {
        let draft = draft(&hubs_stack(output));
        assert_eq!(draft.resources[0].name, "database", "{output}");
        assert_eq!(draft.resources[0].target.identifier(), "hubs-prod-db", "{output}");
    }
}

#[test]
fn another_stack_gets_its_names_from_its_logical_ids() {
    let mut stack = hubs_stack("hubs-prod-db");
    stack.outputs.clear();
    stack
        .resources
        .push(resource("AWS::DynamoDB::Table", "RoomsTable", "hubs-rooms"));
    let draft = draft(&stack);
    let names = draft
        .resources
        .iter()
        .map(|entry| entry.name.as_str())
        .collect::<Vec<_>>();
    assert_eq!(
        names,
        ["storage-efs", "app-db-cluster", "app-db-secret", "rooms-table", "keys"]
    );
    assert!(draft.notes.is_empty());
}

#[test]
fn missing_keys_of_a_hub_are_pointed_out() {
    let mut stack = hubs_stack("hubs-prod-db");
    stack.parameters.clear();
    assert!(
        draft(&stack)
            .notes
            .iter()
            .any(|note| note.contains("below /keymaster/HubsProd/"))
    );
}

#[test]
fn a_missing_database_of_a_hub_is_pointed_out() {
    let mut stack = hubs_stack("hubs-prod-db");
    stack.clusters.clear();
    let draft = draft(&stack);
    assert!(draft.notes.iter().any(|note| note.contains("database is missing")));
    assert!(draft.unprotected.iter().any(|line| line.contains("no longer exists")));
}
