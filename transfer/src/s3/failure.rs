//! S3's errors as ours.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{TransferError, causes};

/// A failed call. `doing` completes the sentence "failed while …", with the object.
pub fn failure<E>(doing: &str, error: &SdkError<E, HttpResponse>) -> TransferError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let service = error
        .as_service_error()
        .filter(|service| service.code().is_some() || status.is_some_and(|status| status >= 400));
    let Some(service) = service else {
        return TransferError::Unavailable(format!(
            "{doing}: S3 returned no usable response: {}. Trying again may help; if this continues, check the network route to S3",
            causes(error)
        ));
    };
    let code = service.code().unwrap_or("no error code");
    let said = service.message().unwrap_or("no message");
    let status = status.unwrap_or_default();
    let heard = format!("{doing}: S3 returned {code} (HTTP {status}): {said}");
    match (code, status) {
        ("SlowDown" | "Throttling" | "ThrottlingException", _) | (_, 429) => {
            TransferError::Throttled(format!("{heard}. Trying again may help"))
        }
        ("RequestTimeout" | "InternalError" | "ServiceUnavailable" | "OperationAborted", _) | (_, 500..) => {
            TransferError::Unavailable(format!("{heard}. Trying again may help"))
        }
        ("AccessDenied", _) | (_, 403) => TransferError::AccessDenied(format!(
            "{heard}. Allow this action in the caller's role, and check the bucket's policy and its KMS key"
        )),
        ("NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" | "NotFound", _) | (_, 404) => {
            TransferError::NotFound(format!("{heard}. Check the bucket and the key"))
        }
        ("PreconditionFailed" | "ConditionalRequestConflict", _) | (_, 409 | 412) => TransferError::Conflict(format!(
            "{heard}. The object exists, or changed meanwhile; a dump is never overwritten"
        )),
        _ => TransferError::JobFailed(format!("{heard}. Trying again changes nothing: correct what S3 names")),
    }
}
