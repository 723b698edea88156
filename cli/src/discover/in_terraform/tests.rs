#![allow(clippy::unwrap_used)]

use holdfast::domain::descriptor::Descriptor;
use serde_json::{Value, json};

use super::*;
use crate::discover::yaml;

/// A state of Cumulus with Aurora, in modules, with `count` and `for_each`.
const CUMULUS: &str = include_str!("tests/cumulus.tfstate");

fn written(text: &str) -> (DescriptorDraft, String, Value) {
    let draft = draft("states/cumulus.tfstate", text).unwrap();
    let text = yaml::write(&draft, "in Terraform state states/cumulus.tfstate");
    let document = crate::document::parse("found", &text).unwrap().remove(0).value;
    (draft, text, document)
}

/// A state with these resources, each `(type, name, attributes)`.
fn state(resources: &[(&str, &str, Value)]) -> String {
    let resources = resources.iter().map(|(kind, name, attributes)| {
        json!({"mode": "managed", "type": kind, "name": name, "provider": "x", "instances": [{"attributes": attributes}]})
    });
    json!({"version": 4, "serial": 1, "resources": resources.collect::<Vec<_>>()}).to_string()
}

#[test]
fn a_state_of_cumulus_becomes_a_descriptor_that_is_valid() {
    let (_, text, document) = written(CUMULUS);
    Descriptor::parse(&document).unwrap();
    let table = |key: &str| {
        json!({
            "kind": "dynamodb", "table": format!("cumulus-prod-{key}"),
            "terraform": format!("module.data_persistence[\"prod\"].aws_dynamodb_table.table[\"{key}\"]"),
        })
    };
    assert_eq!(
        document,
        json!({
            "deployment": "cumulus-prod",
            "resources": {
                "cumulus": {
                    "kind": "aurora", "cluster": "cumulus-prod-rds", "terraform": "module.rds_cluster.aws_rds_cluster.cumulus",
                },
                "rds-login": {
                    "kind": "secret",
                    "secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:cumulus-prod/db-login-AbCdEf",
                },
                "async-operations-table": table("AsyncOperationsTable"),
                "executions-table": table("ExecutionsTable"),
                "granules-table": table("GranulesTable"),
                "semaphores-table": {
                    "kind": "dynamodb", "table": "cumulus-prod-SemaphoresTable",
                    "terraform": "module.cumulus.module.ingest.aws_dynamodb_table.semaphores_table",
                },
                "shared": {
                    "kind": "efs", "file_system": "fs-0123456789abcdef0",
                    "terraform": "module.files.aws_efs_file_system.this[\"shared\"]",
                },
                "ledger": {
                    "kind": "postgres", "database": "ledger", "port": 5432,
                    "host": "cumulus-prod-ledger.c1x2y3z4.us-east-1.rds.amazonaws.com",
                    "login_secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-0a1b2c3d-AbCdEf",
                },
                "keys": { "kind": "parameters", "path": "/cumulus/prod" },
            }
        }),
        "{text}"
    );
}

