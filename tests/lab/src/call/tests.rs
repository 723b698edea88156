#![allow(clippy::unwrap_used)]
use super::*;

/// A call for the tests of other modules.
pub fn call(service: &str, action: &str, resource: &str) -> Call {
    Call {
        method: Method::POST,
        path: "/".to_owned(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        service: service.to_owned(),
        action: action.to_owned(),
        caller: "-".to_owned(),
        resource: resource.to_owned(),
        identifiers: BTreeMap::new(),
        protocol: Protocol::Json,
    }
}

fn read(method: Method, target: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Call {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut all = HeaderMap::new();
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    );
    all.insert("authorization", scope.parse().unwrap());
    for (name, value) in headers {
        all.insert(
            hyper::header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse().unwrap(),
        );
    }
    Call::read(
        method,
        path.to_owned(),
        query.to_owned(),
        all,
        Bytes::from(body.to_owned()),
    )
}

#[test]
fn a_query_call_is_read_from_its_form() {
    let form = "Action=CreateDBClusterSnapshot&Version=2014-10-31&DBClusterIdentifier=hubs&\
                DBClusterSnapshotIdentifier=holdfast-hubs-1&MasterUserPassword=secret%21";
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        (
            "user-agent",
            "aws-sdk-rust/1.3 os/linux lang/rust/1.95 app/snapshot-cluster",
        ),
    ];
    let call = read(Method::POST, "/", "rds", &headers, form);
    assert_eq!(
        (call.service.as_str(), call.action.as_str()),
        ("rds", "CreateDBClusterSnapshot")
    );
    assert_eq!(call.protocol, Protocol::Query);
    assert_eq!(call.caller, "snapshot-cluster");
    assert_eq!(call.resource, "holdfast-hubs-1");
    assert_eq!(call.identifiers.get("DBClusterIdentifier").unwrap(), "hubs");
    assert!(!format!("{:?}", call.identifiers).contains("secret"));
    assert_eq!(call.form().get("MasterUserPassword").unwrap(), "secret!");
}

#[test]
fn a_json_call_is_read_from_its_target() {
    let headers = [("x-amz-target", "DynamoDB_20120810.CreateBackup")];
    let body = r#"{"TableName":"users","BackupName":"b-1","SecretString":"hush"}"#;
    let call = read(Method::POST, "/", "dynamodb", &headers, body);
    assert_eq!(
        (call.service.as_str(), call.action.as_str()),
        ("dynamodb", "CreateBackup")
    );
    assert_eq!(call.protocol, Protocol::Json);
    assert_eq!(call.resource, "users");
    assert_eq!(call.caller, "-");
    assert!(!format!("{:?}", call.identifiers).contains("hush"));
}

#[test]
fn a_rest_call_is_read_from_its_path_with_encoded_labels() {
    let arn = "arn:aws:backup:us-east-1:000000000000:recovery-point:1-2";
    let path = format!("/backup-vaults/nightly/recovery-points/{}", arn.replace(':', "%3A"));
    let call = read(Method::GET, &path, "backup", &[], "");
    assert_eq!(call.action, "DescribeRecoveryPoint");
    assert_eq!(call.protocol, Protocol::RestJson);
    assert_eq!(call.resource, arn);
    assert_eq!(call.labels().get("backupVaultName").unwrap(), "nightly");
    for (method, path, action) in [
        (Method::PUT, "/backup-jobs", "StartBackupJob"),
        (Method::GET, "/backup-jobs/", "ListBackupJobs"),
        (Method::POST, "/backup-jobs/1", "StopBackupJob"),
        (Method::GET, "/restore-jobs/1/metadata", "GetRestoreJobMetadata"),
        (
            Method::GET,
            "/backup-vaults/v/recovery-points/",
            "ListRecoveryPointsByBackupVault",
        ),
    ] {
        assert_eq!(read(method, path, "backup", &[], "").action, action, "{path}");
    }
    let describe = "/2015-02-01/file-systems?FileSystemId=fs-0123456789abcdef0";
    let call = read(Method::GET, describe, "elasticfilesystem", &[], "");
    assert_eq!(call.action, "DescribeFileSystems");
    assert_eq!(call.resource, "fs-0123456789abcdef0");
}

#[test]
fn s3_calls_are_named_and_presigned_ones_are_recognised() {
    let call = read(Method::PUT, "/bucket/a%20key", "s3", &[], "bytes");
    assert_eq!(
        (call.action.as_str(), call.resource.as_str()),
        ("PutObject", "/bucket/a key")
    );
    let query = "X-Amz-Credential=test%2F20261120%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=1";
    let call = Call::read(
        Method::GET,
        "/b/k".to_owned(),
        query.to_owned(),
        HeaderMap::new(),
        Bytes::new(),
    );
    assert_eq!((call.service.as_str(), call.action.as_str()), ("s3", "GetObject"));
}

#[test]
fn any_bytes_at_all_can_be_read() {
    for target in ["/", "//", "/%", "/%zz?%=%&&=&a", "/backup-vaults//", "/é"] {
        let call = read(Method::GET, target, "backup", &[("x-amz-target", "")], "{\"a\":");
        assert!(!call.service.is_empty());
    }
    assert_eq!(decode("%41%zz%"), "A%zz%");
}

#[test]
fn error_codes_are_found_in_every_protocol() {
    let mut headers = HeaderMap::new();
    assert_eq!(
        error_code(&headers, br#"{"__type":"com.amazon#ResourceNotFoundException"}"#),
        "ResourceNotFoundException"
    );
    assert_eq!(
        error_code(
            &headers,
            b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
        ),
        "Throttling"
    );
    assert_eq!(error_code(&headers, b"gateway"), "-");
    headers.insert("x-amzn-errortype", "LimitExceededException:http://x".parse().unwrap());
    assert_eq!(error_code(&headers, b"{}"), "LimitExceededException");
}

#[test]
fn a_version_of_an_object_is_recorded_beside_what_the_call_is_about() {
    let call = read(Method::DELETE, "/bucket/a/key?versionId=v1", "s3", &[], "");
    assert_eq!(
        (call.action.as_str(), call.resource.as_str()),
        ("DeleteObject", "/bucket/a/key")
    );
    assert_eq!(call.identifiers["versionId"], "v1");
}
