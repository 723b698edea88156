//! An error is one line, with what to do.

use super::support::{Answer, Server, no_stack, stderr_of};

const KEYS: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n";
/// A session of IAM Identity Center without a cached token.
const SIGNED_OUT: &str = "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = operator\n\n\
                          [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n";

#[test]
fn a_command_that_cannot_begin_says_in_one_line_what_to_do() {
    for (config, answer, code, next) in [
        ("", no_stack as fn() -> Answer, 4, "Sign in (`aws sso login`"),
        (SIGNED_OUT, no_stack, 4, "Sign in again (`aws sso login`"),
        (KEYS, expired, 4, "sign in again (`aws sso login`)"),
        (KEYS, no_stack, 3, "Deploy Holdfast there (`make deploy`)"),
    ] {
        let server = Server::start(move |_| answer());
        let output = server.command("sets hubs", config).output().unwrap();
        let stderr = stderr_of(&output);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(next), "{stderr}");
    }
}

fn expired() -> Answer {
    let said = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the \
                request is expired</Message></Error><RequestId>r</RequestId></ErrorResponse>";
    (403, said.to_owned())
}