#[test]
fn comments_say_what_was_found_and_what_is_to_decide() {
    let (_, text, _) = written(CUMULUS);
    for part in [
        "  # Engine aurora-postgresql. Its first database is cumulus.\n  cumulus:\n",
        "  # terraform: module.rds_cluster.aws_secretsmanager_secret.rds_login\n  rds-login:\n",
        "  # today: 2 parameters\n  # /cumulus/prod/launchpad: module.cumulus.aws_ssm_parameter.setting[\"launchpad\"]\n",
        "  # Of instance cumulus-prod-ledger, aws_db_instance.ledger. ",
        "  # To complete: the state does not have the names of its database and of the secret with a login.\n  # reports:\n",
        "  #   host: cumulus-prod-reports.c1x2y3z4.us-east-1.rds.amazonaws.com\n",
        "found were rds-login.",
        "#   The name cumulus-prod is only a guess",
        "(serial 421): nothing was looked up in AWS",
        "they are tainted: module.cumulus.module.ingest.aws_dynamodb_table.semaphores_table.",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn what_has_state_and_no_kind_is_listed_with_what_to_do() {
    let (draft, text, _) = written(CUMULUS);
    let begins = [
        "AWS::Elasticsearch::Domain arn:aws:es:us-east-1:123456789012:domain/cumulus-prod-es \
         (module.data_persistence[\"prod\"].aws_elasticsearch_domain.es_vpc[0]): ",
        "AWS::S3::Bucket cumulus-prod-internal (aws_s3_bucket.bucket[\"internal\"]): turn versioning on",
        "AWS::S3::Bucket cumulus-prod-protected (aws_s3_bucket.bucket[\"protected\"]): ",
        "AWS::SQS::Queue https://sqs.us-east-1.amazonaws.com/123456789012/cumulus-prod-backgroundJobQueue (",
        "AWS::RDS::DBProxy cumulus-prod-proxy (module.rds_cluster.aws_db_proxy.this): it holds no data; a switch",
        "AWS::DocDB::DBCluster cumulus-prod-metrics (module.metrics.aws_docdb_cluster.metrics): ",
        "AWS::EC2::Volume vol-0bbbbbbbbbbbbbbbb (aws_ebs_volume.replaced): ",
        "AWS::RDS::DBInstance cumulus-prod-legacy (aws_db_instance.legacy): its engine is mysql; ",
        "AWS::RDS::DBInstance cumulus-prod-old (aws_db_instance.old): it is Postgres 12.19, of which",
    ];
    assert_eq!(draft.unprotected.len(), begins.len(), "{:#?}", draft.unprotected);
    for (line, begins) in draft.unprotected.iter().zip(begins) {
        assert!(line.starts_with(begins), "{line}\nbegins with\n{begins}");
        assert!(text.contains(&format!("#   {line}\n")), "{line} is not in:\n{text}");
    }
}

#[test]
fn no_value_of_a_state_is_written_and_nothing_without_state() {
    let (_, text, _) = written(CUMULUS);
    for absent in [
        "hunter2",
        "aHVudGVyMg",
        "somebody-elses",
        "vol-0aaaaaaaaaaaaaaaa",
        "reports-replica",
        "cumulus-prod-rds-0",
        "cumulus-prod-daily",
        "cumulus-prod-api",
        "sg-0123456789abcdef0",
    ] {
        assert!(!text.contains(absent), "{absent} is in:\n{text}");
    }
}

#[test]
fn an_address_that_a_descriptor_does_not_take_is_a_comment() {
    let resource = json!({
        "mode": "managed", "type": "aws_dynamodb_table", "name": "this",
        "instances": [{"index_key": "a(b)", "attributes": {"id": "rooms"}}],
    });
    let (_, text, document) = written(&json!({"version": 4, "serial": 1, "resources": [resource]}).to_string());
    assert_eq!(
        document["resources"]["a-b"],
        json!({"kind": "dynamodb", "table": "rooms"})
    );
    assert!(
        text.contains("  # terraform: aws_dynamodb_table.this[\"a(b)\"]\n"),
        "{text}"
    );
    assert_eq!(document["deployment"], "cumulus", "the file's name");
}

#[test]
fn a_cluster_of_another_engine_is_not_protected_and_a_label_that_says_nothing_is_no_name() {
    let cluster = |id: &str, engine: &str| json!({"id": id, "cluster_identifier": id, "engine": engine});
    let (draft, _, document) = written(&state(&[
        ("aws_rds_cluster", "this", cluster("Hubs-DB", "aurora-mysql")),
        ("aws_rds_cluster", "other", cluster("hubs-multi-az", "postgres")),
        ("aws_rds_cluster", "planned", json!({"engine": "aurora-postgresql"})),
        ("aws_efs_file_system", "main", json!({"id": "fs-0123456789abcdef0"})),
    ]));
    let resources = &document["resources"];
    assert_eq!(resources["hubs-db"]["cluster"], "hubs-db", "{resources}");
    assert_eq!(
        resources["storage"]["file_system"], "fs-0123456789abcdef0",
        "{resources}"
    );
    assert_eq!(resources.as_object().unwrap().len(), 2);
    assert!(
        draft.unprotected[0].starts_with("postgres cluster hubs-multi-az (aws_rds_cluster.other): if it is Postgres")
    );
    Descriptor::parse(&document).unwrap();
}

#[test]
fn resources_of_several_regions_are_pointed_out() {
    let table = |region: &str, name: &str| {
        let arn = format!("arn:aws:dynamodb:{region}:123456789012:table/{name}");
        ("aws_dynamodb_table", "t", json!({"id": name, "arn": arn}))
    };
    let note = |text: &str| {
        written(text)
            .0
            .notes
            .iter()
            .any(|note| note.contains("several accounts or Regions"))
    };
    assert!(note(&state(&[
        table("us-east-1", "hubs-a"),
        table("eu-west-1", "hubs-b")
    ])));
    assert!(!note(&state(&[
        table("us-east-1", "hubs-a"),
        table("us-east-1", "hubs-b")
    ])));
}

#[test]
fn a_database_of_a_postgres_provider_is_left_to_complete() {
    let database = json!({"id": "app", "name": "app", "owner": "app"});
    let (draft, text, _) = written(&state(&[
        ("postgresql_database", "app", database),
        ("aws_dynamodb_table", "rooms", json!({"id": "rooms"})),
    ]));
    assert_eq!(draft.pending[0].name, "app");
    assert!(text.contains("  #   terraform: postgresql_database.app\n"), "{text}");
    let descriptor = completed(&text, "app");
    assert_eq!(
        descriptor.resources["app"].terraform.as_deref(),
        Some("postgresql_database.app")
    );
}

#[test]
fn an_instance_without_a_known_login_is_left_to_complete() {
    let (draft, text, _) = written(CUMULUS);
    assert_eq!(draft.pending.len(), 1);
    let reports = &completed(&text, "reports").resources["reports"].target;
    assert!(
        matches!(reports, Target::Postgres { host, port: 5432, .. } if host.starts_with("cumulus-prod-reports.")),
        "{reports:?}"
    );
}

/// The descriptor with a pending entry taken out of its comment and completed.
fn completed(text: &str, entry: &str) -> Descriptor {
    let head = format!("{entry}:");
    let lines = text.lines().map(|line| match line.strip_prefix("  # ") {
        Some(rest) if rest == head || rest.starts_with("  ") => format!("  {rest}\n"),
        _ => format!("{line}\n"),
    });
    let text = lines.collect::<String>().replace("HOST", "db.internal");
    let document = crate::document::parse("completed", &text).unwrap().remove(0).value;
    Descriptor::parse(&document).unwrap()
}

#[test]
fn what_is_no_state_is_refused_with_the_file_and_what_to_do() {
    let failure = draft("old.tfstate", r#"{"version": 3}"#).unwrap_err();
    assert_eq!(failure.code(), 2);
    let said = failure.to_string();
    assert!(
        said.starts_with("reading the Terraform state old.tfstate: version: 3 is not allowed; expected 4"),
        "{said}"
    );
}
