#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Models;
use crate::call::tests::call;
use crate::service::{Answer, Call, Protocol};
use crate::tools;

async fn models() -> (tempfile::TempDir, Models) {
    let directory = tempfile::tempdir().unwrap();
    let models = Models::prepare(&tools::python(None).unwrap(), directory.path()).await;
    (directory, models.unwrap())
}

fn json_call(service: &str, action: &str, body: &Value) -> Call {
    Call {
        body: body.to_string().into(),
        protocol: Protocol::Json,
        ..call(service, action, "")
    }
}

fn form_call(service: &str, action: &str, form: &str) -> Call {
    Call {
        body: form.to_owned().into(),
        protocol: Protocol::Query,
        ..call(service, action, "")
    }
}

fn rest_call(service: &str, method: &str, path: &str, body: &str) -> Call {
    let key = format!("AWS4-HMAC-SHA256 Credential=k/20261128/us-east-1/{service}/aws4_request, x");
    let headers = [(hyper::header::AUTHORIZATION, key.parse().unwrap())];
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Call::read(
        method.parse().unwrap(),
        path.to_owned(),
        query.to_owned(),
        headers.into_iter().collect(),
        body.to_owned().into(),
    )
}

fn said(answer: &Answer) -> (String, String) {
    let code = answer.error_code.clone().unwrap();
    (code, String::from_utf8_lossy(&answer.body).into_owned())
}

/// The code of the refusal, whose message must contain this.
fn refused(models: &Models, call: &Call, why: &str) -> String {
    let answer = models
        .refuse(call)
        .unwrap_or_else(|| panic!("{} was taken: {why}", call.action));
    let (code, message) = said(&answer);
    assert_eq!(answer.status, 400, "{message}");
    assert!(
        message.contains(&why.replace('\'', "&apos;")) || message.contains(why),
        "{message}"
    );
    code
}

#[tokio::test]
async fn every_pattern_of_every_model_is_held_against() {
    let (_directory, models) = models().await;
    let files = std::fs::read_dir(&models.directory).unwrap();
    let services: BTreeSet<String> = files
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(
        services.contains("rds") && services.contains("dynamodb"),
        "{services:?}"
    );
    for service in &services {
        let model = models.model(service).unwrap();
        assert_eq!(model.unchecked, Vec::<String>::new(), "{service}");
        for shape in model.shapes() {
            let compile = shape.conditions.iter().all(|condition| condition.regex().is_some());
            assert!(compile, "{service}: {:?}", shape.pattern);
            assert_eq!(shape.pattern.is_some(), !shape.conditions.is_empty());
        }
    }
}

#[tokio::test]
async fn requests_in_json_are_held_against_their_model() {
    let (_directory, models) = models().await;
    let refused = |action, body: Value, why| refused(&models, &json_call("dynamodb", action, &body), why);
    let taken = |action, body: Value| models.refuse(&json_call("dynamodb", action, &body)).is_none();
    assert!(taken(
        "CreateBackup",
        json!({"TableName": "t.1-x_Y", "BackupName": "nightly"})
    ));
    let nobody = "Value null at 'backupName' failed to satisfy constraint: Member must not be null";
    assert_eq!(
        refused("CreateBackup", json!({"TableName": "t"}), nobody),
        "ValidationException"
    );
    let short =
        "Value 'ab' at 'backupName' failed to satisfy constraint: Member must have length greater than or equal to 3";
    refused("CreateBackup", json!({"TableName": "t", "BackupName": "ab"}), short);
    let pattern = "Value 'a b' at 'backupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
    refused("CreateBackup", json!({"TableName": "t", "BackupName": "a b"}), pattern);
    let known = "Member must satisfy enum value set: [USER, SYSTEM, AWS_BACKUP, ALL]";
    refused("ListBackups", json!({"BackupType": "MINE"}), known);
    refused(
        "ListBackups",
        json!({"Limit": 101}),
        "Member must have value less than or equal to 100",
    );
    refused(
        "ListBackups",
        json!({"Limits": 3}),
        "at 'limits' failed to satisfy constraint: Member must be one that the service knows",
    );
    let number = refused(
        "ListBackups",
        json!({"Limit": "3"}),
        "'limit' can not be converted to integer",
    );
    assert_eq!(number, "SerializationException");
    let tags = json!({"ResourceArn": "arn:aws:dynamodb:us-east-1:0:table/t", "Tags": [{"Key": "", "Value": "v"}]});
    refused(
        "TagResource",
        tags,
        "at 'tags.1.member.key' failed to satisfy constraint: Member must have length",
    );
    let two = json!({"TableName": "t", "Key": {"id": {"S": "a", "N": "1"}}});
    assert!(taken(
        "GetItem",
        json!({"TableName": "t", "Key": {"id": {"S": "a"}}, "ConsistentRead": true})
    ));
    // AttributeValue is not a union in botocore's model of DynamoDB: the service itself distinguishes these.
    assert!(taken("GetItem", two));
    assert!(taken("NoSuchOperation", json!({"Anything": 1})));
}

