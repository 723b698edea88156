//! Which credentials are used, and where something is changed.

use super::support::{Server, no_stack, stack, stderr_of};

const PROFILES: &str = "[profile prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = s\n\n\
                        [profile bare]\nregion = eu-north-1\n";

/// Fails at 8e363f8: the environment's key was used, of any account.
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
        assert_eq!(output.status.code(), Some(3), "{}", stderr_of(&output));
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
    assert_eq!(output.status.code(), Some(4), "{}", stderr_of(&output));
    assert!(server.calls().is_empty());
}

/// Fails at 8e363f8: the command did not print where it was about to change something.
#[test]
fn what_changes_something_says_in_which_account_and_region() {
    let server = Server::start(|call| match call.action.as_str() {
        "DescribeStacks" => stack(),
        _ => (200, "{}".to_owned()),
    });
    let output = server.command("backup hubs --profile prod", PROFILES).output().unwrap();
    let stderr = stderr_of(&output);
    assert!(
        stderr.starts_with("Account 123456789012, Region eu-west-1, stack holdfast.\n"),
        "{stderr}"
    );
    let output = server.command("sets hubs --profile prod", PROFILES).output().unwrap();
    assert!(!super::support::stderr_of(&output).contains("Account"));
}
