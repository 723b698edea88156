//! Access to AWS: the usual credentials and Region chain, and the failures for what AWS refuses.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use holdfast::aws::codes::{ErrorMeaning, SIGN_IN, classify};

use crate::credentials;
use crate::failure::{Failure, Result, causes};
use crate::global::Global;
use crate::table::one_line;

/// Configuration of all clients: environment, `~/.aws`, SSO, container and instance roles, in the order of the AWS CLI.
///
/// # Errors
/// `Wrong` if no Region is set anywhere: every result depends on it, so none is guessed; and for a profile that is in no file.
pub async fn sdk_config(global: &Global) -> Result<SdkConfig> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build();
    // Named here because the SDK's default client, with its second TLS library, is left out of the build.
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new("holdfast") {
        loader = loader.app_name(name);
    }
    let config = credentials::chosen(loader, global, http).await?.load().await;
    if config.region().is_none() {
        return Err(Failure::Wrong(
            "finding the AWS Region: none is set. Give --region, set AWS_REGION, or run `aws configure`.".to_owned(),
        ));
    }
    Ok(config)
}

/// The failure for a call that AWS refused, or that got no response. `doing` and `what` make one phrase: "starting the backup of
/// deployment", "hubs-prod".
pub fn failure<E>(doing: &str, what: &str, error: SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error() {
        Some(service) => {
            let code = service.code().unwrap_or("no error code");
            let said = service.message().unwrap_or("no message");
            let status = error.raw_response().map(|response| response.status().as_u16());
            failed(doing, what, code, status, said)
        }
        None => match credentials_error(&error) {
            Some(error) => Failure::SignIn(without_credentials(doing, what, error)),
            None => Failure::Aws(format!("{doing} {what}: {}. {UNREACHABLE}", causes(&error))),
        },
    }
}

fn credentials_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a CredentialsError> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|cause| cause.downcast_ref())
}

fn without_credentials(doing: &str, what: &str, error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => format!(
            "{doing} {what}: there are no AWS credentials in the environment, the profile or a role of this machine. Sign in \
             (`aws sso login`, `aws configure`), or name a profile with --profile."
        ),
        _ => format!(
            "{doing} {what}: {}. Sign in again (`aws sso login`, with the profile if you name one), or use other credentials.",
            causes(error)
        ),
    }
}

const UNREACHABLE: &str =
    "Check that the Region is right and that its endpoint can be reached from here; then run the command again.";

const CORRECT: &str = "Correct what AWS names, then run the command again.";

fn failed(doing: &str, what: &str, code: &str, status: Option<u16>, said: &str) -> Failure {
    let error = format!("{doing} {what}: AWS returned {code}: {}", one_line(said));
    let next = match classify(code, status) {
        ErrorMeaning::NotFound => {
            let next = "Check that the name, the account and the Region are right.";
            return Failure::NotFound(format!("{error}. {next}"));
        }
        ErrorMeaning::AccessDenied if SIGN_IN.contains(&code) => {
            let next =
                "The credentials are not valid, or have expired: sign in again (`aws sso login`), or set others.";
            return Failure::SignIn(format!("{error}. {next}"));
        }
        ErrorMeaning::AccessDenied if code.starts_with("KMS") || code == "OptInRequired" => CORRECT,
        ErrorMeaning::AccessDenied => "Ask for this action to be allowed to your role, or use another --profile.",
        ErrorMeaning::Throttled => "AWS throttles requests: run the command again in a minute.",
        ErrorMeaning::Unavailable => "The fault is on AWS's side: run the command again in a minute.",
        ErrorMeaning::Quota => {
            "A quota of the account is used up: request a higher one in the Service Quotas console, or free some of it."
        }
        ErrorMeaning::NotReady | ErrorMeaning::Shortage | ErrorMeaning::NoAddressNow => {
            "Wait a few minutes, then run the command again."
        }
        ErrorMeaning::NoAddress | ErrorMeaning::TooSoon | ErrorMeaning::Conflict | ErrorMeaning::Refused => CORRECT,
    };
    Failure::Aws(format!("{error}. {next}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_decides_the_exit_code_and_the_next_step() {
        let cases = [
            ("ExecutionDoesNotExist", 3, "name, the account"),
            ("DBClusterNotFoundFault", 3, "name, the account"),
            ("AccessDeniedException", 4, "--profile"),
            ("ExpiredTokenException", 4, "aws sso login"),
            ("SignatureDoesNotMatch", 4, "aws sso login"),
            ("RequestExpired", 4, "aws sso login"),
            ("KMSDisabledException", 4, "Correct what AWS names"),
            ("InvalidDBClusterStateFault", 4, "Wait a few minutes"),
            ("ThrottlingException", 4, "in a minute"),
            ("ExecutionLimitExceeded", 4, "Service Quotas"),
            ("ServiceUnavailable", 4, "on AWS's side"),
            ("ValidationError", 4, "Correct what AWS names"),
        ];
        for (code, exit, next) in cases {
            let failure = failed("describing stack", "holdfast", code, None, "words");
            assert_eq!(failure.code(), exit, "{code}");
            let message = failure.to_string();
            assert!(message.starts_with(&format!("describing stack holdfast: AWS returned {code}: words. ")));
            assert!(message.contains(next), "{message}");
        }
    }
}
