//! Wrong arguments are refused before AWS is called.

use super::support::{Server, descriptor, stack, stderr_of};

const KEYS: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n";

/// Fails at 8e363f8: an execution was started, the command succeeded, and on-call was notified of the execution's failure.
#[test]
fn what_cannot_be_meant_starts_nothing() {
    for arguments in [
        "restore hubs --before yesterday --yes",
        "restore hubs --at 2999-01-01T00:00:00Z --yes",
        "restore hubs --set other-20261120-021500-ab12",
        "restore Hubs",
        "restore hubs --name a=x --name a=y",
        "restore-stack hubs --into hubs_new",
        "restore-stack hubs --into new --only database",
        "restore-stack hubs --into new --param A=1 --param A=2",
        "backup Hubs",
        "approve hubs",
        "infrastructure hubs --terraform",
        "reject hubs",
        "undo-restore hubs --yes hubs",
        "undo-cut-over hubs-20261120",
        "table export rooms --approximate",
        "table export rooms --to /dev/null",
        "table import rooms.json.partial --table rooms",
    ] {
        let server = Server::start(|_| stack());
        let output = server.command(arguments, KEYS).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {}", stderr_of(&output));
        assert!(server.calls().is_empty(), "{arguments}: {:?}", server.calls());
    }
}

/// Fails at 8e363f8: the check was left to the execution.
#[test]
fn a_set_that_is_not_there_starts_nothing() {
    let server = Server::start(|call| match call.action.as_str() {
        "DescribeStacks" => stack(),
        "DynamoDB_20120810.GetItem" if call.body.contains("DESCRIPTOR") => (200, descriptor()),
        _ => (200, "{}".to_owned()),
    });
    let arguments = "restore hubs --set hubs-20261120-021500-ab12 --cut-over no";
    let output = server.command(arguments, KEYS).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr_of(&output));
    assert!(
        stderr_of(&output).contains("See the sealed ones: holdfast sets hubs"),
        "{}",
        stderr_of(&output)
    );
    let started = |action: &str| action.ends_with("StartExecution");
    assert!(!server.calls().iter().any(|call| started(&call.action)));
}

/// Fails at 8e363f8: a backup was started, and on-call notified of its failure.
#[test]
fn a_descriptor_that_is_no_longer_valid_starts_nothing() {
    for arguments in ["backup hubs", "restore hubs --cut-over no"] {
        let server = Server::start(|call| match call.action.as_str() {
            "DescribeStacks" => stack(),
            "DynamoDB_20120810.GetItem" => (200, descriptor().replace("dynamodb", "oracle")),
            _ => (200, "{}".to_owned()),
        });
        let output = server.command(arguments, KEYS).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr_of(&output));
        assert!(
            stderr_of(&output).contains("\nresources.rooms.kind: "),
            "{}",
            stderr_of(&output)
        );
        assert!(
            stderr_of(&output).ends_with("holdfast apply FILE\n"),
            "{}",
            stderr_of(&output)
        );
        assert!(
            !server
                .calls()
                .iter()
                .any(|call| call.action.ends_with("StartExecution"))
        );
    }
}
