//! The errors of our own functions, as they return them to a caller that is no state machine.

use serde_json::Value;

use crate::error::Error;

/// The error under its own name, so that its class stays what it was. A function that was ended, by its timeout or its memory, says
/// nothing of its own; to try again may help.
pub fn error(doing: &str, payload: &[u8]) -> Error {
    let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
    let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, message) = (field("errorType"), field("errorMessage"));
    let text = message.to_owned();
    match kind {
        "Throttled" => Error::Throttled(text),
        "Unavailable" => Error::Unavailable(text),
        "NotReady" => Error::NotReady(text),
        "QuotaExceeded" => Error::QuotaExceeded(text),
        "InvalidInput" => invalid(message),
        "NotFound" => Error::NotFound(text),
        "AccessDenied" => Error::AccessDenied(text),
        "Conflict" => Error::Conflict(text),
        "JobFailed" => Error::JobFailed(text),
        "DeadlineExceeded" => Error::DeadlineExceeded(text),
        "DeploymentBusy" => Error::DeploymentBusy(text),
        "VerificationFailed" => Error::VerificationFailed(text),
        _ => Error::Unavailable(format!(
            "{doing}: it was ended: {kind}: {message}. Trying again may help; if this continues, check that the subnets and security \
             groups in VpcSubnetIds and VpcSecurityGroupIds reach the database, S3 and Secrets Manager"
        )),
    }
}

/// One fault, from its text.
fn invalid(message: &str) -> Error {
    let parts = message.split_once(" is not allowed; expected ");
    let parts = parts.and_then(|(left, allowed)| Some((left.split_once(": ")?, allowed)));
    match parts {
        Some(((path, value), allowed)) => Error::invalid(path, value, allowed),
        None => Error::JobFailed(message.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: &str, message: &str) -> Error {
        let payload = json!({"errorType": kind, "errorMessage": message}).to_string();
        error("calling function f", payload.as_bytes())
    }

    #[test]
    fn every_error_of_ours_keeps_its_name_and_text() {
        let all = [
            Error::Throttled(String::new()),
            Error::Unavailable(String::new()),
            Error::NotReady(String::new()),
            Error::QuotaExceeded(String::new()),
            Error::NotFound(String::new()),
            Error::AccessDenied(String::new()),
            Error::Conflict(String::new()),
            Error::JobFailed(String::new()),
            Error::DeadlineExceeded(String::new()),
            Error::DeploymentBusy(String::new()),
            Error::VerificationFailed(String::new()),
        ];
        for sent in all {
            let received = of(sent.name(), "why");
            assert_eq!((received.name(), received.to_string().as_str()), (sent.name(), "why"));
        }
        let fault = Error::invalid("server version", "PostgreSQL 19.1", "at most 18");
        let received = of("InvalidInput", &fault.to_string());
        assert_eq!(
            (received.name(), received.to_string()),
            ("InvalidInput", fault.to_string())
        );
    }

    #[test]
    fn a_function_that_was_ended_is_worth_another_try() {
        let ended = of("Sandbox.Timedout", "Task timed out after 120.00 seconds");
        assert_eq!(ended.name(), "Unavailable");
        assert!(ended.to_string().contains("VpcSubnetIds"), "{ended}");
    }
}