#[tokio::test]
async fn requests_in_forms_are_held_against_their_model() {
    let (_directory, models) = models().await;
    let refused = |service, action, form, why| refused(&models, &form_call(service, action, form), why);
    let taken = |service, action, form| models.refuse(&form_call(service, action, form)).is_none();
    let whole = "Action=CreateDBClusterSnapshot&Version=2014-10-31&DBClusterIdentifier=c&DBClusterSnapshotIdentifier=s\
                 &Tags.Tag.1.Key=k&Tags.Tag.1.Value=v";
    assert!(taken("rds", "CreateDBClusterSnapshot", whole));
    let missing = "The request must contain the parameter DBClusterIdentifier";
    assert_eq!(
        refused(
            "rds",
            "CreateDBClusterSnapshot",
            "DBClusterSnapshotIdentifier=s",
            missing
        ),
        "MissingParameter"
    );
    let port = refused("rds", "DescribeDBClusters", "MaxRecords=many", "at 'maxRecords'");
    assert_eq!(port, "InvalidParameterValue");
    refused(
        "rds",
        "DescribeDBClusters",
        "DBClusterIdentifer=c",
        "at 'dBClusterIdentifer'",
    );
    assert!(taken(
        "rds",
        "DescribeDBClusters",
        "Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=v&MaxRecords=20"
    ));
    let values = refused(
        "rds",
        "DescribeDBClusters",
        "Filters.Filter.1.Name=n",
        "Filters.1.member.values",
    );
    assert_eq!(values, "MissingParameter");
    let stack = refused(
        "cloudformation",
        "DescribeChangeSet",
        "ChangeSetName=",
        "at 'changeSetName'",
    );
    assert_eq!(stack, "ValidationError");
    assert!(taken(
        "sns",
        "Publish",
        "TopicArn=a&Message=m&MessageAttributes.entry.1.Name=n&MessageAttributes.entry.1.Value.DataType=String"
    ));
    assert_eq!(
        refused("sns", "Publish", "TopicArn=a", "Value null at 'message'"),
        "InvalidParameter"
    );
}

#[tokio::test]
async fn requests_in_paths_queries_and_bodies_are_held_against_their_model() {
    let (_directory, models) = models().await;
    let refused = |service: &str, method: &str, path: &str, body: &str, why: &str| {
        refused(&models, &rest_call(service, method, path, body), why)
    };
    let taken = |service: &str, method: &str, path: &str, body: &str| {
        models.refuse(&rest_call(service, method, path, body)).is_none()
    };
    let job = json!({"BackupVaultName": "v-1", "ResourceArn": "arn:x", "IamRoleArn": "arn:y", "IdempotencyToken": "t"});
    assert!(taken("backup", "PUT", "/backup-jobs", &job.to_string()));
    let missing = refused(
        "backup",
        "PUT",
        "/backup-jobs",
        r#"{"BackupVaultName": "v-1", "IamRoleArn": "a"}"#,
        "resourceArn",
    );
    assert_eq!(missing, "MissingParameterValueException");
    let vault = refused(
        "backup",
        "PUT",
        "/backup-vaults/a%20vault",
        "{}",
        "'a vault' at 'backupVaultName'",
    );
    assert_eq!(vault, "InvalidParameterValueException");
    refused("backup", "GET", "/backup-jobs?state=GONE", "", "at 'byState'");
    refused("backup", "GET", "/backup-jobs?maxResults=0", "", "at 'maxResults'");
    assert!(taken("backup", "GET", "/backup-jobs?state=RUNNING&maxResults=5", ""));
    let mode = r#"{"CreationToken": "t", "PerformanceMode": "fast"}"#;
    let file_system = refused(
        "elasticfilesystem",
        "POST",
        "/2015-02-01/file-systems",
        mode,
        "[generalPurpose, maxIO]",
    );
    assert_eq!(file_system, "BadRequest");
    let point = |path: &str| {
        json!({"ClientToken": "t", "FileSystemId": "fs-01234567", "RootDirectory": {"Path": path}}).to_string()
    };
    assert!(taken(
        "elasticfilesystem",
        "POST",
        "/2015-02-01/access-points",
        &point("/aws-backup-restore_x/uploads")
    ));
    refused(
        "elasticfilesystem",
        "POST",
        "/2015-02-01/access-points",
        &point("/.hidden"),
        "at 'rootDirectory.path'",
    );
    assert!(taken(
        "lambda",
        "POST",
        "/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:rest:live/invocations",
        "anything"
    ));
    refused(
        "lambda",
        "POST",
        "/2015-03-31/functions/a%20b/invocations",
        "",
        "at 'functionName'",
    );
}

#[tokio::test]
async fn no_refusal_shows_a_secret() {
    let (_directory, models) = models().await;
    let secret = "x".repeat(70_000);
    let body = json!({"SecretId": "s", "ClientRequestToken": "0".repeat(32), "SecretString": secret});
    let answer = models
        .refuse(&json_call("secretsmanager", "PutSecretValue", &body))
        .unwrap();
    let (_, message) = said(&answer);
    assert!(
        message.contains("Value at 'secretString'") && !message.contains("xxx"),
        "{message}"
    );
}
