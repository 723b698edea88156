//! The failure of a command, and its exit code.

use std::process::ExitCode;

use holdfast::error::Error;

use crate::table::one_line;

pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command failed. The message says what was being done, to what, what AWS returned,
/// and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The backup failed, or the request did not succeed.
    NotDone(String),
    /// Wrong usage, or a descriptor that cannot be accepted.
    Wrong(String),
    /// There is no such deployment, set, execution or stack.
    NotFound(String),
    /// AWS refused, or could not be reached.
    Aws(String),
    /// There are no credentials, or they are no longer valid: a retry does not help.
    SignIn(String),
    /// The operator stopped watching; the run continues.
    Stopped(String),
}

impl Failure {
    /// The process' exit code; `--help` lists them.
    pub fn code(&self) -> u8 {
        match self {
            Failure::NotDone(_) => 1,
            Failure::Wrong(_) => 2,
            Failure::NotFound(_) => 3,
            Failure::Aws(_) | Failure::SignIn(_) => 4,
            // As for any command that Ctrl-C ends.
            Failure::Stopped(_) => 130,
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Failure::NotDone(message)
        | Failure::Wrong(message)
        | Failure::NotFound(message)
        | Failure::Aws(message)
        | Failure::SignIn(message)
        | Failure::Stopped(message)) = self;
        f.write_str(message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::InvalidInput(_) => Failure::Wrong(message),
            Error::NotFound(_) => Failure::NotFound(message),
            // In a call by this command, `JobFailed` is an error code of AWS.
            Error::Throttled(_)
            | Error::Unavailable(_)
            | Error::AccessDenied(_)
            | Error::QuotaExceeded(_)
            | Error::NotReady(_)
            | Error::JobFailed(_) => Failure::Aws(message),
            Error::Conflict(_)
            | Error::DeadlineExceeded(_)
            | Error::DeploymentBusy(_)
            | Error::VerificationFailed(_) => Failure::NotDone(message),
        }
    }
}

/// The error and its causes, each once, in one line.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut said = Vec::<String>::new();
    for cause in std::iter::successors(Some(error), |error| error.source()) {
        let text = one_line(&cause.to_string());
        if said.last() != Some(&text) {
            said.push(text);
        }
    }
    said.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_the_exit_code_that_the_help_names() {
        let codes = [
            (Error::Conflict("x".into()), 1),
            (Error::DeploymentBusy("x".into()), 1),
            (Error::invalid("a", "b", "c"), 2),
            (Error::NotFound("x".into()), 3),
            (Error::AccessDenied("x".into()), 4),
            (Error::Throttled("x".into()), 4),
            (Error::JobFailed("x".into()), 4),
        ];
        for (error, code) in codes {
            let name = error.name();
            assert_eq!(Failure::from(error).code(), code, "{name}");
        }
        let help = crate::args::EXIT_CODES;
        assert_eq!(Failure::Stopped(String::new()).code(), 130);
        for code in ["0", "1", "2", "3", "4", "130"] {
            assert!(help.contains(&format!("\n  {code:<3}  ")), "{code} is not in the help");
        }
    }
}
