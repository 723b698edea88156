//! Discovery asks AWS, and writes a descriptor.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::support::{Answer, Call, Server, stderr_of};

const KEYS: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n";
const NO_CLUSTERS: &str = "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters/></DescribeDBClustersResult>\
                           </DescribeDBClustersResponse>";

fn resources(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr_of(output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["resources"].clone()
}

fn refused(code: &str) -> Answer {
    (400, json!({ "__type": code, "message": "said" }).to_string())
}

#[test]
fn a_service_is_described_with_what_it_runs() {
    let server = Server::start(|call: &Call| {
        let body = match call.action.rsplit('.').next().unwrap() {
            "DescribeServices" => json!({"services": [
                {"status": "INACTIVE", "taskDefinition": "arn:old"}, {"status": "ACTIVE", "taskDefinition": "arn:chat:8"},
            ]}),
            "DescribeTaskDefinition" => json!({"taskDefinition": {"family": "chat", "revision": 8, "volumes": [
                {"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0", "rootDirectory": "/chat"}},
            ]}}),
            "DescribeDBClusters" => return (200, NO_CLUSTERS.to_owned()),
            other => panic!("{other}"),
        };
        (200, body.to_string())
    });
    let output = server
        .command("discover --json --ecs-service chat/web", KEYS)
        .output()
        .unwrap();
    assert_eq!(
        resources(&output),
        json!({"data": {"kind": "efs", "file_system": "fs-0123456789abcdef0"}})
    );
    let described = server
        .calls()
        .into_iter()
        .find(|call| call.action.ends_with("DescribeTaskDefinition"));
    assert!(described.unwrap().body.contains("arn:chat:8"));
}

#[test]
fn a_service_that_does_not_exist_is_said_in_one_line() {
    for answer in [
        (
            200,
            json!({"services": [], "failures": [{"reason": "MISSING"}]}).to_string(),
        ),
        (200, json!({"services": [{"status": "INACTIVE"}]}).to_string()),
        refused("ClusterNotFoundException"),
    ] {
        let server = Server::start(move |_| answer.clone());
        let output = server
            .command("discover --ecs-service chat/web", KEYS)
            .output()
            .unwrap();
        let stderr = stderr_of(&output);
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(
            stderr.contains("describing service chat/web: there is no active one in eu-west-1."),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

/// Two pages of tagged resources, of which AWS still lists some that were deleted.
#[test]
fn tagged_resources_that_were_deleted_are_left_out() {
    let arn = |rest: &str| json!({"ResourceARN": format!("arn:aws:{rest}"), "Tags": [{"Key": "app", "Value": "hubs"}]});
    let table = |name: &str| arn(&format!("dynamodb:eu-west-1:123456789012:table/{name}"));
    let pages = [
        json!({"ResourceTagMappingList": [table("hubs-rooms"), table("hubs-gone")], "PaginationToken": "second"}),
        json!({"ResourceTagMappingList": [
            arn("s3:::hubs-assets"), arn("ssm:eu-west-1:123456789012:parameter/hubs/key"),
            arn("ssm:eu-west-1:123456789012:parameter/hubs/gone"),
        ], "PaginationToken": ""}),
    ];
    let server = Server::start(move |call: &Call| match call.action.rsplit('.').next().unwrap() {
        "GetResources" => (200, pages[usize::from(call.body.contains("second"))].to_string()),
        "DescribeDBClusters" => (200, NO_CLUSTERS.to_owned()),
        "DescribeTable" if call.body.contains("hubs-gone") => refused("ResourceNotFoundException"),
        "DescribeTable" => (
            200,
            json!({"Table": {"TableName": "hubs-rooms", "TableStatus": "ACTIVE"}}).to_string(),
        ),
        "DescribeParameters" => (200, json!({"Parameters": [{"Name": "/hubs/key"}]}).to_string()),
        other => panic!("{other}"),
    });
    let output = server.command("discover --json --tag app=hubs", KEYS).output().unwrap();
    let rooms = json!({"kind": "dynamodb", "table": "hubs-rooms"});
    let keys = json!({"kind": "parameters", "path": "/hubs"});
    assert_eq!(resources(&output), json!({"hubs-rooms": rooms, "keys": keys}));
    let stderr = stderr_of(&output);
    for part in [
        "does not exist any more: table hubs-gone.",
        "does not exist any more: parameter /hubs/gone.",
        "AWS::S3::Bucket hubs-assets: ",
        "was not looked up: AWS lists tagged resources for a while",
    ] {
        assert!(stderr.contains(part), "{part} is not in:\n{stderr}");
    }
}

#[test]
fn a_state_is_read_from_standard_input_without_credentials_or_region() {
    let server = Server::start(|call: &Call| panic!("{}", call.action));
    let mut command = server.command("discover --terraform-state -", "");
    command
        .env_remove("AWS_REGION")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let state = json!({"version": 4, "serial": 1, "resources": [{
        "mode": "managed", "type": "aws_dynamodb_table", "name": "rooms", "instances": [{"attributes": {"id": "hubs-rooms"}}],
    }]});
    child
        .stdin
        .take()
        .unwrap()
        .write_all(state.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr_of(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("    table: hubs-rooms\n    terraform: aws_dynamodb_table.rooms\n"),
        "{text}"
    );
}

#[test]
fn a_state_is_read_from_s3() {
    let state = json!({"version": 4, "serial": 1, "resources": [{
        "mode": "managed", "type": "aws_dynamodb_table", "name": "rooms", "instances": [{"attributes": {"id": "hubs-rooms"}}],
    }]});
    let server = Server::start(move |_| (200, state.to_string()));
    let output = server
        .command(
            "discover --json --terraform-state s3://states/hubs/terraform.tfstate",
            KEYS,
        )
        .output()
        .unwrap();
    let rooms = json!({"kind": "dynamodb", "table": "hubs-rooms", "terraform": "aws_dynamodb_table.rooms"});
    assert_eq!(resources(&output), json!({"rooms": rooms}));
    assert_eq!(server.calls().len(), 1);
}
