//! Requirements of requests, and EFS's errors.

use crate::rest::{Refusal, Request};

/// `fs-0123` of `arn:...:file-system/fs-0123`, or of itself; the same for access points.
pub fn bare_id(id_or_arn: &str) -> &str {
    id_or_arn.rsplit('/').next().unwrap_or(id_or_arn)
}

pub fn required(request: &Request, name: &str) -> Result<String, Refusal> {
    request
        .text(name)
        .ok_or_else(|| bad_request(format!("{name} is missing")))
}

pub fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequest", message)
}

pub fn no_file_system(id: &str) -> Refusal {
    Refusal::new(404, "FileSystemNotFound", format!("File system '{id}' does not exist."))
}

pub fn not_available(what: &str, state: &str) -> Refusal {
    Refusal::new(
        409,
        "IncorrectFileSystemLifeCycleState",
        format!("{what} is {state}, it must be available"),
    )
}
