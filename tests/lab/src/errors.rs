//! The errors that any AWS service may return, in each service's format, so that SDKs classify them as in AWS.

use serde_json::json;

use crate::service::{Answer, Call, Protocol};

/// Too many calls. RDS and the other Query services return `Throttling`, S3 `SlowDown`, EFS a status of its own.
#[must_use]
pub fn throttled(call: &Call) -> Answer {
    let (status, code) = match (call.protocol, call.service.as_str()) {
        (Protocol::Query, _) => (400, "Throttling"),
        (Protocol::RestXml, _) => (503, "SlowDown"),
        (_, "elasticfilesystem") => (429, "ThrottlingException"),
        (_, "lambda") => (429, "TooManyRequestsException"),
        (_, "backup") => (429, "ThrottlingException"),
        _ => (400, "ThrottlingException"),
    };
    error(call, status, code, "Rate exceeded")
}

/// The caller may not do this.
#[must_use]
pub fn access_denied(call: &Call) -> Answer {
    let (status, code) = match call.protocol {
        Protocol::Query | Protocol::RestXml => (403, "AccessDenied"),
        Protocol::RestJson => (403, "AccessDeniedException"),
        Protocol::Json => (400, "AccessDeniedException"),
    };
    let message = format!(
        "User is not authorized to perform: {}:{} because no identity-based policy allows it",
        call.service, call.action
    );
    error(call, status, code, &message)
}

/// The service failed.
#[must_use]
pub fn internal(call: &Call) -> Answer {
    let code = match (call.protocol, call.service.as_str()) {
        (Protocol::Query, _) => "InternalFailure",
        (Protocol::RestXml, _) => "InternalError",
        (_, "dynamodb" | "elasticfilesystem" | "ssm") => "InternalServerError",
        (_, "secretsmanager") => "InternalServiceError",
        (_, "ecs") => "ServerException",
        _ => "InternalFailure",
    };
    error(call, 500, code, "We encountered an internal error. Please try again.")
}

/// The service is temporarily unavailable.
#[must_use]
pub fn unavailable(call: &Call) -> Answer {
    let code = match call.service.as_str() {
        "backup" => "ServiceUnavailableException",
        _ => "ServiceUnavailable",
    };
    error(
        call,
        503,
        code,
        "The service is temporarily unavailable. Please try again.",
    )
}

/// The call's resource does not exist.
#[must_use]
pub fn not_found(call: &Call) -> Answer {
    let (status, code) = match call.service.as_str() {
        "elasticfilesystem" if call.action.contains("AccessPoint") => (404, "AccessPointNotFound"),
        "elasticfilesystem" => (404, "FileSystemNotFound"),
        "rds" if call.action.contains("DBInstance") => (404, "DBInstanceNotFound"),
        "rds" if call.action.contains("Snapshot") => (404, "DBClusterSnapshotNotFoundFault"),
        "rds" => (404, "DBClusterNotFoundFault"),
        "application-autoscaling" => (400, "ObjectNotFoundException"),
        "ssm" => (400, "ParameterNotFound"),
        _ => (400, "ResourceNotFoundException"),
    };
    error(
        call,
        status,
        code,
        &format!("Requested resource not found: {}", call.resource),
    )
}

/// The service has no capacity: RDS with the codes and statuses of its model, ECS with a response that starts no task.
#[must_use]
pub fn no_capacity(call: &Call) -> Answer {
    if call.service == "ecs" {
        let reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
        return Answer::json(&json!({"tasks": [], "failures": [{ "reason": reason }]}));
    }
    let (status, code) = match call.action.as_str() {
        "CreateDBInstance" => (400, "InsufficientDBInstanceCapacity"),
        _ => (403, "InsufficientDBClusterCapacityFault"),
    };
    let message = "We currently do not have sufficient capacity in the zones you requested";
    error(call, status, code, message)
}

fn error(call: &Call, status: u16, code: &str, message: &str) -> Answer {
    Answer::error(call.protocol, status, code, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::call::tests::call;

    fn body(answer: &Answer) -> String {
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    #[test]
    fn each_protocol_has_its_own_throttling() {
        let mut rds = call("rds", "DescribeDBClusters", "hubs");
        rds.protocol = Protocol::Query;
        let answer = throttled(&rds);
        assert_eq!(answer.status, 400);
        assert!(body(&answer).contains("<Code>Throttling</Code>"));
        let answer = throttled(&call("dynamodb", "CreateBackup", "users"));
        assert_eq!(answer.status, 400);
        assert!(body(&answer).contains(r#""__type":"ThrottlingException""#));
        let mut efs = call("elasticfilesystem", "DescribeFileSystems", "");
        efs.protocol = Protocol::RestJson;
        let answer = throttled(&efs);
        assert_eq!(answer.status, 429);
        assert!(
            answer
                .headers
                .contains(&("x-amzn-errortype".to_owned(), "ThrottlingException".to_owned()))
        );
    }

    #[test]
    fn a_task_without_capacity_is_a_failure_in_a_response() {
        let answer = no_capacity(&call("ecs", "RunTask", "dump"));
        assert_eq!((answer.status, &answer.error_code), (200, &None));
        assert!(body(&answer).contains(r#""tasks":[]"#), "{}", body(&answer));
    }

    #[test]
    fn messages_can_not_break_the_xml() {
        let mut rds = call("rds", "<Action>", "hubs");
        rds.protocol = Protocol::Query;
        assert!(body(&access_denied(&rds)).contains("rds:&lt;Action&gt;"));
    }
}
