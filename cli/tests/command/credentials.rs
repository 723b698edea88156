//! Whose credentials are used, and where something is changed.

use super::support::{Server, no_stack, said, stack};

const PROFILES: &str = "[profile prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = s\n\n\
                        [profile bare]\nregion = eu-north-1\n";

/// Fails at 8e363f8: the environment's key was used, in whatever account it is.
#[test]
fn an_explicit_profile_goes_before_the_environment_and_a_variable_does_not() {
    let cases = [
        ("sets hubs --profile prod", None, "AKIAPROD"),
        ("sets hubs --profile prod", Some("bare"), "AKIAPROD"),
        ("sets hubs", Some("prod"), "AKIAENVIRONMENT"),
        ("sets hubs", None, "AKIAENVIRONMENT"),
    ];
    for (arguments, variable, key) in cases {
        let server = Server::start(|_| no_stack());
        let mut command = server.command(arguments, PROFILES);
        command.env("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT");
        command.env("AWS_SECRET_ACCESS_KEY", "s");
        command.envs(variable.map(|name| ("AWS_PROFILE", name)));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        let calls = server.calls();
        assert_eq!(calls[0].key, key, "{arguments} {variable:?}");
    }
}

#[test]
fn a_profile_without_credentials_does_not_fall_back_on_the_environment() {
    let server = Server::start(|_| no_stack());
    let mut command = server.command("sets hubs --profile bare", PROFILES);
    command.env("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT");
    command.env("AWS_SECRET_ACCESS_KEY", "s");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(server.calls().is_empty());
}

/// Fails at 8e363f8: nothing told where the command was about to change something.
#[test]
fn what_changes_something_says_in_which_account_and_region() {
    let server = Server::start(|call| match call.action.as_str() {
        "DescribeStacks" => stack(),
        _ => (200, "{}".to_owned()),
    });
    let output = server.command("backup hubs --profile prod", PROFILES).output().unwrap();
    let said = said(&output);
    assert!(
        said.starts_with("Account 123456789012, Region eu-west-1, stack holdfast.\n"),
        "{said}"
    );
    let output = server.command("sets hubs --profile prod", PROFILES).output().unwrap();
    assert!(!super::support::said(&output).contains("Account"));
}
